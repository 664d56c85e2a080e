"""Calls: who is on call, how calling people stands, who was told; and what a person asks for."""

from __future__ import annotations

from dataclasses import replace

from parapet.response.escalation import LONGEST_SUPPRESSION_SECONDS
from parapet.web.desk import Desk, Visit, show, since
from parapet.web.pages.incident import incident_id
from parapet.web.response import Response, see_other
from parapet.web.views.calls import TOLD, calls_view

ROWS = 25
NEWEST = 20
LONGEST_ID = 64
PLACE = "calls"
HOURS = (1, 4, 12, 24)


def page(desk: Desk, visit: Visit) -> Response:
    """Everything about calling people."""
    query, app = visit.request.query, desk.app
    state = query.get("state", "")
    state = state if state in TOLD else ""
    view = calls_view(
        app.escalations.on_call(),
        app.escalations.policies,
        app.escalations.page(limit=NEWEST),
        app.notices.log(state=state or None, before=query.get("before", "")[:LONGEST_ID] or None, limit=ROWS),
        tuple(app.notices.channels),
        state=state,
        limit=ROWS,
        now=visit.now,
    )
    if not (view.told and view.calls):
        view = replace(view, since=since(desk, visit))
    return show(desk, visit, "calls.html", view, title="Calls", place=PLACE)


def next_now(desk: Desk, visit: Visit) -> Response:
    """Call the next ones at once."""
    number, form = incident_id(visit), visit.request.form
    reason, place = form.get("reason", ""), form.get("place", "")
    desk.app.escalations.next_now(number, actor=visit.person.actor, reason=reason, place=place)
    return see_other(f"../../{number}?done=called#calling")


def suppress(desk: Desk, visit: Visit) -> Response:
    """Call nobody for a while."""
    number, form = incident_id(visit), visit.request.form
    written = form.get("hours", "")
    hours = int(written) if written.isascii() and written.isdecimal() and len(written) <= 3 else 0
    seconds = min(hours * 3_600.0, LONGEST_SUPPRESSION_SECONDS + 1)
    desk.app.escalations.suppress(number, actor=visit.person.actor, reason=form.get("reason", ""), seconds=seconds)
    return see_other(f"../../{number}?done=suppressed#calling")


def resume(desk: Desk, visit: Visit) -> Response:
    """Go on."""
    number = incident_id(visit)
    desk.app.escalations.resume(number, actor=visit.person.actor, reason=visit.request.form.get("reason", ""))
    return see_other(f"../../{number}?done=resumed#calling")
