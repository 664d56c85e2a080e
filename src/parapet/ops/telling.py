"""Takes note of changes without waiting: a bounded queue, and a thread that writes what is in it."""

from __future__ import annotations

import atexit
import os
import threading
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, Full, Queue

from parapet.core.clock import Clock
from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded, note
from parapet.core.types import Actor, ActorClass, JsonObject
from parapet.incidents.model import ChangeKind
from parapet.ops.change import Changes

MOST_WAITING = 256
LAST_SECONDS = 5.0
"""How long the end of the process waits for what is still in the queue."""
TRIES = 5
PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    kind: ChangeKind
    title: str
    version: str | None
    by: str
    details: JsonObject
    change_id: str | None
    occurred_at: datetime


class Teller:
    """`changed(...)` returns at once; what it was told is recorded soon, also when the process ends right after.

    What does not fit into the queue, or cannot be written after some tries, is counted as swallowed at `changes`.
    """

    def __init__(self, changes: Changes, clock: Clock) -> None:
        self._changes = changes
        self._clock = clock
        self._queue: Queue[_Told] = Queue(MOST_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process = 0
        self._stop = threading.Event()

    def changed(
        self,
        kind: str,
        title: str,
        *,
        version: str | None = None,
        by: str = "application",
        details: JsonObject | None = None,
        change_id: str | None = None,
    ) -> None:
        """Something of *kind* (deploy, rollback, flag, config, migration, ai_model, provider) changed now.

        Raises:
            ConfigurationError: there is no such kind.
        """
        if kind not in set(ChangeKind):
            raise ConfigurationError(f"There is no change of kind {kind!r}. Known: {', '.join(ChangeKind)}.")
        told = _Told(
            kind=ChangeKind(kind),
            title=title,
            version=version,
            by=by,
            details=details or {},
            change_id=change_id,
            occurred_at=self._clock.now(),
        )
        try:
            self._queue.put_nowait(told)
        except Full as error:
            note("changes", error)
        self._ensure_running()

    def flush(self, seconds: float = LAST_SECONDS) -> None:
        """Wait until everything told is recorded, at most *seconds*."""
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
            self._thread = threading.Thread(target=self._run, name="parapet-changes", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        stop = self._stop
        while not (stop.is_set() and self._queue.empty()):
            try:
                told = self._queue.get(timeout=0.2)
            except Empty:
                continue
            self._record(told, stop)

    def _record(self, told: _Told, stop: threading.Event) -> None:
        for attempt in range(1, TRIES + 1):
            with guarded("changes") as done:
                self._changes.mark(
                    kind=told.kind,
                    title=told.title,
                    version=told.version,
                    actor=Actor(kind=ActorClass.EXTERNAL, name=told.by),
                    occurred_at=told.occurred_at,
                    details=told.details,
                    change_id=told.change_id,
                )
            if done.error is None or attempt == TRIES:
                return
            stop.wait(PAUSE_SECONDS * attempt)
