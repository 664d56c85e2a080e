"""The burn of a promise around the moments of an incident, kept as an entry: it outlives whoever measured it.

Values only: what is asked for when, how it is written into an entry, and read from one again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import ceil, isfinite

from parapet.core.types import Json, JsonObject
from parapet.core.vocabulary import Severity
from parapet.incidents.model import Entry, EntryKind, Incident, NewEntry, Resolution

MOST_POINTS = 181
"""Of one series; some two kilobytes."""
DIGITS = 4
"""Significant digits of a value: nobody reads more from a drawing."""
LEAD_BASE_WINDOWS = 12
"""How long before onset a series begins, in base windows: an hour by default."""
STEPS_OF_BASE_WINDOW = 5


class Moment(StrEnum):
    """When a series is asked for."""

    OPENED = "opened"  # also reopened
    ESCALATED = "escalated"  # it became a page
    RESOLVED = "resolved"


class Unit(StrEnum):
    """What the values are."""

    BURN = "burn"  # 1 uses exactly the budget within the period
    RATIO = "ratio"  # the share of events that were bad


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What to ask for: a value each *step_seconds*, MOST_POINTS at most."""

    start: datetime
    end: datetime
    step_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The value above which an alert says so."""

    severity: Severity
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One series that was kept."""

    moment: Moment
    unit: Unit
    start: datetime
    step_seconds: float
    values: tuple[float | None, ...]
    """Oldest first; None where there was no sample."""
    limit: Limit | None

    @property
    def end(self) -> datetime:
        """When its last value was."""
        return self.at(max(0, len(self.values) - 1))

    @property
    def peak(self) -> tuple[datetime, float] | None:
        """The highest value, and when it was first; None without any."""
        known = [(value, -place) for place, value in enumerate(self.values) if value is not None]
        if not known:
            return None
        value, place = max(known)
        return self.at(-place), value

    def at(self, place: int) -> datetime:
        """When the value at *place* was."""
        return self.start + timedelta(seconds=place * self.step_seconds)


def moments(entries: Iterable[NewEntry]) -> tuple[Moment, ...]:
    """The moments among *entries* around which the burn is worth keeping, each once."""
    found: list[Moment] = []
    for entry in entries:
        match entry.kind:
            case EntryKind.OPENED | EntryKind.DECLARED | EntryKind.REOPENED:
                found.append(Moment.OPENED)
            case EntryKind.SEVERITY_CHANGED if entry.payload.get("to") == Severity.PAGE.value:
                found.append(Moment.ESCALATED)
            case EntryKind.RESOLVED if entry.payload.get("resolution") != Resolution.SUPERSEDED.value:
                found.append(Moment.RESOLVED)
    return tuple(dict.fromkeys(found))


def span_of(incident: Incident, until: datetime, *, base_window_seconds: float) -> Span:
    """From before the onset of *incident* to *until*, in steps as fine as the series is recorded, or as fits."""
    start = incident.started_at - timedelta(seconds=LEAD_BASE_WINDOWS * base_window_seconds)
    end = max(until, incident.started_at)
    finest = base_window_seconds / STEPS_OF_BASE_WINDOW
    needed = (end - start).total_seconds() / (MOST_POINTS - 1)
    return Span(start=start, end=end, step_seconds=max(finest, ceil(needed) if needed > 1 else needed))


def measured(
    moment: Moment, unit: Unit, span: Span, points: Iterable[tuple[float, float]], limit: Limit | None
) -> Measured:
    """The series of *points*, (unix time, value) pairs as Prometheus answers, at the steps of *span*."""
    count = int((span.end - span.start).total_seconds() / span.step_seconds + 1e-6) + 1
    values: list[float | None] = [None] * min(count, MOST_POINTS)
    for when, value in points:
        place = round((when - span.start.timestamp()) / span.step_seconds)
        if 0 <= place < len(values) and isfinite(value):
            values[place] = float(f"{value:.{DIGITS}g}")
    return Measured(
        moment=moment,
        unit=unit,
        start=span.start,
        step_seconds=span.step_seconds,
        values=tuple(values),
        limit=limit,
    )


def value_words(unit: Unit, value: float) -> str:
    """A value as people say it: 42.1 times the pace, 3.2 %."""
    if unit is Unit.RATIO:
        return f"{value * 100:.3g} %"
    return f"{times(value)} times the pace"


def times(rate: float) -> str:
    """A rate as people say it: 427, 42.1, 0.04. What is not nothing does not read as nothing."""
    if rate >= 100:
        return f"{rate:,.0f}"
    return f"{rate:.1f}" if rate >= 0.1 or rate < 0.005 else f"{rate:.2f}"


def payload_of(series: Measured) -> JsonObject:
    """*series* as an entry keeps it."""
    peak = series.peak
    values: list[Json] = list(series.values)
    return {
        "moment": series.moment.value,
        "unit": series.unit.value,
        "start": series.start.isoformat(),
        "step_seconds": series.step_seconds,
        "values": values,
        "limit": None if series.limit is None else series.limit.value,
        "limit_severity": None if series.limit is None else series.limit.severity.value,
        "peak": None if peak is None else peak[1],
        "peak_at": None if peak is None else peak[0].isoformat(),
    }


def series_of(entries: Iterable[Entry]) -> tuple[Measured, ...]:
    """Every series that *entries* keep, in the order in which they were written. What cannot be read is left out."""
    found = (read(entry.payload) for entry in entries if entry.kind is EntryKind.MEASURED)
    return tuple(one for one in found if one is not None)


def read(payload: JsonObject) -> Measured | None:
    """The series in the payload of an entry; None when it holds none, as after a redaction."""
    values, step, limit = payload.get("values"), payload.get("step_seconds"), payload.get("limit")
    if not isinstance(values, list) or not isinstance(step, int | float) or not 0 < step < 1e9:
        return None
    try:
        start = datetime.fromisoformat(f"{payload.get('start')}").astimezone(UTC)
        found = Measured(
            moment=Moment(f"{payload.get('moment')}"),
            unit=Unit(f"{payload.get('unit')}"),
            start=start,
            step_seconds=float(step),
            values=tuple(_value(one) for one in values[:MOST_POINTS]),
            limit=Limit(severity=Severity(f"{payload.get('limit_severity')}"), value=float(limit))
            if isinstance(limit, int | float)
            else None,
        )
        return found if found.end >= found.start else None  # an end beyond the calendar raises
    except (ValueError, OverflowError):
        return None


def _value(value: Json) -> float | None:
    return float(value) if isinstance(value, int | float) and isfinite(value) else None
