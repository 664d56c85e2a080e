"""Reads what Prometheus remembers of a slice, in pieces that a server answers and a laptop holds."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isnan

from parapet.core.errors import ConfigurationError, OutgoingError
from parapet.ops.prometheus import Prometheus, Sample
from parapet.slo.history import Ages, Counts, History, aged, empty

MOST_POINTS = 10_000
"""Of one series in one answer; Prometheus refuses more than 11,000."""
FEWEST_POINTS = 100
"""A piece that is refused is halved until it is this small; then the server's reason is told."""
MOST_VALUES = 60_000_000
"""Of all groups together: about half a gigabyte."""

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Expressions, and when to ask them: *steps* times, from *start_seconds* (unix time) on."""

    about: Counts | Ages
    base_window_seconds: float
    start_seconds: float
    step_seconds: float
    steps: int


def read_histories(prometheus: Prometheus, question: Question, read: Callable[[int], None]) -> tuple[History, ...]:
    """What was recorded at every step, per group of labels; calls *read* with how many steps were just read.

    Raises:
        ConfigurationError: there is more than fits into memory.
        DeliveryFailed: the server does not answer, or not even to a small piece.
        DeliveryRejected: it refuses even a small piece.
    """
    reader = _Reader(prometheus=prometheus, question=question, read=read)
    for first in range(0, question.steps, MOST_POINTS):
        reader.piece(first, min(MOST_POINTS, question.steps - first))
    about = question.about
    if isinstance(about, Ages):
        return tuple(aged(told, about, question.base_window_seconds) for told in reader.found.values())
    for history in reader.found.values():
        _absent_bad_is_zero(history)
    return tuple(reader.found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    prometheus: Prometheus
    question: Question
    read: Callable[[int], None]
    found: dict[Labels, History] = field(default_factory=dict)

    def piece(self, first: int, count: int) -> None:
        """Read *count* steps from the step *first* on, in halves if the server cannot do it at once."""
        asked = self.question
        start, end = (asked.start_seconds + place * asked.step_seconds for place in (first, first + count - 1))
        span = {"start": datetime.fromtimestamp(start, UTC), "end": datetime.fromtimestamp(end, UTC)}
        counts = asked.about if isinstance(asked.about, Counts) else Counts(bad="", events=asked.about.told)
        try:
            of_all = self.prometheus.over(counts.events, **span, step_seconds=asked.step_seconds)
            of_bad = self.prometheus.over(counts.bad, **span, step_seconds=asked.step_seconds) if counts.bad else ()
        except OutgoingError:
            if count <= FEWEST_POINTS:
                raise
            self.piece(first, count // 2)
            self.piece(first + count // 2, count - count // 2)
            return
        for sample in of_all:
            self._keep(self._history(sample).events, sample)
        for sample in of_bad:
            self._keep(self._history(sample).bad, sample)
        self.read(count)

    def _history(self, sample: Sample) -> History:
        labels = tuple(sorted(sample.labels.items()))
        if labels not in self.found:
            asked = self.question
            if 2 * asked.steps * (len(self.found) + 1) > MOST_VALUES:
                raise ConfigurationError(
                    f"More than {len(self.found)} groups over {asked.steps} steps do not fit into memory. Look at "
                    "fewer days."
                )
            self.found[labels] = empty(labels, asked.start_seconds, asked.step_seconds, asked.steps)
        return self.found[labels]

    def _keep(self, values: array[float], sample: Sample) -> None:
        for when, value in sample.points:
            place = round((when - self.question.start_seconds) / self.question.step_seconds)
            if 0 <= place < len(values) and not isnan(value):
                values[place] = value


def _absent_bad_is_zero(history: History) -> None:
    """As the rules say: while events are counted and none of them is bad, zero are."""
    for place, value in enumerate(history.events):
        if not isnan(value) and isnan(history.bad[place]):
            history.bad[place] = 0.0
