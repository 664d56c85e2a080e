"""What the API changes. Each calls one verb, and answers with what is true now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from parapet.core.errors import MalformedPayload
from parapet.core.shapes import Given
from parapet.core.types import Actor, ActorClass, IncidentId, Json
from parapet.core.vocabulary import Severity
from parapet.incidents.document import body_object, change_object, incident_object
from parapet.incidents.model import ChangeKind, Incident
from parapet.web.api.naming import request_name
from parapet.web.api.reading import body_number, entry_number
from parapet.web.desk import Desk, Visit
from parapet.web.pages.incident import incident_id
from parapet.web.reads import Operator
from parapet.web.response import Response, answer


def acknowledge(desk: Desk, visit: Visit, given: Given) -> Response:
    """Take it."""
    return _work(desk, visit, given, _operator(desk, visit).acknowledge, reason=_reason(given))


def note(desk: Desk, visit: Visit, given: Given) -> Response:
    """Write into its chronology."""
    return _work(desk, visit, given, _operator(desk, visit).note, text=given.need("text", str))


def resolve(desk: Desk, visit: Visit, given: Given) -> Response:
    """Say that it is over."""
    return _work(desk, visit, given, _operator(desk, visit).resolve, reason=_reason(given))


def reopen(desk: Desk, visit: Visit, given: Given) -> Response:
    """Say that it is not over."""
    return _work(desk, visit, given, _operator(desk, visit).reopen, reason=_reason(given))


def hand_over(desk: Desk, visit: Visit, given: Given) -> Response:
    """Give it to somebody else."""
    to = given.need("to", str)
    return _work(desk, visit, given, _operator(desk, visit).hand_over, to=to, reason=_reason(given))


def release(desk: Desk, visit: Visit, given: Given) -> Response:
    """Say that nobody has it."""
    return _work(desk, visit, given, _operator(desk, visit).release, reason=_reason(given))


def set_severity(desk: Desk, visit: Visit, given: Given) -> Response:
    """Say how bad it is."""
    severity = Severity(given.need("severity", str))
    return _work(desk, visit, given, _operator(desk, visit).set_severity, severity=severity, reason=_reason(given))


def merge(desk: Desk, visit: Visit, given: Given) -> Response:
    """Say that it is part of another; the other one is answered."""
    into = IncidentId(given.need("into", int))
    return _work(desk, visit, given, _operator(desk, visit).merge, into=into, reason=_reason(given))


def split(desk: Desk, visit: Visit, given: Given) -> Response:
    """Say that some of its alerts are another trouble; the new one is answered."""
    own = {"fingerprints": given.many("alerts", str), "title": given.need("title", str)}
    return _work(desk, visit, given, _operator(desk, visit).split, status=201, reason=_reason(given), **own)


def declare(desk: Desk, visit: Visit, given: Given) -> Response:
    """Open one by hand."""
    slice_name = given.get("slice", str)
    if slice_name is not None:
        desk.app.catalog.slice(slice_name)
    opened = _operator(desk, visit).declare(
        title=given.need("title", str),
        severity=Severity(given.need("severity", str)),
        actor=visit.person.actor,
        reason=given.need("reason", str),
        slice_name=slice_name,
        started_at=given.get("started_at", datetime),
    )
    return answer(incident_object(opened), 201)


def mark_change(desk: Desk, visit: Visit, given: Given) -> Response:
    """Record one change: sent twice with its time or id, it is recorded once.

    Raises:
        MalformedPayload: it has neither a title nor a version.
    """
    title, version = given.get("title", str), given.get("version", str)
    if title is None and version is None:
        raise MalformedPayload("The body: say at least title or version.")
    change = desk.app.changes.mark(
        kind=ChangeKind(given.get("kind", str) or ChangeKind.DEPLOY.value),
        title=title,
        version=version,
        occurred_at=given.get("at", datetime),
        actor=Actor(kind=ActorClass.EXTERNAL, name=given.get("by", str) or visit.person.name),
        url=given.get("url", str),
        change_id=given.get("id", str),
    )
    return answer(change_object(change), 201)


def redact(desk: Desk, visit: Visit, given: Given) -> Response:
    """Take the words of one entry out, for good."""
    reason, version = given.need("reason", str), given.need("version", int)
    who = visit.person.actor
    kept = desk.app.audit.redact(incident_id(visit), entry_number(visit), actor=who, reason=reason, version=version)
    return answer(incident_object(kept))


def replay(desk: Desk, visit: Visit, given: Given) -> Response:
    """Take one body in now."""
    receipt = desk.app.bodies.replay(body_number(visit), actor=visit.person.actor)
    incidents: list[Json] = [int(each) for each in receipt.incident_ids]
    return answer({"id": receipt.inbox_id, "state": receipt.state, "incidents": incidents, "error": receipt.error})


def drop(desk: Desk, visit: Visit, given: Given) -> Response:
    """Give one body up."""
    dropped = desk.app.bodies.drop(body_number(visit), actor=visit.person.actor, reason=given.need("reason", str))
    return answer(body_object(dropped))


def _work(
    desk: Desk, visit: Visit, given: Given, verb: Callable[..., Incident], *, status: int = 200, **own: object
) -> Response:
    """Do *verb* to the incident of the address, with what it asks for of its *own*; answer with what is true now."""
    version = given.need("version", int)
    done = verb(incident_id(visit), actor=visit.person.actor, version=version, **own)
    return answer(incident_object(done), status)


def _reason(given: Given) -> str:
    return given.need("reason", str)


def _operator(desk: Desk, visit: Visit) -> Operator:
    """The verbs; for a request that names itself, those that do it once."""
    named = request_name(visit)
    return desk.app.operator if named is None else desk.app.operator.once(*named)
