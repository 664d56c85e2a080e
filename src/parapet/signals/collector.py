"""The recorder as a collector of prometheus_client, for hosts that already serve /metrics. Reads, never counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import TypeAlias

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from parapet.signals.histogram import HistogramSnapshot
from parapet.signals.text import CounterSnapshot, bound_text

Histograms: TypeAlias = tuple[HistogramSnapshot, HistogramSnapshot]


class RecorderCollector:
    """Register it once: `prometheus_client.REGISTRY.register(parapet.recorder.collector())`."""

    def __init__(
        self,
        histograms: Callable[[], Histograms],
        counters: Callable[[HistogramSnapshot, HistogramSnapshot], tuple[CounterSnapshot, ...]],
    ) -> None:
        self._histograms = histograms
        self._counters = counters

    def describe(self) -> Iterator[Metric]:
        """The families without their series; a registry asks before it registers."""
        requests, journeys = self._histograms()
        for histogram in (requests, journeys):
            yield HistogramMetricFamily(histogram.name, histogram.help_text, labels=histogram.label_names)
        for counter in self._counters(requests, journeys):
            yield CounterMetricFamily(counter.name, counter.help_text, labels=counter.label_names)

    def collect(self) -> Iterator[Metric]:
        """The families with all their series, as they stand."""
        requests, journeys = self._histograms()
        for histogram in (requests, journeys):
            yield _histogram(histogram)
        for counter in self._counters(requests, journeys):
            yield _counter(counter)


def _histogram(snapshot: HistogramSnapshot) -> HistogramMetricFamily:
    family = HistogramMetricFamily(snapshot.name, snapshot.help_text, labels=snapshot.label_names)
    bounds = [*map(bound_text, snapshot.bounds_seconds), "+Inf"]
    for labels, cells in sorted(snapshot.series.items()):
        counts = accumulate(cells[:-1])
        family.add_metric(labels, buckets=list(zip(bounds, counts, strict=True)), sum_value=cells[-1])
    return family


def _counter(snapshot: CounterSnapshot) -> CounterMetricFamily:
    family = CounterMetricFamily(snapshot.name, snapshot.help_text, labels=snapshot.label_names)
    for labels, count in sorted(snapshot.series.items()):
        family.add_metric(labels, count)
    return family
