"""What an alert says: how bad, how much budget is left and until when, who is hurt most, and when it ends by itself.

The texts are templates that Prometheus fills in when the alert fires, by asking the recorded series. What it cannot
know it calls unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from parapet.artifacts import promql
from parapet.artifacts.rules import plain
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.core.vocabulary import Severity
from parapet.slo import series
from parapet.slo.budget import budget_seconds, percent
from parapet.slo.burn import BurnPolicy, Threshold
from parapet.slo.catalog import is_address
from parapet.slo.durations import spoken
from parapet.slo.slice import Slice

UNKNOWN = "unknown"


def burn_texts(one: Slice, severity: Severity, policy: BurnPolicy, wiring: Wiring) -> dict[str, str]:
    """The annotations of a slice's page or ticket."""
    harm = "users are harmed now" if severity is Severity.PAGE else "slow, steady harm"
    groups = "".join(f", {label} {{{{ $labels.{label} }}}}" for label in one.group_by)
    thresholds = [each for each in policy.thresholds(one.objective) if each.severity is severity]
    here = workbench_link(wiring, one)
    sentences = (
        _burn(one, policy),
        _budget(one, policy),
        _exhaustion(one, policy),
        _worst_group(one),
        _clears(thresholds),
        plain(one.description),
        f"{names.WORKBENCH_POINTER}{plain(here)}",
    )
    return told(
        {
            names.TITLE: plain(one.trouble_title),
            names.SUMMARY: f"{plain(one.trouble_title)}: {harm}{groups}",
            names.DESCRIPTION: " ".join(" ".join(filter(None, sentences)).split()),
            names.BUDGET: _budget(one, policy),
            names.RUNBOOK_URL: plain(one.runbook if one.runbook and is_address(one.runbook) else here),
            names.RUNBOOK: plain(one.runbook or ""),
            names.WORKBENCH_URL: plain(here),
            names.FAULT_PLANE: plain(one.fault_plane),
            names.OWNER: plain(one.owner),
            names.JOURNEY: plain(one.journey or ""),
        }
    )


def stale_texts(one: Slice, policy: BurnPolicy, wiring: Wiring) -> dict[str, str]:
    """The annotations of what a slice raises when its target answers and its metric is not there."""
    here = workbench_link(wiring, one)
    text = (
        f"The target answers, and its counters are gone for {spoken(policy.current_window_seconds)}. Whether users "
        "succeed is unknown: neither good nor bad. Look for a deploy that renamed or removed the metric, a label or "
        f"the code that counts. It clears by itself when the metric is there again. Evidence: {plain(here)}"
    )
    return told(
        {
            names.TITLE: f"Not measured: {plain(one.title)}",
            names.SUMMARY: f"Not measured: {plain(one.title)}. The target is up, the metric is gone",
            names.DESCRIPTION: text,
            names.RUNBOOK_URL: plain(here),
            names.WORKBENCH_URL: plain(here),
            names.OWNER: plain(one.owner),
            names.JOURNEY: plain(one.journey or ""),
        }
    )


def gone_texts(job: str, wiring: Wiring) -> dict[str, str]:
    """The annotations of what a service raises when no target of *job* answers."""
    text = (
        f"Prometheus reaches no target of the job {job}, or reads the same old page again and again: nobody knows how "
        "users fare with what it measures. A page that fires stays until it is heard of again. Try it yourself, then "
        "look at process, network and scrape configuration, and at caches and gateways in between. It clears by itself "
        f"when a target answers with a page of now. Evidence: {wiring.workbench_url}/"
    )
    return {
        names.TITLE: f"Not reached: {plain(job)}",
        names.SUMMARY: f"Not reached: {plain(job)}. The target is gone, and nobody knows how users fare",
        names.DESCRIPTION: plain(text),
        names.RUNBOOK_URL: plain(f"{wiring.workbench_url}/"),
        names.WORKBENCH_URL: plain(f"{wiring.workbench_url}/"),
    }


def workbench_link(wiring: Wiring, one: Slice) -> str:
    """Where the workbench tells about a slice."""
    return f"{wiring.workbench_url}/go?" + urlencode({names.SERVICE: one.service, names.SLICE: one.name})


