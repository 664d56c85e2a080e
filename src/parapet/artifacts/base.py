"""The two series that everything else is derived from: events, and bad events, within the base window.

Only these rules read raw metrics, so only they cost more when a host has more series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from parapet.artifacts import promql
from parapet.artifacts.rules import Rule
from parapet.core import names
from parapet.slo import series
from parapet.slo.burn import DAY
from parapet.slo.catalog import Catalog
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.durations import prometheus_duration, spoken
from parapet.slo.maintenance import BY_HAND, Maintenance
from parapet.slo.sli import Counted, LastSuccess, Raw
from parapet.slo.slice import Slice

Judged: TypeAlias = Slice | Diagnostic

LOOKS_PER_BASE = 5
"""How often within a base window one looks: whether a last success is too old, whether events were recorded at all."""
REMEMBERED_SECONDS = DAY
"""A last success that nobody tells of any more is judged for this long after it became too old, and then forgotten."""


def base_rules(
    one: Judged,
    base_seconds: float,
    scrape_seconds: float,
    maintenances: Sequence[Maintenance] = (),
    *,
    rests_by_hand: bool = False,
    events: str = series.EVENTS,
    bad_events: str = series.BAD_EVENTS,
) -> tuple[Rule, ...]:
    """The rules that record *events* and *bad_events* of *one*, and before them what they need.

    Args:
        scrape_seconds: how often counters are scraped.
        maintenances: those during which nothing counts; *rests_by_hand*: people may begin further ones.
    """
    rules = _counting_rules(one, base_seconds, scrape_seconds, events, bad_events)
    if not maintenances and not rests_by_hand:
        return rules
    return (
        _uncounted_rule(one, base_seconds, maintenances, rests_by_hand=rests_by_hand),
        *(
            replace(rule, expr=_masked(one, rule.expr)) if rule.record in {events, bad_events} else rule
            for rule in rules
        ),
    )


def outside_maintenance(alert: Rule, one: Judged, catalog: Catalog) -> Rule:
    """The *alert* of a slice, silent while the events of it do not count; as it is where no maintenance concerns it."""
    if not catalog.may_rest(one):
        return alert
    active = f"{series.UNCOUNTED}{series.matching(one.service, one.name)} == 1"
    return replace(alert, expr=f"(\n{alert.expr}\n)\nunless on ({names.SERVICE}, {names.SLICE})\n{active}")


def _uncounted_rule(
    one: Judged, base_seconds: float, maintenances: Sequence[Maintenance], *, rests_by_hand: bool
) -> Rule:
    """A base window that touches maintenance does not count, so it ends one base window later.

    The moment itself is left out: the window that ends when maintenance begins is the last one that counts.
    """
    known = [*(each.name for each in maintenances), *((BY_HAND,) if rests_by_hand else ())]
    mine = f",{names.SLICE}=~{series.quoted(f'|{one.name}')}" if rests_by_hand else ""  # of those in code, none has one
    where = f"{series.matching(one.service)[:-1]},{names.MAINTENANCE}=~{series.quoted('|'.join(known))}{mine}}}"
    base, before = prometheus_duration(base_seconds), prometheus_duration(base_seconds - 0.001)
    return Rule(
        record=series.UNCOUNTED,
        expr=f"max(max_over_time({series.MAINTENANCE}{where}[{before}] offset 1ms))\nor\nvector(0)",
        comment=f"1 while events do not count: in maintenance, and for {base} after it.",
    )


def _masked(one: Judged, expr: str) -> str:
    return f"(\n{expr}\n)\n* on () group_left ()\n(1 - {series.UNCOUNTED}{series.matching(one.service, one.name)})"


def _counting_rules(
    one: Judged, base_seconds: float, scrape_seconds: float, events: str, bad_events: str
) -> tuple[Rule, ...]:
    window = prometheus_duration(base_seconds)
    recorded = f"{events}{series.matching(one.service, one.name)}"
    sli = one.sli
    if isinstance(sli, LastSuccess):
        return _age_rules(one, sli, base_seconds, events, bad_events)
    if isinstance(sli, Raw):
        bad_expr, total_expr = (f"(\n{expr.strip()}\n) >= 0" for expr in sli.within(window))
        bad, how = _or_zero(bad_expr, recorded, one.group_by), "zero, not absent, while none failed"
    else:
        counted = sli.counted
        total_expr = promql.summed(counted.total, one.service, base_seconds, scrape_seconds, one.group_by)
        bad, how = _bad(one, counted, base_seconds, scrape_seconds, recorded)
    return (
        Rule(record=events, expr=total_expr, comment=f"Events within {window}."),
        Rule(record=bad_events, expr=bad, comment=f"Bad events within {window}: {how}."),
    )


def _bad(one: Judged, counted: Counted, base_seconds: float, scrape_seconds: float, recorded: str) -> tuple[str, str]:
    """The expression for bad events, and a word on how it gets them."""
    part, groups = counted.part, one.group_by
    if part.bound_seconds is not None and part.family.native:
        histogram = promql.grown_histogram(
            part, one.service, promql.reach_seconds(base_seconds, scrape_seconds), groups
        )
        quick = f"histogram_fraction(0, {promql.number(part.bound_seconds)}, {histogram})"
        # Among no events the fraction is no number, so those groups are left out and become zero.
        slow = f"clamp_min(\n  ({recorded} > 0)\n  * {_on(groups)} group_left ()\n  (1 - {quick}),\n  0\n)"
        return _or_zero(slow, recorded, groups), f"those beyond {part.bound_seconds:g} s in the native histogram"
    counters = promql.summed(part, one.service, base_seconds, scrape_seconds, groups)
    if not counted.part_is_good:
        return _or_zero(counters, recorded, groups), "zero, not absent, while none failed"
    if part.bound_seconds is not None:
        return _remainder(recorded, counters, groups), f"those not counted by the bucket of {part.bound_seconds:g} s"
    good = _or_zero(counters, recorded, groups).replace("\n", "\n  ")
    good = f"(\n  {good}\n  )"
    if counted.part_has_own_counters and isinstance(one, Diagnostic):
        # What begins in one window may end well in a later one: only their sums over long windows are a difference.
        return f"{recorded}\n- {_on(groups)} group_left ()\n{good}", "those that are not good, or not yet"
    return _remainder(recorded, good, groups), "those that are not good"


def _remainder(recorded: str, good: str, groups: tuple[str, ...]) -> str:
    return f"clamp_min(\n  {recorded}\n  - {_on(groups)} group_left ()\n  {good},\n  0\n)"


def _or_zero(expr: str, recorded: str, groups: tuple[str, ...]) -> str:
    return f"{expr}\nor {_on(groups)}\n0 * {recorded}"


def _on(groups: tuple[str, ...]) -> str:
    return f"on ({', '.join(groups)})"


def last_told(one: Judged, sli: LastSuccess) -> str:
    """The expression for the last success that is told of now."""
    job = sli.family.job or one.service
    return f"max{promql.by(one.group_by)}({sli.family.name}{promql.selector_text(job, sli.selector)} != 0)"


def _age_rules(
    one: Judged, sli: LastSuccess, base_seconds: float, events: str, bad_events: str
) -> tuple[Rule, Rule, Rule]:
    """Seconds are the events: each of them was either fresh or not."""
    latest = f"{series.LAST_SUCCESS}{series.matching(one.service, one.name)}"
    bound, forgotten = promql.number(sli.within_seconds), promql.number(sli.within_seconds + REMEMBERED_SECONDS)
    remembered = f"(last_over_time({latest}[1h]) > time() - {forgotten})"
    base, seconds = prometheus_duration(base_seconds), promql.number(base_seconds)
    step = prometheus_duration(base_seconds / LOOKS_PER_BASE)
    return (
        Rule(
            record=series.LAST_SUCCESS,
            expr=f"{last_told(one, sli)}\nor {_on(one.group_by)}\n{remembered}",
            comment="When it last succeeded; remembered after the gauge is gone: dying makes nobody fresh.",
        ),
        Rule(record=events, expr=f"0 * {latest} + {seconds}", comment=f"Seconds of {base} that are judged: all."),
        Rule(
            record=bad_events,
            expr=f"{seconds} * avg_over_time((time() - {latest} > bool {bound})[{base}:{step}])",
            comment=f"Seconds of {base} in which it was more than {spoken(sli.within_seconds)} ago.",
        ),
    )
