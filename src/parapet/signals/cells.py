"""Numbers by label set: kept per thread, added up when read. Knows neither what they count nor who may be a label."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import RLock, local
from typing import TypeAlias
from weakref import WeakSet, ref

from parapet.core.errors import ConfigurationError

Labels: TypeAlias = tuple[str, ...]
Cells: TypeAlias = list[float]
"""The numbers of one label set, as one thread wrote them."""

MOST_LABELS = 10

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSnapshot:
    """A counter or a gauge family as it stood when it was read."""

    name: str
    help_text: str
    label_names: tuple[str, ...]
    kind: str
    """`counter`, whose name ends in `_total`, or `gauge`."""
    series: Mapping[Labels, float]


class _Life:
    """Held by one thread only, so that it ends when the thread does."""

    __slots__ = ("__weakref__",)


class _Own(local):
    """The cells of the current thread; made when a thread first asks."""

    def __init__(self, enlist: Callable[[_Life], dict[Labels, Cells]]) -> None:
        self.life = _Life()
        self.cells = enlist(self.life)


class Family:
    """Label sets of one metric, and for each a few numbers that only grow.

    Counting is an addition on a list that only the current thread writes. The lock is held when a thread first sees a
    label set and when the family is read, never while counting; it is re-entrant because a garbage collection
    callback or a signal handler may record in the middle of either.

    Raises:
        ConfigurationError: it cannot be a metric: its name or its labels.
    """

    def __init__(self, name: str, help_text: str, label_names: tuple[str, ...]) -> None:
        if not all(map(_NAME.fullmatch, (name, *label_names))) or len(set(label_names)) < len(label_names):
            raise ConfigurationError(f"{name!r} with the labels {label_names!r} is no metric.")
        if len(label_names) > MOST_LABELS:
            raise ConfigurationError(
                f"{name} has {len(label_names)} labels; {MOST_LABELS} is the most. Each one multiplies its series: "
                "leave out what nobody alerts on."
            )
        self.name = name
        self.help_text = help_text
        self.label_names = label_names
        self.sealed = False
        """Whether something was counted: the cells cannot change their shape any more."""
        self._lock = RLock()
        self._declared: dict[Labels, None] = {}
        self._shards: list[tuple[ref[_Life], dict[Labels, Cells]]] = []
        self._ended: dict[Labels, Cells] = {}
        self._own = _Own(self._enlist)
        self._caches: WeakSet[local] = WeakSet()

    def __contains__(self, labels: object) -> bool:
        return labels in self._declared

    def __len__(self) -> int:
        return len(self._declared)

    def empty(self) -> Cells:
        """Cells in which nothing was counted."""
        return [0]

    def declare(self, labels: Labels) -> None:
        """Show this label set from now on, at zero until something is counted."""
        if labels not in self._declared:
            with self._lock:
                self._declared[labels] = None

    def cells(self, labels: Labels) -> Cells:
        """The current thread's cells of *labels*. Only this thread may write them, and only while it lives.

        Whoever keeps them does so in a `threading.local` that `cached_in` knows.
        """
        found = self._own.cells.get(labels)
        if found is None:
            with self._lock:
                self.sealed = True
                self.declare(labels)
                found = self._own.cells.setdefault(labels, self.empty())
        return found

    def cached_in(self, here: local) -> None:
        """Empty *here* in a forked child: it holds cells, which belong to the parent there."""
        self._caches.add(here)

    def totals(self) -> dict[Labels, Cells]:
        """Everything counted so far, by all threads, dead ones included."""
        with self._lock:
            self._fold()
            series: dict[Labels, Cells] = {}
            for shard in (self._ended, *(cells for _, cells in self._shards)):
                _add(series, shard)
            for labels in list(self._declared):
                if labels not in series:
                    series[labels] = self.empty()
            return series

    def shards(self) -> int:
        """How many threads have cells of their own right now."""
        return len(self._shards)

    def forget_parent(self) -> None:
        """In a forked child: drop what the parent counted, which the parent still reports itself.

        Only the forking thread survives a fork. Its cells are emptied in place, because others may hold on to them.
        """
        self._lock = RLock()
        self._ended = {}
        own = self._own
        self._shards = [(ref(own.life), own.cells)]
        for cells in own.cells.values():
            cells[:] = self.empty()
        for here in list(self._caches):
            here.__dict__.clear()

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


class Counter(Family):
    """Counts events that take no time. Its name ends in `_total`.

    Raises:
        ConfigurationError: it cannot be a counter: its name or its labels.
    """

    def __init__(self, name: str, help_text: str, label_names: tuple[str, ...]) -> None:
        super().__init__(name, help_text, label_names)
        if not name.endswith("_total"):
            raise ConfigurationError(f"{name} counts, so its name must end in '_total'.")

    def snapshot(self) -> NumberSnapshot:
        """Everything counted so far."""
        return NumberSnapshot(
            name=self.name,
            help_text=self.help_text,
            label_names=self.label_names,
            kind="counter",
            series={labels: cells[0] for labels, cells in self.totals().items()},
        )


class Gauge(Family):
    """Numbers that go up and down: what counts is the last one, whichever thread gave it. NaN shows none."""

    def cells(self, labels: Labels) -> Cells:
        """The cells of *labels*; all threads share them and write nothing but the number itself."""
        found = self._ended.get(labels)
        if found is None:
            with self._lock:
                self.declare(labels)
                found = self._ended.setdefault(labels, self.empty())
        return found

    def forget_parent(self) -> None:
        """In a forked child: drop what the parent said of itself."""
        super().forget_parent()
        self._declared = {}

    def snapshot(self) -> NumberSnapshot:
        """The numbers as they stand."""
        return NumberSnapshot(
            name=self.name,
            help_text=self.help_text,
            label_names=self.label_names,
            kind="gauge",
            series={labels: value for labels, (value,) in self.totals().items() if value == value},
        )


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
