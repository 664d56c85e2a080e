"""`parapet slo`: what is promised, and the arithmetic behind each promise."""

from __future__ import annotations

import json

import click

from parapet.cli.load import load_app
from parapet.core.types import JsonObject
from parapet.core.vocabulary import Severity
from parapet.slo.budget import budget_seconds, in_words, percent
from parapet.slo.burn import BurnPolicy, Threshold
from parapet.slo.catalog import Catalog
from parapet.slo.durations import prometheus_duration, spoken
from parapet.slo.evidence import fewest_events
from parapet.slo.reach import worst_case_seconds
from parapet.slo.slice import LatencyRatio, Slice

ERROR_RATIOS = (1.0, 0.1, 0.02)

app_option = click.option(
    "--app", "spec", envvar="PARAPET_APP", required=True, help="Where the Parapet object lives: module:object."
)
json_option = click.option("--json", "as_json", is_flag=True, help="As JSON, ratios and seconds unrounded.")


@click.group()
def slo() -> None:
    """What is promised, and how fast a broken promise is told.

    \b
    Examples:
      parapet slo list --app shop.reliability:parapet
      parapet slo explain checkout --app shop.reliability:parapet
    """


@slo.command("list")
@app_option
@json_option
def list_slices(spec: str, as_json: bool) -> None:
    """Every slice, its objective, and what it allows."""
    catalog = load_app(spec).catalog
    if as_json:
        click.echo(json.dumps([_facts(one, catalog.policy_of(one)) for one in catalog], indent=2))
        return
    width = max((len(one.name) for one in catalog), default=0)
    for one in catalog:
        promise = in_words(one.objective, catalog.policy_of(one).period_seconds)
        click.echo(f"{one.name:<{width}}  {promise:<40}  {', '.join(one.severities):<12}  {one.title}")
    if not len(catalog):
        click.echo("No slice is defined yet. Start with a journey: parapet.journey('login', objective=0.995).")


@slo.command()
@click.argument("name", required=False)
@app_option
@json_option
def explain(name: str | None, spec: str, as_json: bool) -> None:
    """The arithmetic of the slice NAME, or of every slice: budget, thresholds, minutes until somebody is told."""
    catalog = load_app(spec).catalog
    chosen = [catalog.slice(name)] if name else list(catalog)
    if as_json:
        click.echo(json.dumps([_facts(one, catalog.policy_of(one)) for one in chosen], indent=2))
        return
    click.echo("\n\n".join(_explained(one, catalog) for one in chosen))


def _explained(one: Slice, catalog: Catalog) -> str:
    policy = catalog.policy_of(one)
    lines = [
        f"{one.name}: {one.title}",
        f"  Promise       {in_words(one.objective, policy.period_seconds)}",
        f"  Budget        {percent(one.budget_ratio)} of events may be bad",
        f"  Counts        {_counts(one)}",
        f"  Runbook       {one.runbook or 'none'}",
    ]
    lines.extend(
        _fires(threshold) for threshold in policy.thresholds(one.objective) if threshold.severity in one.severities
    )
    for severity in one.severities:
        told = ", ".join(f"{percent(ratio)} errors: {_told(policy, one, ratio, severity)}" for ratio in ERROR_RATIOS)
        lines.append(f"  {severity.value.capitalize() + ' after':<14}{told}")
    fewest = fewest_events(policy.thresholds(one.objective)[0].error_ratio)
    lines.append(f"  Evidence      never on fewer than {fewest} failures")
    lines.append("  Times are the worst case after a healthy past; add a scrape and two evaluations.")
    return "\n".join(lines)


def _fires(threshold: Threshold) -> str:
    windows = f"{prometheus_duration(threshold.long_seconds)} and over {prometheus_duration(threshold.short_seconds)}"
    used = f"{threshold.factor:.3g} times the budget, {percent(round(threshold.budget_share, 6))} of it used"
    bent = " (not the policy's share)" if threshold.rederived else ""
    ratio = percent(round(threshold.error_ratio, 6))
    return f"  {threshold.severity.value.capitalize() + ' if':<14}{ratio} fail over {windows}: {used}{bent}"


def _counts(one: Slice) -> str:
    if isinstance(one.sli, LatencyRatio):
        return f"events of {one.sli.metric} slower than {one.sli.threshold_seconds:g} s as bad. {one.description}"
    return f"events of {one.sli.metric}. {one.description}"


def _told(policy: BurnPolicy, one: Slice, error_ratio: float, severity: Severity) -> str:
    seconds = worst_case_seconds(policy, one.objective, error_ratio, severity)
    return "never" if seconds is None else spoken(seconds)


def _facts(one: Slice, policy: BurnPolicy) -> JsonObject:
    worst: JsonObject = {
        severity.value: {
            f"{ratio:g}": worst_case_seconds(policy, one.objective, ratio, severity) for ratio in ERROR_RATIOS
        }
        for severity in one.severities
    }
    return {
        "slice": one.name,
        "title": one.title,
        "journey": one.journey,
        "objective": one.objective,
        "budget_ratio": one.budget_ratio,
        "budget_seconds": budget_seconds(one.objective, policy.period_seconds),
        "period_seconds": policy.period_seconds,
        "severities": [severity.value for severity in one.severities],
        "runbook": one.runbook,
        "thresholds": [
            {
                "severity": threshold.severity.value,
                "long_seconds": threshold.long_seconds,
                "short_seconds": threshold.short_seconds,
                "factor": threshold.factor,
                "error_ratio": threshold.error_ratio,
                "budget_share": threshold.budget_share,
                "rederived": threshold.rederived,
            }
            for threshold in policy.thresholds(one.objective)
            if threshold.severity in one.severities
        ],
        "worst_case_seconds": worst,
    }
