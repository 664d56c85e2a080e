"""Geometry of the drawings: numbers to SVG attributes. Positions across are percent, so that text is never scaled."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from parapet.web.text import local

SPARK_WIDTH = 240
SPARK_FLOOR = 45.0
SPARK_HEIGHT = 40.0

STEPS_SECONDS = (10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)
MOST_TICKS = 5
HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch without data, in the units of the spark."""

    x: str
    width: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spark:
    """A small line, oldest first."""

    lines: tuple[str, ...]
    """Path data, one for each stretch with data."""
    areas: tuple[str, ...]
    limit_y: str
    """Height of a burn rate of one: above it, budget goes faster than promised. Of a budget: of all of it."""
    now: str | None
    """Path data of the dot at the newest value; None when the newest is not known."""
    gaps: tuple[Gap, ...]


def spark(values: Sequence[float | None]) -> Spark:
    """The drawing of *values*: burn rates, None where nothing is known.

    Heights follow the square root, so that a rate of one stays visible beside a rate of a hundred.
    """
    known = [value for value in values if value is not None and math.isfinite(value)]
    top = max([2.0, *known])

    return _spark(values, lambda value: math.sqrt(max(0.0, value) / top))


def budget_spark(values: Sequence[float | None]) -> Spark:
    """The drawing of shares of a budget that were left: all of it at the top, none or less at the floor."""
    return _spark(values, lambda value: min(1.0, max(0.0, value)))


def _spark(values: Sequence[float | None], share: Callable[[float], float]) -> Spark:
    def height(value: float) -> float:
        return SPARK_FLOOR - SPARK_HEIGHT * share(value)

    step = SPARK_WIDTH / max(1, len(values) - 1)
    stretches: list[list[tuple[float, float]]] = []
    gaps: list[Gap] = []
    open_stretch = False
    for position, value in enumerate(values):
        if value is None or not math.isfinite(value):
            open_stretch = False
            left = max(0.0, (position - 0.5) * step)
            right = min(float(SPARK_WIDTH), (position + 0.5) * step)
            gaps.append(Gap(x=_n(left), width=_n(right - left)))
            continue
        if not open_stretch:
            stretches.append([])
            open_stretch = True
        stretches[-1].append((position * step, height(value)))
    if not values:
        gaps.append(Gap(x="0", width=_n(SPARK_WIDTH)))
    lines = tuple(_path(points) for points in stretches)
    areas = tuple(
        f"M{_n(points[0][0])} 48L{_path(points)[1:]}L{_n(points[-1][0])} 48z" for points in stretches if len(points) > 1
    )
    last = values[-1] if values else None
    now = None
    if last is not None and math.isfinite(last):
        now = f"M{_n(SPARK_WIDTH)} {_n(height(last))}h.01"
    return Spark(lines=lines, areas=areas, limit_y=_n(height(1.0)), now=now, gaps=_merged(gaps))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A clock time on the axis."""

    x: str
    text: str
    anchor: str
    tight: bool
    """True when a phone has no room for it beside its neighbour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A stretch of time, and where its moments lie."""

    start: datetime
    end: datetime

    def percent(self, when: datetime) -> float:
        """Where *when* lies: 0 at the start, 100 at the end, never outside."""
        length = (self.end - self.start).total_seconds()
        return min(100.0, max(0.0, (when - self.start).total_seconds() / length * 100)) if length > 0 else 0.0

    def holds(self, when: datetime) -> bool:
        """True when *when* lies on it."""
        return self.start <= when <= self.end

    def ticks(self) -> tuple[Tick, ...]:
        """At most five round clock times, none so near the edges that its text would leave the drawing."""
        length = (self.end - self.start).total_seconds()
        step = next(
            (s for s in STEPS_SECONDS if length / s <= MOST_TICKS), math.ceil(length / MOST_TICKS / 86400) * 86400
        )
        pattern = "%H:%M:%S" if step < 60 else "%H:%M" if length < 86400 else "%a %H:%M" if step < 86400 else "%-d %b"
        ahead = (self.start.utcoffset() or timedelta(0)).total_seconds()  # round by the clock on the wall
        first = math.ceil((self.start.timestamp() + ahead) / step) * step - ahead
        found: list[Tick] = []
        moment = datetime.fromtimestamp(first, self.start.tzinfo)
        while moment <= self.end:
            x = self.percent(moment)
            anchor = "start" if x < 4 else "end" if x > 96 else "middle"
            odd = len(found) % 2 == 1
            tight = odd if step >= 86400 else pattern.startswith("%a") and not odd
            found.append(Tick(x=pc(x), text=moment.strftime(pattern), anchor=anchor, tight=tight))
            moment = _later(moment, step)
        return tuple(found)


def _later(moment: datetime, step_seconds: float) -> datetime:
    """The next round time; where steps are longer than a change of the clocks, by the clock on the wall."""
    later = local(moment + timedelta(seconds=step_seconds), moment)
    changed = (later.utcoffset() or timedelta(0)) - (moment.utcoffset() or timedelta(0))
    return local(later - changed, moment) if changed and step_seconds > HOUR_SECONDS else later


def pc(value: float) -> str:
    """A position for an SVG attribute."""
    return f"{_n(value)}%"


def _path(points: list[tuple[float, float]]) -> str:
    start = f"M{_n(points[0][0])} {_n(points[0][1])}"
    return start + ("".join(f"L{_n(x)} {_n(y)}" for x, y in points[1:]) or "h.01")


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _merged(gaps: list[Gap]) -> tuple[Gap, ...]:
    merged: list[Gap] = []
    for gap in gaps:
        if merged and abs(float(merged[-1].x) + float(merged[-1].width) - float(gap.x)) < 0.05:
            before = merged.pop()
            gap = Gap(x=before.x, width=_n(float(before.width) + float(gap.width)))
        merged.append(gap)
    return tuple(merged)
