"""The time, as a constructor argument. Nothing else in Parapet asks the machine what time it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""Times that are told from outside lie between these, so that what is some days before or after one is a time, too."""


class Clock(Protocol):
    """Tells the time in UTC."""

    def now(self) -> datetime:
        """The current instant, time zone aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current instant in UTC."""
        return datetime.now(UTC)


def instant(written: str) -> datetime:
    """The time that is *written* in ISO 8601 with its zone, in UTC.

    Raises:
        ValueError: it is none, names no zone, or is too far away.
    """
    return in_reach(datetime.fromisoformat(written))


def in_reach(when: datetime) -> datetime:
    """*when* in UTC, if one can reckon with it.

    Raises:
        ValueError: it names no zone, or is before EARLIEST or after LATEST.
    """
    if when.tzinfo is None:
        raise ValueError(f"{when.isoformat()} has no time zone")
    if not EARLIEST <= when < LATEST:
        raise ValueError(f"{when.isoformat()} is not between {EARLIEST.year} and {LATEST.year}")
    return when.astimezone(UTC)
