"""How every slice stands, as recorded series: whether we hear of it at all, and one number for its state."""

from __future__ import annotations

from collections.abc import Sequence

from parapet.artifacts import promql
from parapet.artifacts.rules import Rule
from parapet.core import names
from parapet.core.vocabulary import Severity
from parapet.slo import series
from parapet.slo.burn import BurnPolicy
from parapet.slo.durations import prometheus_duration
from parapet.slo.evidence import CONFIDENCE_DEVIATIONS, fewest_events
from parapet.slo.selector import one_of
from parapet.slo.sli import families_of
from parapet.slo.slice import Slice
from parapet.slo.state import Silence, StateNumber

SHORTEST_PATIENCE_SECONDS = 60.0

_BURNING = {Severity.PAGE: StateNumber.BURNING_PAGE, Severity.TICKET: StateNumber.BURNING_TICKET}


def standing_rules(one: Slice, policy: BurnPolicy, *, maintained: bool = False) -> tuple[Rule, Rule]:
    """Silence and state. The labels of a slice are put on by whoever asks.

    Args:
        maintained: there are times at which its events do not count.
    """
    return (
        Rule(record=series.SILENCE, expr=_silence(one), comment=_meanings("Whether we hear of it", Silence)),
        Rule(
            record=series.STATE,
            expr=_state(one, policy, maintained=maintained),
            comment=_meanings("How it stands", StateNumber),
        ),
    )


def jobs_of(one: Slice) -> tuple[str, ...]:
    """The scrape jobs that a slice's raw metrics come from."""
    return tuple(sorted({family.job or one.service for family in families_of(one.sli)})) or (one.service,)


def patience_seconds(policy: BurnPolicy) -> float:
    """How long targets may be gone before it is told: a base window; with scaled down windows, time to start."""
    return max(policy.base_window_seconds, SHORTEST_PATIENCE_SECONDS)


def nothing_is_up(jobs: Sequence[str]) -> str:
    """1 while no target of these *jobs* answers, be it that none is known; nothing otherwise."""
    return f"absent(max(up{{{promql.matcher_text(one_of('job', *jobs))}}}) > 0)"


def heartbeat_rule(service: str, policy: BurnPolicy) -> Rule:
    """Whether what the service shows is of now: a page from a cache, or from a gateway, answers and never changes."""
    beats = f"{names.HEARTBEAT}{promql.selector_text(service, ())}[{prometheus_duration(patience_seconds(policy))}]"
    return Rule(
        record=series.FROZEN,
        expr=f"max(changes({beats})) == bool 0\nand\nmax(count_over_time({beats})) > 1",
        labels={names.SERVICE: service},
        comment="1 while the heartbeats in all pages stand still: what answers is no page of now.",
    )


def frozen(service: str) -> str:
    """1 while the service's pages are old, without labels; nothing otherwise."""
    return f"max({series.FROZEN}{series.matching(service)}) == 1"


def firing(one: Slice, severity: Severity) -> str:
    """The selector of what a slice raises, while it fires."""
    alert = series.ALERTS[severity]
    return (
        f'ALERTS{{alertname="{alert}",alertstate="firing",'
        f"{names.SERVICE}={series.quoted(one.service)},{names.SLICE}={series.quoted(one.name)}}}"
    )


def on_labels(one: Slice) -> str:
    """The labels by which series of a slice are matched with each other."""
    return ", ".join((names.SERVICE, names.SLICE, *one.group_by))


def _silence(one: Slice) -> str:
    jobs, where = jobs_of(one), series.matching(one.service, one.name)
    gone = f"{Silence.TARGET_GONE:d} * {nothing_is_up(jobs)}"
    old = f"{Silence.FROZEN:d} * ({frozen(one.service)})" if jobs == (one.service,) else ""
    unmeasured = f"{Silence.METRIC_GONE:d} * absent({series.EVENTS}{where})"
    return "\nor on ()\n".join(filter(None, (gone, old, unmeasured, f"vector({Silence.HEARD:d})")))


def _state(one: Slice, policy: BurnPolicy, *, maintained: bool) -> str:
    """Maintenance, the loudest alert, then silence, then what the current window says. Groups stand for themselves."""
    on, where = on_labels(one), series.matching(one.service, one.name)
    window = policy.current_window_seconds
    loudest, budget = policy.thresholds(one.objective)[0], promql.number(one.budget_ratio)
    events, bad = (f"{name(policy, window)}{where}" for name in (series.events_within, series.bad_within))
    limit = promql.number(loudest.error_ratio)
    few = fewest_events(loudest.error_ratio, one.budget_ratio)
    by_chance = (
        f"({bad} > {limit} * {events}\n"
        f"      unless ({bad} - 1 > {limit} * {events}"
        f" and {bad} - {CONFIDENCE_DEVIATIONS:g} * sqrt({bad}) > {budget} * {events}))"
    )
    silent = f"({series.SILENCE}{where} > {Silence.HEARD:d})"
    alerts = [f"{_BURNING[severity]:d} * max by ({on}) ({firing(one, severity)})" for severity in one.severities]
    judged = (
        f"{StateNumber.IDLE:d} + 0 * ({events} == 0)",
        f"{StateNumber.NOT_ENOUGH_EVIDENCE:d} + 0 * ({events} < {few})",
        f"{StateNumber.NOT_ENOUGH_EVIDENCE:d} + 0 * {by_chance}",
        f"{StateNumber.GOOD:d} * {events}",
    )
    now = "(\n    " + "\n    or ".join(judged) + f"\n  )\n  unless on ({names.SERVICE}, {names.SLICE}) {silent}"
    known = f"\n  or on ({on})\n  ".join((*alerts, f"({now})"))
    stale = f"{StateNumber.STALE:d} + 0 * {silent}"
    otherwise = f"\nor on ({names.SERVICE}, {names.SLICE})\n"
    resting = f"{StateNumber.MAINTENANCE:d} * ({series.UNCOUNTED}{where} == 1){otherwise}" if maintained else ""
    return f"{resting}(\n  {known}\n){otherwise}{stale}"


def _meanings(what: str, numbers: type[Silence] | type[StateNumber]) -> str:
    return f"{what}: " + ", ".join(f"{one:d} {one.name.lower().replace('_', ' ')}" for one in numbers) + "."
