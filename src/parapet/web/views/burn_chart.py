"""The drawing of the burn around an incident, from the series that its chronology keeps. Prometheus is not asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

from parapet.incidents.changes import Near
from parapet.incidents.gist import Gist
from parapet.incidents.measured import Measured, Moment, Unit, value_words
from parapet.incidents.model import Incident
from parapet.web import text
from parapet.web.views.drawing import Axis, Tick, pc
from parapet.web.views.spans import Mark, change_marks

PLOT_WIDTH = 1000
"""Units across; the plot is stretched to the width of the page, its text is not in it."""
PLOT_HEIGHT = 120
"""In pixels."""
CHANGES_ROW = 28
LABEL_ROW = 16
NEAREST_LABELS = 15.0
"""Pixels between two numbers of the scale."""
GAP_STEPS = 1.6
"""Values further apart than this many of their steps are not joined: nothing is known in between."""
WORDS = {Moment.OPENED: "when it opened", Moment.ESCALATED: "when it became a page", Moment.RESOLVED: "when it ended"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A number of the scale, and how high it lies, in pixels of the drawing."""

    y: str
    text: str
    css: str
    """The class of its line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """A moment of the incident: a line across the plot, its name above it."""

    x: str
    y: int
    text: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnChart:
    """The whole drawing. Places across are percent, or units of the plot; heights are pixels."""

    title: str
    caption: str
    tone: str
    lines: tuple[str, ...]
    areas: tuple[str, ...]
    levels: tuple[Level, ...]
    marks: tuple[Mark, ...]
    instants: tuple[Instant, ...]
    ticks: tuple[Tick, ...]
    top: int
    """Where the plot begins."""
    rows: int
    """Which of the style sheet's heights holds it: the number of names, and 4 more with numerals above them."""

    @property
    def floor(self) -> int:
        """The height of the axis."""
        return self.top + PLOT_HEIGHT

    @property
    def height(self) -> int:
        """Of the whole."""
        return self.floor + 22


def burn_chart(incident: Incident, gist: Gist, changes: Sequence[Near], *, now: datetime) -> BurnChart | None:
    """The drawing of what was kept of *incident*; None when nothing was, or there was no sample in it."""
    kept = [one for one in gist.series if one.peak is not None]
    if not kept:
        return None
    kept = [one for one in kept if one.unit is kept[-1].unit]
    points = _points(kept)
    axis = _axis(points, [when for _, when in _moments(incident, gist)], now)
    limit, unit = kept[-1].limit, kept[-1].unit
    peak_at, peak = max(((when, value) for when, value, _ in points), key=lambda each: each[1])
    top_value = 1.1 * max([peak, *([limit.value] if limit else []), 1.0 if unit is Unit.BURN else 0.0, 1e-6])
    marks, _ = change_marks(changes, axis, 12)
    named = [each for each in _moments(incident, gist) if axis.holds(each[1])]
    first_row = CHANGES_ROW if marks else 0
    top = first_row + LABEL_ROW * len(named) + 4
    stretches = _stretches(points)
    return BurnChart(
        title="How fast the budget burned, times the pace it can bear"
        if unit is Unit.BURN
        else "Share of events that were bad",
        tone=incident.severity.value,
        caption=_caption(incident, kept, axis, named, (peak_at, peak), now),
        lines=tuple(_path(each, axis, top_value) for each in stretches),
        areas=tuple(_area(each, axis, top_value) for each in stretches if len(each) > 1),
        levels=_levels(kept[-1], peak, top_value, top),
        marks=marks,
        instants=tuple(
            _instant(name, when, axis, first_row + LABEL_ROW * place + 12)
            for place, (name, when) in enumerate(_one_below_another(named, axis))
        ),
        ticks=axis.ticks(),
        top=top,
        rows=len(named) + (4 if marks else 0),
    )


def _axis(points: Sequence[tuple[datetime, float, float]], moments: Sequence[datetime], now: datetime) -> Axis:
    """From the first value to the last, or to a moment just behind it, which fell between two steps."""
    start, last = points[0][0], points[-1][0]
    room = (last - start) / 20
    end = max([last, *(when for when in moments if when <= last + room)])
    return Axis(start=text.local(start, now), end=max(end, start + timedelta(seconds=60)))


def _points(kept: Sequence[Measured]) -> list[tuple[datetime, float, float]]:
    """Every value that was kept: when, how much, and its series' step. Where two overlap, the finer one wins."""
    found: list[tuple[datetime, float, float]] = []
    taken: list[tuple[datetime, datetime]] = []
    for one in sorted(kept, key=lambda each: each.step_seconds):
        for place, value in enumerate(one.values):
            when = one.at(place)
            if value is not None and not any(start <= when <= end for start, end in taken):
                found.append((when, value, one.step_seconds))
        taken.append((one.start, one.end))
    return sorted(found)


