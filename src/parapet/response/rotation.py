"""Who is on call: people who take weekly turns, handed over by the clock on the wall of a time zone, with overrides.

No full on-call product: who is called is a function of the rotation, the overrides and the moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from parapet.core.errors import ConfigurationError
from parapet.response.hours import DAYS, clock_words, day_of, minutes_of, zone_of

WEEK_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can be called."""

    name: str
    """As the workbench knows them: who acknowledges is known by it."""
    reach: Mapping[str, str] = field(default_factory=dict, hash=False)
    """How: by channel's name, what they are called there: `{"email": "ana@shop.example", "slack": "U0123"}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Somebody stands in for a while."""

    rotation: str
    person: str
    start: datetime
    end: datetime
    reason: str = ""

    def covers(self, moment: datetime) -> bool:
        """Whether it holds at *moment*."""
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """People who take turns of a week.

    Raises:
        ConfigurationError: nobody is in it, or the hand-over is no moment of a week.
    """

    name: str
    people: tuple[str, ...]
    """In their order, by name; the first has the week that begins with the first hand-over on or after *begins*."""
    begins: date
    hand_over: str = "Monday 09:00"
    """The day and time at which the next one takes over."""
    zone: str = "UTC"
    """By the clock of this IANA zone, also when it is set."""

    def __post_init__(self) -> None:
        if not self.name or not self.people:
            raise ConfigurationError("A rotation needs a name and somebody in it.")
        self._moment()
        zone_of(self.zone)

    def hand_over_at(self, week: int) -> datetime:
        """When the turn number *week* begins, counted from 0, in UTC."""
        day, minutes = self._moment()
        first = self.begins + timedelta(days=(day - self.begins.weekday()) % WEEK_DAYS)
        there = first + timedelta(days=week * WEEK_DAYS)
        wall = datetime(there.year, there.month, there.day, tzinfo=zone_of(self.zone)) + timedelta(minutes=minutes)
        return wall.astimezone(UTC)

    def week_of(self, moment: datetime) -> int:
        """The number of the turn at *moment*; below 0 before the first."""
        week = (moment - self.hand_over_at(0)).days // WEEK_DAYS
        while self.hand_over_at(week) > moment:  # a clock that was set moves a hand-over by an hour
            week -= 1
        while self.hand_over_at(week + 1) <= moment:
            week += 1
        return week

    @property
    def words(self) -> str:
        """How it goes, for people."""
        day, minutes = self._moment()
        return f"a week each, handed over {DAYS[day]} {clock_words(minutes)} {self.zone}"

    def _moment(self) -> tuple[int, int]:
        day, _, clock = self.hand_over.partition(" ")
        return day_of(day), minutes_of(clock.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Who is on call, and why."""

    rotation: str
    person: str
    start: datetime
    end: datetime
    stands_in_for: str | None = None
    """Whose turn it would be; None: it is their own."""
    reason: str = ""


def on_call(rotation: Rotation, overrides: Sequence[Override], moment: datetime) -> Turn:
    """Who is on call at *moment*. Of overrides that hold, the last one given counts."""
    week = rotation.week_of(moment)
    usual = rotation.people[week % len(rotation.people)]
    start, end = rotation.hand_over_at(week), rotation.hand_over_at(week + 1)
    held = [one for one in overrides if one.rotation == rotation.name and one.covers(moment)]
    if held:
        last = held[-1]
        return Turn(
            rotation=rotation.name,
            person=last.person,
            start=last.start,
            end=last.end,
            stands_in_for=usual,
            reason=last.reason,
        )
    later = [one.start for one in overrides if one.rotation == rotation.name and moment < one.start < end]
    return Turn(rotation=rotation.name, person=usual, start=start, end=min([end, *later]))


def turns(rotation: Rotation, overrides: Sequence[Override], moment: datetime, count: int) -> tuple[Turn, ...]:
    """The turn at *moment* and the *count* - 1 after it."""
    found: list[Turn] = []
    while len(found) < count:
        found.append(on_call(rotation, overrides, moment))
        moment = found[-1].end
    return tuple(found)
