"""The page about the reader's time zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from parapet.web import text


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """The zones of one part of the world."""

    name: str
    zones: tuple[tuple[str, str], ...]
    """Each with what it is called in the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneView:
    """The whole page."""

    current: str
    chosen: str
    """What the reader chose; empty: nothing."""
    default: str
    now_here: str
    now_utc: str
    regions: tuple[Region, ...]


def zone_view(names: Sequence[str], *, chosen: str, default: str, now: datetime) -> ZoneView:
    """The page for a reader who *chose* that zone, or has the *default*; *now* is by their clock."""
    regions: dict[str, list[tuple[str, str]]] = {}
    for name in names:
        region, _, place = name.partition("/")
        regions.setdefault(region, []).append((name, place.replace("_", " ") or name))
    utc = now.astimezone(UTC)
    return ZoneView(
        current=chosen or default,
        chosen=chosen,
        default=default,
        now_here=f"{text.stamp(now, now)}, {text.day(now)}",
        now_utc=f"{text.stamp(utc, utc)}, {text.day(utc)}",
        regions=tuple(Region(name=region, zones=tuple(zones)) for region, zones in regions.items()),
    )
