"""Asks now and then what nobody follows in between: in a process that others are scraped instead of."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from weakref import WeakMethod

EVERY_SECONDS = 5.0


class Rounds:
    """Calls a bound method every few seconds, in a daemon thread, for as long as its object lives.

    Args:
        work: must not raise.
        every_seconds: the pause between two calls.
    """

    def __init__(self, work: Callable[[], None], every_seconds: float = EVERY_SECONDS) -> None:
        self._work = WeakMethod(work)
        self._every_seconds = every_seconds
        self._stop = Event()
        self._thread: Thread | None = None

    def begin(self) -> None:
        """Begin, in this process. Doing it again changes nothing."""
        if self._thread is None:
            self._thread = Thread(target=_walk, args=(self._work, self._stop, self._every_seconds), daemon=True)
            self._thread.name = "parapet-rounds"
            self._thread.start()

    def stop(self) -> None:
        """End soon."""
        self._stop.set()

    def forget_parent(self) -> None:
        """In a forked child: the thread is not here."""
        self._stop, self._thread = Event(), None


def _walk(work: WeakMethod[Callable[[], None]], stop: Event, every_seconds: float) -> None:
    while not stop.wait(every_seconds):
        call = work()
        if call is None:
            return
        call()
        del call  # it keeps its object alive
