"""Families of single numbers: counters, which only grow, and gauges and levels, which do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from parapet.core.errors import ConfigurationError
from parapet.core.gauges import Across
from parapet.signals.cells import MODES, NOTHING, Cells, Family, Labels, Room
from parapet.signals.locks import OneLock


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSnapshot:
    """A counter or a gauge family as it stood when it was read."""

    name: str
    help_text: str
    label_names: tuple[str, ...]
    kind: str
    """`counter`, whose name ends in `_total`, or `gauge`."""
    series: Mapping[Labels, float]


class Counter(Family):
    """Counts events that take no time. Its name ends in `_total`.

    Raises:
        ConfigurationError: it cannot be a counter: its name or its labels.
    """

    def __init__(
        self,
        name: str,
        help_text: str,
        label_names: tuple[str, ...],
        *,
        lock: OneLock | None = None,
        shared: Room | None = None,
    ) -> None:
        super().__init__(name, help_text, label_names, lock=lock, shared=shared)
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
    """Numbers that go up and down: what counts is the last one, whichever thread gave it.

    Args:
        across: what becomes of the numbers of several processes.

    Raises:
        ConfigurationError: it cannot be a metric: its name or its labels.
    """

    def __init__(
        self,
        name: str,
        help_text: str,
        label_names: tuple[str, ...],
        *,
        across: Across,
        lock: OneLock | None = None,
        shared: Room | None = None,
    ) -> None:
        self.across = across
        self.sort = f"gauge_{MODES[across]}"
        super().__init__(name, help_text, label_names, lock=lock, shared=shared)

    def put(self, labels: Labels, value: float) -> None:
        """Say what *labels* stand at; NaN: nobody knows, so it is not shown."""
        cells = self.cells(labels)
        cells[0] = value if value == value or type(cells) is list else NOTHING[self.across]

    def cells(self, labels: Labels) -> Cells:
        """The cells of *labels*; all threads share them and write nothing but the number itself."""
        found = self._ended.get(labels)
        if found is None:
            with self._lock:
                self.declare(labels)
                found = self._ended.setdefault(labels, self._new(labels))
        return found

    def totals(self) -> dict[Labels, Cells]:
        """The numbers as they stand; over all processes, if they share."""
        series = self._gathered()
        with self._lock:
            for labels, cells in list(self._ended.items()):
                if type(cells) is list:
                    series[labels] = list(cells)
            if self._shared is None:
                for labels in self.declared():
                    series.setdefault(labels, self.empty())
        return series

    def forget_parent(self) -> None:
        """In a forked child: drop what the parent said of itself."""
        super().forget_parent()
        self._declared = {}

    def _gathered(self) -> dict[Labels, Cells]:
        if self._shared is None:
            return {}
        return self._shared.gathered.gauge(self.name, self.label_names, self.across)

    def snapshot(self) -> NumberSnapshot:
        """The numbers as they stand."""
        return NumberSnapshot(
            name=self.name,
            help_text=self.help_text,
            label_names=self.label_names,
            kind="gauge",
            series={labels: value for labels, (value,) in self.totals().items() if value == value},
        )


class Level(Family):
    """How many of something there are now: up when one begins, down when it ends, on whichever thread that happens.

    Threads have cells of their own, which may go below zero; only their sum means something. In a shared directory
    it is the sum over living processes; what a dead one left is for whoever buries it.

    Raises:
        ConfigurationError: it cannot be a metric: its name or its labels.
    """

    sort = f"gauge_{MODES[Across.SUM]}"

    def snapshot(self) -> NumberSnapshot:
        """How many there are."""
        return NumberSnapshot(
            name=self.name,
            help_text=self.help_text,
            label_names=self.label_names,
            kind="gauge",
            series={labels: cells[0] for labels, cells in self.totals().items()},
        )

    def _gathered(self) -> dict[Labels, Cells]:
        if self._shared is None:
            return {}
        return self._shared.gathered.gauge(self.name, self.label_names, Across.SUM)
