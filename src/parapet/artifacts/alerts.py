"""Slices to alerts: one per severity, true only if the budget burns, still burns, and enough failed to say so."""

from __future__ import annotations

from urllib.parse import urlencode

from parapet.artifacts import promql
from parapet.artifacts.rules import Group, Rule, plain, slice_labels
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.core.vocabulary import Severity
from parapet.slo import series
from parapet.slo.budget import budget_seconds, percent
from parapet.slo.burn import BurnPolicy, Threshold
from parapet.slo.catalog import Catalog, is_address
from parapet.slo.durations import spoken
from parapet.slo.evidence import CONFIDENCE_DEVIATIONS
from parapet.slo.reach import worst_case_seconds
from parapet.slo.slice import Slice

ALERTS = {Severity.PAGE: names.ALERT_PAGE, Severity.TICKET: names.ALERT_TICKET}


def alert_groups(catalog: Catalog, wiring: Wiring) -> tuple[Group, ...]:
    """One group per slice, with one alert per severity that the slice may raise."""
    return tuple(
        Group(
            name=f"parapet:{one.service}:{one.name}:alerts",
            interval_seconds=wiring.evaluation_interval_seconds,
            rules=tuple(
                _alert(one, severity, catalog.policy_of(one), wiring)
                for severity in Severity
                if severity in one.severities
            ),
        )
        for one in catalog
    )


def _alert(one: Slice, severity: Severity, policy: BurnPolicy, wiring: Wiring) -> Rule:
    thresholds = [threshold for threshold in policy.thresholds(one.objective) if threshold.severity is severity]
    burning = "\nor\n".join(_burning(one, threshold) for threshold in thresholds)
    return Rule(
        alert=ALERTS[severity],
        expr=f"{burning}\nor\n{_idle(one, severity, thresholds)}\nor\n{_silent(one, severity)}",
        labels={
            **slice_labels(one),
            names.SEVERITY: severity.value,
            **{label: plain(value) for label, value in one.alert_labels.get(severity, {}).items()},
        },
        annotations=_annotations(one, severity, policy, wiring),
        comment=_comment(one, severity, policy, thresholds),
    )


def _burning(one: Slice, threshold: Threshold) -> str:
    """Both windows above the threshold, and the long one by more than chance (see `slo.evidence`)."""
    over_long, over_short, count = _names(one, threshold)
    limit = promql.number(threshold.error_ratio)
    return (
        "(\n"
        f"  {over_long} > {limit}\n"
        f"  and {over_short} > {limit}\n"
        f"  and sqrt({count}) * (1 - {limit} / {over_long}) > {CONFIDENCE_DEVIATIONS:g}\n"
        ")"
    )


def _idle(one: Slice, severity: Severity, thresholds: list[Threshold]) -> str:
    """It fires, and since then nobody tried: no news is no recovery, until the long window has forgotten."""
    kept = []
    for threshold in thresholds:
        over_long, over_short, _ = _names(one, threshold)
        kept.append(f"({over_long} > {promql.number(threshold.error_ratio)} unless {over_short})")
    alternatives = "\n    or ".join(kept)
    return f"(\n  ({alternatives})\n  and on ({_on(one)}) {_firing(one, severity)}\n)"


def _silent(one: Slice, severity: Severity) -> str:
    """It fires, and then the events stopped being recorded at all: a vanished target repairs nothing."""
    events = f"{series.EVENTS}{series.matching(one.service, one.name)}"
    return (
        f"(\n  max by ({_on(one)}) ({_firing(one, severity)})\n  unless on ({names.SERVICE}, {names.SLICE}) {events}\n)"
    )


def _names(one: Slice, threshold: Threshold) -> tuple[str, str, str]:
    where = series.matching(one.service, one.name)
    return (
        f"{series.error_ratio_series(threshold.long_seconds)}{where}",
        f"{series.error_ratio_series(threshold.short_seconds)}{where}",
        f"{series.bad_count_series(threshold.long_seconds)}{where}",
    )


