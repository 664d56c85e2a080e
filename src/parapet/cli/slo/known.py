"""Incidents that people know of, from a file or from the evidence database, to hold a backtest against."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from parapet.app import Parapet
from parapet.core.errors import ConfigurationError
from parapet.incidents.model import Incident
from parapet.slo.backtest import KnownIncident

EVIDENCE = "evidence"
"""Instead of a file: what the app's own database remembers."""
PAGE_SIZE = 200


def from_file(path: Path) -> tuple[KnownIncident, ...]:
    """A JSON list of objects: `title`, `start`, `end`, and perhaps `noticed` and `slice`; times with a zone.

    Raises:
        ConfigurationError: it cannot be read, or one of them lacks something.
    """
    try:
        document = json.loads(path.read_text())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ConfigurationError(f"{path} is no JSON: {error}.") from error
    if not isinstance(document, list):
        raise ConfigurationError(f"{path} holds no list. Write a list of objects with title, start and end.")
    return tuple(_one(one, f"Incident {number} in {path}") for number, one in enumerate(document, 1))


def from_evidence(app: Parapet, begin: datetime, end: datetime) -> tuple[KnownIncident, ...]:
    """Incidents of the service that were open at some time between *begin* and *end*.

    Raises:
        ConfigurationError: the app has no evidence database.
        EvidenceUnavailable: it does not answer.
    """
    return tuple(
        KnownIncident(
            title=f"{one.ref} {one.title}",
            slice=one.slice,
            start_seconds=one.started_at.timestamp(),
            noticed_seconds=one.detected_at.timestamp(),
            end_seconds=(one.resolved_at or end).timestamp(),
        )
        for scope in ("open", "resolved")
        for one in _in(app, scope)
        if one.service == app.service and one.started_at <= end and (one.resolved_at or end) >= begin
    )


def _in(app: Parapet, scope: str) -> Iterator[Incident]:
    page = app.look.queue(scope, limit=PAGE_SIZE)
    yield from page.incidents
    while page.next is not None:
        page = app.look.queue(scope, limit=PAGE_SIZE, before=page.next)
        yield from page.incidents


def _one(one: object, where: str) -> KnownIncident:
    if not isinstance(one, dict) or not isinstance(one.get("title"), str):
        raise ConfigurationError(f"{where} has no title. Write an object with title, start and end.")
    start = _time(one, "start", where)
    end = _time(one, "end", where)
    if end < start:
        raise ConfigurationError(f"{where} ends before it starts.")
    concerned = one.get("slice")
    return KnownIncident(
        title=one["title"],
        slice=concerned if isinstance(concerned, str) else None,
        start_seconds=start,
        noticed_seconds=_time(one, "noticed", where) if "noticed" in one else start,
        end_seconds=end,
    )


def _time(one: dict[str, object], name: str, where: str) -> float:
    try:
        when = datetime.fromisoformat(str(one.get(name)))
    except ValueError:
        raise ConfigurationError(f"{where}: {name} is {one.get(name)!r}. Write 2026-11-12T02:31:00Z.") from None
    if when.tzinfo is None:
        raise ConfigurationError(f"{where}: {name} has no time zone. Write {when.isoformat()}Z if it is UTC.")
    return when.timestamp()
