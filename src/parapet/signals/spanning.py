"""Journeys that begin in one process and end in another: started in a request, finished in a job or a callback.

What was started waits in a store that the host names; it never is the evidence database. An attempt is counted once,
by whoever takes it out of the store: of two who finish it one counts, and between a finisher and the deadline the time
decides, not who came first. If a process dies, or an answer of the store is lost, between taking and counting, the
attempt is not counted at all: never twice.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from heapq import heappop, heappush
from time import monotonic
from typing import Protocol, TypeAlias

from parapet.core import names
from parapet.core.clock import Clock, SystemClock
from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded
from parapet.core.vocabulary import Outcome
from parapet.signals.reading import JOURNEY
from parapet.signals.recorder import Recorder
from parapet.signals.refs import Refs

LONGEST_REF = 100
LONGEST_DEADLINE_SECONDS = 30 * 86_400.0
SWEEP_EVERY_SECONDS = 5.0
SWEEP_AT_ONCE = 100
MOST_PENDING = 100_000
MOST_OWED = 1_000
REST_SECONDS = 5.0
"""How long a store that failed is left alone: a request must not wait for it again and again."""

REFERENCE = "reference"
"""What the reference of an attempt is called among its exact identifiers."""
STORE_FAILED = "pending_store"
STORE_FULL = "pending_full"
BAD_DEADLINE = "deadline"

Ref: TypeAlias = str | int
Ending: TypeAlias = tuple[str, str, Outcome, float]
"""Journey, reference, outcome, and when it was said, in epoch seconds."""


class Kept(StrEnum):
    """What became of an attempt that was given to a store."""

    KEPT = "kept"
    ALREADY = "already"  # one of its journey and reference is there; nothing changed
    FULL = "full"  # the store holds as much as it may


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An attempt that has begun. Times are epoch seconds."""

    journey: str
    ref: str
    started: float
    deadline: float
    otherwise: Outcome
    """What it counts as if nobody finished it before the deadline."""


class PendingJourneys(Protocol):
    """Keeps what has begun and not ended. Every method is one atomic step, for all processes that use the store."""

    def add(self, pending: Pending) -> Kept:
        """Keep *pending*, unless one of its journey and reference is there already."""
        ...

    def take(self, journey: str, ref: str) -> Pending | None:
        """Remove one and return it, to one caller only; None if there is none."""
        ...

    def take_overdue(self, now: float, at_most: int) -> Sequence[Pending]:
        """Remove some whose deadline is *now*, in epoch seconds, or was before, and return each to one caller only."""
        ...


class InProcess:
    """Keeps what is pending in this process's memory: for a service that is one process, and for tests."""

    def __init__(self, most: int = MOST_PENDING) -> None:
        self._most = most
        self._lock = threading.RLock()  # a garbage collection may end an attempt in the middle of another
        self._pending: dict[tuple[str, str], Pending] = {}
        self._deadlines: list[tuple[float, str, str]] = []

    def add(self, pending: Pending) -> Kept:
        """Keep *pending*, unless one of its journey and reference is there already."""
        key = (pending.journey, pending.ref)
        with self._lock:
            if key in self._pending:
                return Kept.ALREADY
            if len(self._pending) >= self._most:
                return Kept.FULL
            self._pending[key] = pending
            heappush(self._deadlines, (pending.deadline, *key))
            if len(self._deadlines) > 2 * len(self._pending) + 1_000:  # mostly of what was taken
                self._deadlines = sorted((one.deadline, *at) for at, one in self._pending.items())
            return Kept.KEPT

    def take(self, journey: str, ref: str) -> Pending | None:
        """Remove and return."""
        with self._lock:
            return self._pending.pop((journey, ref), None)

    def take_overdue(self, now: float, at_most: int) -> Sequence[Pending]:
        """Remove and return those whose time is up, the oldest deadline first."""
        found: list[Pending] = []
        with self._lock:
            while self._deadlines and self._deadlines[0][0] <= now and len(found) < at_most:
                deadline, journey, ref = heappop(self._deadlines)
                pending = self._pending.get((journey, ref))
                if pending is not None and pending.deadline == deadline:  # else it was finished, perhaps begun anew
                    found.append(self._pending.pop((journey, ref)))
        return found


