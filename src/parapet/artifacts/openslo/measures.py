"""What a slice counts, as the SLI of an OpenSLO document: queries of counters, or of a range where it must be one."""

from __future__ import annotations

from parapet.artifacts import promql
from parapet.artifacts.render import Node
from parapet.slo.durations import prometheus_duration
from parapet.slo.sli import LastSuccess, Raw
from parapet.slo.slice import Slice


def indicator(one: Slice, base_seconds: float) -> Node:
    """The spec of the SLI of *one*; what must name a range takes the base window."""
    sli = one.sli
    if isinstance(sli, LastSuccess):
        job = sli.family.job or one.service
        gauge = f"{sli.family.name}{promql.selector_text(job, sli.selector)}"
        return {"thresholdMetric": _metric(f"time() - max{promql.by(one.group_by)}({gauge})")}
    window = prometheus_duration(base_seconds)
    if isinstance(sli, Raw):
        bad, total = sli.within(window)
        return _ratio(counter=False, part="bad", query=bad.strip(), total=total.strip())
    counted = sli.counted
    part = "good" if counted.part_is_good else "bad"
    if counted.part.bound_seconds is not None and counted.part.family.native:
        grown = promql.grown_histogram(counted.part, one.service, base_seconds, one.group_by)
        quick = f"histogram_fraction(0, {promql.number(counted.part.bound_seconds)}, {grown})"
        total = f"histogram_count({grown})"
        return _ratio(counter=False, part=part, query=f"{quick} * {total}", total=total)
    return _ratio(
        counter=True,
        part=part,
        query=promql.added(counted.part, one.service, one.group_by),
        total=promql.added(counted.total, one.service, one.group_by),
    )


def limit(one: Slice) -> dict[str, Node]:
    """What an objective says beside its target: the limit of a value that is compared."""
    return {"op": "lte", "value": one.sli.within_seconds} if isinstance(one.sli, LastSuccess) else {}


def _ratio(*, counter: bool, part: str, query: str, total: str) -> Node:
    return {"ratioMetric": {"counter": counter, part: _metric(query), "total": _metric(total)}}


def _metric(query: str) -> Node:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}
