"""The comparison as one SVG file: when each pages, who is woken for nothing, and how wrong budgets are."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from math import log10
from typing import NamedTuple

from benchmarks.alerts.scenarios import Found

from parapet.cli.slo.chart import STYLE

WIDTH, LABEL, LEFT, RIGHT, NEVER, EDGE = 960, 28, 440, 812, 890, 932
ROW, HEAD, COLUMN = 30, 66, 150
LANES = (-7, 0, 7)
"""Where each contestant stands within its row."""
MINUTES = (1, 3, 10, 30, 60, 180, 600)
ERRORS = (0.0001, 0.001, 0.01, 0.1, 1, 10, 100)
PAGED = (
    "errors-100",
    "errors-10",
    "errors-2",
    "errors-1",
    "outage-at-99",
    "outage-at-95",
    "outage-at-90",
    "outage-at-80",
    "outage-at-50",
    "4-percent-at-2-a-second",
    "90-percent-at-1-a-minute",
    "1-in-10-minutes-all-fail",
)
QUIET = (
    "1-in-10-minutes-one-fails",
    "idle-night",
    "old-outage-one-failure",
    "bad-minute",
    "restart",
    "promise-just-kept",
)
BUDGETS = (
    "budget-outage-by-day",
    "budget-outage-by-night",
    "budget-idle",
    "budget-no-errors",
    "budget-restart",
)
MARKS = """
.c0 { fill: var(--good); stroke: var(--good); } .c1 { fill: var(--ticket); stroke: var(--ticket); }
.c2 { fill: var(--known); stroke: var(--known); }
.bad { fill: var(--page); font-weight: 650; } .fine { fill: var(--ink-3); } .row { fill: var(--ink); font-size: 13px; }
svg { --known: #3d55b8; } @media (prefers-color-scheme: dark) { svg { --known: #97abf5; } }
"""


class _Section(NamedTuple):
    """Scenarios of which the same is shown."""

    title: str
    about: str
    scenarios: Sequence[str]
    axis: Callable[[ET.Element, float, Sequence[str], int], None]
    """Draws what places mean, above the first row: top, names of contestants, how many rows."""
    row: Callable[[ET.Element, float, Sequence[Found]], None]
    """Draws one row around its middle."""


def picture(found: Sequence[Found]) -> str:
    """The text of the file; of scenarios that were not played there is no row."""
    rows: dict[str, dict[str, Found]] = {}
    for one in found:
        rows.setdefault(one.scenario, {})[one.contestant] = one
    names = list(dict.fromkeys(one.contestant for one in found))
    sections = (
        _Section("Minutes until the page", "In trouble that people should be told of.", PAGED, _minutes, _paged),
        _Section("Pages that nobody needed", "Where all is well, or was well again.", QUIET, _names, _woken),
        _Section("Budget wrong by", "Against what arithmetic says was used.", BUDGETS, _errors, _wrong),
    )
    shown = [(section, mine) for section in sections if (mine := [one for one in section.scenarios if one in rows])]
    height = 96 + sum(HEAD + ROW * len(mine) for _, mine in shown)
    size = {"width": f"{WIDTH}", "height": f"{height}", "viewBox": f"0 0 {WIDTH} {height}"}
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", **size})
    ET.SubElement(root, "title").text = f"The same scenarios with the rules of {', '.join(names)}"
    ET.SubElement(root, "style").text = STYLE + MARKS
    ET.SubElement(root, "rect", {"class": "canvas", "width": f"{WIDTH}", "height": f"{height}"})
    _text(root, "title", LABEL, 44, "The same trouble, three sets of rules")
    _legend(root, names)
    top = 64.0
    for section, mine in shown:
        _text(root, "name", LABEL, top + 36, section.title)
        _text(root, "label", LABEL, top + 54, section.about)
        section.axis(root, top + HEAD, names, len(mine))
        for place, name in enumerate(mine):
            middle = top + HEAD + ROW * place + ROW / 2
            found_here = [rows[name][contestant] for contestant in names]
            _line(root, "grid", LABEL, middle + ROW / 2, EDGE, middle + ROW / 2)
            _text(root, "row", LABEL, middle + 4, _label(found_here[0]))
            section.row(root, middle, found_here)
        top += HEAD + ROW * len(mine)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _label(one: Found) -> str:
    return one.title[:1].upper() + one.title[1:]


def _legend(root: ET.Element, names: Sequence[str]) -> None:
    left = EDGE - 92 * len(names) + 12
    for place, name in enumerate(names):
        _mark(root, place, left + 92 * place, 40)
        _text(root, "row", left + 92 * place + 12, 44, name)


def _minutes(root: ET.Element, y: float, names: Sequence[str], rows: int) -> None:
    _axis(root, y, [(one, f"{one:g}") for one in MINUTES], rows, "never")


def _paged(root: ET.Element, y: float, found: Sequence[Found]) -> None:
    for place, one in enumerate(found):
        x = NEVER if one.page_after is None else _along(one.page_after, MINUTES)
        _mark(root, place, x, y + LANES[place])


def _names(root: ET.Element, y: float, names: Sequence[str], rows: int) -> None:
    for place, name in enumerate(names):
        _text(root, "label", LEFT + COLUMN * place, y - 6, name)


def _woken(root: ET.Element, y: float, found: Sequence[Found]) -> None:
    for place, one in enumerate(found):
        count = one.false_pages
        words = "none" if not count else f"{count} false page{'s' if count > 1 else ''}"
        _text(root, "bad" if count else "fine", LEFT + COLUMN * place, y + 4, words)


def _errors(root: ET.Element, y: float, names: Sequence[str], rows: int) -> None:
    named = [(one, f"{one * 100:,g} %" if place else "right") for place, one in enumerate(ERRORS)]
    _axis(root, y, named, rows, "no number")


def _wrong(root: ET.Element, y: float, found: Sequence[Found]) -> None:
    for place, one in enumerate(found):
        x = NEVER if one.budget_error is None else _along(max(one.budget_error, ERRORS[0]), ERRORS)
        _mark(root, place, x, y + LANES[place])


def _axis(root: ET.Element, y: float, named: Sequence[tuple[float, str]], rows: int, beyond: str) -> None:
    """What the places in *rows* beneath mean; *beyond*: those that are worse than any number."""
    steps = [step for step, _ in named]
    for step, label in named:
        _line(root, "grid", _along(step, steps), y, _along(step, steps), y + ROW * rows)
        _text(root, "label middle", _along(step, steps), y - 6, label)
    size = {"x": f"{NEVER - 42}", "y": f"{y:.1f}", "width": "84", "height": f"{ROW * rows}"}
    ET.SubElement(root, "rect", {"class": "over", **size})
    _text(root, "label middle", NEVER, y - 6, beyond)


def _along(value: float, steps: Sequence[float]) -> float:
    share = log10(value / steps[0]) / log10(steps[-1] / steps[0])
    return LEFT + min(max(share, 0.0), 1.0) * (RIGHT - LEFT)


def _mark(root: ET.Element, place: int, x: float, y: float) -> None:
    """A shape for each contestant, so that nobody needs to tell colours apart."""
    style = {"class": f"c{place}"}
    if place == 0:
        ET.SubElement(root, "circle", {**style, "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "4.5"})
    elif place == 1:
        ET.SubElement(
            root, "rect", {**style, "x": f"{x - 3.5:.1f}", "y": f"{y - 3.5:.1f}", "width": "7", "height": "7"}
        )
    else:
        points = f"{x - 4.5:.1f},{y + 4:.1f} {x + 4.5:.1f},{y + 4:.1f} {x:.1f},{y - 4:.1f}"
        ET.SubElement(root, "polygon", {**style, "points": points})


def _line(root: ET.Element, style: str, x1: float, y1: float, x2: float, y2: float) -> None:
    ends = {"x1": f"{x1:.1f}", "y1": f"{y1:.1f}", "x2": f"{x2:.1f}", "y2": f"{y2:.1f}"}
    ET.SubElement(root, "line", {"class": style, **ends})


def _text(root: ET.Element, style: str, x: float, y: float, text: str) -> None:
    ET.SubElement(root, "text", {"class": style, "x": f"{x:.1f}", "y": f"{y:.1f}"}).text = text
