"""One histogram family: counts by label set, kept per thread, added up when read. Knows not what it counts."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import RLock, local
from typing import TypeAlias
from weakref import ref

from parapet.core.errors import ConfigurationError

Labels: TypeAlias = tuple[str, ...]
Cells: TypeAlias = list[float]
"""The number of observations in each bucket (the last one has no upper bound), then the sum of seconds."""

LONGEST_BOUND_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HistogramSnapshot:
    """A family as it stood when it was read: everything that either exposition needs."""

    name: str
    help_text: str
    label_names: tuple[str, ...]
    bounds_seconds: tuple[float, ...]
    series: Mapping[Labels, Cells]


class _Life:
    """Held by one thread only, so that it ends when the thread does."""

    __slots__ = ("__weakref__",)


class _Own(local):
    """The cells of the current thread; made when a thread first asks."""

    def __init__(self, enlist: Callable[[_Life], dict[Labels, Cells]]) -> None:
        self.life = _Life()
        self.cells = enlist(self.life)


class Histogram:
    """Counts durations. Counting is two additions on a list that only the current thread writes.

    The lock is held when a thread first sees a label set and when the family is read, never while counting; it is
    re-entrant because a garbage collection callback or a signal handler may record in the middle of either.
    """

    def __init__(
        self, name: str, help_text: str, label_names: tuple[str, ...], bounds_seconds: Iterable[float]
    ) -> None:
        self.name = name
        self.help_text = help_text
        self.label_names = label_names
        self.bounds_seconds = sorted(bounds_seconds)
        """Upper bounds. Changed only in place, so whoever counts may hold on to the list."""
        self.sealed = False
        """Whether something was counted: bounds cannot change any more."""
        self._lock = RLock()
        self._declared: dict[Labels, None] = {}
        self._shards: list[tuple[ref[_Life], dict[Labels, Cells]]] = []
        self._ended: dict[Labels, Cells] = {}
        self._own = _Own(self._enlist)

    def __contains__(self, labels: Labels) -> bool:
        return labels in self._declared

    def __len__(self) -> int:
        return len(self._declared)

    def declare(self, labels: Labels) -> None:
        """Show this label set from now on, at zero until something is counted."""
        if labels not in self._declared:
            with self._lock:
                self._declared[labels] = None

    def cells(self, labels: Labels) -> Cells:
        """The current thread's cells of *labels*. Only this thread may write them, and only while it lives."""
        found = self._own.cells.get(labels)
        if found is None:
            with self._lock:
                self.sealed = True
                self.declare(labels)
                found = self._own.cells.setdefault(labels, self.empty())
        return found

    def observe(self, labels: Labels, seconds: float) -> None:
        """Count one duration, which must be a finite number of seconds, 0 or more."""
        cells = self.cells(labels)
        cells[bisect_left(self.bounds_seconds, seconds)] += 1
        cells[-1] += seconds

    def empty(self) -> Cells:
        """Cells in which nothing was counted."""
        return [0] * (len(self.bounds_seconds) + 1) + [0.0]

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

    def snapshot(self) -> HistogramSnapshot:
        """Everything counted so far, by all threads, dead ones included."""
        with self._lock:
            self._fold()
            series: dict[Labels, Cells] = {}
            for shard in (self._ended, *(cells for _, cells in self._shards)):
                _add(series, shard)
            for labels in list(self._declared):
                if labels not in series:
                    series[labels] = self.empty()
            return HistogramSnapshot(
                name=self.name,
                help_text=self.help_text,
                label_names=self.label_names,
                bounds_seconds=tuple(self.bounds_seconds),
                series=series,
            )

    def shards(self) -> int:
        """How many threads have cells of their own right now."""
        return len(self._shards)

    def forget_parent(self) -> None:
        """In a forked child: drop what the parent counted, which the parent still reports itself.

        Only the forking thread survives a fork. Its cells are emptied in place, because others hold on to them.
        """
        self._lock = RLock()
        self._ended = {}
        own = self._own
        self._shards = [(ref(own.life), own.cells)]
        for cells in own.cells.values():
            cells[:] = self.empty()

    def _enlist(self, life: _Life) -> dict[Labels, Cells]:
        cells: dict[Labels, Cells] = {}
        with self._lock:
            self._fold()
            self._shards.append((ref(life), cells))
        return cells

    def _fold(self) -> None:
        """Move the counts of dead threads into one place: totals stay, memory does not grow with threads."""
        for entry in [entry for entry in self._shards if entry[0]() is None]:
            self._shards.remove(entry)
            _add(self._ended, entry[1])


def _add(into: dict[Labels, Cells], shard: dict[Labels, Cells]) -> None:
    for labels, cells in _settled(shard):
        total = into.get(labels)
        into[labels] = list(cells) if total is None else [a + b for a, b in zip(total, cells, strict=True)]


def _settled(shard: dict[Labels, Cells]) -> list[tuple[Labels, Cells]]:
    """The items of a dict to which its own thread may be adding a label set right now."""
    while True:
        try:
            return list(shard.items())
        except RuntimeError:  # it grew meanwhile
            continue
