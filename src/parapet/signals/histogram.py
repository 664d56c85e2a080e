"""One histogram family: how many durations fell into which bucket, by label set. Knows not what it counts."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from time import perf_counter

from parapet.core.errors import ConfigurationError
from parapet.signals.cells import Cells, Family, Labels, Room
from parapet.signals.exemplars import Exemplars
from parapet.signals.layout import Place
from parapet.signals.locks import OneLock

__all__ = ["Cells", "Histogram", "HistogramSnapshot", "Labels", "bound_text"]

LONGEST_BOUND_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HistogramSnapshot:
    """A family as it stood when it was read: everything that either exposition needs."""

    name: str
    help_text: str
    label_names: tuple[str, ...]
    bounds_seconds: tuple[float, ...]
    series: Mapping[Labels, Cells]


class Histogram(Family):
    """Counts durations. Its cells are the number of observations in each bucket, of which the last has no upper
    bound, and then the sum of seconds: to count is two additions. All are floats, because to add to one takes the
    interpreter less when both are, in memory and in a file alike.

    Raises:
        ConfigurationError: it cannot be a metric: its name or its labels.
    """

    sort = "histogram"

    def __init__(
        self,
        name: str,
        help_text: str,
        label_names: tuple[str, ...],
        bounds_seconds: Iterable[float],
        *,
        lock: OneLock | None = None,
        shared: Room | None = None,
    ) -> None:
        self.bounds_seconds = sorted(bounds_seconds)
        """Upper bounds. Changed only in place, so whoever counts may hold on to the list."""
        self.exemplars = Exemplars(name, len(self.bounds_seconds) + 1, None if shared is None else shared.remember)
        super().__init__(name, help_text, label_names, lock=lock, shared=shared)

    def observe(self, labels: Labels, seconds: float) -> None:
        """Count one duration, which must be a finite number of seconds, 0 or more."""
        cells = self.cells(labels)
        bucket = bisect_left(self.bounds_seconds, seconds)
        cells[bucket] += 1.0
        cells[-1] += seconds
        if perf_counter() > self.exemplars.due[bucket]:
            self.sample(cells, bucket, seconds)

    def sample(self, cells: Cells, bucket: int, seconds: float) -> None:
        """Offer an observation as an exemplar, once `exemplars.due` says that its bucket wants one. Never raises."""
        labels = self.labels_of(cells)
        if labels is not None:
            self.exemplars.offer(labels, bound_text((*self.bounds_seconds, math.inf)[bucket]), bucket, seconds)

    def forget_parent(self) -> None:
        """In a forked child: drop what the parent counted."""
        super().forget_parent()
        self.exemplars.forget_parent()

    def empty(self) -> Cells:
        """Cells in which nothing was counted."""
        return [0.0] * (len(self.bounds_seconds) + 2)

    def place(self, labels: Labels) -> Place:
        """Where the cells of a label set belong in a file."""
        return replace(super().place(labels), bounds=tuple(map(bound_text, (*self.bounds_seconds, math.inf))))

    def require_bound(self, seconds: float) -> None:
        """Make sure that a bucket ends exactly at *seconds*.

        Raises:
            ConfigurationError: it is no duration, or it is missing and something was already counted.
        """
        if not (math.isfinite(seconds) and 0 < seconds <= LONGEST_BOUND_SECONDS):
            raise ConfigurationError(
                f"{seconds} is no bucket bound. Give seconds, more than 0 and at most {LONGEST_BOUND_SECONDS:g}."
            )
        with self._lock:
            bounds = self.bounds_seconds
            if seconds in bounds:
                return
            if self.sealed:
                place = bisect_left(bounds, seconds)
                near = " and ".join(f"{bound:g}" for bound in bounds[max(0, place - 1) : place + 1])
                raise ConfigurationError(
                    f"{self.name} has no bucket bound at {seconds:g} s, and it is already counting. Its nearest bounds "
                    f"are {near} s: use one of them, or define the objective before the first request is served."
                )
            insort(bounds, float(seconds))
            self.exemplars.widen()

    def snapshot(self) -> HistogramSnapshot:
        """Everything counted so far, by all threads, dead ones included."""
        return HistogramSnapshot(
            name=self.name,
            help_text=self.help_text,
            label_names=self.label_names,
            bounds_seconds=tuple(self.bounds_seconds),
            series=self.totals(),
        )

    def _gathered(self) -> dict[Labels, Cells]:
        if self._shared is None:
            return {}
        return self._shared.gathered.histogram(self.name, self.label_names, self.bounds_seconds)


def bound_text(bound_seconds: float) -> str:
    """The value of `le` for a bucket bound, as Prometheus clients write it."""
    return "+Inf" if bound_seconds == math.inf else repr(float(bound_seconds))
