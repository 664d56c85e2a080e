"""`parapet slo list`: every promise on one line."""

from __future__ import annotations

import json

import click

from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.terminal import Column, Tone, paragraph, table, toned
from parapet.core.codec import encode
from parapet.core.vocabulary import Severity
from parapet.slo.budget import percent
from parapet.slo.durations import prometheus_duration, spoken
from parapet.slo.facts import Facts, Snapshot, Watched, snapshot_of

WATCHED = (
    Column(title="diagnostic", tone=Tone.STRONG),
    Column(title="ticket above"),
    Column(title="what it sees", gives_way=True),
    Column(title="owner", needs_width=110, tone=Tone.QUIET, gives_way=True),
)


@click.command("list")
@app_option
@json_option
def list_slices(app_spec: str | None, as_json: bool) -> None:
    """Every slice, its objective, what that allows, and who hears of a total outage when.

    The JSON is a snapshot that `parapet slo diff` compares: ratios and seconds, unrounded.

    \b
    Examples:
      parapet slo list --app shop.reliability:parapet
      parapet slo list --app shop.reliability:parapet --json > promises.json
    """
    snapshot = snapshot_of(load_app(required_app(app_spec)).catalog)
    if as_json:
        click.echo(json.dumps(encode(snapshot), indent=2))
        return
    click.echo(_listed(snapshot))


def _listed(snapshot: Snapshot) -> str:
    if not snapshot.slices and not snapshot.diagnostics:
        return paragraph(
            f"{snapshot.service} promises nothing yet. Start with a journey: `parapet slo new login "
            "--objective 0.995`, or parapet.journey('login', objective=0.995) in code."
        )
    promises = "promise" if len(snapshot.slices) == 1 else "promises"
    periods = {one.period_seconds for one in snapshot.slices}
    columns = (
        Column(title="slice", tone=Tone.STRONG),
        Column(title="objective", right=True),
        Column(title=f"allows in {spoken(periods.pop())}" if len(periods) == 1 else "allows"),
        Column(title="outage told after"),
        Column(title="promise", gives_way=True),
        Column(title="owner", needs_width=110, tone=Tone.QUIET, gives_way=True),
    )
    rows = [_row(one, several_periods=bool(periods)) for one in snapshot.slices]
    parts = [toned(f"{len(rows)} {promises} of {snapshot.service}", Tone.STRONG), table(columns, rows)]
    if snapshot.diagnostics:
        parts += [toned("Watched, and not promised", Tone.STRONG), table(WATCHED, map(_watched, snapshot.diagnostics))]
    every: tuple[Facts | Watched, ...] = (*snapshot.slices, *snapshot.diagnostics)
    some = {f"{when} ({one.slice})" for one in every for when in one.maintenance}
    resting = [*snapshot.maintenance, *sorted(some)]
    if resting:
        parts += [toned("Maintenance, in which nothing counts", Tone.STRONG), "\n".join(resting)]
    return "\n\n".join(parts)


def _row(one: Facts, *, several_periods: bool) -> tuple[str, ...]:
    allowed, period = spoken(one.budget_seconds), prometheus_duration(one.period_seconds)
    loudest = min(one.severities, key=lambda severity: severity.rank)
    return (
        one.slice,
        percent(one.objective),
        f"{allowed} in {period}" if several_periods else allowed,
        _told(one, loudest),
        one.title,
        one.owner,
    )


def _watched(one: Watched) -> tuple[str, ...]:
    limit = f"{percent(one.threshold_ratio)} over {spoken(one.window_seconds)}"
    return one.slice, toned(limit, Tone.TICKET), one.title, one.owner


def _told(one: Facts, severity: Severity) -> str:
    seconds = one.told_seconds(severity, 1.0)
    text = f"{severity.value}, {'never' if seconds is None else spoken(seconds)}"
    return toned(text, Tone.PAGE if severity is Severity.PAGE else Tone.TICKET)
