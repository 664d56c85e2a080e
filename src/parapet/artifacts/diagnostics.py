"""Diagnostics to rules: their own two event series, one ratio, and a ticket that needs enough bad events."""

from __future__ import annotations

from urllib.parse import urlencode

from parapet.artifacts import promql
from parapet.artifacts.base import base_rules
from parapet.artifacts.rules import Group, Rule, plain, slice_labels
from parapet.artifacts.windows import summed
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.core.vocabulary import Severity
from parapet.slo import series
from parapet.slo.budget import percent
from parapet.slo.burn import BurnPolicy
from parapet.slo.catalog import Catalog, is_address
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.durations import spoken
from parapet.slo.evidence import CONFIDENCE_DEVIATIONS


def diagnostic_recording_groups(catalog: Catalog, wiring: Wiring) -> tuple[Group, ...]:
    """One group per diagnostic."""
    return tuple(_recording_group(one, catalog, wiring) for one in catalog.diagnostics)


def diagnostic_alert_groups(catalog: Catalog, wiring: Wiring) -> tuple[Group, ...]:
    """One group per diagnostic, with one alert, which never pages."""
    return tuple(
        Group(
            name=f"{_group_name(one)}:alerts",
            interval_seconds=wiring.evaluation_interval_seconds,
            rules=(_alert(one, catalog.window_of(one), wiring),),
        )
        for one in catalog.diagnostics
    )


def _recording_group(one: Diagnostic, catalog: Catalog, wiring: Wiring) -> Group:
    policy, window, over = catalog.burn, catalog.window_of(one), spoken(catalog.window_of(one))
    labels, ratio = slice_labels(one), _ratio(one, policy, window)
    rules = (
        *base_rules(one, policy.base_window_seconds, series.DIAGNOSTIC_EVENTS, series.DIAGNOSTIC_BAD_EVENTS),
        Rule(
            record=series.DIAGNOSTIC_RATIO,
            expr=ratio,
            comment=f"Share of events that were bad over {over}; absent while there were none.",
        ),
        Rule(
            record=series.DIAGNOSTIC_BAD_COUNT,
            expr=summed(one, policy, series.DIAGNOSTIC_BAD_EVENTS, window),
            comment=f"Bad events within {over}: whether they are enough to judge by.",
        ),
        Rule(
            record=series.DIAGNOSTIC_THRESHOLD,
            expr=f"vector({promql.number(one.threshold_ratio)})",
            labels={names.TITLE: one.title},
            comment=f"More than {percent(one.threshold_ratio)} is worth a look. No promise, so no budget.",
        ),
    )
    return Group(
        name=_group_name(one),
        interval_seconds=wiring.evaluation_interval_seconds,
        rules=tuple(
            Rule(record=rule.record, expr=rule.expr, comment=rule.comment, labels={**labels, **rule.labels})
            for rule in rules
        ),
    )


def _ratio(one: Diagnostic, policy: BurnPolicy, window_seconds: float) -> str:
    bad, events = (
        summed(one, policy, name, window_seconds) for name in (series.DIAGNOSTIC_BAD_EVENTS, series.DIAGNOSTIC_EVENTS)
    )
    return f"{bad}\n/\n({events} > 0)"


def _alert(one: Diagnostic, window_seconds: float, wiring: Wiring) -> Rule:
    where, limit = series.matching(one.service, one.name), promql.number(one.threshold_ratio)
    ratio, count = f"{series.DIAGNOSTIC_RATIO}{where}", f"{series.DIAGNOSTIC_BAD_COUNT}{where}"
    return Rule(
        alert=names.ALERT_DIAGNOSTIC,
        expr=f"{ratio} > {limit}\nand sqrt({count}) * (1 - {limit} / {ratio}) > {CONFIDENCE_DEVIATIONS:g}",
        labels={**slice_labels(one), names.SEVERITY: Severity.TICKET.value},
        annotations=_annotations(one, window_seconds, wiring),
        comment=f"More than {percent(one.threshold_ratio)} bad over {spoken(window_seconds)}, beyond chance. "
        "It never pages, and ends with what it saw.",
    )


def _annotations(one: Diagnostic, window_seconds: float, wiring: Wiring) -> dict[str, str]:
    here = f"{wiring.workbench_url}/go?" + urlencode({names.SERVICE: one.service, names.SLICE: one.name})
    groups = "".join(f", {label} {{{{ $labels.{label} }}}}" for label in one.group_by)
    description = (
        f"{{{{ $value | humanizePercentage }}}} of the events were bad over {spoken(window_seconds)}; more than "
        f"{percent(one.threshold_ratio)} is worth a look. {plain(one.description)} Evidence, changes and next steps: "
        f"{plain(here)}"
    )
    texts = {
        names.TITLE: plain(one.title),
        names.SUMMARY: f"{plain(one.title)}{groups}",
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
