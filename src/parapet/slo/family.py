"""What a slice counts: one metric family, ours or that of an exporter which the host already runs. Values only."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from parapet.core import vocabulary
from parapet.core.errors import UnknownName

COUNTER_NAME = "__name__"
"""The label by which the counters of a family are told apart, where it has several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Counters of one kind of event, and perhaps how long each took."""

    name: str
    labels: Mapping[str, tuple[str, ...] | None] = field(hash=False)
    """Label -> the closed set of its values, or None where somebody else decides."""
    counters: tuple[str, ...]
    """The series that count the events. Several: each event is in one of them; `__name__` is then a label."""
    buckets: str | None = None
    """The histogram's bucket series; None: nobody measures how long they take."""
    bounds_seconds: tuple[float, ...] | None = None
    """The buckets' upper bounds; None: ours, to which a bound is added when a promise needs it."""
    exporter: str | None = None
    """Who exports it; None: Parapet."""
    job: str | None = None
    """The scrape job it is read from; None: the service's own."""

    def neighbours(self, seconds: float) -> tuple[float, ...]:
        """The bounds nearest to *seconds*, below and above."""
        bounds = sorted(self.bounds_seconds or ())
        place = bisect_left(bounds, seconds)
        return tuple(bounds[max(0, place - 1) : place + 1])


@cache
def own(metric: str) -> Family:
    """The family *metric* of Parapet's own signals.

    Raises:
        UnknownName: there is none.
    """
    if metric not in vocabulary.LABELS:
        raise UnknownName.of("metric", metric, vocabulary.LABELS)
    labels = vocabulary.LABELS[metric]
    if metric in vocabulary.BUCKETS_SECONDS:
        return Family(name=metric, labels=labels, counters=(f"{metric}_count",), buckets=f"{metric}_bucket")
    return Family(name=metric, labels=labels, counters=(metric,) if metric.endswith("_total") else ())
