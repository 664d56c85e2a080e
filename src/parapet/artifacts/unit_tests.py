"""Unit tests for promtool, for every slice: what the rules promise, checked by the host's own Prometheus tools.

The tests step in fifths of the base window, whatever the evaluation interval: the rules do not depend on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

from parapet.artifacts.batches import in_batches
from parapet.artifacts.examples import Stretch, can_be_invented, has_shares, input_series
from parapet.artifacts.groups import Groups
from parapet.artifacts.render import Node, document
from parapet.artifacts.standing import jobs_of, patience_seconds
from parapet.core import names
from parapet.core.vocabulary import Severity
from parapet.slo import series
from parapet.slo.budget import percent
from parapet.slo.burn import BurnPolicy
from parapet.slo.catalog import Catalog
from parapet.slo.durations import prometheus_duration, spoken
from parapet.slo.reach import worst_case_seconds
from parapet.slo.slice import Slice

STEPS_PER_BASE = 5
SLACK_STEPS = 3
"""A scrape and two evaluations: what passes between an event and an alert beside the arithmetic."""
BUSY = 6_000.0
"""Events a step: far above the evidence guard."""
SOME_ERRORS = 0.02
SOME_ERRORS_BASES = 10
"""For so many base windows: 50 minutes, by default."""
NEAR = 0.1
"""What would fire so soon after the end, relatively, is not asserted about: rounding would decide."""
PAST_STEPS = 2 * STEPS_PER_BASE
"""How long all is well before anything happens. Long enough: a past that nobody saw counts as a usual one."""
LONGEST_BASES = 4
"""A quieter alert is waited for if it comes within so many base windows of the loudest one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Expectation:
    """At a step, which severity fires or does not, since when."""

    step: int
    severity: Severity
    fires: bool
    ever_since_start: bool = False
    """Not only at that step, but never before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One slice's part in a test: its traffic and what must follow."""

    stretches: tuple[Stretch, ...]
    expectations: tuple[_Expectation, ...]


def unit_tests_file(catalog: Catalog, groups: Groups) -> str:
    """The text of a test file for `promtool test rules`, beside the two rule files."""
    step_seconds = catalog.burn.base_window_seconds / STEPS_PER_BASE
    step = prometheus_duration(step_seconds)
    tests: list[Node] = []
    batches = in_batches(one for one in catalog if can_be_invented(one))
    scenarios: Sequence[tuple[str, Callable[[Slice, BurnPolicy], _Case | None]]] = (
        ("one failure among three, idle, errors within the budget, idle: silent", _calm),
        ("total outage fires in time, recovery clears it", _outage),
        ("the target vanishes during an outage: the alert stays", _vanished),
        (f"{percent(SOME_ERRORS)} errors fire what arithmetic says, and nothing else", _some_errors),
    )
    for title, scenario in scenarios:
        for batch in batches:
            told = ((one, scenario(one, catalog.policy_of(one))) for one in batch)
            cases = [(one, case) for one, case in told if case is not None]
            about = ", ".join(one.name for one, _ in cases)
            if cases:
                tests.append(_test(f"{title} ({about})", cases, step, step_seconds))
    tests += _unheard(catalog, step, step_seconds)
    # Without an order promtool draws one at every run: what is recorded late is judged an evaluation late.
    return document(
        {
            "rule_files": ["recording.yml", "alerts.yml"],
            "group_eval_order": [group.name for group in groups.all],
            "evaluation_interval": step,
            "tests": tests,
        },
        "Run: promtool test rules tests.yml",
        *(_in_words(one, catalog.policy_of(one)) for one in catalog),
    )


