"""The comparison as people look at it: tables of Markdown, and its part of docs/alerts.md with a picture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.alerts.picture import picture
from benchmarks.alerts.samples import FEW, MANY, Reads
from benchmarks.alerts.scenarios import Found

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "alerts.md"
PICTURE = ROOT / "docs" / "images" / "alerts.svg"
BEGIN, END = "<!-- begin: make alerts-docs -->\n", "<!-- end: make alerts-docs -->\n"


def markdown(found: Sequence[Found], reads: Sequence[Reads]) -> str:
    """The tables, as far as there is something in them."""
    return "\n\n".join(filter(None, (_table(found), _costs(reads))))


def part(found: Sequence[Found], reads: Sequence[Reads]) -> str:
    """What stands between the marks of the page."""
    return f"{BEGIN}\n![]({PICTURE.relative_to(PAGE.parent)})\n\n{markdown(found, reads)}\n\n{END}"


def marked(text: str) -> str:
    """What stands there now, marks included.

    Raises:
        ValueError: the marks are missing.
    """
    there = re.search(re.escape(BEGIN) + ".*?" + re.escape(END), text, re.DOTALL)
    if there is None:
        raise ValueError(f"{PAGE} has no line {BEGIN.strip()} with {END.strip()} after it.")
    return there[0]


def written(found: Sequence[Found], reads: Sequence[Reads]) -> Iterator[Path]:
    """Write the page's part and the picture, and say which files those are."""
    text = PAGE.read_text()
    PAGE.write_text(text.replace(marked(text), part(found, reads)))
    PICTURE.write_text(picture(found))
    yield from (PAGE, PICTURE)


def _table(found: Sequence[Found]) -> str:
    names = list(dict.fromkeys(one.contestant for one in found))
    by_scenario: dict[str, dict[str, Found]] = {}
    for one in found:
        by_scenario.setdefault(one.scenario, {})[one.contestant] = one
    lines = ["| scenario | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for outcomes in by_scenario.values():
        first = next(iter(outcomes.values()))
        cells = [outcomes[name].words if name in outcomes else "" for name in names]
        promise = f"{first.objective * 100:g} %"
        title = first.title if promise in first.title else f"{first.title} ({promise})"
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _costs(reads: Sequence[Reads]) -> str:
    if not reads:
        return ""
    ours = reads[0]
    lines = [
        f"| samples read a minute | {FEW} input series | | {MANY:,} input series | | growth |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for one in reads:
        few, many = (
            ("", "")
            if one is ours
            else (f"{one.few / ours.few:,.0f} times {ours.contestant}", f"{one.many / ours.many:,.0f} times")
        )
        lines.append(
            f"| {one.contestant} | {one.few:,.0f} | {few} | {one.many:,.0f} | {many} | {one.many / one.few:.0f} times |"
        )
    return "\n".join(lines)
