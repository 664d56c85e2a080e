"""The values of a retrospective: what is kept of an incident when it is over. Quoted text is escaped where shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from parapet.incidents.model import ChangeKind, Resolution, Severity


class MomentName(StrEnum):
    """The moments every incident is measured by, in their usual order."""

    BEGAN = "began"  # onset, by event time
    DETECTED = "detected"  # we first heard
    ACKNOWLEDGED = "acknowledged"  # somebody took it
    QUIET = "quiet"  # the last alert ended, by event time
    RESOLVED = "resolved"  # it was closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One of those moments; those that never came are left out."""

    name: MomentName
    at: datetime
    seconds_since_previous: float | None
    """None for the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time in which at least one alert fired."""

    started_at: datetime
    ended_at: datetime | None
    """None: it still fired when this was composed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearbyChange:
    """A change near the incident; near is no proof of cause."""

    id: str
    kind: ChangeKind
    title: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    seconds_from_onset: float
    """Negative: before."""
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a person did, and the reason they gave. Their words may be anything: escaped where shown."""

    occurred_at: datetime
    actor: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the chronology: an entry, or a change at the time it happened."""

    occurred_at: datetime
    recorded_at: datetime
    actor: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrospective:
    """The memory of one incident."""

    incident_id: int
    ref: str
    title: str
    service: str
    slice: str | None
    severity: Severity
    """The worst it had."""
    resolution: Resolution | None
    resolution_text: str
    summary: str
    composed_at: datetime
    lasted_seconds: float
    """From onset to its end, by event time; to *composed_at* when it has not ended."""
    fired_seconds: float
    """How long of that at least one alert fired."""
    refired_count: int
    owner: str | None
    moments: tuple[Moment, ...]
    spans: tuple[Span, ...]
    changes: tuple[NearbyChange, ...]
    actions: tuple[Action, ...]
    notifications: tuple[Line, ...]
    chronology: tuple[Line, ...]
    open_questions: tuple[str, ...]
    unknowns: tuple[str, ...]
