"""Every family of the vocabulary, by name: which label sets it may have, and handles on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from parapet.core import contract, gauges, names, vocabulary
from parapet.core.errors import ConfigurationError, UnknownName
from parapet.signals.ceilings import Ceilings, is_value
from parapet.signals.cells import Family, Labels, Room
from parapet.signals.histogram import Histogram, HistogramSnapshot
from parapet.signals.layout import Place
from parapet.signals.locks import OneLock
from parapet.signals.numbers import Counter, Gauge, Level, NumberSnapshot
from parapet.signals.series import Series

Reject: TypeAlias = Callable[[str, str], None]
"""Counts a value that could not be kept as it was: family and reason."""

CEILING = "ceiling"
WRONG_LABELS = "labels"


class Families:
    """The families of `vocabulary.LABELS`, each made when it is first used.

    Args:
        ceilings: how many values the labels may have that a host decides.
        max_series: how many label sets each family may have; a new one beyond that is `other` in its open labels.
        reject: is told what became `other`.
        lock: the recorder's.
        shared: where to count so that other processes can read it; None: in memory.
    """

    def __init__(
        self,
        ceilings: Ceilings,
        max_series: int,
        reject: Reject,
        *,
        lock: OneLock,
        shared: Room | None = None,
    ) -> None:
        self.ceilings = ceilings
        self._lock = lock
        self._shared = shared
        self.max_series = max_series
        self._reject = reject
        self._made: dict[str, Family] = {}
        self._bound: dict[str, dict[Labels, Series]] = {}

    @property
    def outlive_us(self) -> bool:
        """Whether what this process counts is read by others when it is dead."""
        return self._shared is not None

    def histogram(self, metric: str) -> Histogram:
        """The histogram family *metric*.

        Raises:
            UnknownName: no such histogram.
        """
        family = self[metric] if metric in vocabulary.BUCKETS_SECONDS else None
        if not isinstance(family, Histogram):
            raise UnknownName.of("histogram", metric, vocabulary.BUCKETS_SECONDS)
        return family

    def counter(self, metric: str) -> Counter:
        """The counter family *metric*.

        Raises:
            UnknownName: no such counter.
        """
        family = self[metric]
        if not isinstance(family, Counter):
            raise UnknownName.of("counter", metric, vocabulary.LABELS.keys() - vocabulary.BUCKETS_SECONDS.keys())
        return family

    def level(self, metric: str) -> Level:
        """The level *metric*.

        Raises:
            UnknownName: no such level.
        """
        family = self[metric] if metric in gauges.LEVELS else None
        if not isinstance(family, Level):
            raise UnknownName.of("level", metric, gauges.LEVELS)
        return family

    def __getitem__(self, metric: str) -> Family:
        """The family *metric*.

        Raises:
            UnknownName: no such family.
        """
        family = self._made.get(metric)
        if family is None:
            if metric not in vocabulary.LABELS:
                raise UnknownName.of("metric", metric, vocabulary.LABELS)
            with self._lock:
                family = self._made.get(metric) or self._made.setdefault(metric, self._make(metric))
        return family

    def series(self, metric: str, values: Iterable[str], *, declaring: bool = False) -> Series:
        """The handle on *values*, which become `other` where they are outside their vocabulary or ceiling.

        Args:
            declaring: nothing is counted yet, so a process that will fork need not take a seat.

        Raises:
            UnknownName: no such family.
            ConfigurationError: the family has more or fewer labels.
        """
        bound = self._bound.setdefault(metric, {})
        given = tuple(values)
        found = bound.get(given) if all(isinstance(value, str) for value in given) else None
        if found is None:
            family = self[metric]
            if not declaring:
                family.open()
            labels = self.labels(family, given)
            found = bound.get(labels)
            if found is None:
                signal = _signal(family)
                found = bound.setdefault(labels, Series(family, labels, lambda reason: self._reject(signal, reason)))
        return found

    def found(self, metric: str, values: Labels) -> Series:
        """The handle on label values that were settled before, the quick way.

        Raises:
            KeyError: they were not.
            TypeError: they cannot be label values.
        """
        return self._bound[metric][values]

    def labels(self, family: Family, values: tuple[object, ...]) -> Labels:
        """*values* as a label set that *family* may have.

        Raises:
            ConfigurationError: the family has more or fewer labels.
        """
        if len(values) != len(family.label_names):
            raise ConfigurationError(
                f"{family.name} has the labels {', '.join(family.label_names)}, so give {len(family.label_names)} "
                f"values, not {len(values)}."
            )
        closed = vocabulary.LABELS[family.name]
        settled = tuple(
            self._settled(family, label, closed[label], value)
            for label, value in zip(family.label_names, values, strict=True)
        )
        if settled in family or len(family) < self.max_series:
            return settled
        self._reject(_signal(family), CEILING)
        pairs = zip(family.label_names, settled, strict=True)
        return tuple(value if closed[label] else vocabulary.OTHER for label, value in pairs)

    def register(self, label: str, values: Iterable[str]) -> None:
        """Admit values of a label that the host decides.

        Raises:
            UnknownName: no family has this label.
            ConfigurationError: its values are a closed set, or they would be too many.
        """
        sets = [labels[label] for labels in vocabulary.LABELS.values() if label in labels]
        if not sets:
            raise UnknownName.of("label", label, {one for labels in vocabulary.LABELS.values() for one in labels})
        if None not in sets:
            closed = ", ".join(sorted({value for one in sets for value in one or ()}))
            raise ConfigurationError(f"The values of {label!r} are a closed set: {closed}. Use one of them.")
        self.ceilings.register(label, values)

    def histograms(self) -> list[Histogram]:
        """The histogram families that this process has used."""
        return [family for family in list(self._made.values()) if isinstance(family, Histogram)]

    def shown(self, metric: str) -> Iterator[Mapping[str, str]]:
        """The label sets that *metric* shows, as label -> value.

        Raises:
            UnknownName: no such family.
        """
        family = self[metric]
        if isinstance(family, Histogram | Counter | Gauge):
            for labels in family.snapshot().series:
                yield dict(zip(family.label_names, labels, strict=True))

    def snapshots(self) -> list[HistogramSnapshot | NumberSnapshot]:
        """Every family that has something to show but requests, journeys and what is counted about us, by name."""
        apart = {names.HTTP_DURATION, names.JOURNEY_DURATION, names.REJECTED, names.SWALLOWED}
        found: list[HistogramSnapshot | NumberSnapshot] = []
        if self._shared is not None:
            self._shared.bury()
        # Another process may count what this one never does.
        for metric in sorted((self._made if self._shared is None else vocabulary.LABELS).keys() - apart):
            family = self[metric]
            if isinstance(family, Histogram | Counter | Gauge | Level):
                snapshot = family.snapshot()
                if snapshot.series:
                    found.append(snapshot)
        return found

    def take_over(self, place: Place, left: int) -> None:
        """Let in what a process before this one let in, as far as the ceilings go.

        Args:
            left: how many of what *place* counts were going on when that process died.
        """
        pairs = dict(place.labels)
        if left and place.metric == names.JOB_RUNNING:
            self._lost(pairs[names.TASK], pairs[names.QUEUE], left, again=pairs[names.REDELIVERED] == "yes")
        closed = vocabulary.LABELS.get(place.metric, {})
        if pairs.keys() != closed.keys() or len(self[place.metric]) >= self.max_series:
            return
        family = self[place.metric]
        if all(closed[label] or self.ceilings.admits(label, value) for label, value in pairs.items()):
            family.declare(tuple(pairs[label] for label in family.label_names))

    def forget_parent(self) -> None:
        """In a forked child: drop what the parent counted."""
        for family in self._made.values():
            family.forget_parent()

    def _lost(self, task: str, queue: str, jobs: int, *, again: bool) -> None:
        """Count jobs that ran in a process that died. How long they had run, nobody knows."""
        self.series(names.JOB_LOST, (task, queue)).add(jobs)
        state = vocabulary.JobState.RETRIED if again else vocabulary.JobState.FAILED
        ended = self.series(names.JOB_DURATION, (task, queue, state.value))
        for _ in range(jobs):
            ended.observe(0.0)

    def _make(self, metric: str) -> Family:
        label_names, help_text = tuple(vocabulary.LABELS[metric]), contract.HELP[metric]
        lock, shared = self._lock, self._shared
        if metric in vocabulary.BUCKETS_SECONDS:
            bounds = vocabulary.BUCKETS_SECONDS[metric]
            return Histogram(metric, help_text, label_names, bounds, lock=lock, shared=shared)
        if metric in gauges.LEVELS:
            return Level(metric, help_text, label_names, lock=lock, shared=shared)
        if metric in gauges.GAUGES:
            across = gauges.GAUGES[metric]
            return Gauge(metric, help_text, label_names, across=across, lock=lock, shared=shared)
        return Counter(metric, help_text, label_names, lock=lock, shared=shared)

    def _settled(self, family: Family, label: str, closed: tuple[str, ...] | None, value: object) -> str:
        if closed is not None:
            if isinstance(value, str) and value in closed:
                return str(value)
            self._reject(_signal(family), label)
            return vocabulary.OTHER
        if not is_value(value):
            self._reject(_signal(family), label)
            return vocabulary.OTHER
        if not self.ceilings.admits(label, str(value)):
            self._reject(_signal(family), CEILING)
            return vocabulary.OTHER
        return str(value)


def _signal(family: Family) -> str:
    return contract.SIGNALS.get(family.name, family.name)
