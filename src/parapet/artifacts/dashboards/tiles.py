"""A line of promises on a dashboard that is about something else: what is left of their budgets."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from parapet.artifacts.dashboards.board import Heading, Line
from parapet.artifacts.dashboards.look import BUDGET
from parapet.artifacts.dashboards.panels import WIDE, About, Query, figure
from parapet.artifacts.dashboards.queries import any_of, legend, titled, worst
from parapet.artifacts.dashboards.worst_first import closer
from parapet.core import names
from parapet.slo import series
from parapet.slo.slice import Slice

A_LINE = 6
TALLEST = 22


def budgets(selected: str, count: int) -> Line:
    """A tile for each of *count* promises: the share of its budget that is left, and how it went."""
    panel = figure(
        About(
            title="Budget left",
            text="Of each promise, the share of its error budget that is left for its period, and how it went.",
            width=WIDE,
            unit="percentunit",
            links=closer("__field.labels"),
        ),
        Query(expr=titled(worst("min", series.BUDGET_REMAINING, selected), selected), legend=legend(names.TITLE)),
        colours=BUDGET,
        decimals=1,
        named=True,
    )
    return Line(height=min(1 + 3 * ceil(count / A_LINE), TALLEST), panels=(panel,))


def promises(service: str, slices: Sequence[Slice]) -> tuple[Heading | Line, ...]:
    """The promises that a dashboard's numbers are about; nothing if there are none."""
    if not slices:
        return ()
    return (Heading(title="Promises"), budgets(any_of(service, slices), len(slices)))
