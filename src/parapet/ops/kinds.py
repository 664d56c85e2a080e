"""The kinds of work that a worker does: each has its turn, and none keeps the others waiting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Thread
from time import perf_counter
from typing import TypeAlias

from parapet.core.guard import guarded
from parapet.core.work import Work

Counts: TypeAlias = dict[str, int]
"""What was done, by what became of it: the names of `Tick`, and `stuck`."""
Told: TypeAlias = Callable[[Work, float, Counts], None]
"""Hears of every turn: whose it was, how many seconds it took, and what was done."""


@dataclass(kw_only=True)
class Kind:
    """One kind of work. It is in one turn at a time."""

    work: Work
    do: Callable[[], Counts]
    """Do some of what is due, for a while."""
    aside: bool = False
    """It waits for code or servers of others, which may hang: while a worker runs, on a thread of its own."""
    _thread: Thread | None = field(default=None, init=False)
    _began: float = field(default=0.0, init=False)

    def turn(self, told: Told) -> tuple[Counts, Exception | None]:
        """Take a turn now: what was done, and what went wrong, which is counted, and stuck."""
        began, counts = perf_counter(), dict[str, int]()
        with guarded(f"worker.{self.work.value}") as attempt:
            counts = self.do()
        if attempt.error is not None:
            counts = {"stuck": 1}
        told(self.work, perf_counter() - began, counts)
        return counts, attempt.error

    def begin(self, told: Told) -> None:
        """Take a turn on a thread of its own, unless the last one still goes on."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._began = perf_counter()
        self._thread = Thread(target=self.turn, args=(told,), name=f"parapet-{self.work.value}", daemon=True)
        self._thread.start()

    @property
    def busy_seconds(self) -> float:
        """How long its turn on a thread of its own has taken so far; 0 if it has none."""
        return perf_counter() - self._began if self._thread is not None and self._thread.is_alive() else 0.0

    def wait(self, seconds: float) -> bool:
        """Wait for the end of its turn, at most so long; whether it ended."""
        if self._thread is not None:
            self._thread.join(seconds)
        return self._thread is None or not self._thread.is_alive()
