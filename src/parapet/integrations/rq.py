"""RQ: how long jobs waited and ran, and how they ended, as a mixin for any of its worker classes.

RQ forks a process for every job. Everything is recorded by the parent, which outlives the job: also what became of it
if its process was killed. What happened is read back from Redis, where the child left it.
"""

from __future__ import annotations

import pickletools
from collections.abc import Iterator
from datetime import datetime
from time import perf_counter
from typing import ClassVar

from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded
from parapet.core.vocabulary import JobState
from parapet.integrations.jobs import (
    BACKLOG_EVERY_SECONDS,
    READ_TIMEOUT_SECONDS,
    BacklogWatch,
    Host,
    Jobs,
    Waiting,
)
from parapet.integrations.lanes import Lane

try:
    from redis import Redis
    from rq import Queue
    from rq.exceptions import AbandonedJobError
    from rq.job import Job, JobStatus
    from rq.serializers import DefaultSerializer, PickleSerializer
    from rq.utils import str_to_date
except ImportError as error:
    raise ConfigurationError("RQ is not installed. Install it, or do not instrument it.") from error

_PICKLED = (DefaultSerializer, PickleSerializer)
_MOST_OPCODES = 8


class Measured:
    """Counts the jobs of a worker: `class Worker(Measured, rq.Worker): host = parapet`, `rq worker -w shop.Worker`.

    Works with `rq.SpawnWorker`, `rq.SimpleWorker` and others alike.
    """

    host: ClassVar[Host]
    backlog_every_seconds: ClassVar[float | None] = BACKLOG_EVERY_SECONDS
    """How often sizes and ages of the worker's queues are read, from a thread of its own; None: never."""

    _parapet_jobs: Jobs | None = None
    _parapet_watch: BacklogWatch | None = None
    _parapet_running = False
    _parapet_killed = False

    def bootstrap(self, *args: object, **kwargs: object) -> None:
        """Begin to work, and to read the backlog."""
        super().bootstrap(*args, **kwargs)  # type: ignore[misc]  # of the worker
        with guarded("rq.worker"):
            if self.backlog_every_seconds is not None:
                names = self.queue_names()  # type: ignore[attr-defined]
                connection = _own(self.connection)  # type: ignore[attr-defined]
                read = _Backlog(connection, names)
                self._parapet_watch = BacklogWatch(self._parapet_counts(), read.read, self.backlog_every_seconds)
                self._parapet_watch.start()

    def teardown(self) -> None:
        """End, and show no backlog any more."""
        with guarded("rq.worker"):
            if self._parapet_watch is not None:
                self._parapet_watch.stop()
        super().teardown()  # type: ignore[misc]

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run one job, in a process of its own or not, and count it."""
        before: tuple[int, ...] | None = None
        lane: Lane | None = None
        with guarded("rq.start"):
            lane = self._parapet_counts().lane(_name(job), queue.name)
            lane.began(job.enqueued_at.timestamp() if job.enqueued_at else None, perf_counter())
            before = self._parapet_tallies(job)[0]
        self._parapet_running, self._parapet_killed = True, False
        started = perf_counter()
        try:
            super().execute_job(job, queue)  # type: ignore[misc]
        finally:
            seconds = perf_counter() - started
            self._parapet_running = False
            with guarded("rq.end"):
                if lane is not None and before is not None and not self.is_horse:  # type: ignore[attr-defined]
                    lane.told(_state(before, *self._parapet_tallies(job)), seconds)
                    if self._parapet_killed:
                        lane.lost()

    def handle_work_horse_killed(self, *args: object, **kwargs: object) -> None:
        """The process of a job ended without a word: out of memory, killed, crashed."""
        self._parapet_killed = True
        super().handle_work_horse_killed(*args, **kwargs)  # type: ignore[misc]

    def handle_job_failure(self, job: Job, *args: object, **kwargs: object) -> None:
        """Fail or retry a job; here also one that another worker took and never began."""
        again = False
        with guarded("rq.failure"):
            again = job.should_retry
        super().handle_job_failure(job, *args, **kwargs)  # type: ignore[misc]
        if not self._parapet_running and not self.is_horse:  # type: ignore[attr-defined]
            self._parapet_abandoned(job, again=again)

    def clean_registries(self) -> None:
        """Look for jobs whose worker died; each is counted as lost."""
        handlers = getattr(self, "_exc_handlers", [])

        def hear(job: Job, kind: type[BaseException], *_: object) -> None:
            if kind is AbandonedJobError:
                self._parapet_abandoned(job, again=bool(job.retries_left and job.retries_left > 0))

        handlers.insert(0, hear)  # first: one that returns False silences those behind it
        try:
            super().clean_registries()  # type: ignore[misc]
        finally:
            handlers.remove(hear)

    def _parapet_abandoned(self, job: Job, *, again: bool) -> None:
        with guarded("rq.abandoned"):
            lane = self._parapet_counts().lane(_name(job), job.origin)
            begun, alive = job.started_at, job.last_heartbeat
            seconds = max(0.0, (alive - begun).total_seconds()) if begun and alive else 0.0
            lane.told(JobState.RETRIED if again else JobState.FAILED, seconds)
            lane.lost()

    def _parapet_counts(self) -> Jobs:
        if self._parapet_jobs is None:
            self._parapet_jobs = Jobs(self.host)
        return self._parapet_jobs

    def _parapet_tallies(self, job: Job) -> tuple[tuple[int, ...], str]:
        """What this worker counts for itself (successes, failures) and the job (its retries), and the job's status."""
        with self.connection.pipeline(transaction=False) as pipe:  # type: ignore[attr-defined]
            pipe.hmget(self.key, "successful_job_count", "failed_job_count")  # type: ignore[attr-defined]
            pipe.hmget(job.key, "retries_left", "number_of_retries", "status")
            (good, bad), (left, done, status) = pipe.execute()
        counted = (int(good or 0), int(bad or 0), int(left or 0), int(done or 0))
        return counted, _text(status or b"")


