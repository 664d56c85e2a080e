"""The first look: every promise, who is hurt first, and how it went."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as schema

from parapet.artifacts.dashboards.board import DAY, Board, Heading, Line, choice, refresh, span
from parapet.artifacts.dashboards.look import BUDGET, STATES, Scale, Tone, burn_scale, some_are
from parapet.artifacts.dashboards.marks import alerts, changes
from parapet.artifacts.dashboards.panels import WIDE, About, Query, bands, figure, lines
from parapet.artifacts.dashboards.queries import CHOSEN, legend, state, titled, worst
from parapet.artifacts.dashboards.tiles import budgets
from parapet.artifacts.dashboards.watched import all_watched
from parapet.artifacts.dashboards.worst_first import closer, worst_first
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.slo import series
from parapet.slo.burn import BurnPolicy
from parapet.slo.catalog import Catalog
from parapet.slo.durations import spoken
from parapet.slo.state import StateNumber

LEGEND = legend(names.TITLE)
FIRST_SCREEN = 14
"""Rows of the grid that fit below the figures; the table has the worst on top, and scrolls."""
TALLEST = 22
"""Rows of the grid; what does not fit is scrolled."""
LINKS = closer("__field.labels")


def overview(catalog: Catalog, wiring: Wiring) -> Board:
    """The dashboard to open first."""
    service, policy = catalog.service, catalog.burn
    height = min(3 + len(catalog), TALLEST)
    slices = f'label_values({series.INFO}{{{names.SERVICE}=~"$service"}}, {names.SLICE})'
    burn = burn_scale(policy)
    return Board(
        page="overview",
        service=service,
        title=f"{service}: are users succeeding?",
        about="Every promise: how it stands, what is left of its budget, and who is hurt first.",
        span=span(policy, DAY),
        refresh=refresh(wiring),
        variables=(
            choice("service", "Service", f"label_values({series.INFO}, {names.SERVICE})", current=service),
            choice("slice", "Promise", slices),
        ),
        marks=(
            *alerts(CHOSEN, catalog.slices, policy),
            *changes("$service"),
            *alerts(f'{{{names.SERVICE}=~"$service"}}', catalog.diagnostics, policy),
        ),
        lines=(
            Line(height=4, panels=(*_counts(), *_extremes(burn))),
            Line(height=min(4 + len(catalog), FIRST_SCREEN), panels=(worst_first(policy, burn),)),
            Line(height=height, panels=(_bands(),)),
            *all_watched(catalog),
            Heading(title="How it went"),
            budgets(CHOSEN, len(catalog)),
            Line(height=9, panels=_curves(policy, burn)),
        ),
    )


def _counts() -> tuple[schema.Panel, ...]:
    """How many promises are in which state."""
    rests, ticket, page = StateNumber.MAINTENANCE, StateNumber.BURNING_TICKET, StateNumber.BURNING_PAGE
    counted = (
        ("Users are hurt", "Promises for which a page fires.", f"== {page:d}", Tone.PAGE),
        ("Slow harm", "Promises for which a ticket fires, and no page.", f"== {ticket:d}", Tone.TICKET),
        (
            "Nobody can say",
            "Promises that are stale, or of which too little happened to judge. That is neither good nor bad.",
            f"> {rests:d} < {ticket:d}",
            Tone.STALE,
        ),
        ("Good", "Promises that are kept, with evidence.", "== 0", Tone.GOOD),
    )
    return tuple(
        figure(
            About(title=title, text=text, width=3),
            Query(expr=f"count((\n{state(CHOSEN)}\n) {test}) or vector(0)", now=True),
            colours=some_are(tone),
        )
        for title, text, test, tone in counted
    )


def _extremes(burn: Scale) -> tuple[schema.Panel, ...]:
    least = f"bottomk(1, {worst('min', series.BUDGET_REMAINING, CHOSEN)})"
    fastest = f"topk(1, {worst('max', series.CURRENT_BURN, CHOSEN)})"
    return (
        figure(
            About(
                title="Least budget left",
                text="The promise with the smallest share of its error budget left. Below 0 it is overspent.",
                width=6,
                unit="percentunit",
                links=LINKS,
            ),
            Query(expr=titled(least, CHOSEN), legend=LEGEND, now=True),
            colours=BUDGET,
            decimals=1,
            named=True,
        ),
        figure(
            About(
                title="Burns fastest",
                text="The promise that uses up its budget fastest: 1 uses exactly the budget within its period.",
                width=6,
                links=LINKS,
            ),
            Query(expr=titled(fastest, CHOSEN), legend=LEGEND, now=True),
            colours=burn,
            decimals=1,
            named=True,
        ),
    )


def _bands() -> schema.Panel:
    about = About(
        title="How every promise stood",
        text="A band for each promise: pages are where users are hurt. No evidence is neither good nor bad, nor is "
        "maintenance.",
        width=WIDE,
        links=LINKS,
    )
    return bands(about, Query(expr=titled(state(CHOSEN), CHOSEN), legend=LEGEND), meanings=STATES)


def _curves(policy: BurnPolicy, burn: Scale) -> tuple[schema.Panel, ...]:
    window = policy.current_window_seconds
    events = f"sum by ({names.SERVICE}, {names.SLICE}) ({series.event_count_series(window)}{CHOSEN}) / {window:g}"
    return (
        lines(
            About(
                title=f"Burn over {spoken(window)}",
                text="1 uses exactly the budget within the period. Lines: where a ticket and where a page may fire.",
                links=LINKS,
            ),
            Query(expr=titled(worst("max", series.CURRENT_BURN, CHOSEN), CHOSEN), legend=LEGEND),
            limits=burn,
        ),
        lines(
            About(
                title="Traffic",
                text=f"Events a second over {spoken(window)}, good or bad. A ratio of few events says little.",
                unit="eps",
                links=LINKS,
            ),
            Query(expr=titled(events, CHOSEN), legend=LEGEND),
        ),
    )
