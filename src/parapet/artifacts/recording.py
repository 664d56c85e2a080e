"""Slices to recording rules: two event series per slice and group (see `base`), and all that is derived from those."""

from __future__ import annotations

from collections.abc import Iterable

from parapet.artifacts import promql
from parapet.artifacts.base import base_rules
from parapet.artifacts.dashboards.places import page_of, uid_of
from parapet.artifacts.rules import Group, Rule, slice_labels
from parapet.artifacts.standing import heartbeat_rule, jobs_of, standing_rules
from parapet.artifacts.windows import at_steps, stepped_rules, window_rules
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.slo import series
from parapet.slo.budget import in_words, percent
from parapet.slo.burn import BurnPolicy
from parapet.slo.catalog import Catalog
from parapet.slo.durations import prometheus_duration, spoken
from parapet.slo.slice import Slice


def recording_groups(catalog: Catalog, wiring: Wiring) -> tuple[Group, ...]:
    """Two groups per slice: what alerts wait for, and what may be evaluated less often; and one for the service."""
    beats = Group(
        name=f"parapet:{catalog.service}:heartbeat",
        interval_seconds=wiring.evaluation_interval_seconds,
        rules=(heartbeat_rule(catalog.service, catalog.burn),),
    )
    own = any(catalog.service in jobs_of(one) for one in catalog)
    return (*(group for one in catalog for group in _groups(one, catalog, wiring)), *((beats,) if own else ()))


def slow_interval_seconds(policy: BurnPolicy, wiring: Wiring) -> float:
    """How often long windows are evaluated. Less than half a base window, so that readers never see a gap."""
    return max(wiring.evaluation_interval_seconds, policy.base_window_seconds * 0.4)


def _groups(one: Slice, catalog: Catalog, wiring: Wiring) -> tuple[Group, Group]:
    policy, labels = catalog.policy_of(one), slice_labels(one)
    thresholds = policy.thresholds(one.objective)
    always = {policy.base_window_seconds, policy.current_window_seconds}
    windows = sorted({w for t in thresholds for w in (t.long_seconds, t.short_seconds)} | always)
    brief = [w for w in windows if not policy.read_in_steps(w)]
    long = [w for w in windows if policy.read_in_steps(w)]
    fast = (
        *base_rules(
            one,
            policy.base_window_seconds,
            wiring.scrape_interval_seconds,
            catalog.maintenances_of(one),
            rests_by_hand=catalog.rests_by_hand,
        ),
        *_facts(one, policy, wiring),
        *(rule for w in brief for rule in window_rules(one, policy, brief, w)),
        _current_burn(one, policy),
        _exhaustion(one, policy),
        *standing_rules(one, policy, maintained=catalog.may_rest(one)),
    )
    slow = (
        *(rule for w in long for rule in stepped_rules(one, policy, w)),
        *_period(one, policy),
    )
    name = f"parapet:{one.service}:{one.name}"
    return (
        Group(name=name, interval_seconds=wiring.evaluation_interval_seconds, rules=labelled(fast, labels)),
        Group(
            name=f"{name}:period",
            interval_seconds=slow_interval_seconds(policy, wiring),
            rules=labelled(slow, labels),
        ),
    )


def labelled(rules: Iterable[Rule], labels: dict[str, str]) -> tuple[Rule, ...]:
    return tuple(
        Rule(record=rule.record, expr=rule.expr, comment=rule.comment, labels={**labels, **rule.labels})
        for rule in rules
    )


def _facts(one: Slice, policy: BurnPolicy, wiring: Wiring) -> tuple[Rule, ...]:
    info = {
        "objective": promql.number(one.objective),
        "period": prometheus_duration(policy.period_seconds),
        names.TITLE: one.title,
        names.OWNER: one.owner,
        names.FAULT_PLANE: one.fault_plane,
        names.JOURNEY: one.journey or "",
        names.DASHBOARD: uid_of(one.service, page_of(one)) if wiring.dashboards else "",
        names.WORKBENCH: wiring.workbench_url,
    }
    return (
        Rule(
            record=series.OBJECTIVE,
            expr=f"vector({promql.number(one.objective)})",
            comment=f"The promise: {in_words(one.objective, policy.period_seconds)}.",
        ),
        Rule(
            record=series.BUDGET,
            expr=f"vector({promql.number(one.budget_ratio)})",
            comment=f"The error budget: {percent(one.budget_ratio)} of events may be bad.",
        ),
        Rule(
            record=series.PERIOD,
            expr=f"vector({promql.number(policy.period_seconds)})",
            comment="What the budget is for.",
        ),
        Rule(
            record=series.INFO,
            expr="vector(1)",
            labels={label: text for label, text in info.items() if text},
            comment="What does not change, as labels, to join with.",
        ),
    )


def _current_burn(one: Slice, policy: BurnPolicy) -> Rule:
    ratio = f"{series.error_ratio_series(policy.current_window_seconds)}{series.matching(one.service, one.name)}"
    return Rule(
        record=series.CURRENT_BURN,
        expr=f"{ratio} / {promql.number(one.budget_ratio)}",
        comment="Burn now: 1 uses exactly the budget within the period.",
    )


def _exhaustion(one: Slice, policy: BurnPolicy) -> Rule:
    where, period = series.matching(one.service, one.name), promql.number(policy.period_seconds)
    left = f"clamp_min({series.BUDGET_REMAINING}{where}, 0)"
    return Rule(
        record=series.EXHAUSTION,
        expr=f"{left} * {period} / ({series.CURRENT_BURN}{where} > 0) <= {period}",
        comment="Until the budget is used up if it burns on like this; absent if it will last the period.",
    )


def _period(one: Slice, policy: BurnPolicy) -> tuple[Rule, ...]:
    period, where = policy.period_seconds, series.matching(one.service, one.name)
    bad, events = (at_steps(one, policy, name, period) for name in (series.BAD_EVENTS, series.EVENTS))
    budget, steps = promql.number(one.budget_ratio), promql.number(period / policy.base_window_seconds)
    counted_bad, counted = series.BAD_EVENTS_OF_PERIOD, series.EVENTS_OF_PERIOD
    minutes = promql.number(one.budget_ratio * period / 60)
    return (
        Rule(record=counted_bad, expr=f"sum_over_time({bad})", comment=f"Bad events within {spoken(period)}."),
        Rule(record=counted, expr=f"sum_over_time({events})", comment=f"Events within {spoken(period)}."),
        Rule(
            record=series.USUAL_EVENTS,
            expr=f"{steps} * avg_over_time({events})",
            comment=f"Events of {spoken(period)} at average traffic: as counted, once there is that much history.",
        ),
        Rule(
            record=series.PERIOD_BURN,
            expr=f"{counted_bad}{where} / ({counted}{where} > 0) / {budget}",
            comment="Burn over the period, as far back as there is history.",
        ),
        Rule(
            record=series.BUDGET_REMAINING,
            expr=f"1 - {counted_bad}{where} / ({budget} * {series.USUAL_EVENTS}{where} > 0)",
            comment="Share of the budget that is left. Time without history counts as usual traffic without failures.",
        ),
        Rule(
            record=series.BUDGET_REMAINING_MINUTES,
            expr=f"{minutes} * {series.BUDGET_REMAINING}{where}",
            comment="The same, in minutes of total outage at usual traffic.",
        ),
        Rule(
            record=series.BUDGET_REMAINING_EVENTS,
            expr=f"{budget} * {series.USUAL_EVENTS}{where} * {series.BUDGET_REMAINING}{where}",
            comment="The same, in bad events at usual traffic.",
        ),
    )
