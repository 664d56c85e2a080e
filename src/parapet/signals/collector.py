"""The recorder as a collector of prometheus_client, for hosts that already serve /metrics. Reads, never counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import TypeAlias

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from parapet.core import contract, gauges, vocabulary
from parapet.signals.histogram import HistogramSnapshot, bound_text
from parapet.signals.numbers import NumberSnapshot

Snapshot: TypeAlias = HistogramSnapshot | NumberSnapshot


class RecorderCollector:
    """Register it once: `prometheus_client.REGISTRY.register(parapet.recorder.collector())`."""

    def __init__(self, read: Callable[[], Sequence[Snapshot]]) -> None:
        self._read = read

    def describe(self) -> Iterator[Metric]:
        """Every family there can be, without series; a registry asks before it registers."""
        for name, labels in vocabulary.LABELS.items():
            kind = HistogramMetricFamily if name in vocabulary.BUCKETS_SECONDS else _NUMBERS[name in gauges.GAUGES]
            yield kind(name, contract.HELP[name], labels=tuple(labels))

    def collect(self) -> Iterator[Metric]:
        """The families with all their series, as they stand."""
        for snapshot in self._read():
            yield _histogram(snapshot) if isinstance(snapshot, HistogramSnapshot) else _numbers(snapshot)


_NUMBERS = (CounterMetricFamily, GaugeMetricFamily)


def _histogram(snapshot: HistogramSnapshot) -> HistogramMetricFamily:
    family = HistogramMetricFamily(snapshot.name, snapshot.help_text, labels=snapshot.label_names)
    bounds = [*map(bound_text, snapshot.bounds_seconds), "+Inf"]
    for labels, cells in sorted(snapshot.series.items()):
        counts = accumulate(cells[:-1])
        family.add_metric(labels, buckets=list(zip(bounds, counts, strict=True)), sum_value=cells[-1])
    return family


def _numbers(snapshot: NumberSnapshot) -> Metric:
    family = _NUMBERS[snapshot.kind == "gauge"](snapshot.name, snapshot.help_text, labels=snapshot.label_names)
    for labels, value in sorted(snapshot.series.items()):
        family.add_metric(labels, value)
    return family
