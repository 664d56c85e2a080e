"""Exact identifiers on their way to durable evidence: never a label, never waited for, and counted when dropped."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import TypeAlias
from weakref import ref

from parapet.core import names
from parapet.core.clock import Clock, SystemClock
from parapet.core.guard import guarded
from parapet.signals.recorder import Recorder

MOST_WAITING = 10_000
MOST_AT_ONCE = 100
MOST_REFS = 20
LONGEST_REF = 200
LAST_SECONDS = 5.0
"""How long the end of the process waits for what is still on its way."""

FULL = "full"
SINK = "sink"
RATE = "rate"
MALFORMED = "malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One event with the exact identifiers that it came with."""

    signal: str
    """The family, such as `delivery.outbound`."""
    fields: Mapping[str, str]
    """Its bounded fields, by name, as they were told."""
    refs: Mapping[str, str]
    """Exact identifiers, by what they identify: `message_id`."""
    seen_at: datetime


Sink: TypeAlias = Callable[[Sequence[Sighting]], None]
"""Takes sightings, oldest first, on a thread of its own. It may be slow, and it may fail."""

_Waiting: TypeAlias = "SimpleQueue[Sighting | Event]"


class Refs:
    """Hands sightings to one sink. Without a sink, identifiers are not kept at all.

    Args:
        most_waiting: how many may wait for a slow sink; newer ones are dropped, and counted as `full`.
    """

    def __init__(self, recorder: Recorder, *, clock: Clock | None = None, most_waiting: int = MOST_WAITING) -> None:
        self.clock: Clock = clock or SystemClock()
        self.most_waiting = most_waiting
        self._recorder = recorder
        self._sink: Sink | None = None
        self._begin()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_in_child(ref(self)))

    def to(self, sink: Sink) -> None:
        """Hand every sighting from now on to *sink*, also what is on its way when the process ends."""
        if self._sink is None:
            atexit.register(_at_exit, ref(self))
        self._sink = sink
        for reason in (FULL, SINK, MALFORMED):
            self._recorder.declare(names.REFS_DROPPED, (reason,))

    def offer(self, signal: str, fields: Mapping[str, str], refs: Mapping[str, object] | None) -> None:
        """Keep *refs* for the sink, if there is one. Never blocks, never raises."""
        if not refs or self._sink is None:
            return
        with guarded("signals.refs") as attempt:
            kept = {str(name): str(value)[:LONGEST_REF] for name, value in list(refs.items())[:MOST_REFS]}
            if self._waiting.qsize() >= self.most_waiting:
                self._dropped(FULL)
            else:
                now = self.clock.now()
                self._waiting.put(Sighting(signal=signal, fields=dict(fields), refs=kept, seen_at=now))
                self._wake()
        if attempt.error is not None:
            self._dropped(MALFORMED)

    def drain(self, timeout_seconds: float) -> bool:
        """Wait until everything offered so far was handed over; False if that takes longer. For a clean shutdown."""
        done = Event()
        self._waiting.put(done)
        self._wake()
        return done.wait(timeout_seconds)

    def _begin(self) -> None:
        """With nothing waiting and no thread: at first, and in a forked child, whose parent still has its own."""
        self._waiting: _Waiting = SimpleQueue()
        self._starting = Lock()
        self._thread: Thread | None = None

    def _wake(self) -> None:
        if (self._thread is None or not self._thread.is_alive()) and self._starting.acquire(blocking=False):
            try:
                thread = Thread(target=_hand_over, args=(ref(self), self._waiting), name="parapet-refs", daemon=True)
                thread.start()
                self._thread = thread
            finally:
                self._starting.release()

    def _hand(self, batch: list[Sighting]) -> None:
        sink = self._sink
        if batch and sink is not None:
            with guarded("signals.refs.sink") as attempt:
                sink(tuple(batch))
            if attempt.error is not None:
                self._dropped(SINK, len(batch))

    def _dropped(self, reason: str, count: int = 1) -> None:
        self._recorder.add(names.REFS_DROPPED, (reason,), count)


def _hand_over(refs: ref[Refs], waiting: _Waiting) -> None:
    """What the thread does, for as long as anybody holds *refs*."""
    while True:
        try:
            items = [waiting.get(timeout=1.0)]
        except Empty:
            if refs() is None:
                return
            continue
        while len(items) < MOST_AT_ONCE and not isinstance(items[-1], Event):
            try:
                items.append(waiting.get_nowait())
            except Empty:
                break
        alive = refs()
        if alive is not None:
            alive._hand([item for item in items if isinstance(item, Sighting)])
        del alive
        for item in items:
            if isinstance(item, Event):
                item.set()


def _at_exit(refs: ref[Refs]) -> None:
    alive = refs()
    if alive is not None and alive._thread is not None:
        alive.drain(LAST_SECONDS)


def _in_child(refs: ref[Refs]) -> Callable[[], None]:
    def forget() -> None:
        alive = refs()
        if alive is not None:
            alive._begin()

    return forget
