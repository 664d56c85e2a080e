"""Maintenance that a person begins or plans while the service runs: what rests, until when, and who said why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from parapet.core.errors import IllegalTransition, ReasonRequired
from parapet.incidents.durations import duration_words, instant_words

EVERYTHING = "everything"
"""What a person says for every promise of the service, which is its whole environment."""
LONGEST_SECONDS = 7 * 86_400.0
FURTHEST_SECONDS = 90 * 86_400.0
"""How far ahead one can be planned."""


class MaintenanceState(StrEnum):
    """Where a maintenance stands."""

    PLANNED = "planned"  # it has still to begin
    RUNNING = "running"  # nothing of what it concerns counts
    OVER = "over"  # its time has passed, or a person ended it
    CANCELLED = "cancelled"  # ended before it began


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedMaintenance:
    """One maintenance. All times are UTC and time zone aware."""

    number: int
    """0 until the store has given it its number."""
    service: str
    what: str
    """As a person named it: a journey, a promise, or everything."""
    slices: tuple[str, ...]
    """The promises that rest, by name; none: all of the service."""
    start: datetime
    end: datetime
    """When it is over; brought forward by who ends it early."""
    reason: str
    by: str
    planned_at: datetime
    ended_by: str | None = None
    """Who ended it early; None: its time passes."""
    ended_because: str = ""
    begun: bool = False
    """Its beginning was told: to the incidents that it concerns, and among the changes."""
    over: bool = False
    """Its end was told."""

    @property
    def ref(self) -> str:
        """What people call it: M-3."""
        return f"M-{self.number}"

    def concerns(self, slice_name: str) -> bool:
        """Whether the promise of that name rests with it."""
        return not self.slices or slice_name in self.slices

    def covers(self, moment: datetime) -> bool:
        """Whether *moment* is in it."""
        return self.start <= moment < self.end

    def state(self, now: datetime) -> MaintenanceState:
        """Where it stands at *now*."""
        if self.ended_by is not None and not self.begun:
            return MaintenanceState.CANCELLED
        if now < self.start:
            return MaintenanceState.PLANNED
        return MaintenanceState.RUNNING if now < self.end else MaintenanceState.OVER


def check(wanted: PlannedMaintenance, known: Sequence[PlannedMaintenance], now: datetime) -> None:
    """Refuse a maintenance that cannot be; *known*: those that run or are planned.

    Raises:
        ReasonRequired: no reason was given.
        IllegalTransition: its times cannot be, or the same rests then already: sent twice, it is one.
    """
    if not wanted.reason.strip():
        raise ReasonRequired("Say what is done meanwhile: whoever sees nothing counted wants to know. Nothing changed.")
    lasts = (wanted.end - max(wanted.start, now)).total_seconds()
    if wanted.end <= wanted.start or lasts <= 0:
        raise IllegalTransition("A maintenance ends after it starts, and not in the past. Nothing changed.")
    if (wanted.end - wanted.start).total_seconds() > LONGEST_SECONDS:
        raise IllegalTransition(
            f"A maintenance lasts {duration_words(LONGEST_SECONDS)} at most; while it lasts nobody is called. "
            "Nothing changed."
        )
    if wanted.start > now + timedelta(seconds=FURTHEST_SECONDS):
        raise IllegalTransition(
            f"A maintenance is planned {duration_words(FURTHEST_SECONDS)} ahead at most. Nothing changed."
        )
    for one in known:
        if one.slices == wanted.slices and one.start < wanted.end and wanted.start < one.end:
            raise IllegalTransition(
                f"{one.what.capitalize()} is under maintenance from {instant_words(one.start)} to "
                f"{instant_words(one.end)} already ({one.ref}, by {one.by}). End that one first. Nothing changed."
            )


def until(known: Sequence[PlannedMaintenance], slice_name: str, moment: datetime) -> datetime | None:
    """The latest end of those that cover *moment* and concern a promise; None: none does."""
    return max((one.end for one in known if one.concerns(slice_name) and one.covers(moment)), default=None)
