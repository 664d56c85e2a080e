"""What Alertmanager's own lists say, as values: the alerts it has now, and its silences. Hostile text, capped."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from parapet.core.errors import MalformedPayload
from parapet.core.types import Json
from parapet.incidents.payload import MAX_ANNOTATION_CHARACTERS, AlertReport, clean, instant_of, report_of

MAX_ID_CHARACTERS = 64
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One alert that an Alertmanager has now."""

    report: AlertReport
    silenced_by: str | None
    """The first silence that holds it back."""
    receivers: tuple[str, ...]
    updated_at: datetime
    """When Prometheus last said so: an alert is kept for minutes after that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """One silence; who made it and why is what they wrote."""

    id: str
    created_by: str
    comment: str
    ends_at: datetime


def alerts_listed(body: bytes) -> tuple[Listed, ...]:
    """The alerts in an answer of `/api/v2/alerts`.

    Raises:
        MalformedPayload: it is not such an answer.
    """
    return tuple(_listed(one, f"[{index}]") for index, one in enumerate(_list(body)))


def silences_listed(body: bytes) -> tuple[Silence, ...]:
    """The silences in an answer of `/api/v2/silences`.

    Raises:
        MalformedPayload: it is not such an answer.
    """
    return tuple(_silence(one, f"[{index}]") for index, one in enumerate(_list(body)))


def _listed(value: Json, where: str) -> Listed:
    if not isinstance(value, dict):
        raise MalformedPayload(f"{where}: expected an alert.")
    report = report_of({**value, "status": "firing"}, where)
    state = value.get("status")
    silences = state.get("silencedBy") if isinstance(state, dict) else None
    named = [one for one in silences if isinstance(one, str)] if isinstance(silences, list) else []
    receivers = value.get("receivers")
    names = [one.get("name") for one in receivers if isinstance(one, dict)] if isinstance(receivers, list) else []
    return Listed(
        report=report,
        silenced_by=clean(named[0], MAX_ID_CHARACTERS) if named else None,
        receivers=tuple(name for name in names if isinstance(name, str)),
        updated_at=instant_of(value.get("updatedAt"), f"{where}.updatedAt") or report.started_at,
    )


def _silence(value: Json, where: str) -> Silence:
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        raise MalformedPayload(f"{where}: expected a silence.")
    return Silence(
        id=clean(f"{value['id']}", MAX_ID_CHARACTERS),
        created_by=clean(f"{value.get('createdBy') or 'nobody'}", MAX_ID_CHARACTERS),
        comment=clean(f"{value.get('comment') or ''}", MAX_ANNOTATION_CHARACTERS),
        ends_at=instant_of(value.get("endsAt"), f"{where}.endsAt") or NEVER,
    )


def _list(body: bytes) -> list[Json]:
    try:
        document: Json = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedPayload("The answer is not JSON.") from error
    if not isinstance(document, list):
        raise MalformedPayload("The answer is no list.")
    return document
