"""A clock on a wall: times of a zone that are subtracted, added to and compared as the moments they are.

Python tells two times of one `tzinfo` apart by their hands alone: over a change of the clocks an hour is lost, and in
the hour that comes twice nothing is in order. Here each offset of a zone is a `tzinfo` of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache


class Wall(tzinfo):
    """The clock of a zone while it is that far ahead of UTC. What is converted to it gets the one of its own moment."""

    def __init__(self, zone: tzinfo, ahead: timedelta, name: str) -> None:
        self.zone = zone
        self._ahead = ahead
        self._name = name

    def utcoffset(self, _: datetime | None) -> timedelta:
        """How far it is ahead of UTC."""
        return self._ahead

    def dst(self, _: datetime | None) -> None:
        """Nobody asks."""

    def tzname(self, _: datetime | None) -> str:
        """What the zone is called then: CET, CEST."""
        return self._name

    def fromutc(self, when: datetime) -> datetime:
        """*when*, which tells UTC, by the clock of the zone at that moment."""
        return told(when.replace(tzinfo=UTC), self.zone)

    def __reduce__(self) -> tuple[Callable[..., Wall], tuple[tzinfo, timedelta, str]]:
        return _wall, (self.zone, self._ahead, self._name)


@lru_cache(maxsize=1_024)
def _wall(zone: tzinfo, ahead: timedelta, name: str) -> Wall:
    return Wall(zone, ahead, name)


def told(when: datetime, zone: tzinfo) -> datetime:
    """*when* by the clock of *zone*."""
    hands = when.astimezone(zone)
    return hands.replace(tzinfo=_wall(zone, hands.utcoffset() or timedelta(0), hands.tzname() or ""), fold=0)


def moment(hands: datetime, now: datetime) -> datetime:
    """When the clock that tells *now* shows *hands*, which know no zone; the first time, where it does twice.

    Raises:
        ValueError: it never does, for it is put forward over that time.
    """
    zone = now.tzinfo.zone if isinstance(now.tzinfo, Wall) else now.tzinfo or UTC
    found = told(hands.replace(tzinfo=zone).astimezone(UTC), zone)
    if found.replace(tzinfo=None) != hands:
        raise ValueError(f"there is no {hands:%H:%M} on that day: clocks are put forward over it")
    return found
