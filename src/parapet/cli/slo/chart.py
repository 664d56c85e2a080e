"""A backtest as one SVG file that needs nothing else: light or dark as its reader prefers, in the workbench's tones."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import log10

from parapet.core.vocabulary import Severity
from parapet.slo.backtest import KnownIncident, Moment
from parapet.slo.replay import Firing

WIDTH, LEFT, RIGHT = 960, 92, 884
HEAD, LINE, BUDGET, BURN, LANE, FOOT, GAP = 48.0, 18.0, 96, 64, 16, 28, 36
MOST_BELOW = 1.0
"""An overspent budget is drawn down to this share below nothing."""
BURN_FROM, BURN_TO = 0.1, 1_000.0
DAY_SECONDS = 86_400.0
DATE_PIXELS = 72
THINNEST = 3.0
"""Pixels: an alert of a minute is still seen in a month."""

STYLE = """
svg { color-scheme: light dark;
  --canvas: #fafaf8; --paper: #ffffff; --line: #e4e4de; --edge: #85898f; --ink: #16181b; --ink-2: #464b52;
  --ink-3: #61666d; --good: #0a6659; --good-tint: #e4f3ef; --page: #951d0d; --page-tint: #fcece7; --ticket: #8f6300;
  font: 13px -apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, system-ui, sans-serif;
  font-variant-numeric: tabular-nums; }