class Spanning:
    """The journeys of one service that span processes. Its methods never raise.

    What is asked of the store is asked on the caller's thread, because a job must find what its request began. So the
    store has to answer fast or fail fast; after a failure it is left alone for five seconds.
    """

    def __init__(
        self,
        recorder: Recorder,
        clock: Clock | None = None,
        pending: PendingJourneys | None = None,
        refs: Refs | None = None,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self._recorder = recorder
        self._refs = refs
        self._pending: PendingJourneys = pending or InProcess()
        self._owed: deque[Ending] = deque()
        self._rest_until = 0.0

    def keep_in(self, pending: PendingJourneys) -> None:
        """Keep what is pending in *pending*, which every process of the service must name."""
        self._pending = pending

    def start(self, journey: str, ref: Ref, *, deadline_seconds: float, otherwise: Outcome) -> bool:
        """An attempt begins. Say so before you hand it over to whoever finishes it.

        Args:
            ref: tells this attempt from others of its journey, such as the number of an order; never a label.
            deadline_seconds: from now, 30 days at most.
            otherwise: what it counts as if it is not finished by then: the user abandoned it, or we failed.

        Returns:
            Whether it surely waits now. Not if it already did; nor if the store does not answer: then it is counted as
            rejected, and as an attempt only if the store has heard of it all the same.
        """
        with guarded("journey.start"):
            if not 0 < deadline_seconds <= LONGEST_DEADLINE_SECONDS:
                self._recorder.reject(JOURNEY, BAD_DEADLINE)
                return False
            now = self._now()
            pending = Pending(
                journey=journey,
                ref=_short(ref),
                started=now,
                deadline=now + deadline_seconds,
                otherwise=Outcome(otherwise),
            )
            if monotonic() >= self._rest_until:
                with guarded("journey.store"):
                    kept = self._pending.add(pending)
                    if kept is Kept.FULL:
                        self._recorder.reject(JOURNEY, STORE_FULL)
                    return kept is Kept.KEPT
                self._rest()
            self._recorder.reject(JOURNEY, STORE_FAILED)
        return False

    def finish(self, journey: str, ref: Ref, outcome: Outcome = Outcome.SUCCESS) -> Outcome | None:
        """The attempt ended as *outcome*, wherever it began. Telling it again changes nothing.

        Returns:
            What this call counted, which after the deadline is what was said at the start. None if it counted nothing:
            the attempt was never begun or is counted already, or the store does not answer; what could not be told to
            the store is told later, by `sweep`.
        """
        with guarded("journey.finish"):
            ending = (journey, _short(ref), Outcome(outcome), self._now())
            if monotonic() >= self._rest_until:
                with guarded("journey.store"):
                    return self._end(ending)
                self._rest()
            self._owe(ending)
        return None

    def sweep(self) -> int:
        """Count what nobody finished in time, and tell the store what could not be told before.

        Harmless to run twice, or in many processes at once. Returns how many attempts it counted.
        """
        counted = 0
        with guarded("journey.sweep"):
            now = self._now()
            while self._owed:
                ending = self._owed.popleft()
                with guarded("journey.store") as asked:
                    counted += self._end(ending) is not None
                if asked.error is not None:
                    self._owed.appendleft(ending)
                    self._rest()
                    return counted
            while True:
                overdue = self._pending.take_overdue(now, SWEEP_AT_ONCE)
                for pending in overdue:
                    self._count(pending, pending.otherwise, pending.deadline)
                counted += len(overdue)
                self._rest_until = 0.0
                if len(overdue) < SWEEP_AT_ONCE:
                    break
        return counted

    def watch(self, every_seconds: float = SWEEP_EVERY_SECONDS) -> Watch:
        """Sweep from a thread of its own until it is stopped. Start it after a server has forked.

        Raises:
            ConfigurationError: *every_seconds* is not positive.
        """
        return Watch(self, every_seconds)

    def _end(self, ending: Ending) -> Outcome | None:
        journey, ref, outcome, said = ending
        pending = self._pending.take(journey, ref)
        if pending is None:
            return None
        # Whether it was in time must not depend on when somebody swept.
        late = said >= pending.deadline
        return self._count(pending, pending.otherwise if late else outcome, pending.deadline if late else said)

    def _count(self, pending: Pending, outcome: Outcome, ended: float) -> Outcome:
        self._recorder.record(pending.journey, outcome, max(0.0, ended - pending.started))
        if self._refs is not None:
            fields = {names.JOURNEY: pending.journey, names.OUTCOME: outcome.value}
            self._refs.offer(JOURNEY, fields, {REFERENCE: pending.ref})
        return outcome

    def _owe(self, ending: Ending) -> None:
        if len(self._owed) >= MOST_OWED:
            self._recorder.reject(JOURNEY, STORE_FAILED)
        else:
            self._owed.append(ending)

    def _rest(self) -> None:
        self._rest_until = monotonic() + REST_SECONDS

    def _now(self) -> float:
        return self.clock.now().timestamp()


class Watch:
    """Sweeps regularly, from a thread of its own.

    Raises:
        ConfigurationError: *every_seconds* is not positive.
    """

    def __init__(self, spanning: Spanning, every_seconds: float) -> None:
        if not every_seconds > 0:
            raise ConfigurationError(f"every_seconds is {every_seconds}; it must be more than 0.")
        self._spanning = spanning
        self._every_seconds = every_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="parapet-journeys", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop sweeping; returns when the last sweep has ended, or after five seconds."""
        self._stop.set()
        self._thread.join(REST_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._spanning.sweep()
            self._stop.wait(self._every_seconds)


def _short(ref: Ref) -> str:
    """*ref* as a store keeps it; a long one by its digest, which is the same wherever it is told."""
    text = str(ref)
    return text if len(text) <= LONGEST_REF else hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
