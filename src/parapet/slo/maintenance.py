"""Maintenance windows: when events do not count, once or every week, by the clock on the wall of a time zone.

On the night when clocks are set back, an hour that happens twice is in the window twice; one that is skipped is not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from parapet.core.errors import ConfigurationError, UnknownName

BY_HAND = "by hand"
"""What rests by the word of a person is called so in the recorded series; no maintenance in code can be."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_WEEKLY = re.compile(r"(?P<day>\w+)\s+(?P<start>\d{1,2}:\d{2})\s*-\s*(?P<end>\d{1,2}:\d{2})\s+(?P<zone>\S+)")
_MINUTES_OF_DAY = 24 * 60
_MOST_IN_A_ROW = 50
_EXAMPLE = "'Sunday 02:00-04:00 Europe/Berlin'"


class Weekday(IntEnum):
    """Days as Python counts them."""

    MONDAY = 0  # the first
    TUESDAY = 1  # the second
    WEDNESDAY = 2  # the third
    THURSDAY = 3  # the fourth
    FRIDAY = 4  # the fifth
    SATURDAY = 5  # the sixth
    SUNDAY = 6  # the last


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """From one moment, itself included, to another one.

    Raises:
        ConfigurationError: a moment has no zone, or the end is not after the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ConfigurationError(
                f"A maintenance window lasts from {self.start} to {self.end}, and nobody knows in which zone. Name it, "
                "as in once(..., 'Europe/Berlin'), or give moments that know theirs."
            )
        if self.start >= self.end:
            raise ConfigurationError(f"A maintenance window ends at {self.end}, not after its start at {self.start}.")

    def covers(self, moment: datetime) -> bool:
        """Whether *moment* is in it."""
        return self.start <= moment < self.end

    def ends_after(self, moment: datetime) -> datetime:
        """When it is over that covers *moment*."""
        return self.end.astimezone(moment.tzinfo)

    @property
    def words(self) -> str:
        """For people: '2026-12-01 21:00 to 23:00 UTC'."""
        start, end = self.start.astimezone(UTC), self.end.astimezone(UTC)
        until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
        return f"{start:%Y-%m-%d %H:%M} to {until} UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """Every week, from one minute of a day to another; to the next day if the end is not after the start.

    Raises:
        UnknownName: there is no such zone.
        ConfigurationError: a minute is not of a day.
    """

    day: Weekday
    """On which it starts."""
    start_minutes: int
    """After midnight, by the clock on the wall."""
    end_minutes: int
    zone: str
    """IANA name, such as `Europe/Berlin`."""

    def __post_init__(self) -> None:
        zone_named(self.zone)
        for minutes in (self.start_minutes, self.end_minutes):
            if not 0 <= minutes <= _MINUTES_OF_DAY:
                raise ConfigurationError(
                    f"A weekly maintenance window has minute {minutes} of a day; expected 0 to {_MINUTES_OF_DAY}."
                )
        if self.start_minutes == self.end_minutes:
            raise ConfigurationError(f"A weekly maintenance window starts and ends at {_clock(self.start_minutes)}.")

    @property
    def minutes_of_week(self) -> tuple[int, int]:
        """Start and end in minutes since Monday's midnight. The end is the smaller one where it is in the next week."""
        start = self.day * _MINUTES_OF_DAY + self.start_minutes
        lasts = (self.end_minutes - self.start_minutes) % _MINUTES_OF_DAY or _MINUTES_OF_DAY
        return start, (start + lasts) % (7 * _MINUTES_OF_DAY)

    def covers(self, moment: datetime) -> bool:
        """Whether *moment*, which knows its zone, is in it."""
        there = moment.astimezone(ZoneInfo(self.zone))
        now = there.weekday() * _MINUTES_OF_DAY + there.hour * 60 + there.minute
        start, end = self.minutes_of_week
        return start <= now < end if start < end else now >= start or now < end

    def ends_after(self, moment: datetime) -> datetime:
        """When it is over that covers *moment*; clocks that are set meanwhile are set."""
        there = moment.astimezone(ZoneInfo(self.zone))
        now = there.weekday() * _MINUTES_OF_DAY + there.hour * 60 + there.minute
        left = (self.minutes_of_week[1] - now) % (7 * _MINUTES_OF_DAY)
        wall = there.replace(second=0, microsecond=0) + timedelta(minutes=left)  # of the clock on the wall
        return wall.astimezone(moment.tzinfo)

    @property
    def words(self) -> str:
        """For people, and for `weekly`: 'Sunday 02:00-04:00 Europe/Berlin'."""
        times = f"{_clock(self.start_minutes)}-{_clock(self.end_minutes)}"
        return f"{self.day.name.capitalize()} {times} {self.zone}"


