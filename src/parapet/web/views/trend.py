"""Drawings of one number over time, with the releases that fell into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from parapet.incidents.changes import Near
from parapet.incidents.model import Change
from parapet.web.course import Points
from parapet.web.views.burn_chart import CHANGES_ROW, GAP_STEPS, PLOT_HEIGHT, PLOT_WIDTH, BurnChart, Level
from parapet.web.views.drawing import Axis
from parapet.web.views.spans import change_marks


def trend(
    points: Points,
    axis: Axis,
    *,
    step_seconds: float,
    share: Callable[[float], float],
    levels: Sequence[tuple[float, str, str]],
    changes: Sequence[Change],
    title: str,
    caption: str,
    tone: str,
) -> BurnChart:
    """The drawing of *points* along *axis*; what lies further apart than a few steps is not joined.

    *share*: how high a value lies, 0 at the floor and 1 at the top. *levels*: value, words and class of its line.
    """
    marks, _ = change_marks([Near(change=one, seconds_from_onset=0.0) for one in changes], axis, 12)
    top = (CHANGES_ROW if marks else 0) + 4
    stretches: list[list[str]] = []
    edges: list[tuple[float, float]] = []
    last: datetime | None = None
    for when, value in points:
        x, y = axis.percent(when) * PLOT_WIDTH / 100, _height(share(value))
        if last is None or (when - last).total_seconds() > GAP_STEPS * step_seconds:
            stretches.append([])
            edges.append((x, x))
        stretches[-1].append(f"{x:.1f} {y:.1f}")
        edges[-1] = (edges[-1][0], x)
        last = when
    lines = tuple("M" + "L".join(each) + ("h.01" if len(each) == 1 else "") for each in stretches)
    return BurnChart(
        title=title,
        caption=caption,
        tone=tone,
        lines=lines,
        areas=tuple(
            f"M{left:.1f} {PLOT_HEIGHT}L{line[1:]}L{right:.1f} {PLOT_HEIGHT}z"
            for line, (left, right) in zip(lines, edges, strict=True)
            if left < right
        ),
        levels=tuple(Level(y=f"{top + _height(share(value)):.1f}", text=said, css=css) for value, said, css in levels),
        marks=marks,
        instants=(),
        ticks=axis.ticks(),
        top=top,
        rows=4 if marks else 0,
    )


def _height(share: float) -> float:
    return PLOT_HEIGHT * (1 - min(1.0, max(0.0, share)))