def backlog(connection: Redis, queues: list[str], host: Host, *, every_seconds: float = 5.0) -> BacklogWatch:
    """A watch over *queues*, for a process that is no worker and so outlives the workers.

    It reads once `start()` is called.
    """
    return BacklogWatch(Jobs(host), _Backlog(_own(connection), queues).read, every_seconds)


class _Backlog:
    """Reads what waits in some queues."""

    def __init__(self, connection: Redis, queues: list[str]) -> None:
        self._connection = connection
        self._queues = [Queue(name, connection=connection) for name in queues]

    def read(self) -> Iterator[Waiting]:
        for queue in self._queues:
            first = self._connection.lindex(queue.key, 0)
            raw = self._connection.hget(Job.key_for(_text(first)), "enqueued_at") if first else None
            moment: datetime | None = str_to_date(raw) if raw else None
            yield Waiting(queue=queue.name, size=queue.count, oldest=moment.timestamp() if moment else None)


def _own(connection: Redis) -> Redis:
    """A connection like *connection* that shares nothing with it, so that a fork cannot find it in use."""
    pool = connection.connection_pool
    limits = {"socket_timeout": READ_TIMEOUT_SECONDS, "socket_connect_timeout": READ_TIMEOUT_SECONDS}
    options = {**pool.connection_kwargs, **limits}
    return Redis(connection_pool=type(pool)(connection_class=pool.connection_class, max_connections=1, **options))


def _name(job: Job) -> str:
    """The name of a job's function, without unpickling its arguments: that would import the host's code here."""
    if job.serializer not in _PICKLED:
        return str(job.func_name)
    opcodes = pickletools.genops(job.data)
    for _, (opcode, argument, _) in zip(range(_MOST_OPCODES), opcodes, strict=False):
        if "UNICODE" in opcode.name:
            return str(argument)
    return str(job.func_name)


def _state(before: tuple[int, ...], after: tuple[int, ...], status: str) -> JobState:
    """How a job ended. The worker's own tallies also tell of a job that is already forgotten, or runs elsewhere."""
    if after[0] > before[0]:
        return JobState.SUCCEEDED
    if status == JobStatus.STOPPED.value:
        return JobState.REVOKED
    return JobState.RETRIED if after[2:] != before[2:] and status else JobState.FAILED


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
