"""The small API for machines: a pipeline marks its deploys, a script lists incidents."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from parapet.core.errors import MalformedPayload
from parapet.core.types import Actor, ActorClass, Json
from parapet.incidents.document import change_object, incident_object
from parapet.incidents.model import ChangeKind
from parapet.web.desk import Desk, Visit
from parapet.web.response import Response, answer, refusal
from parapet.web.text import capped, web_link

LONGEST_FIELD = 300
MOST_INCIDENTS = 200
FIELDS = ("kind", "version", "title", "at", "url", "by")
SCOPES = ("open", "unowned", "resolved")


def mark_change(desk: Desk, visit: Visit) -> Response:
    """Record one change: 201 with what was recorded; sent twice, it is recorded once."""
    try:
        given = _object(visit.request.body)
        kind = _kind(given.get("kind", ChangeKind.DEPLOY.value))
        version = _text(given, "version")
        title = _text(given, "title") or (f"{kind.value.replace('_', ' ').capitalize()} {version}" if version else None)
        if title is None:
            raise MalformedPayload("Say at least title or version.")
        url = _text(given, "url")
        if url is not None and web_link(url) is None:
            raise MalformedPayload("url must be an http or https address.")
        occurred_at = _time(_text(given, "at"))
        actor = Actor(kind=ActorClass.EXTERNAL, name=capped(_text(given, "by") or "api", 80))
    except MalformedPayload as error:
        return refusal(422, error.message)
    change = desk.app.changes.mark(
        kind=kind, title=title, version=version, occurred_at=occurred_at, actor=actor, url=url
    )
    return answer(change_object(change), 201)


def incidents(desk: Desk, visit: Visit) -> Response:
    """Incidents of one scope, worst first, up to 200."""
    scope = visit.request.query.get("scope", "open")
    if scope not in SCOPES:
        return refusal(422, f"scope is {capped(scope, 40)!r}; it must be one of {', '.join(SCOPES)}.")
    found = desk.app.look.queue(scope, limit=MOST_INCIDENTS)
    return answer({"scope": scope, "incidents": [incident_object(each) for each in found.incidents]})


def _object(body: bytes) -> dict[str, Json]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedPayload("The body must be JSON.") from error
    if not isinstance(given, dict):
        raise MalformedPayload("The body must be a JSON object.")
    if unknown := sorted(set(given) - set(FIELDS)):
        raise MalformedPayload(f"Unknown field {capped(unknown[0], 40)!r}. Known: {', '.join(FIELDS)}.")
    return given


def _text(given: dict[str, Json], name: str) -> str | None:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise MalformedPayload(f"{name} must be a text that is not empty.")
    if len(value) > LONGEST_FIELD:
        raise MalformedPayload(f"{name} has {len(value)} characters; {LONGEST_FIELD} at most.")
    return capped(value, LONGEST_FIELD)


def _kind(value: Json) -> ChangeKind:
    if not isinstance(value, str) or value not in set(ChangeKind):
        raise MalformedPayload(f"kind must be one of {', '.join(kind.value for kind in ChangeKind)}.")
    return ChangeKind(value)


def _time(value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        when = datetime.fromisoformat(value)
    except ValueError as error:
        raise MalformedPayload("at must be an ISO 8601 time, such as 2026-11-12T02:09:12Z.") from error
    if when.tzinfo is None:
        raise MalformedPayload("at has no time zone. Write it in UTC with a Z at its end.")
    try:
        return when.astimezone(UTC)
    except OverflowError as error:
        raise MalformedPayload("at lies outside the calendar.") from error
