"""Numbers by label set: kept per thread, added up when read. Knows neither what they count nor who may be a label."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from threading import local
from typing import Protocol, TypeAlias, TypeVar
from weakref import WeakSet, ref

from parapet.core.errors import ConfigurationError
from parapet.core.gauges import Across
from parapet.signals.layout import Place
from parapet.signals.locks import OneLock

Labels: TypeAlias = tuple[str, ...]
Cells: TypeAlias = list[float]
"""The numbers of one label set, as one thread wrote them: a list, or a view of a file that is used as one."""

MOST_LABELS = 10

MODES = {Across.SUM: "livesum", Across.MAX: "livemax", Across.LATEST: "max"}
"""prometheus_client's word for what becomes of a gauge across processes."""

NOTHING = {Across.SUM: 0.0, Across.MAX: -math.inf, Across.LATEST: -math.inf}
"""What a shared gauge holds about which nothing is known."""

T = TypeVar("T")

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class _Life:
    """Held by one thread only, so that it ends when the thread does."""

    __slots__ = ("__weakref__",)


class _Own(local):
    """The cells of the current thread; made when a thread first asks."""

    def __init__(self, enlist: Callable[[_Life], dict[Labels, Cells]]) -> None:
        self.life = _Life()
        self.labels: dict[int, Labels] = {}
        self.cells = enlist(self.life)


class Gathered(Protocol):
    """Reads what all processes counted."""

    def histogram(self, name: str, label_names: Labels, bounds: Sequence[float]) -> dict[Labels, Cells]:
        """The cells of a histogram, added up."""

    def counter(self, name: str, label_names: Labels) -> dict[Labels, Cells]:
        """A counter, added up."""

    def gauge(self, name: str, label_names: Labels, across: Across) -> dict[Labels, Cells]:
        """A gauge, put together as *across* says."""

    def notes(self) -> list[bytes]:
        """The short texts that all processes left."""


class Room(Protocol):
    """Where a family counts so that other processes can read it. Nothing here raises."""

    @property
    def gathered(self) -> Gathered:
        """What all processes counted."""

    def join(self, family: Family) -> None:
        """Show the declared label sets of *family* from when this process first counts."""

    def open(self) -> None:
        """Take over what a dead process left behind."""

    def take(self, family: Family, labels: Labels) -> Cells | None:
        """Cells that no other thread has; None where there is no room for them."""

    def give_back(self, family: Family, labels: Labels, cells: Cells) -> None:
        """A thread has ended; the next one goes on with its cells."""

    def show(self, family: Family, labels: Labels) -> None:
        """Make sure that a label set is there, at zero, once this process counts."""

    def remember(self, note: bytes) -> None:
        """Leave a short text for whoever is scraped."""

    def bury(self) -> None:
        """Say once what was going on in processes that are dead."""


class Family:
    """Label sets of one metric, and for each a few numbers that only grow.

    Counting is an addition on cells that only the current thread writes.

    Args:
        shared: where to count so that other processes can read it; None: in memory.

    Raises:
        ConfigurationError: it cannot be a metric: its name or its labels.
    """

    sort = "counter"
    """What prometheus_client calls this type of metric, and its mode if it is a gauge."""

    def __init__(
        self,
        name: str,
        help_text: str,
        label_names: tuple[str, ...],
        *,
        lock: OneLock | None = None,
        shared: Room | None = None,
    ) -> None:
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
        self._lock = lock or OneLock()
        self._shared = shared
        self._declared: dict[Labels, None] = {}
        self._shards: list[tuple[ref[_Life], dict[Labels, Cells]]] = []
        self._ended: dict[Labels, Cells] = {}
        self._own = _Own(self._enlist)
        self._caches: WeakSet[local] = WeakSet()
        if shared is not None:
            shared.join(self)

    def __contains__(self, labels: object) -> bool:
        return labels in self._declared

    def __len__(self) -> int:
        return len(self._declared)

    def empty(self) -> Cells:
        """Cells in which nothing was counted."""
        return [0]

    def open(self) -> None:
        """Take over what a dead process of this service left behind, before new label sets are let in."""
        if self._shared is not None:
            self._shared.open()

    def declare(self, labels: Labels) -> None:
        """Show this label set from now on, at zero until something is counted."""
        if labels not in self._declared:
            with self._lock:
                self._declared[labels] = None
                if self._shared is not None:
                    self._shared.show(self, labels)

    def declared(self) -> list[Labels]:
        """The label sets that are shown."""
        return [labels for labels, _ in _settled(self._declared)]

    def place(self, labels: Labels) -> Place:
        """Where the numbers of a label set belong in a file."""
        return Place(self.name, tuple(sorted(zip(self.label_names, labels, strict=True))), ())

    def cells(self, labels: Labels) -> Cells:
        """The current thread's cells of *labels*. Only this thread may write them, and only while it lives.

        Whoever keeps them does so in a `threading.local` that `cached_in` knows.
        """
        found = self._own.cells.get(labels)
        if found is None:
            with self._lock:
                self.sealed = True
                self.declare(labels)
                found = self._own.cells.setdefault(labels, self._new(labels))
                self._own.labels[id(found)] = labels
        return found

    def labels_of(self, cells: Cells) -> Labels | None:
        """The label set of cells that the current thread has; None if it has not."""
        return self._own.labels.get(id(cells))

    def cached_in(self, here: local) -> None:
        """Empty *here* in a forked child: it holds cells, which belong to the parent there."""
        self._caches.add(here)

    def totals(self) -> dict[Labels, Cells]:
        """Everything counted so far, by all threads, dead ones included; and by all processes, if they share."""
        series = self._gathered()
        with self._lock:
            self._fold()
            for shard in (self._ended, *(cells for _, cells in self._shards)):
                _add(series, shard)
            for labels in self.declared():
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
        self._ended = {}
        own = self._own
        self._shards = [(ref(own.life), own.cells)]
        for labels, cells in list(own.cells.items()):
            if type(cells) is list:
                cells[:] = self.empty()
            else:
                own.labels.pop(id(own.cells.pop(labels)))
        for here in list(self._caches):
            here.__dict__.clear()

    def _gathered(self) -> dict[Labels, Cells]:
        if self._shared is None:
            return {}
        return self._shared.gathered.counter(self.name, self.label_names)

    def _new(self, labels: Labels) -> Cells:
        found = None if self._shared is None else self._shared.take(self, labels)
        return self.empty() if found is None else found

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
            if self._shared is not None:
                for labels, cells in entry[1].items():
                    if type(cells) is not list:
                        self._shared.give_back(self, labels, cells)


def _add(into: dict[Labels, Cells], shard: dict[Labels, Cells]) -> None:
    for labels, cells in _settled(shard):
        if type(cells) is not list:  # it was read from its file
            continue
        total = into.get(labels)
        into[labels] = list(cells) if total is None else [a + b for a, b in zip(total, cells, strict=True)]


def _settled(shard: dict[Labels, T]) -> list[tuple[Labels, T]]:
    """The items of a dict to which its own thread may be adding a label set right now."""
    while True:
        try:
            return list(shard.items())
        except RuntimeError:  # it grew meanwhile
            continue
