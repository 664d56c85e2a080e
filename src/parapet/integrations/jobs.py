"""What the job integrations share: one lane per task and queue, stamps of publication, and the backlog's watch.

Imports no job library. A job is counted where it ran or, if its process died, by the process that noticed.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

from parapet.core import names, vocabulary
from parapet.core.clock import Clock
from parapet.core.guard import guarded
from parapet.core.vocabulary import JobState
from parapet.signals.recorder import Recorder

STAMP = names.JOB_PUBLISHED
"""The key under which the publisher leaves the time, in epoch seconds, at which a job was handed to the broker."""

MOST_LANES = 5_000
CLOCK_EVERY_SECONDS = 1.0
LAST_SUCCESS_EVERY_SECONDS = 1.0
BACKLOG_EVERY_SECONDS = 5.0
READ_TIMEOUT_SECONDS = 5.0
LONGEST_WAIT_SECONDS = 366 * 86_400.0

SUCCEEDED = JobState.SUCCEEDED  # looked up for every job, where an enumeration's attribute costs more than the rest


class Host(Protocol):
    """What an integration needs of a Parapet."""

    @property
    def recorder(self) -> Recorder:
        """Where signals are counted."""
        ...

    @property
    def clock(self) -> Clock:
        """What time it is."""
        ...


class WallClock:
    """The time in epoch seconds, from the counter of the processor; the host's clock is asked once a second.

    `offset` is what to add to a reading of `perf_counter()` that is less than `until`; NaN: the clock is broken.
    """

    __slots__ = ("_clock", "offset", "until")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.offset = math.nan
        self.until = -math.inf

    def refresh(self) -> None:
        """Ask the host's clock. Never raises."""
        here = perf_counter()
        self.until = here + CLOCK_EVERY_SECONDS
        self.offset = math.nan
        with guarded("jobs.clock"):
            self.offset = self._clock.now().timestamp() - here


class Lane:
    """The series of one task in one queue, looked up once and shown at zero from then on. Nothing here ever raises."""

    __slots__ = (
        "_labels",
        "_last_success",
        "_recorder",
        "_states",
        "_success",
        "_success_until",
        "_wall",
        "lost",
        "waited",
    )

    def __init__(self, recorder: Recorder, wall: WallClock, task: str, queue: str) -> None:
        self._recorder = recorder
        self._wall = wall
        self._labels = (task, queue)
        self._states = {
            state: recorder.bind(names.JOB_DURATION, (task, queue, state.value)).observe for state in JobState
        }
        self._success = self._states[SUCCEEDED]
        # No handle on the last success before there is one: it would be shown as the beginning of 1970.
        self._last_success: Callable[[float], None] | None = None
        self._success_until = -math.inf
        self.waited: Callable[[float], None] = recorder.bind(names.JOB_WAIT, (task, queue)).observe
        """Count how long a job that starts now could have been running, in seconds."""
        self.lost: Callable[[], None] = recorder.bind(names.JOB_LOST, (task, queue)).add
        """Count a job whose worker died under it; how the job ended is counted beside it."""

    def waited_since(self, published: object, started: float) -> None:
        """Count how long a job waited that was published, and due, at an epoch second; what is none is not counted.

        Machines' clocks differ, so a job from the future waited 0. *started* is a reading of `perf_counter()`.
        """
        wall = self._wall
        if started >= wall.until:
            wall.refresh()
        try:
            seconds = started + wall.offset - published  # type: ignore[operator]  # most often a number
        except (TypeError, ArithmeticError):
            return
        if seconds < LONGEST_WAIT_SECONDS:  # which NaN is not
            self.waited(seconds if seconds > 0.0 else 0.0)

    def succeeded(self, started: float, ended: float) -> None:
        """Count a job that succeeded between two readings of `perf_counter()`."""
        self._success(ended - started)
        if ended >= self._success_until:
            self._show_success(ended)

    def ended(self, state: JobState, seconds: float) -> None:
        """Count a job that ended as *state* just now after running for *seconds*."""
        if state is SUCCEEDED:
            here = perf_counter()
            self.succeeded(here - seconds, here)
        else:
            self._states[state](seconds)

    def _show_success(self, ended: float) -> None:
        # A second's precision is enough for "this job stopped arriving", and spares most of the writes.
        self._success_until = ended + LAST_SUCCESS_EVERY_SECONDS
        wall = self._wall
        if ended >= wall.until:
            wall.refresh()
        if wall.offset == wall.offset:
            with guarded("jobs.success"):
                if self._last_success is None:
                    self._last_success = self._recorder.bind(names.JOB_LAST_SUCCESS, self._labels).set
                self._last_success(ended + wall.offset)


