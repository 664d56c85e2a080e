"""Maintenance: what rests now, what is planned, what was; and the form that begins or plans one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from parapet.response.maintenance import EVERYTHING, MaintenanceState, PlannedMaintenance
from parapet.slo.catalog import Catalog
from parapet.web import text
from parapet.web.words import Word

STATES = {
    MaintenanceState.PLANNED: Word(text="Planned", icon="clock", tone="accent"),
    MaintenanceState.RUNNING: Word(text="Resting", icon="clock", tone="none"),
    MaintenanceState.OVER: Word(text="Over", icon="check", tone="none"),
    MaintenanceState.CANCELLED: Word(text="Cancelled", icon="few", tone="none"),
}
MINUTES = (("30", "30 minutes"), ("60", "1 hour"), ("120", "2 hours"), ("240", "4 hours"), ("480", "8 hours"))
LONGEST_REASON = 300
AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceRow:
    """One maintenance."""

    number: int
    ref: str
    state: Word
    what: str
    span: str
    """From when until when, in words."""
    at: str
    said: str
    """Who said why, and who ended it."""
    may_end: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceView:
    """The whole page, with what was typed."""

    live: tuple[MaintenanceRow, ...]
    past: tuple[MaintenanceRow, ...]
    in_code: tuple[tuple[str, str], ...]
    """Name and words of what the code lets rest."""
    choices: tuple[tuple[str, str], ...]
    """Name and title of what can rest."""
    lengths: tuple[tuple[str, str], ...]
    refusal: str
    """Why the reader may not; empty when they may."""
    why: str
    """Why it was not taken; empty at first."""
    what: str
    minutes: str
    start: str
    reason: str


def maintenance_view(
    live: Sequence[PlannedMaintenance],
    page: Sequence[PlannedMaintenance],
    catalog: Catalog,
    *,
    refusal: str | None,
    now: datetime,
    given: tuple[str, str, str, str] = ("", "", "", ""),
    why: str = "",
) -> MaintenanceView:
    """The page; *given*: what, for how many minutes, from when, and why, as typed."""
    numbers = {one.number for one in live}
    what, minutes, start, reason = given
    return MaintenanceView(
        live=tuple(_row(one, now) for one in sorted(live, key=lambda one: (one.start, one.number))),
        past=tuple(_row(one, now) for one in page if one.number not in numbers),
        in_code=tuple((one.name, text.capped(one.words, LONGEST_REASON)) for one in catalog.maintenances),
        choices=choices(catalog),
        lengths=MINUTES,
        refusal=refusal or "",
        why=why,
        what=what,
        minutes=minutes or "60",
        start=text.capped(start, 40),
        reason=text.capped(reason, 4_000),
    )


def choices(catalog: Catalog) -> tuple[tuple[str, str], ...]:
    """What can rest: everything, each journey, each promise that is not a journey's only one."""
    journeys: dict[str, list[str]] = {}
    for one in catalog:
        if one.journey is not None:
            journeys.setdefault(one.journey, []).append(one.name)
    named = [(name, f"Journey {name}") for name in journeys]
    others = [(one.name, text.capped(one.title, 80)) for one in catalog.judged if one.name not in journeys]
    return ((EVERYTHING, f"Everything: all of {catalog.service}"), *named, *others)


def resting_words(live: Sequence[PlannedMaintenance], now: datetime) -> tuple[str, ...]:
    """What rests now and what will within a day, a sentence each."""
    said: list[str] = []
    for one in sorted(live, key=lambda each: (each.start, each.number)):
        name, who = text.capped(one.what, 60), text.capped(one.by, 60)
        why = text.sentence(text.capped(one.reason, 120))
        if one.covers(now):
            until = text.stamp(one.end, now)
            said.append(f"{name[:1].upper()}{name[1:]} is in maintenance until {until}, by {who}: {why}")
        elif now < one.start <= now + AHEAD:
            since = text.stamp(one.start, now)
            said.append(f"{name[:1].upper()}{name[1:]} will be in maintenance from {since}, by {who}: {why}")
    return tuple(said)


def _row(one: PlannedMaintenance, now: datetime) -> MaintenanceRow:
    state = one.state(now)
    ended = ""
    if one.ended_by is not None:
        ended = f" Ended by {text.capped(one.ended_by, 60)}: {text.sentence(text.capped(one.ended_because, 200))}"
    reason = text.sentence(text.capped(one.reason, LONGEST_REASON))
    return MaintenanceRow(
        number=one.number,
        ref=one.ref,
        state=STATES[state],
        what=text.capped(one.what, 80),
        span=_span(one, now),
        at=text.machine(one.start),
        said=f"{text.capped(one.by, 60)}: {reason}{ended}",
        may_end=state in (MaintenanceState.PLANNED, MaintenanceState.RUNNING),
    )


def _span(one: PlannedMaintenance, now: datetime) -> str:
    """The day is said once where it is one day."""
    if one.end <= one.start:
        return f"from {text.stamp(one.start, now)}"
    start, end = text.local(one.start, now), text.local(one.end, now)
    until = text.stamp(end, start if start.date() == end.date() else now)
    changes = text.zone_word(start) != text.zone_word(end)
    return f"{(text.stamp if changes else text.clock)(start, now)} to {until}, {text.between(start, end)}"
