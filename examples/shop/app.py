"""The shop: an ordinary FastAPI application, which `parapet install` wired.

Run by `make demo`; by hand: `uvicorn --factory examples.shop.app:create_app`.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import jinja2
from examples.shop import accounts, database, orders
from examples.shop.accounts import Visitor, visitor
from examples.shop.faults import DEEDS, WORDS, Fault, FaultSwitch
from examples.shop.forms import form, own_path
from examples.shop.payments import Declined, ProviderDown
from examples.shop.reliability.changes import mark_switch
from examples.shop.reliability.journeys import login as login_journey
from examples.shop.reliability.mounting import attach
from examples.shop.settings import Settings
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.staticfiles import StaticFiles

HERE = Path(__file__).parent
log = logging.getLogger("shop")
templates = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True)

Form = Annotated[Mapping[str, str], Depends(form)]
Who = Annotated[Visitor | None, Depends(visitor)]


def create_app() -> FastAPI:
    """The shop of one deployment.

    Raises:
        RuntimeError: the deployment has no secrets yet.
    """
    settings = Settings.read()
    key = settings.secret("session-key")
    if key is None:
        raise RuntimeError(f"There are no secrets in {settings.secrets_folder}. Start the shop with: make demo")
    engine = database.connect(settings.database)
    database.prepare(engine, settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        engine.dispose()

    app = FastAPI(title="The Copper Kettle", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.settings, app.state.sessions = settings, accounts.Sessions(key)
    app.state.engine, app.state.faults = engine, FaultSwitch()
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    _routes(app)
    attach(app)
    return app


def _routes(app: FastAPI) -> None:
    app.get("/health")(health)
    app.get("/")(front)
    app.get("/login")(ask_to_sign_in)
    app.post("/login")(sign_in)
    app.post("/logout")(sign_out)
    app.post("/cart")(into_cart)
    app.post("/cart/empty")(empty_cart)
    app.post("/checkout")(check_out)
    app.get("/orders/{number}")(one_order)
    app.post("/admin/fault")(turn_fault)
    app.exception_handler(StarletteHTTPException)(refused)
    app.exception_handler(Exception)(broken)


def health() -> Response:
    """For whoever started us: we answer."""
    return PlainTextResponse("ok\n")


def front(request: Request, who: Who) -> Response:
    """The shelf, the cart, and for staff the switch."""
    faults: FaultSwitch = request.app.state.faults
    with Session(request.app.state.engine) as session:
        lines = orders.cart(session, who.id) if who else ()
        return _page(
            "front.html",
            who,
            title="Tea",
            products=orders.shelves(session),
            lines=lines,
            total=orders.total_cents(lines),
            fault=faults.now.value,
            fault_words=WORDS[faults.now],
            faults=[(one.value, deed) for one, deed in DEEDS.items()],
        )


LOST_CALLBACK = "We could not finish signing you in. Please try again."
WRONG = "This name and password do not belong together."


def ask_to_sign_in(who: Who, next: str = "/", problem: str = "") -> Response:  # noqa: A002
    """The form; and what became of the last try."""
    told = LOST_CALLBACK if problem == "callback" else ""
    return _page("login.html", who, title="Sign in", next=own_path(next), problem=told, login="")


def sign_in(request: Request, fields: Form) -> Response:
    """One attempt of the journey login. What HTTP cannot see is said here: a lost callback looks like a redirect."""
    state = request.app.state
    target = own_path(fields.get("next", "/"))
    with login_journey.attempt() as attempt, Session(state.engine) as session:
        person = accounts.check(session, fields.get("login", ""), fields.get("password", ""))
        if person is None:
            attempt.user_error()
            words = {"next": target, "problem": WRONG, "login": fields.get("login", "")[:80]}
            return _page("login.html", None, status=401, title="Sign in", **words)
        if not person.is_staff and state.faults.loses_this_login():
            attempt.failed()
            return _go("/login?problem=callback")
        answer = _go(target)
        answer.set_cookie(accounts.COOKIE, state.sessions.ticket(person), httponly=True, samesite="lax")
        return answer


def sign_out(fields: Form) -> Response:
    """Forget who this browser is."""
    answer = _go("/")
    answer.delete_cookie(accounts.COOKIE)
    return answer


def into_cart(request: Request, fields: Form, who: Who) -> Response:
    """One of a product into the cart."""
    if who is None:
        return _go("/login")
    number = fields.get("product", "")
    with Session(request.app.state.engine) as session, session.begin():
        if not (number.isdecimal() and len(number) < 10 and orders.add(session, who.id, int(number))):
            raise HTTPException(404, "There is no such product.")
    return _go("/")


def empty_cart(request: Request, fields: Form, who: Who) -> Response:
    """Everything out of the cart."""
    if who is not None:
        with Session(request.app.state.engine) as session, session.begin():
            orders.empty(session, who.id)
    return _go("/")


def check_out(request: Request, tasks: BackgroundTasks, fields: Form, who: Who) -> Response:
    """One attempt of the journey checkout, counted by its route: Parapet reads the answer's status."""
    if who is None:
        raise HTTPException(401, "Sign in before you pay.")
    state = request.app.state
    try:
        number = orders.check_out(state.engine, state.faults, who.id)
    except orders.EmptyCart:
        raise HTTPException(409, "Your cart is empty.") from None
    except Declined:
        raise HTTPException(402, "Your card was declined. Nothing was charged.") from None
    except ProviderDown as error:
        log.warning("checkout of %s: %s", who.login, error)
        raise HTTPException(503, "Paying does not work right now. Nothing was charged; your cart is kept.") from error
    tasks.add_task(orders.send_receipt, state.engine, state.settings.home, number)
    return _go(f"/orders/{number}")


def one_order(request: Request, number: int, who: Who) -> Response:
    """An order, for whoever placed it."""
    with Session(request.app.state.engine) as session:
        order = session.get(database.Order, number)
        if order is None or who is None or order.person_id != who.id:
            raise HTTPException(404, "There is no such order of yours.")
        return _page("order.html", who, title=f"Order {number}", order=order)


def turn_fault(request: Request, fields: Form, who: Who) -> Response:
    """Break something on purpose, or repair it; staff only. It is a change like any other, so it is marked."""
    if who is None or not who.is_staff:
        raise HTTPException(403, "Only staff may turn this switch.")
    try:
        fault = Fault(fields.get("fault", ""))
    except ValueError:
        raise HTTPException(422, f"Known faults: {', '.join(Fault)}.") from None
    state = request.app.state
    before = state.faults.turn(fault)
    log.warning("%s turned the fault switch from %s to %s", who.login, before.value, fault.value)
    mark_switch(before, fault, who.login)
    return _go("/")


def refused(request: Request, error: Exception) -> Response:
    """An HTTP error as a page of ours."""
    status = getattr(error, "status_code", 500)
    words = str(getattr(error, "detail", ""))
    who = visitor(request)
    return _page("trouble.html", who, status=status, title="That did not work", words=words)


def broken(request: Request, error: Exception) -> Response:
    """A bug, as a page of ours; the server logs the traceback."""
    words = "Something broke on our side. Nothing was charged, and your cart is kept."
    return _page("trouble.html", visitor(request), status=500, title="This is our fault", words=words)


def _page(template: str, who: Visitor | None, *, status: int = 200, **values: object) -> Response:
    return HTMLResponse(templates.get_template(template).render(who=who, **values), status_code=status)


def _go(path: str) -> RedirectResponse:
    return RedirectResponse(path, status_code=303)
