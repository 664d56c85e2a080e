"""What all processes counted, added up. Remembers where the numbers lie, so that reading is only adding."""

from __future__ import annotations

import math
import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from operator import add
from pathlib import Path

from parapet.core import gauges, vocabulary
from parapet.core.gauges import Across
from parapet.core.guard import guarded
from parapet.signals.cells import MODES, Cells, Labels
from parapet.signals.histogram import bound_text
from parapet.signals.layout import Place
from parapet.signals.locks import OneLock
from parapet.signals.seats import NOTES, PREFIX, locked, seats_taken
from parapet.signals.slab import Glass, notes


class Gathered:
    """The files of one directory, read. A file that cannot be read is counted by the guard and left out."""

    def __init__(self, directory: Path, lock: OneLock) -> None:
        self._directory = directory
        self._glasses: dict[str, Glass] = {}
        self._grouped: dict[tuple[str, str], _Group] = {}
        # The recorder's own: one of ours would be held where a garbage collection records, which needs the other.
        self._lock = lock

    def histogram(self, name: str, label_names: tuple[str, ...], bounds: Sequence[float]) -> dict[Labels, Cells]:
        """The cells of a histogram, added up over all processes, dead ones included."""
        wanted = tuple(map(bound_text, bounds))
        series: dict[Labels, Cells] = {}
        with self._lock:
            for labels, views in self._group("histogram", name).series(label_names):
                for place, view in views:
                    cells: Cells = view.tolist()  # type: ignore[assignment]  # doubles, whatever the stubs say
                    if place.bounds[:-1] != wanted:
                        cells = _fitted(cells, place.bounds, bounds)
                    total = series.get(labels)
                    series[labels] = cells if total is None else list(map(add, total, cells))
        return series

    def counter(self, name: str, label_names: tuple[str, ...]) -> dict[Labels, Cells]:
        """A counter, added up over all processes, dead ones included."""
        with self._lock:
            series = self._group("counter", name).series(label_names)
            return {labels: [sum(view[0] for _, view in views)] for labels, views in series}

    def gauge(self, name: str, label_names: tuple[str, ...], across: Across) -> dict[Labels, Cells]:
        """A gauge, put together as *across* says; of what is not a moment, only what the living say counts."""
        series: dict[Labels, Cells] = {}
        with self._lock:
            group = self._group(f"gauge_{MODES[across]}", name)
            alive: set[str] | None = None
            if across is not Across.LATEST and group.glasses:
                alive = set()
                with guarded("signals.seats"), locked(self._directory, alone=False):
                    alive = seats_taken(self._directory)
            for labels, told in group.told(label_names, alive):
                known = [value for value in told if value == value and value != -math.inf]
                if known:
                    series[labels] = [sum(known) if across is Across.SUM else max(known)]
        return series

    def busy_seats(self) -> set[str]:
        """The seats in which something goes on, or went on when their process died and nobody was told of it yet."""
        with self._lock:
            groups = [(name, self._group(f"gauge_{MODES[Across.SUM]}", name)) for name in gauges.LEVELS]
            return {seat for name, group in groups for seat in group.seats(tuple(vocabulary.LABELS[name]))}

    def notes(self) -> list[bytes]:
        """The short texts that all processes left."""
        found: list[bytes] = []
        for path in sorted(self._directory.glob(f"{PREFIX}*{NOTES}")):
            with guarded("signals.notes"):
                found += notes(path)
        return found

    def _group(self, sort: str, name: str) -> _Group:
        """The files of one sort of metric, and where the numbers of the metric lie in them."""
        present: dict[str, int] = {}
        with guarded("signals.gathered"), os.scandir(self._directory) as entries:
            head = f"{sort}_{PREFIX}"
            present = {
                entry.name: entry.inode()
                for entry in entries
                if entry.name.startswith(head) and entry.name.endswith(".db")
            }
        glasses: dict[str, Glass] = {}
        for file in sorted(present):
            glass = self._glasses.get(file)
            if glass is None or glass.inode != present[file]:
                with guarded("signals.gathered"):
                    try:
                        glass = self._glasses[file] = Glass(self._directory / file)
                    except FileNotFoundError:  # its process has only just begun it, or somebody took it away
                        continue
            if glass is not None:
                with guarded("signals.gathered"):
                    glass.look()
                    glasses[file] = glass
        group = self._grouped.get((sort, name))
        if group is None or group.glasses != glasses:
            group = self._grouped[sort, name] = _Group(name, glasses)
        return group


class _Group:
    """Where the numbers of one metric lie, by label set."""

    def __init__(self, name: str, glasses: dict[str, Glass]) -> None:
        self.glasses = glasses
        self._name = name
        self._read = dict.fromkeys(glasses, 0)
        self._series: dict[Labels, list[tuple[Place, memoryview[float]]]] = {}
        self._told: dict[Labels, list[tuple[str, memoryview[float]]]] = {}

    def series(self, label_names: tuple[str, ...]) -> Iterable[tuple[Labels, list[tuple[Place, memoryview[float]]]]]:
        """All numbers of each label set."""
        self._catch_up(label_names)
        return self._series.items()

    def told(self, label_names: tuple[str, ...], alive: set[str] | None) -> Iterator[tuple[Labels, list[float]]]:
        """The single numbers of each label set; with *alive*, only what these seats say."""
        self._catch_up(label_names)
        for labels, views in self._told.items():
            yield labels, [view[0] for seat, view in views if alive is None or seat in alive]

    def seats(self, label_names: tuple[str, ...]) -> set[str]:
        """Who has a number other than zero."""
        self._catch_up(label_names)
        return {seat for views in self._told.values() for seat, view in views if view[0]}

    def _catch_up(self, label_names: tuple[str, ...]) -> None:
        for file, glass in self.glasses.items():
            seat = file.rsplit("_", 1)[1].removesuffix(".db")
            for place, view in glass.found[self._read[file] :]:
                pairs = dict(place.labels)
                if place.metric == self._name and pairs.keys() == set(label_names):
                    labels = tuple(pairs[label] for label in label_names)
                    self._series.setdefault(labels, []).append((place, view))
                    self._told.setdefault(labels, []).append((seat, view))
            self._read[file] = len(glass.found)


def _fitted(cells: Cells, bounds: Sequence[str], wanted: Sequence[float]) -> Cells:
    """Cells with other bounds, as a process of another version wrote them: each into the next larger bucket."""
    fitted = [0.0] * (len(wanted) + 1) + [cells[-1]]
    for bound, count in zip(bounds, cells[:-1], strict=True):
        fitted[bisect_left(wanted, float(bound))] += count
    return fitted
