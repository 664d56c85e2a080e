"""Diagnostics to rules: their own two event series, one ratio, and a ticket that needs enough bad events."""

from __future__ import annotations

from math import ceil
from urllib.parse import urlencode

from parapet.artifacts import promql
from parapet.artifacts.base import base_rules, outside_maintenance
from parapet.artifacts.recording import labelled, slow_interval_seconds
from parapet.artifacts.rules import Group, Rule, plain, slice_labels
from parapet.artifacts.windows import at_steps, summed
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.core.vocabulary import Severity
from parapet.slo import series
from parapet.slo.budget import percent
from parapet.slo.burn import BurnPolicy
from parapet.slo.catalog import Catalog, is_address
from parapet.slo.diagnostic import LEAST_HISTORY, Diagnostic
from parapet.slo.durations import prometheus_duration, spoken
from parapet.slo.evidence import CONFIDENCE_DEVIATIONS
from parapet.slo.sli import LastSuccess, Raw


def diagnostic_recording_groups(catalog: Catalog, wiring: Wiring) -> tuple[Group, ...]:
    """One group per diagnostic, and another for what is usual, which may be evaluated less often."""
    return tuple(group for one in catalog.diagnostics for group in _recording_groups(one, catalog, wiring))


def diagnostic_alert_groups(catalog: Catalog, wiring: Wiring) -> tuple[Group, ...]:
    """One group per diagnostic, with one alert, which never pages."""
    return tuple(
        Group(
            name=f"{_group_name(one)}:alerts",
            interval_seconds=wiring.evaluation_interval_seconds,
            rules=(outside_maintenance(_alert(one, catalog, wiring), one, catalog),),
        )
        for one in catalog.diagnostics
    )


def _recording_groups(one: Diagnostic, catalog: Catalog, wiring: Wiring) -> tuple[Group, ...]:
    policy, window, over = catalog.burn, catalog.window_of(one), spoken(catalog.window_of(one))
    labels, ratio = slice_labels(one), _ratio(one, policy, window)
    rules = (
        *base_rules(
            one,
            policy.base_window_seconds,
            wiring.scrape_interval_seconds,
            catalog.maintenances_of(one),
            rests_by_hand=catalog.rests_by_hand,
            events=series.DIAGNOSTIC_EVENTS,
            bad_events=series.DIAGNOSTIC_BAD_EVENTS,
        ),
        Rule(
            record=series.DIAGNOSTIC_RATIO,
            expr=ratio,
            comment=f"Share of events that were bad over {over}; absent while there were none.",
        ),
        Rule(
            record=series.DIAGNOSTIC_BAD_COUNT,
            expr=_counted(one, policy, window),
            comment=f"Bad events within {over}: whether they are enough to judge by.",
        ),
        Rule(
            record=series.DIAGNOSTIC_THRESHOLD,
            expr=f"vector({promql.number(one.threshold_ratio)})",
            labels={names.TITLE: one.title},
            comment=f"More than {percent(one.threshold_ratio)} is worth a look. No promise, so no budget.",
        ),
    )
    group = Group(
        name=_group_name(one),
        interval_seconds=wiring.evaluation_interval_seconds,
        rules=labelled(rules, labels),
    )
    if one.times_usual is None:
        return (group,)
    usual = Rule(
        record=series.DIAGNOSTIC_USUAL,
        expr=_usual(one, catalog),
        comment=f"The same over {spoken(catalog.usual_of(one))} before; absent without a seventh of that history.",
    )
    slow = slow_interval_seconds(policy, wiring)
    return (group, Group(name=f"{group.name}:usual", interval_seconds=slow, rules=labelled((usual,), labels)))


def _ratio(one: Diagnostic, policy: BurnPolicy, window_seconds: float) -> str:
    bad, events = (
        summed(one, policy, name, window_seconds) for name in (series.DIAGNOSTIC_BAD_EVENTS, series.DIAGNOSTIC_EVENTS)
    )
    return f"{_floored(one, bad)}\n/\n({events} > 0)"


def _counted(one: Diagnostic, policy: BurnPolicy, window_seconds: float) -> str:
    return _floored(one, summed(one, policy, series.DIAGNOSTIC_BAD_EVENTS, window_seconds))


def _floored(one: Diagnostic, bad: str) -> str:
    """More may end well in a window than began in it; less than nothing is bad then."""
    sli = one.sli
    behind = not isinstance(sli, LastSuccess | Raw) and sli.counted.part_is_good and sli.counted.part_has_own_counters
    return f"clamp_min({bad}, 0)" if behind else bad


