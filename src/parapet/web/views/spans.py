"""The drawing of one incident: when alerts fired, when it was quiet, and the changes in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from parapet.incidents.changes import Near
from parapet.incidents.firings import Fired
from parapet.incidents.model import Incident, IncidentState, Severity
from parapet.web import text
from parapet.web.views.drawing import Axis, Tick, pc

LEAD_SHARE = 0.25
SHORTEST_LEAD = timedelta(minutes=2)
LONGEST_LEAD = timedelta(hours=2)
NARROW_PERCENT = 9.0
CROWDED_PERCENT = 6.0
TIGHT_PERCENT = 24.0
TOUCHING_PERCENT = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One stretch in which at least one alert of a severity fired."""

    x: str
    width: str
    y: int
    css: str
    """The class that colours it."""
    label: str
    """Written beside it where there is room."""
    tight: bool
    """Whether a narrow page has no room for it."""
    label_x: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One severity."""

    name: str
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A change, or several that lie close together, under the numbers that the list beside it uses."""

    x: str
    y: int
    label: str
    """1, or 2–4."""
    width: int
    """Of its frame, in pixels."""
    drops: tuple[str, ...]
    """Where each of its changes lies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanChart:
    """The whole drawing."""

    title: str
    caption: str
    lanes: tuple[Lane, ...]
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    floor: int
    """Height of the axis."""
    height: int
    """In pixels."""
    rows: int
    """1 to 4: which of the style sheet's heights holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Overlapping episodes, merged."""

    start: datetime
    end: datetime
    still: bool


def span_chart(
    incident: Incident, episodes: Sequence[Fired], changes: Sequence[Near], *, now: datetime
) -> SpanChart | None:
    """The drawing of *incident*; None when no episode is known."""
    if not episodes:
        return None
    axis = _axis(incident, episodes, changes, now)
    severities = [severity for severity in Severity if any(each.severity is severity for each in episodes)]
    lanes, bars, said = [], [], []
    mark_y = 12
    with_marks = any(axis.holds(near.change.occurred_at) for near in changes)
    y = 40 if with_marks else 12
    for severity in severities:
        name = "Page" if severity is Severity.PAGE else "Ticket"
        found = stretches([each for each in episodes if each.severity is severity], min(axis.end, now))
        lanes.append(Lane(name=name, y=y + 26))
        css = "on" if severity is Severity.PAGE else "on-ticket"
        bars += [_bar(stretch, axis, y, css) for stretch in _apart(found, axis)]
        said.append(f"{name}: {_said(found, incident.started_at)}.")
        y += 44
    marks, off = change_marks(changes, axis, mark_y)
    if off:
        numbers = text.listed([str(number) for number in off])
        said.append(
            f"{'Changes' if len(off) > 1 else 'Change'} {numbers} lie{'' if len(off) > 1 else 's'} outside the drawing."
        )
    if marks:
        said.append("The numbers mark the changes listed below.")
    said.append(f"Times are {text.zone_word(axis.start)}.")
    return SpanChart(
        title="When it fired",
        caption=" ".join(said),
        lanes=tuple(lanes),
        bars=tuple(bars),
        marks=marks,
        ticks=axis.ticks(),
        floor=y,
        height=y + 22,
        rows=(2 if with_marks else 1) + (2 if len(severities) > 1 else 0),
    )


def stretches(episodes: Sequence[Fired], end: datetime) -> tuple[Stretch, ...]:
    """*episodes* merged where they overlap, oldest first; those still open last until *end*."""
    merged: list[Stretch] = []
    for episode in sorted(episodes, key=lambda each: each.started_at):
        until = episode.ended_at or max(end, episode.started_at)
        still = episode.ended_at is None
        if merged and episode.started_at <= merged[-1].end:
            last = merged.pop()
            merged.append(Stretch(start=last.start, end=max(last.end, until), still=last.still or still))
        else:
            merged.append(Stretch(start=episode.started_at, end=until, still=still))
    return tuple(merged)


def _apart(found: Sequence[Stretch], axis: Axis) -> Sequence[Stretch]:
    """*found*, where those that would touch in the drawing are one: thousands of bars are never more than fit."""
    drawn: list[Stretch] = []
    for stretch in found:
        if drawn and axis.percent(stretch.start) - axis.percent(drawn[-1].end) < TOUCHING_PERCENT:
            last = drawn.pop()
            stretch = replace(last, end=max(last.end, stretch.end), still=last.still or stretch.still)
        drawn.append(stretch)
    return drawn


def _axis(incident: Incident, episodes: Sequence[Fired], changes: Sequence[Near], now: datetime) -> Axis:
    start = min([incident.started_at, *(each.started_at for each in episodes)])
    over = incident.state is IncidentState.RESOLVED
    ends = [each.ended_at for each in episodes if each.ended_at is not None]
    end = max([incident.resolved_at or now, *ends]) if over else now
    end = max(end, start + timedelta(seconds=60))
    lead = min(LONGEST_LEAD, max(SHORTEST_LEAD, (end - start) * LEAD_SHARE))
    before = [near.change.occurred_at for near in changes if start - 2 * lead <= near.change.occurred_at < start]
    left = min([start - lead, *(each - lead / 4 for each in before)])
    return Axis(start=text.local(left, now), end=end + (lead if over else timedelta(0)))


def _bar(stretch: Stretch, axis: Axis, y: int, css: str) -> Bar:
    left, right = axis.percent(stretch.start), axis.percent(stretch.end)
    width = max(0.5, right - left)
    lasted = (stretch.end - stretch.start).total_seconds()
    roomy = width >= NARROW_PERCENT or right > 99.5
    near_edge = left > 82
    return Bar(
        x=pc(min(left, 99.5)),
        width=pc(width),
        y=y,
        css=css,
        tight=width < TIGHT_PERCENT,
        label=f"firing {text.span(lasted)}" if roomy else "",
        label_x=pc(100 if near_edge else left),
        anchor="end" if near_edge else "start",
    )


def change_marks(changes: Sequence[Near], axis: Axis, y: int) -> tuple[tuple[Mark, ...], tuple[int, ...]]:
    """The marks at height *y*, and the numbers of the changes that lie outside the drawing."""
    off: list[int] = []
    groups: list[list[tuple[int, float]]] = []
    for number, near in enumerate(changes, 1):
        if not axis.holds(near.change.occurred_at):
            off.append(number)
            continue
        place = axis.percent(near.change.occurred_at)
        if groups and place - groups[-1][0][1] < CROWDED_PERCENT:
            groups[-1].append((number, place))
        else:
            groups.append([(number, place)])
    return tuple(_mark(group, y) for group in groups), tuple(off)


def _mark(group: Sequence[tuple[int, float]], y: int) -> Mark:
    (first, left), (last, right) = group[0], group[-1]
    label = str(first) if first == last else f"{first}–{last}"
    return Mark(
        x=pc(min(98.5, max(1.5, (left + right) / 2))),
        y=y,
        label=label,
        width=max(18, 8 * len(label) + 8),
        drops=tuple(dict.fromkeys(pc(place) for _, place in group)),
    )


def _said(found: Sequence[Stretch], onset: datetime) -> str:
    words = []
    for stretch in found[:4]:
        start = text.clock(stretch.start, onset)
        words.append(f"since {start}" if stretch.still else f"{start} to {text.clock(stretch.end, onset)}")
    more = [f"{len(found) - 4} more times"] if len(found) > 4 else []
    return text.listed([*words, *more])
