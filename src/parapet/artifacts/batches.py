"""Slices that can be tested beside each other: none of them reads what another one's traffic writes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from parapet.artifacts.cost import INPUT, selectors
from parapet.slo.selector import Match, Matcher
from parapet.slo.sli import LastSuccess, Raw, Sli, Term
from parapet.slo.slice import Slice


def in_batches(slices: Iterable[Slice]) -> list[list[Slice]]:
    """*slices* in as many batches as it takes, in their order."""
    batches: list[_Batch] = []
    for one in slices:
        terms = _reads(one.sli)
        batch = next((each for each in batches if terms is not None and each.takes(terms)), None)
        if batch is None:
            batch = _Batch(closed=terms is None)
            batches.append(batch)
        batch.add(one, terms or ())
    return [batch.slices for batch in batches]


def terms_of(sli: Sli) -> tuple[Term, ...]:
    """What traffic of *sli* is read by; nothing where nobody can know."""
    if isinstance(sli, Raw):
        return ()
    if isinstance(sli, LastSuccess):
        return (Term(family=sli.family, selector=sli.selector),)
    counted = sli.counted
    return (counted.total, counted.part) if counted.part_has_own_counters else (counted.total,)


def _reads(sli: Sli) -> list[_Read] | None:
    """What *sli* reads; None where nobody knows: then it is alone."""
    if isinstance(sli, Raw):
        named = {name for expression in (sli.bad, sli.total) for name, _ in selectors(expression)}
        named |= {example.partition("{")[0] for example in (sli.bad_example, sli.good_example)}
        return None if INPUT in named else [_Read(name, {}) for name in sorted(map(_family, named))]
    return [
        _Read(name, {matcher.label: matcher for matcher in term.selector})
        for term in terms_of(sli)
        for name in sorted({_family(metric) for metric in (term.family.name, *term.family.counters)})
    ]


def _family(metric: str) -> str:
    """The family that a series of that name is of: those of a histogram have endings."""
    return re.sub("_(bucket|count|sum)$", "", metric)


class _Read:
    """Some series of one family, ready to be compared."""

    __slots__ = ("family", "matchers")

    def __init__(self, family: str, matchers: Mapping[str, Matcher]) -> None:
        self.family = family
        self.matchers = matchers

    def apart(self, other: _Read) -> bool:
        """Whether no series is read by both."""
        return any(
            _exclude_each_other(self.matchers[label], other.matchers[label])
            for label in self.matchers.keys() & other.matchers.keys()
        )

    def named(self, label: str) -> tuple[str, ...] | None:
        """The values of *label* that alone are read; None where others are, too."""
        matcher = self.matchers.get(label)
        return matcher.values if matcher is not None and matcher.match is Match.ONE_OF else None


class _Batch:
    """Slices, and what they read: by family, label and value, so that few have to be compared."""

    def __init__(self, *, closed: bool) -> None:
        self.slices: list[Slice] = []
        self._closed = closed
        self._by_family: dict[str, list[_Read]] = defaultdict(list)
        self._speaking: Counter[tuple[str, str]] = Counter()
        self._by_value: dict[tuple[str, str, str | None], list[_Read]] = defaultdict(list)

    def takes(self, terms: Iterable[_Read]) -> bool:
        return not self._closed and all(one.apart(other) for one in terms for other in self._near(one))

    def add(self, one: Slice, terms: Iterable[_Read]) -> None:
        self.slices.append(one)
        for term in terms:
            self._by_family[term.family].append(term)
            for label in term.matchers:
                self._speaking[term.family, label] += 1
                for value in term.named(label) or (None,):
                    self._by_value[term.family, label, value].append(term)

    def _near(self, one: _Read) -> Sequence[_Read]:
        """Those of the same family that may read what *one* reads, by the label that leaves the fewest."""
        nearest: Sequence[_Read] = self._by_family.get(one.family, ())
        for label in one.matchers:
            values = one.named(label)
            if values is None or self._speaking[one.family, label] < len(self._by_family[one.family]):
                continue  # who says nothing of the label is not found by it
            found = [each for value in (*values, None) for each in self._by_value.get((one.family, label, value), ())]
            nearest = min(nearest, found, key=len)
        return nearest


def _exclude_each_other(one: Matcher, other: Matcher) -> bool:
    if Match.ONE_OF not in {one.match, other.match}:
        return False
    named, against = (one, other) if one.match is Match.ONE_OF else (other, one)
    return not against.of(named.values)
