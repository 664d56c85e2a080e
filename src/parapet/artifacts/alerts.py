"""Slices to alerts: one per severity, true only if the budget burns, still burns, and enough failed to say so."""

from __future__ import annotations

from collections.abc import Sequence

from parapet.artifacts import promql
from parapet.artifacts.base import outside_maintenance
from parapet.artifacts.rules import Group, Rule, plain, slice_labels
from parapet.artifacts.standing import firing, frozen, jobs_of, nothing_is_up, on_labels, patience_seconds
from parapet.artifacts.texts import burn_texts, gone_texts, stale_texts
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.core.vocabulary import Severity
from parapet.slo import series
from parapet.slo.budget import percent
from parapet.slo.burn import BurnPolicy, Threshold
from parapet.slo.catalog import Catalog
from parapet.slo.durations import spoken
from parapet.slo.evidence import CONFIDENCE_DEVIATIONS, FEWEST_STILL, quiet_thresholds
from parapet.slo.reach import worst_case_seconds
from parapet.slo.selector import one_of
from parapet.slo.slice import Slice
from parapet.slo.state import Silence

TARGET_GONE, METRIC_GONE = "target_gone", "metric_gone"
"""Values of the label `signal` of what is raised when nothing is heard."""


def alert_groups(catalog: Catalog, wiring: Wiring) -> tuple[Group, ...]:
    """One group per slice: an alert per severity that it may raise, and one if its metric is gone; one group per
    service, for targets that are gone."""
    interval = wiring.evaluation_interval_seconds
    mine = tuple(
        Group(
            name=f"parapet:{one.service}:{one.name}:alerts",
            interval_seconds=interval,
            rules=(
                *(
                    outside_maintenance(_alert(one, severity, catalog.policy_of(one), wiring), one, catalog)
                    for severity in Severity
                    if severity in one.severities
                ),
                outside_maintenance(_metric_gone(one, catalog.policy_of(one), wiring), one, catalog),
            ),
        )
        for one in catalog
    )
    jobs = sorted({job for one in catalog for job in jobs_of(one)})
    gone = tuple(_target_gone(job, catalog, wiring) for job in jobs)
    targets = (Group(name=f"parapet:{catalog.service}:targets", interval_seconds=interval, rules=gone),)
    return (*mine, *(targets if gone else ()))


def _metric_gone(one: Slice, policy: BurnPolicy, wiring: Wiring) -> Rule:
    """The target answers without the metric, for as long as "now" is: no outage, and no health either."""
    return Rule(
        alert=names.ALERT_STALE,
        expr=f"{series.SILENCE}{series.matching(one.service, one.name)} == {Silence.METRIC_GONE:d}",
        for_seconds=policy.current_window_seconds,
        labels={**slice_labels(one), names.SEVERITY: Severity.TICKET.value, names.SIGNAL: METRIC_GONE},
        annotations=stale_texts(one, policy, wiring),
        comment="The target is up and the metric is gone. Never a page: it is unknown how users fare.",
    )


def _target_gone(job: str, catalog: Catalog, wiring: Wiring) -> Rule:
    """One ticket for a job that does not answer, or only with an old page, however many slices it measures."""
    dead = nothing_is_up((job,))
    if job == catalog.service:
        dead = f"({dead}\nor on ()\n{frozen(job)})"
    return Rule(
        alert=names.ALERT_STALE,
        expr=_unless_all_rest(dead, job, catalog),
        for_seconds=patience_seconds(catalog.burn),
        labels={
            names.SERVICE: catalog.service,
            names.SEVERITY: Severity.TICKET.value,
            names.SIGNAL: TARGET_GONE,
            names.TARGET: job,
        },
        annotations=gone_texts(job, wiring),
        comment=f"No target of {job} answers with a page of now. What pages stays; its slices are not heard of.",
    )