def _unheard(catalog: Catalog, step: str, step_seconds: float) -> list[Node]:
    """No target, and a target without the metrics: each told as what it is."""
    jobs = sorted({job for one in catalog for job in jobs_of(one)})
    told = _steps(catalog.burn, patience_seconds(catalog.burn)) + SLACK_STEPS
    gone: Node = {
        "name": "no target answers: told once for each job",
        "interval": step,
        "input_series": [{"series": _up(job), "values": f"1x{PAST_STEPS} 0x{told}"} for job in jobs],
        "promql_expr_test": [
            _asked_stale(names.TARGET, job, at * step_seconds, fires)
            for job in jobs
            for at, fires in ((PAST_STEPS, False), (PAST_STEPS + 1 + told, True))
        ],
    }
    slices = [one for one in catalog if can_be_invented(one) and has_shares(one)]
    if not slices:
        return [gone]
    patience = _steps(catalog.burn, catalog.burn.current_window_seconds) + SLACK_STEPS
    unmeasured: Node = {
        "name": "targets answer without the metrics: told for each slice",
        "interval": step,
        "input_series": [{"series": _up(job), "values": f"1x{patience + 1}"} for job in jobs],
        "promql_expr_test": [_asked_stale(names.SLICE, one.name, patience * step_seconds, True) for one in slices],
    }
    return [gone, unmeasured]


def _up(job: str) -> str:
    return f"up{{job={series.quoted(job)}}}"


def _asked_stale(label: str, value: str, at_seconds: float, fires: bool) -> Node:
    where = f'alertname="{names.ALERT_STALE}",alertstate="firing",{label}={series.quoted(value)}'
    samples: list[Node] = [{"labels": f"{{{label}={series.quoted(value)}}}", "value": 1}] if fires else []
    return {
        "expr": f"max by ({label}) (ALERTS{{{where}}})",
        "eval_time": prometheus_duration(at_seconds),
        "exp_samples": samples,
    }


def _test(title: str, cases: Sequence[tuple[Slice, _Case]], step: str, step_seconds: float) -> Node:
    fed: list[Node] = [
        {"series": name, "values": values}
        for one, case in cases
        for name, values in input_series(one, case.stretches, step_seconds)
    ]
    asked: list[Node] = [_asked(one, e, step_seconds) for one, case in cases for e in case.expectations]
    return {"name": title, "interval": step, "input_series": fed, "promql_expr_test": asked}


def _asked(one: Slice, expectation: _Expectation, step_seconds: float) -> Node:
    alerts = (
        f'ALERTS{{alertname="{series.ALERTS[expectation.severity]}",alertstate="firing",'
        f"{names.SERVICE}={series.quoted(one.service)},{names.SLICE}={series.quoted(one.name)}}}"
    )
    at_seconds = expectation.step * step_seconds
    if expectation.ever_since_start:
        alerts = f"max_over_time({alerts}[{prometheus_duration(at_seconds)}])"
    samples: list[Node] = []
    if expectation.fires:
        labels = f'{{{names.SERVICE}="{one.service}", {names.SLICE}="{one.name}"}}'
        samples.append({"labels": labels, "value": 1})
    return {
        "expr": f"max by ({names.SERVICE}, {names.SLICE}) ({alerts})",
        "eval_time": prometheus_duration(at_seconds),
        "exp_samples": samples,
    }


def _calm(one: Slice, policy: BurnPolicy) -> _Case:
    if not has_shares(one):
        end = 12 * STEPS_PER_BASE
        return _Case(
            stretches=(Stretch(steps=end, good=1, bad=0),),
            expectations=tuple(
                _Expectation(step=end, severity=s, fires=False, ever_since_start=True) for s in one.severities
            ),
        )
    bad = BUSY * one.budget_ratio / 2
    stretches = (
        Stretch(steps=2, good=1, bad=0),
        Stretch(steps=1, good=0, bad=1),
        Stretch(steps=3 * STEPS_PER_BASE, good=0, bad=0),
        Stretch(steps=6 * STEPS_PER_BASE, good=BUSY - bad, bad=bad),
        Stretch(steps=3 * STEPS_PER_BASE, good=0, bad=0),
    )
    end = sum(stretch.steps for stretch in stretches)
    expectations = (_Expectation(step=end, severity=s, fires=False, ever_since_start=True) for s in one.severities)
    return _Case(stretches=stretches, expectations=tuple(expectations))


