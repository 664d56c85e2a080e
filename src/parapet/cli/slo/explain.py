"""`parapet slo explain`: the arithmetic behind a promise, and how long until somebody is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import log

import click

from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.terminal import Column, Tone, bar, fact, paragraph, table, toned, width
from parapet.core.codec import encode
from parapet.core.errors import UnknownName
from parapet.core.vocabulary import Severity
from parapet.slo.budget import percent
from parapet.slo.durations import spoken
from parapet.slo.evidence import fewest_events
from parapet.slo.facts import ERROR_RATIOS, Facts, Watched, snapshot_of

TONES = {Severity.PAGE: Tone.PAGE, Severity.TICKET: Tone.TICKET}
BAR_COLUMNS = 20
BAR_COLUMNS_NARROW = 12
BAR_FROM = 0.02
"""The bars are logarithmic and begin at this share of the shortest window."""
MILLION = 1_000_000

RULES = (
    Column(title="raises"),
    Column(title="more than", right=True),
    Column(title="over"),
    Column(title="and still over"),
    Column(title="burn", right=True),
    Column(title="uses", right=True),
    Column(title="at least", right=True),
)


@click.command()
@click.argument("name", metavar="[SLICE]", required=False)
@app_option
@json_option
def explain(name: str | None, app_spec: str | None, as_json: bool) -> None:
    """The arithmetic of one SLICE, or of all: budget, thresholds, and the time until somebody is told.

    \b
    Examples:
      parapet slo explain --app shop.reliability:parapet
      parapet slo explain checkout --app shop.reliability:parapet
      parapet slo explain checkout --app shop.reliability:parapet --json
    """
    snapshot = snapshot_of(load_app(required_app(app_spec)).catalog)
    every: tuple[Facts | Watched, ...] = (*snapshot.slices, *snapshot.diagnostics)
    known = {one.slice: one for one in every}
    if name and name not in known:
        raise UnknownName.of("slice", name, known)
    chosen = [known[name]] if name else list(known.values())
    if as_json:
        click.echo(json.dumps([encode(one) for one in chosen], indent=2))
        return
    rests = snapshot.maintenance
    told = (_explained(one, rests) if isinstance(one, Facts) else _watched(one, rests) for one in chosen)
    click.echo("\n\n".join(told))


def _watched(one: Watched, resting: Sequence[str]) -> str:
    """A diagnostic: nothing is promised, so there is no arithmetic but its threshold."""
    limit, over = percent(one.threshold_ratio), spoken(one.window_seconds)
    fewest = fewest_events(one.threshold_ratio, one.threshold_ratio)
    return _about(
        one,
        [
            ("watches", f"no promise, no budget, and it never pages: a ticket while more than {limit} are bad"),
            ("over", f"{over}, and at least {fewest} of them are bad: fewer never tell, whatever their share"),
        ],
        resting,
    )


def _about(one: Facts | Watched, first: Sequence[tuple[str, str]], resting: Sequence[str]) -> str:
    """What a slice or a diagnostic is, a line each. *resting*: when nothing of the service counts."""
    about = [
        *first,
        ("measures", one.kind),
        ("counts", one.counts),
        ("bad", one.bad),
        ("means", one.description),
        ("judged", f"separately by {', '.join(one.group_by)}" if one.group_by else ""),
        ("owner", one.owner),
        ("runbook", one.runbook or "none"),
        *(("routes", label) for label in (one.routing if isinstance(one, Facts) else ())),
        ("without", ", ".join(one.without_tiers) if isinstance(one, Facts) else ""),
        *(("rests", when) for when in (*resting, *one.maintenance)),
        *(("link", link) for link in (one.links if isinstance(one, Facts) else ())),
    ]
    head = f"{toned(one.slice, Tone.STRONG)}  {one.title}"
    return "\n".join([head, *(fact(label, text) for label, text in about if text)])


def _explained(one: Facts, resting: Sequence[str]) -> str:
    allowed = (
        f"{percent(one.objective)} good in any {spoken(one.period_seconds)}. That allows "
        f"{spoken(one.budget_seconds)} of total outage, or {one.budget_ratio * MILLION:,.0f} bad in a million."
    )
    return "\n".join(
        [
            _about(one, [("promise", allowed)], resting),
            "",
            _times(one),
            "",
            _rules(one),
            "",
            paragraph(_reading(one), indent=2),
        ]
    )


def _times(one: Facts) -> str:
    """Error ratio -> time until each severity, with bars to see it by."""
    columns = [Column(title="errors", right=True)]
    for severity in one.severities:
        columns += [Column(title=f"{severity.value} after", right=True), Column(title="", tone=TONES[severity])]
    rows = []
    for ratio in ERROR_RATIOS:
        cells = [percent(ratio)]
        for severity in one.severities:
            seconds = one.told_seconds(severity, ratio)
            kept = ratio <= one.budget_ratio
            cells += ["promise kept" if kept else "never", ""] if seconds is None else _told(one, seconds)
        rows.append(cells)
    return table(columns, rows, indent=2)


def _told(one: Facts, seconds: float) -> list[str]:
    shortest = BAR_FROM * min(threshold.short_seconds for threshold in one.thresholds)
    longest = max(threshold.long_seconds for threshold in one.thresholds)
    columns = BAR_COLUMNS if width() >= 100 else BAR_COLUMNS_NARROW
    return [spoken(seconds), bar(log(max(seconds / shortest, 1.0)) / log(longest / shortest), columns)]


def _rules(one: Facts) -> str:
    rows = [
        (
            toned(threshold.severity.value, TONES[threshold.severity]),
            percent(round(threshold.error_ratio, 6)),
            spoken(threshold.long_seconds),
            spoken(threshold.short_seconds),
            f"{threshold.factor:.3g}x{'*' if threshold.rederived else ''}",
            percent(float(f"{threshold.budget_share:.3g}")),
            f"{fewest_events(threshold.error_ratio, one.budget_ratio)} failures",
        )
        for threshold in one.thresholds
    ]
    return table(RULES, rows, indent=2)


def _reading(one: Facts) -> str:
    bent = (
        " * Not the policy's own share: at this objective it could hardly be reached, or a slower burn keeps the "
        "promise."
        if any(threshold.rederived for threshold in one.thresholds)
        else ""
    )
    return (
        "Times are the worst case after a healthy past; add a scrape and two evaluations. Bars are logarithmic. "
        "burn: times the rate that would use exactly the budget; uses: what is gone of it by then; at least: fewer "
        f"never tell, whatever their share. What fires ends when half of that fails, or no more than promised.{bent}"
    )
