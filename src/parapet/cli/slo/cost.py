"""`parapet slo cost`: what the rules of a catalog cost the Prometheus that evaluates them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import click

from parapet.artifacts.cost import BYTES_PER_SAMPLE, RuleCost, SliceCost, costs
from parapet.artifacts.groups import groups_of
from parapet.artifacts.rules import Group
from parapet.cli.load import load_app
from parapet.cli.options import app_option, json_option, required_app
from parapet.cli.prometheus import Access, prometheus_options
from parapet.cli.terminal import Column, Tone, bar, paragraph, progress, table, toned
from parapet.core import names
from parapet.core.types import Json
from parapet.ops.prometheus import Prometheus
from parapet.slo.durations import prometheus_duration

GROWTH = 10
INPUT_SERIES = 20
BAR_COLUMNS = 24


@click.command()
@click.argument("name", metavar="[SLICE]", required=False)
@app_option
@click.option(
    "--input-series",
    type=click.IntRange(min=1),
    default=INPUT_SERIES,
    show_default=True,
    help="How many series each selector of raw metrics finds.",
)
@prometheus_options
@json_option
def cost(
    name: str | None,
    app_spec: str | None,
    input_series: int,
    access: Access,
    as_json: bool,
) -> None:
    """What the rules cost Prometheus: samples read, series recorded, storage; of one SLICE, rule by rule.

    Worked out from windows and evaluation intervals. With --prometheus every rule is evaluated there once, and what
    the server itself counts is shown instead.

    \b
    Examples:
      parapet slo cost --app shop.reliability:parapet
      parapet slo cost checkout --app shop.reliability:parapet --input-series 200
      parapet slo cost --prometheus http://127.0.0.1:9090
    """
    app = load_app(required_app(app_spec))
    groups = groups_of(app.catalog if name is None else app.catalog.only(name), app.wiring).all
    found = costs(groups, app.wiring.scrape_interval_seconds)
    if access.url:
        found = _measured(found, groups, access.connect(access.url, app.wiring.tls))
    if as_json:
        click.echo(json.dumps(_as_json(found, input_series, measured=bool(access.url)), indent=2))
    elif name:
        click.echo(_rules(found[0], input_series, access.url))
    else:
        click.echo(_slices(app.service, found, input_series, access.url))


def _measured(found: Sequence[SliceCost], groups: Sequence[Group], server: Prometheus) -> tuple[SliceCost, ...]:
    """The same, with what the *server* says that each expression reads now."""
    rules = [rule for group in groups for rule in group.rules]
    expressions = {(rule.labels.get(names.SLICE, ""), rule.record or rule.alert): rule.expr for rule in rules}
    with progress("Evaluating rules", len(rules)) as step:

        def measured(one: SliceCost, rule: RuleCost) -> RuleCost:
            samples = server.samples_read(expressions[one.slice, rule.name])
            step(1)
            return replace(rule, samples=samples, samples_per_input=0.0)

        return tuple(replace(one, rules=tuple(measured(one, rule) for rule in one.rules)) for one in found)


def _slices(service: str, found: Sequence[SliceCost], input_series: int, measured_at: str | None) -> str:
    many = [] if measured_at else [input_series * GROWTH, input_series * GROWTH**2]
    columns = [
        Column(title="slice", tone=Tone.STRONG),
        Column(title="samples a minute" if measured_at else f"at {input_series:,} inputs", right=True),
        *(Column(title=f"at {inputs:,}", right=True) for inputs in many),
        Column(title="series", right=True),
        Column(title="stored a month", right=True),
        Column(title="on disk", right=True, needs_width=90),
    ]
    rows = [_slice_row(one, (input_series, *many)) for one in found]
    whole = SliceCost(slice="all", rules=tuple(rule for one in found for rule in one.rules))
    rows.append(_slice_row(whole, (input_series, *many)))
    how = f"measured at {measured_at}" if measured_at else "worked out"
    return "\n\n".join(
        [
            toned(f"What the rules of {service} cost Prometheus, {how}", Tone.STRONG),
            table(columns, rows),
            paragraph(_note(measured_at)),
        ]
    )


def _slice_row(one: SliceCost, inputs: Sequence[int]) -> tuple[str, ...]:
    return (
        one.slice or "of no slice",
        *(f"{one.a_minute(count):,.0f}" for count in inputs),
        f"{one.series:,}",
        f"{one.stored_a_month / 1e6:,.1f} M",
        f"{one.bytes_a_month / 1e6:,.1f} MB",
    )


def _note(measured_at: str | None) -> str:
    counted = (
        "Samples a minute are what the server counted for one evaluation of each rule now, times evaluations a minute."
        if measured_at
        else "Samples read a minute, if each selector of raw metrics finds so many series (inputs); only the two base "
        "rules grow with them."
    )
    return (
        f"{counted} Series and storage are what the rules record, for one group of labels; a sample "
        f"takes 1 to 2 bytes, here {BYTES_PER_SAMPLE:g}. An alert that fires adds two series."
    )


def _rules(one: SliceCost, input_series: int, measured_at: str | None) -> str:
    dearest = max(rule.a_minute(input_series) for rule in one.rules) or 1.0
    columns = [
        Column(title="rule", gives_way=True),
        Column(title="every", right=True),
        Column(title="reads", right=True),
        Column(title="a minute", right=True),
        Column(title="", tone=Tone.QUIET, needs_width=100),
    ]
    rows = [
        (
            rule.name,
            prometheus_duration(rule.interval_seconds),
            f"{rule.samples + rule.samples_per_input * input_series:,.0f}",
            f"{rule.a_minute(input_series):,.0f}",
            bar(rule.a_minute(input_series) / dearest, BAR_COLUMNS),
        )
        for rule in sorted(one.rules, key=lambda rule: -rule.a_minute(input_series))
    ]
    rows.append(("all", "", "", f"{one.a_minute(input_series):,.0f}", ""))
    how = f"measured at {measured_at}" if measured_at else f"at {input_series:,} series for each raw selector"
    return "\n\n".join(
        [toned(f"What {one.slice or 'belongs to no slice'} costs Prometheus, {how}", Tone.STRONG), table(columns, rows)]
    )


def _as_json(found: Sequence[SliceCost], input_series: int, *, measured: bool) -> Json:
    return {
        "measured": measured,
        "input_series": None if measured else input_series,
        "slices": [
            {
                "slice": one.slice,
                "samples_a_minute": one.a_minute(input_series),
                "series": one.series,
                "stored_samples_a_month": one.stored_a_month,
                "stored_bytes_a_month": one.bytes_a_month,
                "rules": [
                    {
                        "rule": rule.name,
                        "interval_seconds": rule.interval_seconds,
                        "samples_an_evaluation": rule.samples + rule.samples_per_input * input_series,
                        "samples_a_minute": rule.a_minute(input_series),
                    }
                    for rule in one.rules
                ],
            }
            for one in found
        ],
    }
