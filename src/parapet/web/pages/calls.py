"""Calls: who is on call, how calling people stands, who was told; and what a person asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from parapet.core.errors import Refused
from parapet.core.types import IncidentId
from parapet.response.escalation import LONGEST_SUPPRESSION_SECONDS, Escalation
from parapet.web.desk import Desk, Visit, show, since
from parapet.web.pages.incident import incident_id
from parapet.web.response import Response, see_other
from parapet.web.sent import done_before
from parapet.web.views.calls import TOLD, calls_view
from parapet.web.views.pager import asked, paged

ROWS = 25
NEWEST = 20
PLACE = "calls"
HOURS = (1, 4, 12, 24)


def page(desk: Desk, visit: Visit) -> Response:
    """Everything about calling people."""
    query, app = visit.request.query, desk.app
    state = query.get("state", "")
    state = state if state in TOLD else ""
    with app.look.together():
        on_call, calls = app.escalations.on_call(), app.escalations.page(limit=NEWEST)
        place, notices = paged(partial(app.notices.log, state=state or None, limit=ROWS), asked(query))
    view = calls_view(
        on_call,
        app.escalations.policies,
        calls,
        notices,
        tuple(app.notices.channels),
        state=state,
        asked=place,
        now=visit.now,
    )
    if not (view.told and view.calls):
        view = replace(view, since=since(desk, visit))
    return show(desk, visit, "calls.html", view, title="Calls", place=PLACE)


def next_now(desk: Desk, visit: Visit) -> Response:
    """Call the next ones at once."""
    number, reason, place = _said(visit)
    verbs, who = desk.app.escalations, visit.person.actor
    return _do(desk, visit, "next", "called", lambda: verbs.next_now(number, actor=who, reason=reason, place=place))


def suppress(desk: Desk, visit: Visit) -> Response:
    """Call nobody for a while."""
    number, reason, place = _said(visit)
    written = visit.request.form.get("hours", "")
    hours = int(written) if written.isascii() and written.isdecimal() and len(written) <= 3 else 0
    seconds = min(hours * 3_600.0, LONGEST_SUPPRESSION_SECONDS + 1)
    verbs, who = desk.app.escalations, visit.person.actor

    def run() -> Escalation:
        return verbs.suppress(number, actor=who, reason=reason, seconds=seconds, place=place)

    return _do(desk, visit, "suppress", "suppressed", run)


def resume(desk: Desk, visit: Visit) -> Response:
    """Go on."""
    number, reason, place = _said(visit)
    verbs, who = desk.app.escalations, visit.person.actor
    return _do(desk, visit, "resume", "resumed", lambda: verbs.resume(number, actor=who, reason=reason, place=place))


def _said(visit: Visit) -> tuple[IncidentId, str, str]:
    form = visit.request.form
    return incident_id(visit), form.get("reason", ""), form.get("place", "")


def _do(desk: Desk, visit: Visit, verb: str, done: str, run: Callable[[], Escalation]) -> Response:
    number = incident_id(visit)
    try:
        run()
    except Refused:
        if not done_before(desk, visit, f"escalation.{verb}", f"INC-{number}"):
            raise
        done = "already"
    return see_other(f"../../{number}?done={done}#calling")