def _usual(one: Diagnostic, catalog: Catalog) -> str:
    policy, usual = catalog.burn, catalog.usual_of(one)
    before = f"offset {prometheus_duration(catalog.window_of(one))}"
    bad, events = (
        f"{at_steps(one, policy, name, usual)} {before}"
        for name in (series.DIAGNOSTIC_BAD_EVENTS, series.DIAGNOSTIC_EVENTS)
    )
    looks = promql.number(ceil(usual * LEAST_HISTORY / policy.base_window_seconds))
    share = f"{_floored(one, f'sum_over_time({bad})')}\n/\n(sum_over_time({events}) > 0)"
    return f"{share}\nand count_over_time({events}) >= {looks}"


def _alert(one: Diagnostic, catalog: Catalog, wiring: Wiring) -> Rule:
    where, window = series.matching(one.service, one.name), spoken(catalog.window_of(one))
    ratio, count = f"{series.DIAGNOSTIC_RATIO}{where}", f"{series.DIAGNOSTIC_BAD_COUNT}{where}"
    limits = [promql.number(one.threshold_ratio)]
    if one.times_usual is not None:
        limits.append(f"({promql.number(one.times_usual)} * {series.DIAGNOSTIC_USUAL}{where})")
    enough = f"{CONFIDENCE_DEVIATIONS:g}"
    beyond = (f"{ratio} > {limit}\nand sqrt({count}) * (1 - {limit} / {ratio}) > {enough}" for limit in limits)
    stays = [f"{ratio} > {promql.number(one.stays_ratio)}"]
    if one.stays_times_usual is not None:
        stays.append(f"{ratio} > ({promql.number(one.stays_times_usual)} * {series.DIAGNOSTIC_USUAL}{where})")
    on = ", ".join((names.SERVICE, names.SLICE, *one.group_by))
    firing = f'ALERTS{{alertname="{names.ALERT_DIAGNOSTIC}",alertstate="firing",{where[1:]}'
    return Rule(
        alert=names.ALERT_DIAGNOSTIC,
        expr="\nand ".join(beyond) + "\nor\n" + "\nand ".join((*stays, f"on ({on}) {firing}")),
        labels={**slice_labels(one), names.SEVERITY: Severity.TICKET.value},
        annotations=_annotations(one, catalog, wiring),
        comment=f"{_limits(one, catalog)[:1].upper()}{_limits(one, catalog)[1:]} bad over {window}, beyond chance. "
        f"It never pages, and ends below {percent(one.stays_ratio)}{_or_nearly_usual(one)}.",
    )


def _limits(one: Diagnostic, catalog: Catalog) -> str:
    """What is too much, in words."""
    much = f"more than {percent(one.threshold_ratio)}"
    if one.times_usual is None:
        return much
    return f"{much}, and more than {one.times_usual:g} times what was usual for {spoken(catalog.usual_of(one))},"


def _or_nearly_usual(one: Diagnostic) -> str:
    return "" if one.stays_times_usual is None else f", or below {one.stays_times_usual:g} times what is usual"


def _annotations(one: Diagnostic, catalog: Catalog, wiring: Wiring) -> dict[str, str]:
    window_seconds = catalog.window_of(one)
    here = f"{wiring.workbench_url}/go?" + urlencode({names.SERVICE: one.service, names.SLICE: one.name})
    groups = "".join(f", {label} {{{{ $labels.{label} }}}}" for label in one.group_by)
    share = "{{ $value | humanizePercentage }}"
    description = (
        f"{share} of the events were bad over {spoken(window_seconds)}; {_limits(one, catalog)} is worth a look. "
        f"{plain(one.description)} Evidence, changes and next steps: {plain(here)}"
    )
    texts = {
        names.TITLE: plain(one.title),
        names.SUMMARY: f"{plain(one.title)}{groups}: {share} of the events were bad over {spoken(window_seconds)}",
        names.DESCRIPTION: " ".join(description.split()),
        names.RUNBOOK_URL: plain(one.runbook if one.runbook and is_address(one.runbook) else here),
        names.RUNBOOK: plain(one.runbook or ""),
        names.WORKBENCH_URL: plain(here),
        names.FAULT_PLANE: plain(one.fault_plane),
        names.OWNER: plain(one.owner),
        names.JOURNEY: plain(one.journey or ""),
    }
    return {name: text for name, text in texts.items() if text}


def _group_name(one: Diagnostic) -> str:
    return f"parapet:{one.service}:{one.name}"
