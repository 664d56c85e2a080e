"""Hours of the week by the clock on the wall of a time zone, in which something is done differently."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from parapet.core.errors import ConfigurationError

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WRITTEN = re.compile(
    r"(?P<first>\w+)(?:\s*-\s*(?P<last>\w+))?\s+(?P<start>\d{1,2}:\d{2})\s*-\s*(?P<end>\d{1,2}:\d{2})\s+(?P<zone>\S+)"
)
_EXAMPLE = "'Monday-Friday 09:00-18:00 Europe/Berlin'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """From one minute of some days to another; into the next day if the end is not after the start.

    Raises:
        ConfigurationError: a day or a minute that is none, or an unknown zone.
    """

    first: int
    """0 is Monday."""
    last: int
    start_minutes: int
    """After midnight."""
    end_minutes: int
    zone: str
    """IANA name, such as `Europe/Berlin`."""

    def __post_init__(self) -> None:
        zone_of(self.zone)
        for minutes in (self.start_minutes, self.end_minutes):
            if not 0 <= minutes <= 24 * 60:
                raise ConfigurationError(f"Minute {minutes} is none of a day; expected 0 to {24 * 60}.")

    def cover(self, moment: datetime) -> bool:
        """Whether *moment* is within them."""
        there = moment.astimezone(zone_of(self.zone))
        minutes = there.hour * 60 + there.minute
        if self.start_minutes < self.end_minutes:
            return self._on(there.weekday()) and self.start_minutes <= minutes < self.end_minutes
        if minutes >= self.start_minutes:
            return self._on(there.weekday())
        return minutes < self.end_minutes and self._on((there.weekday() - 1) % 7)

    @property
    def words(self) -> str:
        """As `hours` reads them."""
        days = DAYS[self.first] if self.first == self.last else f"{DAYS[self.first]}-{DAYS[self.last]}"
        return f"{days} {clock_words(self.start_minutes)}-{clock_words(self.end_minutes)} {self.zone}"

    def _on(self, day: int) -> bool:
        if self.first <= self.last:
            return self.first <= day <= self.last
        return day >= self.first or day <= self.last


def hours(written: str) -> Hours:
    """Hours in words: `hours("Monday-Friday 09:00-18:00 Europe/Berlin")`.

    Raises:
        ConfigurationError: it is not written so.
    """
    found = _WRITTEN.fullmatch(written.strip())
    if found is None:
        raise ConfigurationError(f"{written!r} names no hours. Write them so: {_EXAMPLE}.")
    return Hours(
        first=day_of(found["first"]),
        last=day_of(found["last"] or found["first"]),
        start_minutes=minutes_of(found["start"]),
        end_minutes=minutes_of(found["end"]),
        zone=found["zone"],
    )


def zone_of(name: str) -> ZoneInfo:
    """The time zone *name*.

    Raises:
        ConfigurationError: this machine knows none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError) as error:
        raise ConfigurationError(f"There is no time zone {name!r}. Write it as IANA does: Europe/Berlin.") from error


def day_of(written: str) -> int:
    """The day of the week, 0 for Monday; three letters are enough.

    Raises:
        ConfigurationError: it is none.
    """
    for number, day in enumerate(DAYS):
        if len(written) >= 3 and day.lower().startswith(written.lower()):
            return number
    raise ConfigurationError(f"{written!r} is no day of the week. Write one of {', '.join(DAYS)}.")


def minutes_of(clock: str) -> int:
    """The minutes after midnight of a clock such as 09:30; 24:00 is the end of the day.

    Raises:
        ConfigurationError: it is none.
    """
    hour, _, minute = clock.partition(":")
    if not (hour.isdecimal() and minute.isdecimal()) or int(minute) > 59 or int(hour) * 60 + int(minute) > 24 * 60:
        raise ConfigurationError(f"{clock!r} is no time of day. Write it so: 09:30.")
    return int(hour) * 60 + int(minute)


def clock_words(minutes: int) -> str:
    """*minutes* after midnight as a clock shows them."""
    return f"{minutes // 60:02}:{minutes % 60:02}"