def _stretches(points: Sequence[tuple[datetime, float, float]]) -> list[list[tuple[datetime, float]]]:
    stretches: list[list[tuple[datetime, float]]] = []
    last: tuple[datetime, float, float] | None = None
    for when, value, step in points:
        near = last is not None and (when - last[0]).total_seconds() <= GAP_STEPS * max(step, last[2])
        if not near:
            stretches.append([])
        stretches[-1].append((when, value))
        last = (when, value, step)
    return stretches


def _height(value: float, top_value: float) -> float:
    """Heights follow the square root, so that a pace of one stays visible beside one of a hundred."""
    return PLOT_HEIGHT * (1 - sqrt(max(0.0, value) / top_value))


def _path(points: Sequence[tuple[datetime, float]], axis: Axis, top_value: float) -> str:
    places = [f"{_x(when, axis):.1f} {_height(value, top_value):.1f}" for when, value in points]
    return "M" + "L".join(places) + ("h.01" if len(places) == 1 else "")


def _area(points: Sequence[tuple[datetime, float]], axis: Axis, top_value: float) -> str:
    first, last = _x(points[0][0], axis), _x(points[-1][0], axis)
    return f"M{first:.1f} {PLOT_HEIGHT}L{_path(points, axis, top_value)[1:]}L{last:.1f} {PLOT_HEIGHT}z"


def _x(when: datetime, axis: Axis) -> float:
    return axis.percent(when) * PLOT_WIDTH / 100


def _levels(series: Measured, peak: float, top_value: float, top: int) -> tuple[Level, ...]:
    """The scale: first what an alert is raised above, then nothing, the pace of the promise and the peak, if room."""
    wanted = [(series.limit.value, "s-limit s-alert")] if series.limit else []
    wanted += [(0.0, "grid")]
    wanted += [(1.0, "s-limit")] if series.unit is Unit.BURN else []
    wanted += [(peak, "")]
    placed: list[tuple[float, float, str]] = []
    for value, css in wanted:
        y = top + _height(value, top_value)
        if all(abs(y - other) >= NEAREST_LABELS for _, other, _ in placed):
            placed.append((value, y, css))
    return tuple(Level(y=f"{y:.1f}", text=_number(series.unit, value), css=css) for value, y, css in placed)


def _number(unit: Unit, value: float) -> str:
    if unit is Unit.RATIO:
        return f"{value * 100:.3g}{text.NO_BREAK}%"
    return f"{value:.0f}×" if value >= 100 or value == round(value) else f"{value:.1f}×"


def _moments(incident: Incident, gist: Gist) -> list[tuple[str, datetime]]:
    said = [("opened", incident.detected_at)]
    if incident.acknowledged_at is not None:
        said.append(("acknowledged", incident.acknowledged_at))
    if incident.resolved_at is not None:
        said.append(("resolved", gist.closed_at or incident.resolved_at))
    return said


def _instant(name: str, when: datetime, axis: Axis, y: int) -> Instant:
    anchor = "end" if _leans_back(when, axis) else "start"
    return Instant(x=pc(axis.percent(when)), y=y, text=f"{name} {text.local(when, axis.start):%H:%M}", anchor=anchor)


def _leans_back(when: datetime, axis: Axis) -> bool:
    """True when its name is written before its line, for want of room behind it."""
    return axis.percent(when) > 50


def _one_below_another(named: Sequence[tuple[str, datetime]], axis: Axis) -> list[tuple[str, datetime]]:
    """From the top down, so that no name is written over the line of one that comes below it."""
    ahead = [each for each in named if not _leans_back(each[1], axis)]
    back = [each for each in named if _leans_back(each[1], axis)]
    return sorted(ahead, key=lambda each: each[1]) + sorted(back, key=lambda each: each[1], reverse=True)


def _caption(
    incident: Incident,
    kept: Sequence[Measured],
    axis: Axis,
    named: Sequence[tuple[str, datetime]],
    peak: tuple[datetime, float],
    now: datetime,
) -> str:
    unit, limit = kept[-1].unit, kept[-1].limit
    whole = f"From {text.clock(axis.start, now)} to {text.stamp(axis.end, now)}"
    height = f"at most {value_words(unit, peak[1])} at {text.clock(peak[0], now)}"
    said = [f"{whole}: {height}."]
    if limit is not None:
        said.append(f"A {limit.severity.value} is raised above {value_words(unit, limit.value)}.")
    if named:
        events = text.listed([f"{name} {text.clock(when, now)}" for name, when in named])
        said.append(f"{events[:1].upper()}{events[1:]}.")
    recorded = text.listed(list(dict.fromkeys(WORDS[one.moment] for one in kept)))
    said.append(f"Kept {recorded}, drawn from the record.")
    return " ".join(said)
