"""One task in one queue: what is counted when a run of it begins, and when it ends. The hot path of every worker."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from threading import local
from time import perf_counter
from typing import TypeAlias

from parapet.core import names
from parapet.core.clock import Clock
from parapet.core.guard import guarded
from parapet.core.vocabulary import JobState
from parapet.signals.cells import Cells
from parapet.signals.recorder import Recorder

CLOCK_EVERY_SECONDS = 1.0
LAST_SUCCESS_EVERY_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 366 * 86_400.0

NO_STAMP = math.nan
"""For a run that began nobody knows when it could have begun, or that is counted elsewhere."""

SUCCEEDED = JobState.SUCCEEDED  # looked up for every job, where an enumeration's attribute costs more than the rest


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


class Desk:
    """What one thread has of a lane: cells that only it writes, and how many runs that it began have not ended."""

    __slots__ = ("now", "quick", "run_sum", "running", "runs", "wait_sum", "waits")

    def __init__(self, waits: Cells, runs: Cells, quick: float, running: Cells | None) -> None:
        self.waits, self.runs = waits, runs
        self.wait_sum, self.run_sum = len(waits) - 1, len(runs) - 1  # to count from the end costs twice as much
        self.quick = quick
        """The first bound of runs, in seconds."""
        self.running = [0] if running is None else running
        self.now = int(self.running[0])

    def leave(self) -> None:
        """A run that began here has ended; how is counted elsewhere."""
        self.now = now = self.now - 1
        self.running[0] = now


Began: TypeAlias = Callable[[object, float], Desk]
Succeeded: TypeAlias = Callable[[Desk, float, float], None]
Moves: TypeAlias = tuple[Began, Succeeded]


class Lane:
    """The series of one task in one queue, looked up once and shown at zero from then on. Nothing here ever raises.

    Args:
        redelivers: whether somebody else runs a job if the process that runs it dies. None: who runs is not followed
            here, because whoever outlives that process tells.
    """

    __slots__ = ("_states", "began", "lost", "succeeded", "waited")

    def __init__(self, recorder: Recorder, wall: WallClock, task: str, queue: str, redelivers: bool | None) -> None:
        self._states = {
            state: recorder.bind(names.JOB_DURATION, (task, queue, state.value)).observe for state in JobState
        }
        self.waited: Callable[[float], None] = recorder.bind(names.JOB_WAIT, (task, queue)).observe
        """Count how long a job that starts now could have been running, in seconds."""
        self.lost: Callable[[], None] = recorder.bind(names.JOB_LOST, (task, queue)).add
        """Count a job whose worker died under it; how the job ended is counted beside it."""
        self.began, self.succeeded = _moves(recorder, wall, task, queue, redelivers)
        """`run = began(published, started)`: a run begins at *started*, a reading of `perf_counter()`. Counts how long
        it has waited since it was published, and due, at an epoch second; what is no such second counts no wait, and
        a job from the future, because machines' clocks differ, a wait of 0. Every run must end, on the same thread.

        `succeeded(run, started, ended)`: it ended well, by two readings of `perf_counter()`."""

    def ended(self, desk: Desk, state: JobState, seconds: float) -> None:
        """A run that began ends as *state* just now, after *seconds*."""
        if state is SUCCEEDED:
            here = perf_counter()
            self.succeeded(desk, here - seconds, here)
        else:
            desk.leave()
            self._states[state](seconds)

    def told(self, state: JobState, seconds: float) -> None:
        """Count a job that ended as *state* somewhere else, or without ever beginning."""
        self._states[state](seconds)


class _Successes:
    """When the task last succeeded: a second's precision is enough for "this job stopped arriving"."""

    def __init__(self, recorder: Recorder, wall: WallClock, task: str, queue: str) -> None:
        self.until = -math.inf
        """The reading of `perf_counter()` from which on the next success is to be shown."""
        self._recorder = recorder
        self._wall = wall
        self._labels = (task, queue)
        # No handle on the last success before there is one: it would be shown as the beginning of 1970.
        self._show: Callable[[float], None] | None = None

    def at(self, ended: float) -> None:
        """It succeeded at this reading of `perf_counter()`."""
        self.until = ended + LAST_SUCCESS_EVERY_SECONDS
        wall = self._wall
        if ended >= wall.until:
            wall.refresh()
        if wall.offset == wall.offset:
            with guarded("jobs.success"):
                if self._show is None:
                    self._show = self._recorder.bind(names.JOB_LAST_SUCCESS, self._labels).set
                self._show(ended + wall.offset)


def _moves(recorder: Recorder, wall: WallClock, task: str, queue: str, redelivers: bool | None) -> Moves:
    """What a lane does for every run: closures over the thread's own cells, at half the price of three handles."""
    families, successes = recorder.families, _Successes(recorder, wall, task, queue)
    waits, runs = families.histogram(names.JOB_WAIT), families.histogram(names.JOB_DURATION)
    waits_of = recorder.bind(names.JOB_WAIT, (task, queue)).labels
    runs_of = recorder.bind(names.JOB_DURATION, (task, queue, SUCCEEDED.value)).labels
    level = None if redelivers is None else families.level(names.JOB_RUNNING)
    level_of: tuple[str, ...] = (task, queue, "yes" if redelivers else "no")
    if level is not None:
        level_of = recorder.bind(names.JOB_RUNNING, level_of).labels
    here = local()
    for family in filter(None, (waits, runs, level)):
        family.cached_in(here)
    wait_bounds, wait_due, sample_wait = waits.bounds_seconds, waits.exemplars.due, waits.sample

    def look() -> Desk:
        running = None if level is None else level.cells(level_of)
        desk = here.desk = Desk(waits.cells(waits_of), runs.cells(runs_of), runs.bounds_seconds[0], running)
        return desk

    def began(published: object, started: float) -> Desk:
        try:
            desk: Desk = here.desk
        except AttributeError:
            desk = look()
        desk.now = now = desk.now + 1
        desk.running[0] = now
        if started >= wall.until:
            wall.refresh()
        try:
            seconds = started + wall.offset - published  # type: ignore[operator]  # most often a number
            if not 0.0 <= seconds < LONGEST_WAIT_SECONDS:
                if not seconds < 0.0:  # as NaN is not
                    return desk
                seconds = 0.0
        except (TypeError, ArithmeticError):
            return desk
        at = bisect_left(wait_bounds, seconds)
        cells = desk.waits
        cells[at] += 1
        cells[desk.wait_sum] += seconds
        if started > wait_due[at]:
            sample_wait(cells, at, seconds)
        return desk

    def slow(cells: Cells, seconds: float, ended: float) -> None:
        at = bisect_left(runs.bounds_seconds, seconds)
        cells[at] += 1
        if ended > runs.exemplars.due[at]:
            runs.sample(cells, at, seconds)
        if ended >= successes.until:
            successes.at(ended)

    def succeeded(desk: Desk, started: float, ended: float) -> None:
        desk.now = now = desk.now - 1
        desk.running[0] = now
        seconds = ended - started
        cells = desk.runs
        cells[desk.run_sum] += seconds
        if seconds <= desk.quick and ended < successes.until:
            cells[0] += 1
        else:
            slow(cells, seconds, ended)

    return began, succeeded