@media (prefers-color-scheme: dark) { svg {
  --canvas: #101113; --paper: #17191c; --line: #2a2d32; --edge: #737981; --ink: #edeef0; --ink-2: #b8bdc4;
  --ink-3: #969ca4; --good: #62cfba; --good-tint: #122e29; --page: #fb8d76; --page-tint: #3a1a12; --ticket: #f3c877; } }
text { fill: var(--ink-2); } .title { fill: var(--ink); font-size: 20px; font-weight: 650; }
.name { fill: var(--ink); font-size: 17px; font-weight: 650; } .label { fill: var(--ink-3); font-size: 12px; }
.end { text-anchor: end; } .middle { text-anchor: middle; } .canvas { fill: var(--canvas); }
.paper { fill: var(--paper); stroke: var(--line); } .grid { stroke: var(--line); } .zero { stroke: var(--edge); }
.dash { stroke: var(--edge); stroke-dasharray: 2 4; } .left { fill: var(--good-tint); }
.over { fill: var(--page-tint); } .line { fill: none; stroke: var(--good); stroke-width: 1.5; }
.overline { fill: none; stroke: var(--page); stroke-width: 1.5; } .burn { fill: var(--ink-3); fill-opacity: 0.6; }
.burn, .loud, .unknown { shape-rendering: crispEdges; } .loud { fill: var(--page); }
.page { fill: var(--page); } .ticket { fill: var(--ticket); } .known { fill: none; stroke: var(--ink-2); }
.maintenance { fill: var(--edge); fill-opacity: 0.5; }
.hatch { stroke: var(--edge); } .unknown { fill: url(#unknown); }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One slice to be drawn."""

    name: str
    promise: str
    lines: tuple[str, ...]
    """What there is to judge by, and what would have fired."""
    moments: tuple[Moment, ...]
    firings: tuple[Firing, ...]
    incidents: tuple[KnownIncident, ...]
    page_burn: float | None
    """Burn at which the fastest page is due."""
    maintained: tuple[tuple[float, float], ...] = ()
    """From when to when nothing counted."""

    @property
    def head(self) -> float:
        """Pixels above the budget."""
        return HEAD + LINE * len(self.lines)

    @property
    def lanes(self) -> int:
        """How many there are beneath the burn."""
        return len(Severity) + bool(self.incidents) + bool(self.maintained)


def svg(title: str, panels: Sequence[Panel], *, begin_seconds: float, end_seconds: float) -> str:
    """The text of the file."""
    heights = [one.head + BUDGET + BURN + LANE * one.lanes + FOOT + GAP for one in panels]
    height = 64 + sum(heights)
    size = {"width": f"{WIDTH}", "height": f"{height}", "viewBox": f"0 0 {WIDTH} {height}"}
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", **size})
    ET.SubElement(root, "title").text = title
    ET.SubElement(root, "style").text = STYLE
    hatch = {"id": "unknown", "width": "6", "height": "6", "patternUnits": "userSpaceOnUse"}
    pattern = ET.SubElement(ET.SubElement(root, "defs"), "pattern", {**hatch, "patternTransform": "rotate(45)"})
    ET.SubElement(pattern, "line", {"class": "hatch", "x1": "0", "y1": "0", "x2": "0", "y2": "6"})
    _rect(root, "canvas", 0, 0, WIDTH, height)
    _text(root, "title", LEFT, 44, title)
    top = 64.0
    for panel, tall in zip(panels, heights, strict=True):
        _Drawing(root, panel, top, begin_seconds, end_seconds).draw()
        top += tall
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


class _Drawing:
    """One panel, drawn into *root* from *top* downwards."""

    def __init__(self, root: ET.Element, panel: Panel, top: float, begin_seconds: float, end_seconds: float) -> None:
        self.root = ET.SubElement(root, "g")
        self.panel = panel
        self.top = top
        self.begin_seconds, self.end_seconds = begin_seconds, end_seconds

    def draw(self) -> None:
        """Everything, from top to bottom."""
        panel = self.panel
        _text(self.root, "name", LEFT, self.top + 24, panel.name)
        _text(self.root, "label end", RIGHT, self.top + 24, panel.promise)
        for place, line in enumerate(panel.lines):
            _text(self.root, "", LEFT, self.top + 46 + LINE * place, line)
        budget = self.top + panel.head
        burn = budget + BUDGET + 8
        _rect(self.root, "paper", LEFT, budget, RIGHT - LEFT, BUDGET)
        _rect(self.root, "paper", LEFT, burn, RIGHT - LEFT, BURN - 8)
        self._unknown(budget, BUDGET)
        self._unknown(burn, BURN - 8)
        self._budget(budget)
        self._burn(burn, BURN - 8)
        lane = burn + BURN
        for name, spans in self._lanes():
            self._lane(name, lane, spans)
            lane += LANE
        self._dates(budget, burn + BURN - 8, lane + 14)

    def x(self, seconds: float) -> float:
        """Pixels from the left."""
        share = (seconds - self.begin_seconds) / (self.end_seconds - self.begin_seconds)
        return LEFT + min(max(share, 0.0), 1.0) * (RIGHT - LEFT)

    def _edges(self) -> list[tuple[Moment, float, float]]:
        each = (RIGHT - LEFT) / len(self.panel.moments)
        return [(one, LEFT + place * each, LEFT + (place + 1) * each) for place, one in enumerate(self.panel.moments)]

    def _unknown(self, top: float, height: float) -> None:
        for run in self._runs(lambda one: one.silent):
            _rect(self.root, "unknown", run[0][1], top, run[-1][2] - run[0][1], height)

    def _budget(self, top: float) -> None:
        lowest = max(min(0.0, *(one.remaining for one in self.panel.moments)), -MOST_BELOW)

        def y(remaining: float) -> float:
            return top + 4 + (1 - max(remaining, lowest)) / (1 - lowest) * (BUDGET - 8)

        for share in (1.0, 0.5, 0.0, *([lowest] if lowest < -0.25 else [])):
            style = "zero" if share == 0 else "grid"
            _line(self.root, style, LEFT, y(share), RIGHT, y(share))
            _text(self.root, "label end", LEFT - 8, y(share) + 4, f"{share:.0%}".replace("%", " %"))
        kinds: tuple[tuple[Callable[[Moment], bool], str, str], ...] = (
            (lambda one: not one.silent and one.remaining >= 0, "left", "line"),
            (lambda one: not one.silent and one.remaining < 0, "over", "overline"),
        )
        for belongs, area, line in kinds:
            for run in self._runs(belongs):
                points = [(x, y(one.remaining)) for one, left, right in run for x in (left, right)]
                outline = " ".join(f"{x:.1f},{height:.1f}" for x, height in points)
                first, last = f"{points[0][0]:.1f},{y(0):.1f}", f"{points[-1][0]:.1f},{y(0):.1f}"
                ET.SubElement(self.root, "polygon", {"class": area, "points": f"{first} {outline} {last}"})
                ET.SubElement(self.root, "polyline", {"class": line, "points": outline})
        _text(self.root, "label end", LEFT - 8, top - 10, "budget left")

    def _runs(self, belongs: Callable[[Moment], bool]) -> list[list[tuple[Moment, float, float]]]:
        """Stretches of neighbours that belong together."""
        runs: list[list[tuple[Moment, float, float]]] = [[]]
        for edge in self._edges():
            if belongs(edge[0]):
                runs[-1].append(edge)
            elif runs[-1]:
                runs.append([])
        return [run for run in runs if run]

    def _burn(self, top: float, height: float) -> None:
        def y(burn: float) -> float:
            share = log10(min(max(burn, BURN_FROM), BURN_TO) / BURN_FROM) / log10(BURN_TO / BURN_FROM)
            return top + height - share * (height - 4)

        bars: dict[str, list[str]] = {"burn": [], "loud": []}
        for moment, left, right in self._edges():
            if moment.burn is not None and moment.burn > BURN_FROM:
                loud = self.panel.page_burn is not None and moment.burn > self.panel.page_burn
                outline = f"M{left:.1f} {top + height:.1f}V{y(moment.burn):.1f}H{right:.1f}V{top + height:.1f}Z"
                bars["loud" if loud else "burn"].append(outline)
        for style, outlines in bars.items():
            if outlines:
                ET.SubElement(self.root, "path", {"class": style, "d": "".join(outlines)})
        for burn in filter(None, (1.0, self.panel.page_burn)):
            _line(self.root, "dash", LEFT, y(burn), RIGHT, y(burn))
            _text(self.root, "label", RIGHT + 8, y(burn) + 4, "burn 1" if burn == 1 else f"page {burn:.3g}")
        _text(self.root, "label end", LEFT - 8, top + height / 2 + 4, "burn")

    def _lanes(self) -> list[tuple[str, list[tuple[float, float]]]]:
        fired = [
            (
                severity.value,
                [
                    (one.start_seconds, one.end_seconds or self.end_seconds)
                    for one in self.panel.firings
                    if one.severity is severity
                ],
            )
            for severity in Severity
        ]
        known = [(one.start_seconds, one.end_seconds) for one in self.panel.incidents]
        rests = list(self.panel.maintained)
        return [*fired, *([("known", known)] if known else []), *([("maintenance", rests)] if rests else [])]

    def _lane(self, name: str, top: float, spans: Sequence[tuple[float, float]]) -> None:
        _text(self.root, "label end", LEFT - 8, top + 11, name)
        _line(self.root, "grid", LEFT, top + 7, RIGHT, top + 7)
        for start, end in spans:
            left = self.x(start)
            _rect(self.root, name, left, top + 2, max(self.x(end) - left, THINNEST), 10, radius=2)

    def _dates(self, top: float, bottom: float, base: float) -> None:
        days = (self.end_seconds - self.begin_seconds) / DAY_SECONDS
        every = max(round(days * DATE_PIXELS / (RIGHT - LEFT)), 1)
        day = self.begin_seconds - self.begin_seconds % DAY_SECONDS + DAY_SECONDS
        while day < self.end_seconds:
            _line(self.root, "grid", self.x(day), bottom, self.x(day), base - 12)
            _text(self.root, "label middle", self.x(day), base, f"{datetime.fromtimestamp(day, UTC):%-d %b}")
            day += every * DAY_SECONDS


def _rect(parent: ET.Element, style: str, x: float, y: float, width: float, height: float, radius: float = 0) -> None:
    size = {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{width:.1f}", "height": f"{height:.1f}"}
    round_corners = {"rx": f"{radius:g}"} if radius else {}
    ET.SubElement(parent, "rect", {"class": style, **size, **round_corners})


def _line(parent: ET.Element, style: str, x1: float, y1: float, x2: float, y2: float) -> None:
    ends = {"x1": f"{x1:.1f}", "y1": f"{y1:.1f}", "x2": f"{x2:.1f}", "y2": f"{y2:.1f}"}
    ET.SubElement(parent, "line", {"class": style, **ends})


def _text(parent: ET.Element, style: str, x: float, y: float, text: str) -> None:
    ET.SubElement(parent, "text", {"class": style, "x": f"{x:.1f}", "y": f"{y:.1f}"}).text = text