def _on(one: Slice) -> str:
    return ", ".join((names.SERVICE, names.SLICE, *one.group_by))


def _firing(one: Slice, severity: Severity) -> str:
    return (
        f'ALERTS{{alertname="{ALERTS[severity]}",alertstate="firing",'
        f"{names.SERVICE}={series.quoted(one.service)},{names.SLICE}={series.quoted(one.name)}}}"
    )


def _comment(one: Slice, severity: Severity, policy: BurnPolicy, thresholds: list[Threshold]) -> str:
    pairs = "; ".join(
        f"{spoken(t.long_seconds)} and {spoken(t.short_seconds)} at {t.factor:.3g} times budget"
        + (
            " (not the policy's share: it could hardly be reached, or a slower burn keeps the promise)"
            if t.rederived
            else ""
        )
        for t in thresholds
    )
    worst = [
        f"{percent(ratio)} errors: {spoken(seconds) if seconds is not None else 'never'}"
        for ratio in (1.0, 0.1, 0.02)
        for seconds in [worst_case_seconds(policy, one.objective, ratio, severity)]
    ]
    return f"{pairs}. Worst case until it fires: {', '.join(worst)}."


def _annotations(one: Slice, severity: Severity, policy: BurnPolicy, wiring: Wiring) -> dict[str, str]:
    here = f"{wiring.workbench_url}/go?" + urlencode({names.SERVICE: one.service, names.SLICE: one.name})
    minutes = promql.number(round(budget_seconds(one.objective, policy.period_seconds) / 60, 1))
    harm = "users are harmed now" if severity is Severity.PAGE else "slow, steady harm"
    groups = "".join(f", {label} {{{{ $labels.{label} }}}}" for label in one.group_by)
    period = spoken(policy.period_seconds)
    description = (
        f"Burning the error budget of {percent(one.objective)} at {_value(one, series.CURRENT_BURN, '%.1f')} times the "
        f"rate it can bear, over {spoken(policy.current_window_seconds)}. "
        f"Budget left for {period}: {_value(one, series.BUDGET_REMAINING, 'humanizePercentage')}, "
        f"{_value(one, series.BUDGET_REMAINING_MINUTES, '%.1f')} of {minutes} minutes. "
        f"{plain(one.description)} Evidence, changes and next steps: {plain(here)}"
    )
    texts = {
        names.TITLE: plain(one.trouble_title),
        names.SUMMARY: f"{plain(one.trouble_title)}: {harm}{groups}",
        names.DESCRIPTION: " ".join(description.split()),
        names.RUNBOOK_URL: plain(one.runbook if one.runbook and is_address(one.runbook) else here),
        names.RUNBOOK: plain(one.runbook or ""),
        names.WORKBENCH_URL: plain(here),
        names.FAULT_PLANE: plain(one.fault_plane),
        names.OWNER: plain(one.owner),
        names.JOURNEY: plain(one.journey or ""),
    }
    return {name: text for name, text in texts.items() if text}


def _value(one: Slice, name: str, form: str) -> str:
    """A template for the value of the recorded series *name* when the alert fires; 'unknown' if it has none.

    Slice and service names are checked words; only group values come from outside, and those are quoted by the
    template itself.
    """
    groups = one.group_by
    where = [f'{names.SERVICE}="{one.service}"', f'{names.SLICE}="{one.name}"', *(f"{label}=%q" for label in groups)]
    query = f"`{name}{{{','.join(where)}}}`"
    if groups:
        query = f"(printf {query} {' '.join(f'$labels.{label}' for label in groups)})"
    shown = "humanizePercentage" if form == "humanizePercentage" else f'printf "{form}"'
    return f"{{{{ with query {query} }}}}{{{{ . | first | value | {shown} }}}}{{{{ else }}}}unknown{{{{ end }}}}"