def told(texts: dict[str, str]) -> dict[str, str]:
    """*texts* without the empty ones."""
    return {name: text for name, text in texts.items() if text}


def _burn(one: Slice, policy: BurnPolicy) -> str:
    window = policy.current_window_seconds
    bad, events = series.bad_within(policy, window), series.events_within(policy, window)
    return (
        f"Burning the error budget of {percent(one.objective)} at {_value(one, series.CURRENT_BURN, '%.1f')} times the "
        f"rate it can bear, over {spoken(window)}: {_value(one, bad, '%.0f')} of {_value(one, events, '%.0f')} failed."
    )


def _budget(one: Slice, policy: BurnPolicy) -> str:
    """What is left, in percent, minutes and events; below nothing, by how much it is overspent."""
    minutes = promql.number(round(budget_seconds(one.objective, policy.period_seconds) / 60, 1))
    share = (
        f"{{{{ with query {_query(one, series.BUDGET_REMAINING)} }}}}{{{{ $left := . | first | value }}}}"
        '{{ if lt $left 0.0 }}overspent by {{ humanizePercentage $left | reReplaceAll "^-" "" }}'
        "{{ else }}{{ humanizePercentage $left }} left{{ end }}"
        f"{{{{ else }}}}{UNKNOWN}{{{{ end }}}}"
    )
    return (
        f"Budget of {spoken(policy.period_seconds)}: {share} "
        f"({_value(one, series.BUDGET_REMAINING_MINUTES, '%.1f')} of {minutes} minutes, "
        f"{_value(one, series.BUDGET_REMAINING_EVENTS, '%.0f')} failures)."
    )


def _exhaustion(one: Slice, policy: BurnPolicy) -> str:
    return (
        f"{{{{ with query {_query(one, series.EXHAUSTION)} }}}}{{{{ $seconds := . | first | value }}}}"
        "{{ if gt $seconds 0.0 }}If it burns on like this, the budget is used up in {{ humanizeDuration $seconds }}."
        "{{ else }}The budget is used up.{{ end }}"
        f"{{{{ else }}}}When the budget is used up is {UNKNOWN}, or later than in {spoken(policy.period_seconds)}."
        "{{ end }}"
    )


def _worst_group(one: Slice) -> str:
    """The group that burns fastest, be it this one or another."""
    if not one.group_by:
        return ""
    query = f"`topk(1, {series.CURRENT_BURN}{series.matching(one.service, one.name)})`"
    named = ", ".join(f'{label} {{{{ . | first | label "{label}" }}}}' for label in one.group_by)
    return (
        f'{{{{ with query {query} }}}}Worst: {named}, {{{{ . | first | value | printf "%.1f" }}}} times.'
        f"{{{{ else }}}}Worst: {UNKNOWN}.{{{{ end }}}}"
    )


def _clears(thresholds: Sequence[Threshold]) -> str:
    shares = " and ".join(
        f"{percent(round(each.release_ratio, 6))} fail over {spoken(each.short_seconds)}" for each in thresholds
    )
    return f"It clears by itself once at most {shares}."


def _value(one: Slice, name: str, form: str) -> str:
    """A template for the value of the recorded series *name* when the alert fires; unknown if it has none."""
    shown = f'{{{{ . | first | value | printf "{form}" }}}}'
    return f"{{{{ with query {_query(one, name)} }}}}{shown}{{{{ else }}}}{UNKNOWN}{{{{ end }}}}"


def _query(one: Slice, name: str) -> str:
    """The selector of a recorded series for the alert's own group, as a template.

    Slice and service names are checked words; only group values come from outside, and those are quoted by the
    template itself.
    """
    groups = one.group_by
    where = [f'{names.SERVICE}="{one.service}"', f'{names.SLICE}="{one.name}"', *(f"{label}=%q" for label in groups)]
    query = f"`{name}{{{','.join(where)}}}`"
    if groups:
        query = f"(printf {query} {' '.join(f'$labels.{label}' for label in groups)})"
    return query
