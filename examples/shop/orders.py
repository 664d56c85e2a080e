"""From a cart to a paid order, and its receipt. One transaction each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from examples.shop.database import CartLine, Order, OrderLine, Product
from examples.shop.faults import FaultSwitch
from examples.shop.payments import charge
from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

MOST_OF_ONE = 99


class EmptyCart(Exception):
    """There is nothing to pay for."""


def shelves(session: Session) -> Sequence[Product]:
    """Everything that is for sale."""
    return session.scalars(select(Product).order_by(Product.id)).all()


def cart(session: Session, person_id: int) -> Sequence[CartLine]:
    """What a person has in the cart."""
    return session.scalars(select(CartLine).where(CartLine.person_id == person_id).order_by(CartLine.id)).all()


def total_cents(lines: Sequence[CartLine]) -> int:
    """What *lines* cost together."""
    return sum(line.quantity * line.product.price_cents for line in lines)


def add(session: Session, person_id: int, product_id: int) -> bool:
    """Put one of a product into the cart; False when there is no such product."""
    if session.get(Product, product_id) is None:
        return False
    one = insert(CartLine).values(person_id=person_id, product_id=product_id, quantity=1)
    more = {"quantity": func.min(CartLine.quantity + 1, MOST_OF_ONE)}
    session.execute(one.on_conflict_do_update(index_elements=["person_id", "product_id"], set_=more))
    return True


def empty(session: Session, person_id: int) -> None:
    """Take everything out of the cart."""
    session.execute(delete(CartLine).where(CartLine.person_id == person_id))


def check_out(engine: Engine, faults: FaultSwitch, person_id: int) -> int:
    """Charge the cart of a person, keep the order, and return its number.

    Raises:
        EmptyCart: there is nothing to pay for.
        Declined: the card does not cover it.
        ProviderDown: the payment provider does not answer; the cart stays as it is.
    """
    faults.before_checkout()
    with Session(engine) as session:
        lines = [(line.product.name, line.quantity, line.product.price_cents) for line in cart(session, person_id)]
        before = session.scalar(select(func.count()).select_from(Order).where(Order.person_id == person_id))
    if not lines:
        raise EmptyCart("the cart is empty")
    amount = sum(quantity * price for _, quantity, price in lines)
    # No transaction is open while the provider takes its time. A second click is the same n-th order: one charge.
    paid = charge(faults, reference=f"{person_id}/{before}", amount_cents=amount)
    try:
        return _keep(engine, person_id, lines, amount, paid)
    except IntegrityError:
        with Session(engine) as session:
            return session.scalars(select(Order.id).where(Order.charge == paid)).one()


def _keep(engine: Engine, person_id: int, lines: Sequence[tuple[str, int, int]], amount: int, paid: str) -> int:
    with Session(engine) as session, session.begin():
        order = Order(person_id=person_id, total_cents=amount, charge=paid)
        order.lines = [OrderLine(name=name, quantity=quantity, price_cents=price) for name, quantity, price in lines]
        session.add(order)
        empty(session, person_id)
        session.flush()
        return order.id


def send_receipt(engine: Engine, folder: Path, order_id: int) -> None:
    """What happens after the answer: the receipt goes out. Here, into a file."""
    with Session(engine) as session:
        order = session.get_one(Order, order_id)
        words = [f"Order {order.id}: {order.total_cents / 100:.2f} EUR, paid ({order.charge})"]
        words += [f"  {line.quantity} x {line.name}" for line in order.lines]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "receipts.txt").open("a") as file:
        file.write("\n".join(words) + "\n")
    with Session(engine) as session, session.begin():
        session.execute(update(Order).where(Order.id == order_id).values(receipt_sent_at=datetime.now(UTC)))
