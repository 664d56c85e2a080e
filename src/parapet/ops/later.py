"""Does small things soon, off the caller's path: a bounded queue, and a thread that works through it."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

from parapet.core.guard import guarded, note

T = TypeVar("T")

LAST_SECONDS = 5.0
"""How long the end of the process waits for what is still in the queue."""
TRIES = 5
PAUSE_SECONDS = 1.0


class Later(Generic[T]):
    """`put(...)` returns at once; *work* is done with it soon, also when the process ends right after.

    What does not fit into the queue, or cannot be done after some tries, is counted as swallowed at *name*.
    """

    def __init__(self, name: str, work: Callable[[T], object], most: int) -> None:
        self._name = name
        self._work = work
        self._queue: Queue[T] = Queue(most)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process = 0
        self._stop = threading.Event()

    def put(self, one: T) -> None:
        """Do it soon."""
        try:
            self._queue.put_nowait(one)
        except Full as error:
            note(self._name, error)
        self._ensure_running()

    def flush(self, seconds: float = LAST_SECONDS) -> None:
        """Wait until everything is done, at most *seconds*."""
        self._stop.set()
        thread = self._thread
        if thread is not None and self._process == os.getpid():
            thread.join(seconds)

    def _ensure_running(self) -> None:
        with self._lock:
            alive = self._thread is not None and self._thread.is_alive() and self._process == os.getpid()
            if alive and not self._stop.is_set():
                return
            if self._process != os.getpid():  # the first time, or after a fork
                self._process = os.getpid()
                atexit.register(self.flush)
            self._stop = threading.Event()
            self._thread = threading.Thread(target=self._run, name=f"parapet-{self._name}", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        stop = self._stop
        while not (stop.is_set() and self._queue.empty()):
            try:
                one = self._queue.get(timeout=0.2)
            except Empty:
                continue
            self._do(one, stop)

    def _do(self, one: T, stop: threading.Event) -> None:
        for attempt in range(1, TRIES + 1):
            with guarded(self._name) as done:
                self._work(one)
            if done.error is None or attempt == TRIES:
                return
            stop.wait(PAUSE_SECONDS * attempt)
