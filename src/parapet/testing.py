"""The test kit that hosts may use too: a clock that is told the time, ids that count, bodies like Alertmanager's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from parapet.core.errors import ConfigurationError
from parapet.ops.hosted import propose
from parapet.response.capability import Capability, Proposal, Situation


class ManualClock:
    """A clock that stands still until it is told to move.

    Raises:
        ConfigurationError: the start has no time zone.
    """

    def __init__(self, start: datetime = datetime(2026, 11, 12, 2, 0, tzinfo=UTC)) -> None:
        if start.tzinfo is None:
            raise ConfigurationError("The clock's start has no time zone. Give an aware datetime.")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The time it was told, in UTC."""
        return self._now

    def advance(self, seconds: float) -> datetime:
        """Move on by *seconds* (back, if negative) and return the new time."""
        self._now += timedelta(seconds=seconds)
        return self._now

    def set(self, when: datetime) -> datetime:
        """Jump to *when*."""
        self._now = when.astimezone(UTC)
        return self._now


class SequentialIds:
    """Identifiers that count: id-000001, id-000002."""

    def __init__(self) -> None:
        self._last = 0

    def new(self) -> str:
        """The next identifier."""
        self._last += 1
        return f"id-{self._last:06d}"


def alert(
    labels: Mapping[str, str],
    *,
    starts_at: datetime,
    ends_at: datetime | None = None,
    annotations: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """One alert of a webhook body. With *ends_at* it is resolved. The fingerprint is a hash of all labels."""
    canonical = json.dumps(sorted(labels.items()))
    return {
        "status": "firing" if ends_at is None else "resolved",
        "labels": dict(labels),
        "annotations": dict(annotations or {}),
        "startsAt": _written(starts_at),
        "endsAt": "0001-01-01T00:00:00Z" if ends_at is None else _written(ends_at),
        "generatorURL": "http://127.0.0.1:9090/graph",
        "fingerprint": hashlib.sha256(canonical.encode()).hexdigest()[:16],
    }


def alertmanager_payload(*alerts: Mapping[str, object], truncated: int = 0) -> bytes:
    """A webhook body as Alertmanager would send it, around *alerts* made by `alert`."""
    firing = any(one["status"] == "firing" for one in alerts)
    body: dict[str, object] = {
        "receiver": "parapet",
        "status": "firing" if firing else "resolved",
        "alerts": list(alerts),
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093",
        "version": "4",
        "groupKey": '{}:{alertname="test"}',
        "truncatedAlerts": truncated,
    }
    return json.dumps(body).encode()


def situation(**changes: Any) -> Situation:
    """What a capability is told, for tests: an incident of the service shop at 02:00; *changes* are its fields."""
    now = datetime(2026, 11, 12, 2, 0, tzinfo=UTC)
    usual: dict[str, Any] = {
        "service": "shop",
        "incident_id": 1,
        "ref": "INC-1",
        "slice": "checkout",
        "title": "Checkout fails",
        "severity": "page",
        "firing": 1,
        "started_at": now,
        "now": now,
    }
    return Situation(**usual | changes)


def assert_preview_changes_nothing(
    capability: Capability, picture: Callable[[], object], told: Situation | None = None
) -> Proposal:
    """Preview *capability* twice, and prove that it changed nothing: what it proposes.

    Args:
        picture: everything that it must not change, such as all rows of your database and the length of its queues.
        told: the situation; without it, `situation(inputs=capability.inputs)`.

    Raises:
        AssertionError: the picture is another one afterwards, or the second preview says something else.
    """
    asked = told if told is not None else situation(inputs=capability.inputs)
    before = picture()
    first = propose(capability, asked)
    after = picture()
    if before != after:
        raise AssertionError(f"The preview of {capability.name!r} changed something: {before!r} became {after!r}.")
    if propose(capability, asked) != first:
        raise AssertionError(f"The preview of {capability.name!r} says something else the second time.")
    return first


def _written(when: datetime) -> str:
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")
