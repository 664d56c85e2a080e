"""Invented traffic for rule unit tests: which series a slice reads, and what they say while it goes well or badly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from parapet.artifacts.batches import terms_of
from parapet.artifacts.promql import BUCKET_LABEL, job_of, number
from parapet.core.errors import ConfigurationError
from parapet.slo.family import COUNTER_NAME, Family
from parapet.slo.selector import Match, Matcher
from parapet.slo.series import quoted
from parapet.slo.sli import Counted, LastSuccess, Raw, Term
from parapet.slo.slice import Slice

INVENTED = "example"
"""A value for a label whose values the host decides."""
USUAL = ("2xx", "200", "GET", "success", "succeeded")
"""Values that read naturally where several would do."""

Event = Mapping[str, float]
"""Series -> by how much it grows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some steps in which as many events happen in each."""

    steps: int
    good: float
    """Good events a step."""
    bad: float
    """Bad events a step."""


def can_be_invented(one: Slice) -> bool:
    """Whether promtool can be fed with traffic of this slice: not with native histograms, nor with unknown PromQL."""
    if isinstance(one.sli, Raw):
        return bool(one.sli.bad_example)
    return not any(term.family.native for term in terms_of(one.sli))


def has_shares(one: Slice) -> bool:
    """Whether some of its events can be bad while others are good: at one moment a last success is fresh or not."""
    return not isinstance(one.sli, LastSuccess)


def input_series(one: Slice, stretches: Sequence[Stretch], step_seconds: float) -> list[tuple[str, str]]:
    """The raw series of a slice and their values, in promtool's notation, one sample a step.

    Raises:
        ConfigurationError: no event of the slice could be good.
    """
    if isinstance(one.sli, LastSuccess):
        (term,) = terms_of(one.sli)
        name = _series(one.sli.family.name, term, one, _with_groups(_examples(term), term.family, one))
        return [(name, _moments(one.sli.within_seconds, stretches, step_seconds))]
    good, bad = events_of(one)
    return [
        (name, _values((s.steps, s.good * good.get(name, 0.0) + s.bad * bad.get(name, 0.0)) for s in stretches))
        for name in dict.fromkeys((*good, *bad))
    ]


def events_of(one: Slice) -> tuple[Event, Event]:
    """What grows with a good event of *one*, and what with a bad one.

    Raises:
        ConfigurationError: no event of the slice could be good.
    """
    sli = one.sli
    if isinstance(sli, Raw):
        return {sli.good_example: 1.0}, {sli.bad_example: 1.0}
    if isinstance(sli, LastSuccess):
        return {}, {}
    counted = sli.counted
    total, part = counted.total, counted.part
    if part.bound_seconds is not None:
        labels = _with_groups(_examples(total), total.family, one)
        bound = {**labels, BUCKET_LABEL: repr(float(part.bound_seconds))}
        every = {_counter(total, one, labels): 1.0}
        return {**every, _series(f"{part.family.buckets}", part, one, bound): 1.0}, every
    inside = {_counter(part, one, _with_groups(_examples(part), part.family, one)): 1.0}
    if counted.part_has_own_counters:
        every = {_counter(total, one, _with_groups(_examples(total), total.family, one)): 1.0}
        inside, outside = {**every, **inside}, every
    else:
        outside = {_counter(total, one, _outside(counted, one)): 1.0}
    return (inside, outside) if counted.part_is_good else (outside, inside)


def _outside(counted: Counted, one: Slice) -> dict[str, str]:
    """Labels of an event that counts and is not in *part*: as one that is, but for one label.

    Raises:
        ConfigurationError: there is none.
    """
    total, part = counted.total, counted.part
    labels = _with_groups({**_examples(total), **_examples(part)}, total.family, one)
    for matcher in part.selector:
        also = {m.label: m for m in total.selector}.get(matcher.label)
        values = total.family.labels[matcher.label] or (INVENTED, *(also.values if also else ()))
        for value in sorted(values, key=lambda each: each not in USUAL):
            if not matcher.of({value}) and (also is None or also.of({value})):
                return {**labels, matcher.label: value}
    which = "good" if counted.part_is_good else "bad"
    raise ConfigurationError(
        f"Slice {one.name!r} calls every event {which}: no value of its labels is left to be other."
    )


def _examples(term: Term) -> dict[str, str]:
    return {matcher.label: _example(term.family, matcher) for matcher in term.selector}


def _example(family: Family, matcher: Matcher) -> str:
    if matcher.match is Match.ONE_OF:
        return matcher.values[0]
    closed = sorted(family.labels[matcher.label] or (INVENTED, *matcher.values), key=lambda each: each not in USUAL)
    return next(value for value in closed if matcher.of((value,)))


def _with_groups(labels: dict[str, str], family: Family, one: Slice) -> dict[str, str]:
    return {**{label: (family.labels[label] or (INVENTED,))[0] for label in one.group_by}, **labels}


def _counter(term: Term, one: Slice, labels: Mapping[str, str]) -> str:
    plain = {label: value for label, value in labels.items() if label != COUNTER_NAME}
    return _series(labels.get(COUNTER_NAME, term.family.counters[0]), term, one, plain)


def _series(metric: str, term: Term, one: Slice, labels: Mapping[str, str]) -> str:
    pairs = {"job": job_of(term, one.service), **labels}
    return metric + "{" + ",".join(f"{label}={quoted(value)}" for label, value in pairs.items()) + "}"


def _values(stretches: Iterable[tuple[int, float]]) -> str:
    """A counter from 0 on: per stretch `first+deltaxmore`, which promtool reads as one value and *more* others."""
    parts, reached = ["0"], 0.0
    for steps, each in stretches:
        if steps > 0:
            parts.append(f"{number(reached + each)}+{number(each)}x{steps - 1}")
            reached += steps * each
    return " ".join(parts)


def _moments(within_seconds: float, stretches: Sequence[Stretch], step_seconds: float) -> str:
    """A last success that is always just fresh enough, and stands still while only bad things happen."""
    now, parts = 0.0, []
    offset = step_seconds / 2 - within_seconds
    for stretch in (Stretch(steps=1, good=1, bad=0), *stretches):
        if stretch.steps > 0:
            stale = stretch.bad > 0 and not stretch.good
            first = now - step_seconds if stale else now
            parts.append(f"{number(first + offset)}+{number(0 if stale else step_seconds)}x{stretch.steps - 1}")
            now += stretch.steps * step_seconds
    return " ".join(parts)
