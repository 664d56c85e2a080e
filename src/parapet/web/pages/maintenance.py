"""Maintenance: begin it, plan it, end it."""

from __future__ import annotations

from datetime import timedelta

from parapet.core.errors import ConfigurationError, NotFound, Refused
from parapet.web import zones
from parapet.web.desk import Desk, Visit, show
from parapet.web.principal import Action
from parapet.web.response import Response, see_other
from parapet.web.sent import done_before
from parapet.web.views.maintenance import maintenance_view

ROWS = 50
Given = tuple[str, str, str, str]


def page(desk: Desk, visit: Visit) -> Response:
    """What rests, what will, what did."""
    return _page(desk, visit, (visit.request.query.get("what", "")[:128], "", "", ""))


def plan(desk: Desk, visit: Visit) -> Response:
    """Begin or plan one."""
    form = visit.request.form
    given = (form.get("what", "")[:128], form.get("minutes", ""), form.get("start", ""), form.get("reason", ""))
    what, minutes, written, reason = given
    try:
        start = zones.moment_of(written, visit.now, "The start")
        length = int(minutes) if minutes.isascii() and minutes.isdecimal() and len(minutes) <= 5 else 0
        desk.app.maintenances.plan(
            what,
            start=start,
            end=(start or visit.now) + timedelta(minutes=length),
            actor=visit.person.actor,
            reason=reason,
        )
    except (Refused, ConfigurationError) as error:
        if done_before(desk, visit, "maintenance.plan", details={"what": what}):
            return see_other("maintenance?done=already")
        return _page(desk, visit, given, why=error.message)
    return see_other("maintenance?done=maintained")


def end(desk: Desk, visit: Visit) -> Response:
    """End one."""
    number = visit.params["number"]
    if not (number.isascii() and number.isdecimal() and len(number) <= 18):
        raise NotFound(f"There is no maintenance M-{number}.")
    reason, done = visit.request.form.get("reason", ""), "maintenance-over"
    try:
        desk.app.maintenances.end(int(number), actor=visit.person.actor, reason=reason)
    except Refused:
        if not done_before(desk, visit, "maintenance.end", f"M-{int(number)}"):
            raise
        done = "already"
    return see_other(f"../../maintenance?done={done}")


def _page(desk: Desk, visit: Visit, given: Given, why: str = "") -> Response:
    kept = desk.app.maintenances
    with desk.app.look.together():
        live, all_of_them = kept.live(), kept.page(limit=ROWS)
    view = maintenance_view(
        live,
        all_of_them,
        desk.app.catalog,
        refusal=desk.may(visit.person, Action.MAINTAIN),
        now=visit.now,
        given=given,
        why=why,
    )
    status = 422 if why else 200
    return show(desk, visit, "maintenance.html", view, title="Maintenance", place="journeys", status=status)