def _outage(one: Slice, policy: BurnPolicy) -> _Case:
    severity, onset, fired = _fire(one, policy)
    quieter = {each: _fired(one, policy, onset, 1.0, each) for each in one.severities if each is not severity}
    told = {
        each: step
        for each, step in quieter.items()
        if step is not None and step <= fired + LONGEST_BASES * STEPS_PER_BASE
    }
    over = max(fired, *told.values(), 0) + STEPS_PER_BASE
    forgotten_seconds = _longest_short(one, policy, severity) + policy.base_window_seconds
    cleared = over + _steps(policy, forgotten_seconds) + SLACK_STEPS
    return _Case(
        stretches=(
            Stretch(steps=onset, good=BUSY, bad=0),
            Stretch(steps=over - onset, good=0, bad=BUSY),
            Stretch(steps=cleared - over + 1, good=BUSY, bad=0),
        ),
        expectations=(
            _Expectation(step=onset, severity=severity, fires=False, ever_since_start=True),
            _Expectation(step=fired, severity=severity, fires=True),
            *(_Expectation(step=step, severity=each, fires=True) for each, step in told.items()),
            _Expectation(step=cleared, severity=severity, fires=False),
        ),
    )


def _vanished(one: Slice, policy: BurnPolicy) -> _Case:
    severity, onset, fired = _fire(one, policy)
    later = fired + _steps(policy, _longest_short(one, policy, severity) + 2 * policy.base_window_seconds)
    return _Case(
        stretches=(Stretch(steps=onset, good=BUSY, bad=0), Stretch(steps=fired - onset, good=0, bad=BUSY)),
        expectations=(_Expectation(step=later, severity=severity, fires=True),),
    )


def _some_errors(one: Slice, policy: BurnPolicy) -> _Case | None:
    if not has_shares(one):
        return None
    onset = PAST_STEPS
    end = onset + SOME_ERRORS_BASES * STEPS_PER_BASE
    bad = BUSY * SOME_ERRORS
    expectations = []
    for severity in one.severities:
        fired = _fired(one, policy, onset, SOME_ERRORS, severity)
        if fired is not None and fired <= end:
            expectations.append(_Expectation(step=end, severity=severity, fires=True))
        elif fired is None or fired > end + SLACK_STEPS + NEAR * (end - onset):
            expectations.append(_Expectation(step=end, severity=severity, fires=False, ever_since_start=True))
    stretches = (Stretch(steps=onset, good=BUSY, bad=0), Stretch(steps=end - onset, good=BUSY - bad, bad=bad))
    return _Case(stretches=stretches, expectations=tuple(expectations))


def _fire(one: Slice, policy: BurnPolicy) -> tuple[Severity, int, int]:
    """The loudest severity, the step at which a total outage begins, and the one at which it must be firing."""
    severity = _loudest(one)
    return severity, PAST_STEPS, _fired(one, policy, PAST_STEPS, 1.0, severity) or 0


def _fired(one: Slice, policy: BurnPolicy, onset: int, error_ratio: float, severity: Severity) -> int | None:
    """The step by which an alert must fire that has such errors from *onset* on; None: it never does."""
    worst = worst_case_seconds(policy, one.objective, error_ratio, severity)
    return None if worst is None else onset + _steps(policy, worst) + SLACK_STEPS


def _in_words(one: Slice, policy: BurnPolicy) -> str:
    if not can_be_invented(one):
        why = (
            "its raw PromQL has no examples"
            if one.sli.kind == "raw"
            else "promtool cannot be fed with native histograms"
        )
        return f"{one.name}: not tested here, because {why}."
    severity = _loudest(one)
    worst = worst_case_seconds(policy, one.objective, 1.0, severity)
    return (
        f"{one.name}: a total outage must raise a {severity} within {spoken(worst or 0.0)}, and a few steps of slack."
    )


def _loudest(one: Slice) -> Severity:
    return min(one.severities, key=lambda each: each.rank)


def _longest_short(one: Slice, policy: BurnPolicy, severity: Severity) -> float:
    return max(t.short_seconds for t in policy.thresholds(one.objective) if t.severity is severity)


def _steps(policy: BurnPolicy, seconds: float) -> int:
    return ceil(round(seconds * STEPS_PER_BASE / policy.base_window_seconds, 6))
