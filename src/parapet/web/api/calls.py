"""Calling people in the API: how it stands, what a person or a script asks for, who is on call, who was told."""

from __future__ import annotations

from dataclasses import replace

from parapet.core.shapes import Choice, Field, Fields, Given, Whole, Words
from parapet.core.types import IncidentId, Json
from parapet.response.document import escalation_object, notification_object, on_call_object, row_object
from parapet.response.escalation import LONGEST_SUPPRESSION_SECONDS
from parapet.web.api.fields import LIMIT, OLDER, PLACES, REASON
from parapet.web.api.naming import request_name
from parapet.web.api.operation import Operation
from parapet.web.api.reading import SHOWN, listed, places
from parapet.web.desk import Desk, Visit
from parapet.web.pages.incident import incident_id
from parapet.web.principal import Action
from parapet.web.read_calls import Escalations
from parapet.web.response import Response, answer

PLACE = Field(shape=Words(most=32), says="What `place` said when you read it: refused if calling people went on since.")
STATES = ("waiting", "delivered", "dead", "withheld")


def escalations(desk: Desk, visit: Visit, given: Given) -> Response:
    """Escalations, of the newest incidents first."""
    limit = given.get("limit", int) or SHOWN
    found = desk.app.escalations.page(limit=limit, **places(given, int))
    return answer(listed("escalations", found.of(lambda one: row_object(*one))))


def escalation(desk: Desk, visit: Visit, given: Given) -> Response:
    """That of one incident."""
    number = incident_id(visit)
    desk.app.look.standing(number)  # what does not exist is said
    return answer(escalation_object(number, desk.app.escalations.of(number)))


def next_now(desk: Desk, visit: Visit, given: Given) -> Response:
    """Take the next step at once."""
    number, reason, place = incident_id(visit), given.need("reason", str), given.need("place", str)
    moved = _verbs(desk, visit).next_now(number, actor=visit.person.actor, reason=reason, place=place)
    return answer(escalation_object(number, moved))


def suppress(desk: Desk, visit: Visit, given: Given) -> Response:
    """Call nobody for a while."""
    number, seconds = incident_id(visit), given.need("seconds", int)
    reason, place, who = given.need("reason", str), given.get("place", str), visit.person.actor
    moved = _verbs(desk, visit).suppress(number, actor=who, reason=reason, seconds=seconds, place=place)
    return answer(escalation_object(number, moved))


def resume(desk: Desk, visit: Visit, given: Given) -> Response:
    """Go on."""
    number, reason, place = incident_id(visit), given.need("reason", str), given.get("place", str)
    moved = _verbs(desk, visit).resume(number, actor=visit.person.actor, reason=reason, place=place)
    return answer(escalation_object(number, moved))


def _verbs(desk: Desk, visit: Visit) -> Escalations:
    """The verbs; for a request that names itself, those that do it once."""
    named = request_name(visit)
    return desk.app.escalations if named is None else desk.app.escalations.once(*named)


def on_call(desk: Desk, visit: Visit, given: Given) -> Response:
    """Who is on call."""
    rows: list[Json] = [on_call_object(one) for one in desk.app.escalations.on_call()]
    return answer({"rotations": rows})


def notifications(desk: Desk, visit: Visit, given: Given) -> Response:
    """Who was told."""
    limit, incident = given.get("limit", int) or SHOWN, given.get("incident", int)
    found = desk.app.notices.log(
        incident_id=None if incident is None else IncidentId(incident),
        state=given.get("state", str),
        limit=limit,
        **places(given, str),
    )
    return answer(listed("notifications", found.of(notification_object)))


CALLS = (
    Operation(
        name="escalations",
        method="GET",
        path="/api/escalations",
        says="How calling people stands, of the newest incidents first.",
        page=escalations,
        gives="Escalations",
        takes=Fields(name="EscalationsQuery", fields={**OLDER, "limit": LIMIT}),
    ),
    Operation(
        name="escalation",
        method="GET",
        path="/api/incidents/{id}/escalation",
        says="How calling people for one incident stands, by the policy that was in force when it began.",
        page=escalation,
        gives="Escalation",
    ),
    Operation(
        name="escalation_next",
        method="POST",
        path="/api/incidents/{id}/escalation/next",
        says="Take the next step at once, whatever it waits for.",
        page=next_now,
        gives="Escalation",
        takes=Fields(
            name="EscalationNext",
            fields={
                "reason": REASON,
                "place": replace(PLACE, required=True),
            },
        ),
        action=Action.ESCALATE,
        once=True,
    ),
    Operation(
        name="escalation_suppress",
        method="POST",
        path="/api/incidents/{id}/escalation/suppress",
        says="Call nobody for a while, at most a day; it resumes by itself.",
        page=suppress,
        gives="Escalation",
        takes=Fields(
            name="EscalationSuppressed",
            fields={
                "seconds": Field(
                    shape=Whole(least=1, most=int(LONGEST_SUPPRESSION_SECONDS)), says="For how long.", required=True
                ),
                "reason": REASON,
                "place": PLACE,
            },
        ),
        action=Action.ESCALATE,
        once=True,
    ),
    Operation(
        name="escalation_resume",
        method="POST",
        path="/api/incidents/{id}/escalation/resume",
        says="Go on where it was suppressed.",
        page=resume,
        gives="Escalation",
        takes=Fields(name="EscalationResumed", fields={"reason": REASON, "place": PLACE}),
        action=Action.ESCALATE,
        once=True,
    ),
    Operation(
        name="on_call",
        method="GET",
        path="/api/on-call",
        says="Who is on call in every rotation, now and next.",
        page=on_call,
        gives="OnCall",
    ),
    Operation(
        name="notifications",
        method="GET",
        path="/api/notifications",
        says="Who was told what, where, when and why, or why not; newest first.",
        page=notifications,
        gives="Notifications",
        takes=Fields(
            name="NotificationsQuery",
            fields={
                "incident": Field(shape=Whole(least=1), says="Only about this one."),
                "state": Field(shape=Choice(values=STATES), says="Only those."),
                **PLACES,
                "limit": LIMIT,
            },
        ),
    ),
)
