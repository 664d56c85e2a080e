"""Invented traffic for rule unit tests: which series a slice reads, and what they count while it goes well or badly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from parapet.artifacts.promql import BUCKET_LABEL, number, total_selector
from parapet.core import vocabulary
from parapet.core.errors import ConfigurationError
from parapet.slo.series import quoted
from parapet.slo.slice import EventRatio, Match, Matcher, Selector, Slice

INVENTED = "example"
"""A value for a label whose values the host decides."""
USUAL = ("2xx", "GET", "success")
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
        counter = f"{sli.metric}_count"
        return [
            (_series(counter, one, good_labels(sli, one)), _values((s.steps, s.good) for s in stretches)),
            (_series(counter, one, bad_labels(sli, one)), _values((s.steps, s.bad) for s in stretches)),
        ]
    labels = _with_groups(_examples(sli.metric, sli.selector), one)
    bound = {**labels, BUCKET_LABEL: repr(float(sli.threshold_seconds))}
    return [
        (_series(f"{sli.metric}_count", one, labels), _values((s.steps, s.good + s.bad) for s in stretches)),
        (_series(f"{sli.metric}_bucket", one, bound), _values((s.steps, s.good) for s in stretches)),
    ]


def bad_labels(sli: EventRatio, one: Slice) -> dict[str, str]:
    """Labels of an event that counts and is bad."""
    return _with_groups({**_examples(sli.metric, sli.total), **_examples(sli.metric, sli.bad)}, one)


def good_labels(sli: EventRatio, one: Slice) -> dict[str, str]:
    """Labels of an event that counts and is not bad: as the bad one, but for one label.

    Raises:
        ConfigurationError: there is none.
    """
    labels = bad_labels(sli, one)
    for bad in sli.bad:
        counted = {m.label: m for m in sli.total}.get(bad.label)
        values = vocabulary.LABELS[sli.metric][bad.label] or (INVENTED, *(counted.values if counted else ()))
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
    if one.match is Match.NONE_OF and other.match is Match.NONE_OF:
        return False
    named = one if one.match is Match.ONE_OF else other
    return not other.of(one.of(named.values))


def _examples(metric: str, selector: Selector) -> dict[str, str]:
    return {matcher.label: _example(metric, matcher) for matcher in selector}


def _example(metric: str, matcher: Matcher) -> str:
    if matcher.match is Match.ONE_OF:
        return matcher.values[0]
    closed = sorted(vocabulary.LABELS[metric][matcher.label] or (INVENTED,), key=lambda each: each not in USUAL)
    return next(value for value in closed if value not in matcher.values)


def _with_groups(labels: dict[str, str], one: Slice) -> dict[str, str]:
    closed = vocabulary.LABELS[one.sli.metric]
    return {**{label: (closed[label] or (INVENTED,))[0] for label in one.group_by}, **labels}


def _series(metric: str, one: Slice, labels: Mapping[str, str]) -> str:
    pairs = {"job": one.service, **labels}
    return metric + "{" + ",".join(f"{label}={quoted(value)}" for label, value in pairs.items()) + "}"


def _values(stretches: Iterable[tuple[int, float]]) -> str:
    """A counter from 0 on: per stretch `first+deltaxmore`, which promtool reads as one value and *more* others."""
    parts, reached = ["0"], 0.0
    for steps, each in stretches:
        if steps > 0:
            parts.append(f"{number(reached + each)}+{number(each)}x{steps - 1}")
            reached += steps * each
    return " ".join(parts)
