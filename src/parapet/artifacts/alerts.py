"""Slices to alerts: one per severity, true only if the budget burns, still burns, and enough failed to say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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
from parapet.slo.evidence import CONFIDENCE_DEVIATIONS, FEWEST_STILL, QUIET_RATIO
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
    every = policy.thresholds(one.objective)
    thresholds = [threshold for threshold in every if threshold.severity is severity]
    quiet = _quiet_thresholds(every) if severity is Severity.PAGE else []
    clauses = [
        *(_burning(one, policy, threshold) for threshold in thresholds),
        *(_burning(one, policy, threshold, _is_quiet(one, policy, thresholds)) for threshold in quiet),
        _kept(one, severity, policy, [*thresholds, *quiet]),
        _silent(one, severity),
    ]
    return Rule(
        alert=ALERTS[severity],
        expr="\nor\n".join(clauses),
        labels={
            **slice_labels(one),
            names.SEVERITY: severity.value,
            **{label: plain(value) for label, value in one.alert_labels.get(severity, {}).items()},
        },
        annotations=_annotations(one, severity, policy, wiring),
        comment=_comment(one, severity, policy, thresholds),
    )


def _burning(one: Slice, policy: BurnPolicy, threshold: Threshold, further: str = "") -> str:
    """Both windows above the threshold, the newest base window too, and enough failures behind it all.

    Over the long window, failures are compared with what the budget allows for its usual events. A division would say
    the same; this way a service that was first seen a minute ago has spent a minute's share and no more. How many
    failures are enough is told in `slo.evidence`.
    """
    bad, usual, over_short, short_bad = _names(one, policy, threshold)
    limit = promql.number(threshold.error_ratio)
    conditions = [
        f"{bad} - 1 > {limit} * {usual}",
        f"{bad} - {CONFIDENCE_DEVIATIONS:g} * sqrt({bad}) > {promql.number(one.budget_ratio)} * {usual}",
        f"{over_short} > {limit}",
        further or f"{short_bad} > {FEWEST_STILL:g}",
    ]
    if threshold.short_seconds > policy.base_window_seconds:
        # Else it could begin after the repair, when the long window forgets a busy hour sooner than the trouble.
        where = series.matching(one.service, one.name)
        conditions.insert(3, f"{series.error_ratio_series(policy.base_window_seconds)}{where} > {limit}")
    return "(\n  " + "\n  and ".join(conditions) + "\n)"


def _quiet_thresholds(every: Sequence[Threshold]) -> list[Threshold]:
    """The windows of a ticket at a ratio that pages: for a service where too little happens within those of a page."""
    ratio = max(QUIET_RATIO, *(t.error_ratio for t in every))
    return [replace(t, error_ratio=ratio) for t in every if t.severity is Severity.TICKET]


def _is_quiet(one: Slice, policy: BurnPolicy, thresholds: Sequence[Threshold]) -> str:
    """Fewer than two events in the longest of the short windows of a page: those windows cannot judge."""
    longest = max(threshold.short_seconds for threshold in thresholds)
    return f"{series.events_within(policy, longest)}{series.matching(one.service, one.name)} <= {FEWEST_STILL:g}"


def _kept(one: Slice, severity: Severity, policy: BurnPolicy, thresholds: Sequence[Threshold]) -> str:
    """It fires, and no short window says that it is over: neither silence nor a single failure is a recovery.

    It ends when the long window has forgotten, or a short one has seen enough that went well.
    """
    kept = []
    for threshold in thresholds:
        bad, usual, over_short, _ = _names(one, policy, threshold)
        limit = promql.number(threshold.error_ratio)
        kept.append(f"({bad} > {limit} * {usual} unless {over_short} <= {limit})")
    alternatives = "\n    or ".join(kept)
    return f"(\n  (\n    {alternatives}\n  )\n  and on ({_on(one)}) {_firing(one, severity)}\n)"


def _silent(one: Slice, severity: Severity) -> str:
    """It fires, and then the events stopped being recorded at all: a vanished target repairs nothing."""
    events = f"{series.EVENTS}{series.matching(one.service, one.name)}"
    return (
        f"(\n  max by ({_on(one)}) ({_firing(one, severity)})\n  unless on ({names.SERVICE}, {names.SLICE}) {events}\n)"
    )


def _names(one: Slice, policy: BurnPolicy, threshold: Threshold) -> tuple[str, str, str, str]:
    """Bad and usual events of the long window, error ratio and bad events of the short one."""
    where = series.matching(one.service, one.name)
    return (
        f"{series.bad_within(policy, threshold.long_seconds)}{where}",
        f"{series.usual_events_series(threshold.long_seconds)}{where}",
        f"{series.error_ratio_series(threshold.short_seconds)}{where}",
        f"{series.bad_within(policy, threshold.short_seconds)}{where}",
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
