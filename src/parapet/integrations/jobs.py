"""What the job integrations share: one lane per task and queue, stamps of publication, and the backlog's watch.

Imports no job library. A job is counted where it ran. If its process died it is counted by the process that noticed:
where processes share a directory, that is any that is scraped, or that begins in its place.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

from parapet.core import names, vocabulary
from parapet.core.clock import Clock
from parapet.core.guard import guarded
from parapet.integrations.lanes import Lane, WallClock
from parapet.signals import delays
from parapet.signals.recorder import Recorder

STAMP = names.JOB_PUBLISHED
"""The key under which the publisher leaves the time, in epoch seconds, at which a job was handed to the broker."""

MOST_LANES = 5_000
BACKLOG_EVERY_SECONDS = 5.0
READ_TIMEOUT_SECONDS = 5.0


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


class Jobs:
    """Counts the jobs of one library into the recorder of *host*.

    Args:
        redelivers: whether somebody else runs a job if the process that runs it dies; None: whoever outlives that
            process tells what became of it.
    """

    def __init__(self, host: Host, *, redelivers: bool | None = None) -> None:
        self.recorder = host.recorder
        self.wall = WallClock(host.clock)
        self._redelivers = redelivers
        self.lanes: dict[tuple[object, object], Lane] = {}
        """The lanes so far, for those who look one up themselves before they ask for it."""

    @property
    def heirs(self) -> bool:
        """Whether other processes find out by themselves what ran here, if this one dies."""
        return self._redelivers is not None and self.recorder.families.outlive_us

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
                lane = self.lanes[key] = Lane(self.recorder, self.wall, *key, self._redelivers)
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
        self._looked_at: set[str] = set()
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
            for bucket in delays.BUCKETS if queue not in self._looked_at else ():
                recorder.declare(names.JOB_BACKLOG_LOOKS, (queue, bucket))
            recorder.add(names.JOB_BACKLOG_LOOKS, (queue, delays.bucket_of(age)))
        self._looked_at |= ages.keys()
        self._shown |= sizes.keys()
        self._aged |= ages.keys()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.once()
            self._stop.wait(self._every_seconds)
        self.show([])