def _unless_all_rest(expr: str, job: str, catalog: Catalog) -> str:
    """*expr*, but not while every slice that the *job* measures is under maintenance."""
    measured = [one for one in catalog if job in jobs_of(one)]
    if not all(catalog.may_rest(one) for one in measured):
        return expr
    mine = promql.matcher_text(one_of(names.SLICE, *(one.name for one in measured)))
    where = f"{series.matching(catalog.service)[:-1]},{mine}}}"
    return f"{expr}\nunless on ()\n(min({series.UNCOUNTED}{where}) == 1)"


def _alert(one: Slice, severity: Severity, policy: BurnPolicy, wiring: Wiring) -> Rule:
    every = policy.thresholds(one.objective)
    thresholds = [threshold for threshold in every if threshold.severity is severity]
    quiet = quiet_thresholds(every) if severity is Severity.PAGE else []
    clauses = [
        *(_burning(one, policy, threshold) for threshold in thresholds),
        *(_burning(one, policy, threshold, _is_quiet(one, policy, thresholds)) for threshold in quiet),
        _kept(one, severity, policy, thresholds, quiet),
        _silent(one, severity),
    ]
    return Rule(
        alert=series.ALERTS[severity],
        expr="\nor\n".join(clauses),
        labels={
            **slice_labels(one),
            names.SEVERITY: severity.value,
            **{label: plain(value) for label, value in one.alert_labels.get(severity, {}).items()},
        },
        annotations=burn_texts(one, severity, policy, wiring),
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


def _is_quiet(one: Slice, policy: BurnPolicy, thresholds: Sequence[Threshold]) -> str:
    """Fewer than two events in the longest of the short windows of a page: those windows cannot judge."""
    longest = max(threshold.short_seconds for threshold in thresholds)
    return f"{series.events_within(policy, longest)}{series.matching(one.service, one.name)} <= {FEWEST_STILL:g}"


def _kept(
    one: Slice, severity: Severity, policy: BurnPolicy, thresholds: Sequence[Threshold], quiet: Sequence[Threshold]
) -> str:
    """It fires, and no short window says that it is over: neither silence nor a single failure is a recovery.

    It ends when the long window has forgotten, or a short one has seen that clearly less fails than would begin it:
    what wavers around the threshold is one alert. The windows of a *quiet* service are days: a group that vanished
    beside others is not kept by those.
    """
    kept = []
    for threshold in (*thresholds, *quiet):
        bad, usual, over_short, _ = _names(one, policy, threshold)
        release = promql.number(threshold.release_ratio)
        there = f" and {series.EVENTS}{series.matching(one.service, one.name)}" if threshold in quiet else ""
        kept.append(f"({bad} > {release} * {usual} unless {over_short} <= {release}{there})")
    alternatives = "\n    or ".join(kept)
    return f"(\n  (\n    {alternatives}\n  )\n  and on ({on_labels(one)}) {firing(one, severity)}\n)"


def _silent(one: Slice, severity: Severity) -> str:
    """It fires, and then nobody heard of the events any more: a target that vanished or froze repairs nothing."""
    where, on = series.matching(one.service, one.name), f"on ({names.SERVICE}, {names.SLICE})"
    heard = f"({series.EVENTS}{where} unless {on} {series.SILENCE}{where} == {Silence.FROZEN:d})"
    fires = f"max by ({on_labels(one)}) ({firing(one, severity)})"
    return f"(\n  {fires}\n  unless {on} {heard}\n)"


def _names(one: Slice, policy: BurnPolicy, threshold: Threshold) -> tuple[str, str, str, str]:
    """Bad and usual events of the long window, error ratio and bad events of the short one."""
    where = series.matching(one.service, one.name)
    return (
        f"{series.bad_within(policy, threshold.long_seconds)}{where}",
        f"{series.usual_events_series(threshold.long_seconds)}{where}",
        f"{series.error_ratio_series(threshold.short_seconds)}{where}",
        f"{series.bad_within(policy, threshold.short_seconds)}{where}",
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
