"""What a slice counts: one metric family, ours, the host's own, or that of an exporter which it runs. Values only."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from parapet.core import gauges, vocabulary
from parapet.core.errors import UnknownName

COUNTER_NAME = "__name__"
"""The label by which the counters of a family are told apart, where it has several."""
HOST = "the application"
"""Who exports a family that is neither ours nor a known exporter's."""

Labels = Mapping[str, tuple[str, ...] | None]
"""Label -> the closed set of its values, or None where somebody else decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Counters of one kind of event, and perhaps how long each took; or a gauge."""

    name: str
    labels: Labels = field(hash=False)
    counters: tuple[str, ...] = ()
    """The series that count the events. Several: each event is in one of them; `__name__` is then a label."""
    buckets: str | None = None
    """The classic histogram's bucket series; None: there are none."""
    bounds_seconds: tuple[float, ...] | None = None
    """The buckets' upper bounds; None: ours, to which a bound is added when a promise needs it."""
    native: bool = False
    """A native histogram: its one series holds count and buckets, whose bounds nobody chose."""
    gauge: bool = False
    """A value that comes and goes: it counts nothing."""
    exporter: str | None = None
    """Who exports it; None: Parapet."""
    job: str | None = None
    """The scrape job it is read from; None: the service's own."""

    @property
    def timed(self) -> bool:
        """Whether it knows how long its events took."""
        return self.native or self.buckets is not None

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
    if metric in gauges.GAUGES:
        return Family(name=metric, labels=labels, gauge=True)
    return Family(name=metric, labels=labels, counters=(metric,))


def counter(name: str, labels: Labels, *, exporter: str = HOST, job: str | None = None) -> Family:
    """A counter that the host exports already: `counter("uploads_total", {"status": ("ok", "error")})`."""
    return Family(name=name, labels=labels, counters=(name,), exporter=exporter, job=job)


def histogram(
    name: str, labels: Labels, *, bounds_seconds: tuple[float, ...], exporter: str = HOST, job: str | None = None
) -> Family:
    """A classic histogram of seconds that the host exports already, by its name without `_bucket`."""
    return Family(
        name=name,
        labels=labels,
        counters=(f"{name}_count",),
        buckets=f"{name}_bucket",
        bounds_seconds=bounds_seconds,
        exporter=exporter,
        job=job,
    )


def native_histogram(name: str, labels: Labels, *, exporter: str = HOST, job: str | None = None) -> Family:
    """A native histogram of seconds that the host exports already. Prometheus must be told to take them in."""
    return Family(name=name, labels=labels, counters=(name,), native=True, exporter=exporter, job=job)


def gauge(name: str, labels: Labels, *, exporter: str = HOST, job: str | None = None) -> Family:
    """A gauge that the host exports already, such as the time of the last backup in epoch seconds."""
    return Family(name=name, labels=labels, gauge=True, exporter=exporter, job=job)