class Jobs:
    """Counts the jobs of one library into the recorder of *host*."""

    def __init__(self, host: Host) -> None:
        self.recorder = host.recorder
        self.wall = WallClock(host.clock)
        self.lanes: dict[tuple[object, object], Lane] = {}
        """The lanes so far, for those who look one up themselves before they ask for it."""

    def now(self) -> float:
        """The time in epoch seconds; NaN: the host's clock is broken. Never raises."""
        here = perf_counter()
        if here >= self.wall.until:
            self.wall.refresh()
        return here + self.wall.offset

    def lane(self, task: str, queue: str) -> Lane:
        """The series of *task* in *queue*; values beyond the recorder's ceilings share the lane `other`.

        Raises:
            Exception: whatever a broken recorder raises.
        """
        lane = self.lanes.get((task, queue))
        if lane is None:
            key = (task, queue) if len(self.lanes) < MOST_LANES else _REST
            lane = self.lanes.get(key)
            if lane is None:
                lane = self.lanes[key] = Lane(self.recorder, self.wall, *key)
        return lane

    def declare(self, task: str, queue: str) -> None:
        """Show everything about *task* in *queue* at zero, so that its first failure is a step and no new series."""
        self.lane(task, queue)


_REST = (vocabulary.OTHER, vocabulary.OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits in one queue."""

    queue: str
    size: int
    oldest: float | None
    """When the oldest of them could have started, in epoch seconds; None: nothing waits, or nobody can know."""
    knows_age: bool = True
    """Whether the broker can tell when a job was published."""


class BacklogWatch:
    """Reads a broker from a thread of its own, so that neither a job nor a scrape ever waits for it.

    Args:
        read: what waits now, by queue. It may fail: that is counted, and the queues show no number until it works.
        every_seconds: pause between two readings.
    """

    def __init__(
        self, jobs: Jobs, read: Callable[[], Iterable[Waiting]], every_seconds: float = BACKLOG_EVERY_SECONDS
    ) -> None:
        self._jobs = jobs
        self._read = read
        self._every_seconds = every_seconds
        self._shown: set[str] = set()
        self._aged: set[str] = set()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to read. Doing it again changes nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="parapet-backlog", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop reading, and show no more numbers."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(self._every_seconds)

    def once(self) -> bool:
        """Read now; says whether it worked. Never raises."""
        found: list[Waiting] | None = None
        with guarded("jobs.backlog"):
            found = list(self._read())
        self.show(found or [])
        return found is not None

    async def follow(self, read: Callable[[], Awaitable[Iterable[Waiting]]]) -> None:
        """The same without a thread, in the event loop of whoever awaits this; ends when it is cancelled."""
        try:
            while True:
                found: list[Waiting] = []
                with guarded("jobs.backlog"):
                    found = list(await asyncio.wait_for(read(), READ_TIMEOUT_SECONDS))
                self.show(found)
                await asyncio.sleep(self._every_seconds)
        finally:
            self.show([])

    def show(self, found: list[Waiting]) -> None:
        """Show *found*, and of queues that were shown before and are not in it, no number any more. Never raises."""
        with guarded("jobs.backlog"):
            self._show(found)

    def _show(self, found: list[Waiting]) -> None:
        recorder, now = self._jobs.recorder, self._jobs.now()
        if now != now:
            found = []
        sizes = {one.queue: float(one.size) for one in found}
        ages = {one.queue: max(0.0, now - one.oldest) if one.oldest else 0.0 for one in found if one.knows_age}
        # An old number is worse than none: nothing read is not nothing waiting.
        for queue in self._shown - sizes.keys():
            recorder.set(names.JOB_BACKLOG_SIZE, (queue,), float("nan"))
        for queue in self._aged - ages.keys():
            recorder.set(names.JOB_BACKLOG_AGE, (queue,), float("nan"))
        for queue, size in sizes.items():
            recorder.set(names.JOB_BACKLOG_SIZE, (queue,), size)
        for queue, age in ages.items():
            recorder.set(names.JOB_BACKLOG_AGE, (queue,), age)
        self._shown |= sizes.keys()
        self._aged |= ages.keys()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.once()
            self._stop.wait(self._every_seconds)
        self.show([])
