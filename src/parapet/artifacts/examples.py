"""Invented traffic for rule unit tests: which series a slice reads, and what they count while it goes well or badly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from parapet.artifacts.promql import BUCKET_LABEL, job_of, number, total_selector
from parapet.core.errors import ConfigurationError
from parapet.slo.family import COUNTER_NAME, Family
from parapet.slo.series import quoted
from parapet.slo.slice import EventRatio, Match, Matcher, Selector, Slice

INVENTED = "example"
"""A value for a label whose values the host decides."""
USUAL = ("2xx", "200", "GET", "success")
"""Values that read naturally where several would do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some steps in which as many events happen in each."""

    steps: int
    good: float
    """Good events a step."""
    bad: float
    """Bad events a step."""


def input_series(one: Slice, stretches: Sequence[Stretch]) -> list[tuple[str, str]]:
    """The raw series of a slice and their values, in promtool's notation, one sample a step.

    Raises:
        ConfigurationError: no event of the slice could be good.
    """
    sli = one.sli
    if isinstance(sli, EventRatio):
        return [
            (_counter(one, good_labels(sli, one)), _values((s.steps, s.good) for s in stretches)),
            (_counter(one, bad_labels(sli, one)), _values((s.steps, s.bad) for s in stretches)),
        ]
    labels = _with_groups(_examples(sli.family, sli.selector), one)
    bound = {**labels, BUCKET_LABEL: repr(float(sli.threshold_seconds))}
    return [
        (_counter(one, labels), _values((s.steps, s.good + s.bad) for s in stretches)),
        (_series(f"{sli.family.buckets}", one, bound), _values((s.steps, s.good) for s in stretches)),
    ]


def bad_labels(sli: EventRatio, one: Slice) -> dict[str, str]:
    """Labels of an event that counts and is bad."""
    return _with_groups({**_examples(sli.family, sli.total), **_examples(sli.family, sli.bad)}, one)


def good_labels(sli: EventRatio, one: Slice) -> dict[str, str]:
    """Labels of an event that counts and is not bad: as the bad one, but for one label.

    Raises:
        ConfigurationError: there is none.
    """
    labels = bad_labels(sli, one)
    for bad in sli.bad:
        counted = {m.label: m for m in sli.total}.get(bad.label)
        values = sli.family.labels[bad.label] or (INVENTED, *(counted.values if counted else ()))
        for value in sorted(values, key=lambda each: each not in USUAL):
            if not bad.of({value}) and (counted is None or counted.of({value})):
                return {**labels, bad.label: value}
    raise ConfigurationError(f"Slice {one.name!r} calls every event bad: no value of its labels is left to be good.")


def in_batches(slices: Iterable[Slice]) -> list[list[Slice]]:
    """Slices so divided that within a batch no slice reads what another one's traffic writes."""
    batches: list[list[Slice]] = []
    for one in slices:
        for batch in batches:
            if all(_apart(one, other) for other in batch):
                batch.append(one)
                break
        else:
            batches.append([one])
    return batches


def _apart(one: Slice, other: Slice) -> bool:
    if one.sli.metric != other.sli.metric:
        return True
    mine, theirs = ({m.label: m for m in total_selector(s.sli)} for s in (one, other))
    return any(_exclude_each_other(mine[label], theirs[label]) for label in mine.keys() & theirs.keys())


def _exclude_each_other(one: Matcher, other: Matcher) -> bool:
    if Match.ONE_OF not in {one.match, other.match}:
        return False
    named = one if one.match is Match.ONE_OF else other
    return not other.of(one.of(named.values))


def _examples(family: Family, selector: Selector) -> dict[str, str]:
    return {matcher.label: _example(family, matcher) for matcher in selector}


def _example(family: Family, matcher: Matcher) -> str:
    if matcher.match is Match.ONE_OF:
        return matcher.values[0]
    closed = sorted(family.labels[matcher.label] or (INVENTED, *matcher.values), key=lambda each: each not in USUAL)
    return next(value for value in closed if matcher.of((value,)))


def _with_groups(labels: dict[str, str], one: Slice) -> dict[str, str]:
    closed = one.sli.family.labels
    return {**{label: (closed[label] or (INVENTED,))[0] for label in one.group_by}, **labels}


def _counter(one: Slice, labels: Mapping[str, str]) -> str:
    plain = {label: value for label, value in labels.items() if label != COUNTER_NAME}
    return _series(labels.get(COUNTER_NAME, one.sli.family.counters[0]), one, plain)


def _series(metric: str, one: Slice, labels: Mapping[str, str]) -> str:
    pairs = {"job": job_of(one), **labels}
    return metric + "{" + ",".join(f"{label}={quoted(value)}" for label, value in pairs.items()) + "}"


def _values(stretches: Iterable[tuple[int, float]]) -> str:
    """A counter from 0 on: per stretch `first+deltaxmore`, which promtool reads as one value and *more* others."""
    parts, reached = ["0"], 0.0
    for steps, each in stretches:
        if steps > 0:
            parts.append(f"{number(reached + each)}+{number(each)}x{steps - 1}")
            reached += steps * each
    return " ".join(parts)
