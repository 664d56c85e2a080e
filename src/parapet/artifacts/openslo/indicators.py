"""From what a document measures to what a slice measures: selectors where they can say it, raw PromQL elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from parapet.artifacts.openslo.parsed import Indicator, Objective
from parapet.artifacts.openslo.queries import Events, count, divided, events, groups_of, last_success
from parapet.core import gauges, vocabulary
from parapet.core.errors import ConfigurationError
from parapet.slo.family import COUNTER_NAME, Family, Labels, counter, gauge, histogram
from parapet.slo.raw import WINDOW
from parapet.slo.selector import Matcher, Selector, narrowed
from parapet.slo.sli import EventRatio, LastSuccess, LatencyRatio, Raw, Sli

T = TypeVar("T")

LOOKS_EVERY = "1m"
"""How often a value is compared with its limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a slice counts, and by which labels it is judged separately."""

    sli: Sli
    group_by: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    """What a reader should know about the translation."""


def measured(indicator: Indicator, objective: Objective, service: str) -> Measured:
    """What *indicator* counts, for a slice of *service*.

    Raises:
        ConfigurationError: nobody can say which events it speaks of; the error begins with the field and a colon.
    """
    if indicator.value:
        return _compared(indicator.value, objective, service)
    if indicator.ratio:
        return _of_ratio(indicator)
    part, field = (indicator.good, "good") if indicator.good else (indicator.bad, "bad")
    good = field == "good"
    some, whole = _at(f"ratioMetric.{field}", events, part), _at("ratioMetric.total", events, indicator.total)
    said = _of_selectors(some, whole, good, service) if _are_events(some, whole, indicator.counter) else None
    return said or _of_counts(part, indicator.total, good, indicator.counter, field)


def _are_events(some: Events | None, whole: Events | None, is_counter: bool) -> bool:
    return is_counter or all(one is not None and one.ranged for one in (some, whole))


def _of_selectors(part: Events | None, total: Events | None, good: bool, service: str) -> Measured | None:
    """A ratio that selectors can say; None if they cannot."""
    if part is None or total is None or part.groups != total.groups:
        return None
    if part.job is None or part.job != total.job:
        return None
    sli = _latency(part, total, service) if good and part.bound is not None else _ratio(part, total, good, service)
    return Measured(sli=sli, group_by=total.groups) if sli is not None else None


def _latency(part: Events, total: Events, service: str) -> LatencyRatio | None:
    (bucket, *others), name = part.names, part.names[0].removesuffix("_bucket")
    counts_all = total.names == (f"{name}_count",) or (total.names == (bucket,) and total.bound == float("inf"))
    same = set(part.matchers) == set(total.matchers)
    if others or part.bound is None or not name.endswith("_seconds") or bucket == name or not counts_all or not same:
        return None
    source = None
    if not _is_own(name, part.job, service):
        labels = _labels(total.matchers, total.groups)
        source = histogram(name, labels, bounds_seconds=(part.bound,), job=_elsewhere(part.job, service))
    return LatencyRatio(metric=name, selector=total.matchers, threshold_seconds=part.bound, source=source)


def _ratio(part: Events, total: Events, good: bool, service: str) -> EventRatio | None:
    if (
        part.bound is not None
        or total.bound is not None
        or not _distinct(part.matchers)
        or not _distinct(total.matchers)
    ):
        return None
    whole = _family(total, (*part.matchers, *total.matchers), service)
    metric = whole.name if isinstance(whole, Family) else whole
    source = whole if isinstance(whole, Family) else None
    if part.names == total.names:
        chosen = tuple(one for one in part.matchers if one not in total.matchers)
        if not chosen or set(narrowed(total.matchers, chosen)) != set(part.matchers):
            return None
        return EventRatio(
            metric=metric,
            total=total.matchers,
            bad=() if good else chosen,
            good=chosen if good else (),
            source=source,
        )
    other = _family(part, part.matchers, service)
    if not isinstance(other, Family):
        return None
    return EventRatio(
        metric=metric,
        total=total.matchers,
        bad=() if good else part.matchers,
        good=part.matchers if good else (),
        source=source,
        bad_source=None if good else other,
        good_source=other if good else None,
    )


def _family(found: Events, matchers: Selector, service: str) -> Family | str:
    """The family that holds the counters: one of ours by its name, else as far as the query knows it."""
    (first, *others) = found.names
    if not others:
        for name in (first, first.removesuffix("_count")):
            if _is_own(name, found.job, service) and first == _own_counter(name):
                return name
    labels = _labels(matchers, found.groups)
    job = _elsewhere(found.job, service)
    if not others:
        return counter(first, labels, job=job)
    return Family(
        name=first,
        labels={**labels, COUNTER_NAME: found.names},
        counters=found.names,
        exporter=counter(first, {}).exporter,
        job=job,
    )


def _is_own(name: str, job: str | None, service: str) -> bool:
    return name in vocabulary.LABELS and job == service


def _own_counter(name: str) -> str:
    return f"{name}_count" if name in vocabulary.BUCKETS_SECONDS else name


def _elsewhere(job: str | None, service: str) -> str | None:
    return None if job == service else job


def _labels(matchers: Iterable[Matcher], groups: tuple[str, ...]) -> Labels:
    return {**{one.label: None for one in matchers}, **dict.fromkeys(groups)}


def _distinct(matchers: Selector) -> bool:
    return len({one.label for one in matchers}) == len(matchers)


def _of_counts(part: str, total: str, good: bool, is_counter: bool, field: str) -> Measured:
    """A ratio of two expressions."""
    some = _at(f"ratioMetric.{field}", partial(count, counter=is_counter), part)
    whole = _at("ratioMetric.total" if field != "raw" else "ratioMetric.raw", partial(count, counter=is_counter), total)
    return Measured(sli=Raw(bad=f"{whole}\n- {some}" if good else some, total=whole), group_by=groups_of(total))


def _of_ratio(indicator: Indicator) -> Measured:
    """A ratio that somebody divided already."""
    found = _at("ratioMetric.raw", divided, indicator.ratio)
    if found is None:
        raise ConfigurationError(
            "ratioMetric.raw: is no division of two counts, so nobody can say how many events it speaks of; expected "
            "such as sum(rate(errors_total[5m])) / sum(rate(requests_total[5m])), or good or bad over total"
        )
    part, total, opposite = found
    good = indicator.ratio_of_good != opposite
    made = _of_counts(part, total, good, False, "raw")
    return Measured(
        sli=made.sli,
        group_by=made.group_by,
        remarks=("the ratio is counted as its two sides, so that events, not moments, weigh the same",),
    )


def _compared(query: str, objective: Objective, service: str) -> Measured:
    """A value that keeps a limit, or does not, at each look."""
    if not objective.operator:
        raise ConfigurationError("objectives.op: is missing; expected lte, gte, lt or gt beside a thresholdMetric")
    if objective.value is None:
        raise ConfigurationError("objectives.value: is missing; expected the limit that the value must keep")
    age = _at("thresholdMetric", last_success, query)
    if age is not None and objective.operator in {"lt", "lte"} and age.job is not None and len(age.names) == 1:
        (name,) = age.names
        source = None
        if not (name in gauges.GAUGES and age.job == service):
            source = gauge(name, _labels(age.matchers, age.groups), job=_elsewhere(age.job, service))
        sli = LastSuccess(metric=name, selector=age.matchers, within_seconds=objective.value, source=source)
        return Measured(sli=sli, group_by=age.groups)
    breaks = {"lte": ">", "lt": ">=", "gte": "<", "gt": "<="}[objective.operator]
    looks = f"[{WINDOW}:{LOOKS_EVERY}]"
    return Measured(
        sli=Raw(
            bad=f"sum(sum_over_time((({query}) {breaks} bool {objective.value:.12g}){looks}))",
            total=f"sum(count_over_time(({query}){looks}))",
        ),
        remarks=("the value is compared with its limit once a minute, and each minute of each series is an event",),
    )


def _at(field: str, ask: Callable[[str], T], query: str) -> T:
    """What *ask* says of *query*; an error begins with *field*."""
    try:
        return ask(query)
    except ConfigurationError as error:
        raise ConfigurationError(f"{field}: {error.message}") from None
