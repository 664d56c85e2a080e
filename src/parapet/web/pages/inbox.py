"""The inbox: what waits, what failed, what was no alert; and what a person does about one of them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from parapet.core.errors import NotFound, Refused
from parapet.web.desk import Desk, Visit, show, since
from parapet.web.principal import Action
from parapet.web.response import Response, see_other
from parapet.web.sent import done_before
from parapet.web.views.inbox import SHELVES, body_view, inbox_view
from parapet.web.views.pager import asked, paged

ROWS = 50
LONGEST_NUMBER = 18


def page(desk: Desk, visit: Visit) -> Response:
    """One shelf."""
    query = visit.request.query
    shelf = query.get("shelf", "")
    with desk.app.look.together():
        counts = desk.app.bodies.counts()
        if shelf not in SHELVES:  # where there is something to do, if there is
            shelf = next((name for name in ("rejected", "failing") if counts.get(name)), "waiting")
        place, bodies = paged(partial(desk.app.bodies.page, shelf, limit=ROWS), asked(query))
    view = inbox_view(bodies, counts, shelf=shelf, asked=place, now=visit.now)
    if not view.rows:
        view = replace(view, since=since(desk, visit))
    return show(desk, visit, "inbox.html", view, title="Inbox")


def body(desk: Desk, visit: Visit) -> Response:
    """One body, as it came."""
    one = desk.app.bodies.get(_number(visit.params["number"]))
    refusal = desk.may(visit.person, Action.INBOX)
    kept = desk.may(visit.person, Action.DROP)
    view = body_view(one, one.body, whole=one.whole, refusal=refusal, drop_refusal=kept, now=visit.now)
    return show(desk, visit, "body.html", view, title=f"Body {one.id}")


def replay(desk: Desk, visit: Visit) -> Response:
    """Take it in now."""
    number = _number(visit.params["number"])
    receipt = desk.app.bodies.replay(number, actor=visit.person.actor)
    return see_other(f"../{number}?done={receipt.state}")


def drop(desk: Desk, visit: Visit) -> Response:
    """Give it up."""
    number = _number(visit.params["number"])
    done = "dropped"
    try:
        desk.app.bodies.drop(number, actor=visit.person.actor, reason=visit.request.form.get("reason", ""))
    except Refused:
        if not done_before(desk, visit, "inbox.drop", f"inbox/{number}"):
            raise
        done = "already"
    return see_other(f"../{number}?done={done}")


def _number(written: str) -> int:
    if not (written.isascii() and written.isdecimal() and len(written) <= LONGEST_NUMBER):
        raise NotFound("No body has that number. The inbox lists all of them.")
    return int(written)
