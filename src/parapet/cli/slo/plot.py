"""A backtest as a picture of characters: budget left, burn, pages and tickets over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import log10

from parapet.cli.terminal import Tone, draws, toned
from parapet.core.vocabulary import Severity
from parapet.slo.backtest import KnownIncident, Moment
from parapet.slo.replay import Firing

BLOCKS = " ▁▂▃▄▅▆▇█"
PLAIN_BLOCKS = " .:-=+*#%"
ROWS = 4
LABEL_COLUMNS = 14
BURN_FROM, BURN_TO = 0.1, 1_000.0
"""The burn is drawn on a logarithmic scale between these."""
DAY_SECONDS = 86_400.0
LEAST_BETWEEN_DATES = 10
NOTHING = "·"
PLAIN_NOTHING = "~"


def picture(
    moments: Sequence[Moment],
    firings: Sequence[Firing],
    incidents: Sequence[KnownIncident],
    *,
    begin_seconds: float,
    end_seconds: float,
    page_burn: float | None,
    maintained: Sequence[tuple[float, float]] = (),
) -> str:
    """Lines of equal length with a label before each; one column for each of *moments*."""
    blocks = BLOCKS if draws() else PLAIN_BLOCKS
    column = _columns(begin_seconds, end_seconds, len(moments))
    lines = [*_budget(moments, blocks), _burn(moments, blocks, page_burn)]
    for severity, tone in ((Severity.PAGE, Tone.PAGE), (Severity.TICKET, Tone.TICKET)):
        spans = [(one.start_seconds, one.end_seconds or end_seconds) for one in firings if one.severity is severity]
        if spans:
            lines.append(_labelled(severity.value, _lane(spans, column, len(moments)), tone))
    if incidents:
        spans = [(one.start_seconds, one.end_seconds) for one in incidents]
        lines.append(_labelled("known", _lane(spans, column, len(moments)), Tone.QUIET))
    if maintained:
        lines.append(_labelled("maintenance", _lane(maintained, column, len(moments)), Tone.QUIET))
    lines.append(toned(_dates(begin_seconds, end_seconds, column, len(moments)).rstrip(), Tone.QUIET))
    return "\n".join(lines)


Place = Callable[[float], int]


def _columns(begin_seconds: float, end_seconds: float, count: int) -> Place:
    def place(seconds: float) -> int:
        share = (seconds - begin_seconds) / (end_seconds - begin_seconds)
        return min(max(int(share * count), 0), count - 1)

    return place


def _budget(moments: Sequence[Moment], blocks: str) -> list[str]:
    """Filled as high as budget is left: the top row is the last quarter of it."""
    nothing = NOTHING if draws() else PLAIN_NOTHING
    lines = []
    for row in range(ROWS):
        floor = (ROWS - 1 - row) / ROWS
        cells = []
        for moment in moments:
            filled = min(max((moment.remaining - floor) * ROWS, 0.0), 1.0)
            last = row == ROWS - 1
            empty = (nothing if moment.silent else "×" if draws() and moment.remaining <= 0 else " ") if last else " "
            cells.append(blocks[round(filled * (len(blocks) - 1))] if filled > 0 and not moment.silent else empty)
        label = {0: "budget  100 %", ROWS - 1: "0 %"}.get(row, "")
        lines.append(_labelled(label, "".join(cells), Tone.GOOD))
    return lines


def _burn(moments: Sequence[Moment], blocks: str, page_burn: float | None) -> str:
    cells = []
    for moment in moments:
        if moment.burn is None or moment.burn < BURN_FROM:
            cells.append(" ")
            continue
        height = log10(min(moment.burn, BURN_TO) / BURN_FROM) / log10(BURN_TO / BURN_FROM)
        block = blocks[max(round(height * (len(blocks) - 1)), 1)]
        cells.append(toned(block, Tone.PAGE) if page_burn is not None and moment.burn > page_burn else block)
    while cells and cells[-1] == " ":
        cells.pop()
    return f"{toned('burn'.rjust(LABEL_COLUMNS - 1), Tone.QUIET)} {''.join(cells)}"


def _lane(spans: Sequence[tuple[float, float]], column: Place, count: int) -> str:
    cells = [" "] * count
    for start, end in spans:
        for place in range(column(start), column(end) + 1):
            cells[place] = "━" if draws() else "="
    return "".join(cells)


def _labelled(label: str, cells: str, tone: Tone) -> str:
    return f"{toned(label.rjust(LABEL_COLUMNS - 1), Tone.QUIET)} {toned(cells.rstrip(), tone)}"


def _dates(begin_seconds: float, end_seconds: float, column: Place, count: int) -> str:
    """Days beneath the columns where they begin, as many as there is room for."""
    cells = [" "] * (LABEL_COLUMNS + count)
    day = begin_seconds - begin_seconds % DAY_SECONDS + DAY_SECONDS
    free = 0
    while day < end_seconds:
        text, place = f"|{datetime.fromtimestamp(day, UTC):%-d %b}", column(day)
        if place >= free and place + len(text) <= count:
            cells[LABEL_COLUMNS + place : LABEL_COLUMNS + place + len(text)] = text
            free = place + LEAST_BETWEEN_DATES
        day += DAY_SECONDS
    return "".join(cells)
