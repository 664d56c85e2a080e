"""Maintenance in the API: what rests, and what a person or a script begins, plans and ends."""

from __future__ import annotations

from datetime import datetime

from parapet.core.errors import NotFound
from parapet.core.shapes import Field, Fields, Given, Instant, Words
from parapet.response.document import maintenance_object
from parapet.web.api.fields import LIMIT, OLDER, REASON
from parapet.web.api.operation import Operation
from parapet.web.api.reading import SHOWN, listed, places
from parapet.web.desk import Desk, Visit
from parapet.web.principal import Action
from parapet.web.response import Response, answer


def maintenances(desk: Desk, visit: Visit, given: Given) -> Response:
    """The newest first."""
    limit = given.get("limit", int) or SHOWN
    found = desk.app.maintenances.page(limit=limit, **places(given, int))
    return answer(listed("maintenances", found.of(lambda one: maintenance_object(one, visit.now))))


def plan(desk: Desk, visit: Visit, given: Given) -> Response:
    """Begin or plan one."""
    made = desk.app.maintenances.plan(
        given.need("what", str),
        start=given.get("start_at", datetime),
        end=given.need("end_at", datetime),
        actor=visit.person.actor,
        reason=given.need("reason", str),
    )
    return answer(maintenance_object(made, visit.now), 201)


def end(desk: Desk, visit: Visit, given: Given) -> Response:
    """End one."""
    number = visit.params["number"]
    if not (number.isascii() and number.isdecimal() and len(number) <= 18):
        raise NotFound(f"There is no maintenance M-{number}.")
    ended = desk.app.maintenances.end(int(number), actor=visit.person.actor, reason=given.need("reason", str))
    return answer(maintenance_object(ended, visit.now))


MAINTAINING = (
    Operation(
        name="maintenances",
        method="GET",
        path="/api/maintenances",
        says="What people let rest, or will, or did; newest first.",
        page=maintenances,
        gives="Maintenances",
        takes=Fields(name="MaintenancesQuery", fields={**OLDER, "limit": LIMIT}),
    ),
    Operation(
        name="plan_maintenance",
        method="POST",
        path="/api/maintenances",
        says="Let nothing of a journey, a slice or everything count, and nobody be called for it, until it ends.",
        page=plan,
        gives="Maintenance",
        status=201,
        takes=Fields(
            name="MaintenancePlanned",
            fields={
                "what": Field(
                    shape=Words(most=128, example="checkout"),
                    says="A journey, a slice, or `everything`.",
                    required=True,
                ),
                "start_at": Field(shape=Instant(), says="From when; without it, now."),
                "end_at": Field(shape=Instant(), says="Until when, a week later at most.", required=True),
                "reason": REASON,
            },
        ),
        action=Action.MAINTAIN,
    ),
    Operation(
        name="end_maintenance",
        method="POST",
        path="/api/maintenances/{number}/end",
        says="Say that it is over, or will not be.",
        page=end,
        gives="Maintenance",
        takes=Fields(name="MaintenanceEnded", fields={"reason": REASON}),
        action=Action.MAINTAIN,
    ),
)
