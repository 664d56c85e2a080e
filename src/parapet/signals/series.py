"""Handles on one series each, looked up once and used often. Their methods never raise, on any thread."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from threading import local
from time import perf_counter
from typing import TypeAlias

from parapet.core.guard import guarded
from parapet.signals.cells import Cells, Family, Labels
from parapet.signals.histogram import Histogram
from parapet.signals.numbers import Counter, Gauge

Reject: TypeAlias = Callable[[str], None]
"""Counts a value that could not be kept as it was, for a reason."""

BAD_DURATION = "duration"
BAD_NUMBER = "number"
WRONG_KIND = "kind"

_LARGEST = 2**53

Record: TypeAlias = Callable[[float], None]


class Series:
    """One label set of one family.

    `observe(seconds)` counts a duration in a histogram, `add(amount)` adds to a counter, `set(value)` is the last word
    of a gauge. The two that do not fit the family count as rejected and do nothing else.
    """

    __slots__ = ("add", "labels", "observe", "set")

    def __init__(self, family: Family, labels: Labels, reject: Reject) -> None:
        self.labels = labels
        family.declare(labels)

        def wrong(number: float = 1) -> None:
            reject(WRONG_KIND)

        self.observe: Record = wrong
        self.add: Callable[..., None] = wrong
        self.set: Record = wrong
        if isinstance(family, Histogram):
            self.observe = _observer(family, labels, reject)
        elif isinstance(family, Gauge):
            self.set = _setter(family, labels, reject)
        elif isinstance(family, Counter):
            self.add = _adder(family, labels, reject)


# Closures, because they cost less than methods that look up attributes.


def _observer(family: Histogram, labels: Labels, reject: Reject) -> Record:
    here = local()
    family.cached_in(here)
    bounds, infinite = family.bounds_seconds, math.inf
    due, sample = family.exemplars.due, family.sample
    sum_at = 0  # counted from the beginning of the cells, which is cheaper than from their end

    def observe(seconds: float) -> None:
        nonlocal sum_at
        if type(seconds) is not float or not 0.0 <= seconds < infinite:
            seconds = duration(seconds, reject)
        try:
            cells: Cells = here.cells
        except AttributeError:
            cells = family.cells(labels)
            sum_at = len(cells) - 1  # first, because a garbage collection may record in between
            here.cells = cells
        at = 0 if seconds <= bounds[0] else bisect_left(bounds, seconds)
        cells[at] += 1.0
        cells[sum_at] += seconds
        if perf_counter() > due[at]:
            sample(cells, at, seconds)

    return observe


def _adder(family: Counter, labels: Labels, reject: Reject) -> Callable[..., None]:
    here = local()
    family.cached_in(here)

    def add(amount: float = 1) -> None:
        if type(amount) is not int or not 0 <= amount < _LARGEST:
            number = finite(amount)
            if number is None or number < 0:
                reject(BAD_NUMBER)
                return
            amount = number
        try:
            cells: Cells = here.cells
        except AttributeError:
            cells = here.cells = family.cells(labels)
        cells[0] += amount

    return add


def _setter(family: Gauge, labels: Labels, reject: Reject) -> Record:
    def put(value: float) -> None:
        number = value if type(value) is float and value != value else finite(value)
        if number is None:
            reject(BAD_NUMBER)
            return
        family.put(labels, number)

    return put


def duration(value: object, reject: Reject) -> float:
    """*value* as seconds; what is no finite number of seconds, 0 or more, is rejected and becomes 0."""
    seconds = finite(value)
    if seconds is None or seconds < 0.0:
        reject(BAD_DURATION)
        return 0.0
    return seconds


def finite(value: object) -> float | None:
    """*value* as a finite number, if it is one or converts itself, as a Decimal does; never raises."""
    with guarded("signals.number"):
        if not isinstance(value, str | bytes | bool):
            number = float(value)  # type: ignore[arg-type]
            if math.isfinite(number):
                return number
    return None
