"""The shop's own database: people, products, carts, orders."""

from __future__ import annotations

from datetime import UTC, datetime

from examples.shop.passwords import hashed
from examples.shop.reliability import count_statements
from examples.shop.settings import Settings
from sqlalchemy import Engine, ForeignKey, UniqueConstraint, create_engine, event, func, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.pool import ConnectionPoolEntry

CUSTOMERS = 20
RESPONDER = "responder"
CUSTOMER = "customer"
PRODUCTS = (
    ("Assam, second flush", "Malty and brisk. Takes milk well.", 1150),
    ("Sencha Asamushi", "Lightly steamed, clear, a little sweet.", 1490),
    ("Oolong Dong Ding", "Roasted slowly, three days after picking.", 1820),
    ("Lapsang Souchong", "Dried over pine. You will love it or leave.", 1290),
    ("White Peony", "Buds and two leaves, nothing else done to them.", 1660),
    ("Copper kettle, 1.2 l", "The one on the sign above the door.", 8900),
)


class Base(DeclarativeBase):
    """Every table of the shop."""


class Person(Base):
    """A customer, or somebody who works here."""

    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    password: Mapped[str]

    @property
    def is_staff(self) -> bool:
        """True for people who work here."""
        return self.role != CUSTOMER


class Product(Base):
    """Something on the shelf."""

    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    words: Mapped[str]
    price_cents: Mapped[int]


class CartLine(Base):
    """So many of one product in one person's cart."""

    __tablename__ = "cart_lines"
    __table_args__ = (UniqueConstraint("person_id", "product_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    quantity: Mapped[int]
    product: Mapped[Product] = relationship(lazy="joined")


class Order(Base):
    """What was bought, and the provider's word that it is paid."""

    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    total_cents: Mapped[int]
    charge: Mapped[str] = mapped_column(unique=True)
    placed_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC))
    receipt_sent_at: Mapped[datetime | None] = mapped_column(default=None)
    lines: Mapped[list[OrderLine]] = relationship(lazy="selectin")


class OrderLine(Base):
    """One product of an order, at the price it had."""

    __tablename__ = "order_lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    name: Mapped[str]
    quantity: Mapped[int]
    price_cents: Mapped[int]


def connect(url: str) -> Engine:
    """The shop's engine. SQLite waits for a writer instead of failing, and lets readers go on meanwhile."""
    engine = create_engine(url, pool_size=10, max_overflow=30)
    count_statements(engine)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _tune)
    return engine


def prepare(engine: Engine, settings: Settings) -> None:
    """Make the tables, and fill an empty shop with shelves, customers and staff."""
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        if session.scalar(select(func.count()).select_from(Person)):
            return
        password = settings.secret("customer-password")
        for number in range(1, CUSTOMERS + 1 if password else 1):
            login = f"customer{number:02d}"
            session.add(Person(login=login, name=f"Customer {number}", role=CUSTOMER, password=hashed(password or "")))
        for login, word in settings.staff_passwords().items():
            session.add(Person(login=login, name=login.capitalize(), role=RESPONDER, password=hashed(word)))
        for name, words, price_cents in PRODUCTS:
            session.add(Product(name=name, words=words, price_cents=price_cents))


def _tune(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