Window: TypeAlias = Once | Weekly


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """Some windows during which nothing counts, and for which slices.

    Raises:
        ConfigurationError: the name is malformed, or there is no window.
    """

    name: str
    """Lower case words joined by dashes: `database-upgrade`. The `maintenance` label."""
    windows: tuple[Window, ...]
    slices: tuple[str, ...] = ()
    """Slices and diagnostics, by name; none: all of the service."""
    reason: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigurationError(
                f"A maintenance is named {self.name!r}; expected lower case letters, digits, dashes and underscores, "
                "such as 'database-upgrade'."
            )
        if not self.windows:
            raise ConfigurationError(f"Maintenance {self.name!r} has no window. Give weekly(...) or once(...).")

    def concerns(self, name: str) -> bool:
        """Whether the slice or diagnostic *name* is under maintenance with it."""
        return not self.slices or name in self.slices

    @property
    def words(self) -> str:
        """Its windows, for people."""
        return "; ".join(window.words for window in self.windows)


def ends_at(maintenances: Sequence[Maintenance], moment: datetime) -> datetime | None:
    """When what goes on at *moment* is over, windows that follow each other taken together; None: nothing does."""
    windows = [window for each in maintenances for window in each.windows]
    end: datetime | None = None
    for _ in range(_MOST_IN_A_ROW):
        ends = [window.ends_after(end or moment) for window in windows if window.covers(end or moment)]
        if not ends:
            break
        end = max(ends)
    return end


def weekly(when: str) -> Weekly:
    """Every week, in words: `weekly("Sunday 02:00-04:00 Europe/Berlin")`.

    Raises:
        UnknownName: there is no such day or zone; the nearest one is named.
        ConfigurationError: the words are others, or a time is none.
    """
    found = _WEEKLY.fullmatch(when.strip())
    if found is None:
        raise ConfigurationError(f"A weekly maintenance window is {when!r}; expected words such as {_EXAMPLE}.")
    day = found["day"].upper()
    if day not in Weekday.__members__:
        raise UnknownName.of("day", found["day"], [each.name.capitalize() for each in Weekday])
    return Weekly(
        day=Weekday[day],
        start_minutes=_minutes(found["start"], when),
        end_minutes=_minutes(found["end"], when),
        zone=found["zone"],
    )


def once(start: str | datetime, end: str | datetime, zone: str | None = None) -> Once:
    """One time: `once("2026-12-01 22:00", "2026-12-02 02:00", "Europe/Berlin")`.

    Args:
        start, end: moments, or words in ISO 8601.
        zone: IANA name, for moments that do not know theirs.

    Raises:
        UnknownName: there is no such zone; the nearest one is named.
        ConfigurationError: words are no moment, a zone is missing, or the end is not after the start.
    """
    return Once(start=_moment(start, zone), end=_moment(end, zone))


def zone_named(name: str) -> ZoneInfo:
    """The time zone *name*.

    Raises:
        UnknownName: there is none; the nearest one is named.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, malformed, or the name of a folder
        raise UnknownName.of("time zone", name, _near(name)) from None


def _near(name: str) -> list[str]:
    """Zones to choose from in an error: those of the same region, else those of the same city."""
    region, _, city = name.rpartition("/")
    every = available_timezones()
    alike = [zone for zone in every if zone.rpartition("/")[2].lower() == city.lower()]
    return alike or [zone for zone in every if region and zone.startswith(f"{region}/")] or ["UTC"]


def _moment(given: str | datetime, zone: str | None) -> datetime:
    try:
        moment = datetime.fromisoformat(given) if isinstance(given, str) else given
    except ValueError:
        raise ConfigurationError(
            f"A maintenance window has {given!r}; expected a moment such as '2026-12-01 22:00'."
        ) from None
    return moment.replace(tzinfo=zone_named(zone)) if moment.tzinfo is None and zone is not None else moment


def _minutes(clock: str, when: str) -> int:
    hours, minutes = map(int, clock.split(":"))
    if minutes > 59 or hours * 60 + minutes > _MINUTES_OF_DAY:
        raise ConfigurationError(f"A weekly maintenance window is {when!r}, but no clock shows {clock}.")
    return hours * 60 + minutes


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


KNOWN_FROM, KNOWN_UNTIL = 2025, 2041
"""From the first of these years until the second begins, rules know when clocks are set; then the last offset stays."""


def offsets(zone: str) -> tuple[tuple[datetime, timedelta], ...]:
    """Every moment from which *zone* is that far ahead of UTC, the first one at the beginning of `KNOWN_FROM`.

    Raises:
        UnknownName: there is no such zone.
    """
    there = zone_named(zone)
    moment, end = datetime(KNOWN_FROM, 1, 1, tzinfo=UTC), datetime(KNOWN_UNTIL, 1, 1, tzinfo=UTC)
    found = [(moment, _ahead(there, moment))]
    while moment < end:
        later = moment + timedelta(days=1)
        if _ahead(there, later) != found[-1][1]:
            found.append((_switch(there, moment, later), _ahead(there, later)))
        moment = later
    return tuple(found)


def _switch(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The minute in which the offset of *zone* changes, between a moment that has the old one and one with the new."""
    old = _ahead(zone, before)
    while after - before > timedelta(minutes=1):
        middle = before + (after - before) // 2
        middle -= timedelta(seconds=middle.second, microseconds=middle.microsecond)
        if _ahead(zone, middle) == old:
            before = middle
        else:
            after = middle
    return after


def _ahead(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
