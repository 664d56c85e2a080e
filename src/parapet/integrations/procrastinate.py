"""Procrastinate: how long jobs waited and ran, how they ended, and what waits in the database.

Times of publication are the database's own, so nothing is stamped and no clock is compared with another. A job whose
worker died is counted as lost and failed: it stays where it is until somebody retries it, and meanwhile counts as
waiting again, and its age says so. Where processes share a directory, the next process notices; else the next worker
that starts and finds the dead one's heartbeat too old. A job that was cancelled before it began is taken off the queue
by whoever cancels it, no worker hears of it, and it is not counted.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from time import perf_counter
from typing import LiteralString, cast

from parapet.core import vocabulary
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
from parapet.integrations.lanes import NO_STAMP, Desk, Lane

try:
    import psycopg
    from procrastinate import App, JobContext
    from procrastinate.exceptions import JobAborted
    from procrastinate.job_context import AbortReason
    from procrastinate.jobs import Job
    from procrastinate.testing import InMemoryConnector
    from procrastinate.worker import Worker
    from psycopg.rows import dict_row
except ImportError as error:
    raise ConfigurationError("Procrastinate is not installed. Install it, or do not instrument it.") from error

_BUILTIN = "builtin"
_MOST_COUNTED = 100_000
_STALLED_SECONDS = 30.0

_WAIT: LiteralString = """
SELECT EXTRACT(EPOCH FROM max(at) FILTER (WHERE type = 'started') - GREATEST(
    max(at) FILTER (WHERE type IN ('deferred', 'deferred_for_retry', 'retried')), %(scheduled_at)s::timestamptz
))::float8 AS seconds
FROM procrastinate_events WHERE job_id = %(job_id)s
"""
# Bounded however many jobs there are: so many are counted, and the first hundred of each queue may be the oldest.
_BACKLOG: LiteralString = """
WITH waiting AS (
    (SELECT id, queue_name, scheduled_at FROM procrastinate_jobs
     WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())
     ORDER BY priority DESC, id LIMIT %(most)s)
    UNION ALL
    (SELECT job.id, job.queue_name, job.scheduled_at FROM procrastinate_jobs AS job
     LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
     WHERE job.status = 'doing'
       AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => %(stalled_seconds)s))
     LIMIT %(most)s)
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY queue_name ORDER BY id) AS place FROM waiting
)
SELECT queue_name AS queue, count(*) AS size,
    EXTRACT(EPOCH FROM now() - min(GREATEST(ranked.scheduled_at, event.at)) FILTER (WHERE place <= 100))::float8 AS age
FROM ranked LEFT JOIN LATERAL (
    SELECT max(at) AS at FROM procrastinate_events
    WHERE job_id = ranked.id AND type IN ('deferred', 'deferred_for_retry', 'retried')
) AS event ON place <= 100
GROUP BY queue_name
"""
_STALLED: LiteralString = """
SELECT job.worker_id, job.task_name, job.queue_name, EXTRACT(EPOCH FROM worker.last_heartbeat - (
    SELECT max(at) FROM procrastinate_events WHERE job_id = job.id AND type = 'started'
))::float8 AS seconds
FROM procrastinate_jobs AS job JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
WHERE job.status = 'doing' AND worker.last_heartbeat < now() - make_interval(secs => %(seconds)s)
"""
_LIMITS = {"most": _MOST_COUNTED, "stalled_seconds": _STALLED_SECONDS}


def instrument(app: App, host: Host, *, backlog_every_seconds: float | None = BACKLOG_EVERY_SECONDS) -> None:
    """Count the jobs that workers of *app* run into the recorder of *host*. Doing it again changes nothing.

    Args:
        backlog_every_seconds: how often a worker reads sizes and ages of the queues, over the connector of *app*; None:
            never.
    """
    original = app.run_worker_async
    if isinstance(getattr(original, "__self__", None), _Measure):
        return
    app.run_worker_async = _Measure(app, Jobs(host, redelivers=False), original, backlog_every_seconds).run  # type: ignore[method-assign]


def backlog(
    url: str, host: Host, *, queues: Iterable[str] = (), every_seconds: float = BACKLOG_EVERY_SECONDS
) -> BacklogWatch:
    """A watch over the queues in the database at *url*, for a process that is no worker and so outlives the workers.

    It reads once `start()` is called. *queues* are shown even while they are empty.
    """
    jobs = Jobs(host)

    def read() -> Iterator[Waiting]:
        limit = f"-c statement_timeout={int(READ_TIMEOUT_SECONDS * 1000)}"
        timeout = int(READ_TIMEOUT_SECONDS)
        with psycopg.connect(url, connect_timeout=timeout, options=limit, autocommit=True) as connection:
            rows = connection.cursor(row_factory=dict_row).execute(_BACKLOG, _LIMITS).fetchall()
        return _waiting(rows, queues, jobs.now())

    return BacklogWatch(jobs, read, every_seconds)


class _Measure:
    """Stands around the workers of one application."""

    def __init__(
        self, app: App, jobs: Jobs, original: Callable[..., Awaitable[None]], every_seconds: float | None
    ) -> None:
        self._app = app
        self._jobs = jobs
        self._original = original
        self._every_seconds = every_seconds
        self._asking: set[asyncio.Task[None]] = set()

    async def run(self, **options: object) -> None:
        """What `App.run_worker_async` does, with our middleware outermost and the backlog read beside it."""
        before = options.get("worker_middleware", self._app.worker_defaults.get("worker_middleware")) or ()
        options["worker_middleware"] = [self.middleware, *cast("Iterable[object]", before)]
        queues = options.get("queues", self._app.worker_defaults.get("queues"))
        watching: asyncio.Task[None] | None = None
        manager = self._app.job_manager
        finish_job, prune = manager.finish_job, manager.prune_stalled_workers
        with guarded("procrastinate.worker"):
            manager.finish_job = self._finishing(finish_job)  # type: ignore[method-assign, assignment]
            manager.prune_stalled_workers = self._pruning(prune)  # type: ignore[method-assign, assignment]
            watching = asyncio.create_task(self._watch(cast("Iterable[str] | None", queues)), name="parapet-backlog")
        try:
            await self._original(**options)
        finally:
            manager.finish_job = finish_job  # type: ignore[method-assign]
            manager.prune_stalled_workers = prune  # type: ignore[method-assign]
            if watching is not None:
                watching.cancel()
                await asyncio.wait([watching])

    def _finishing(self, finish_job: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        """*finish_job*, which is all that Procrastinate calls for a job whose task it does not know."""

        async def finishing(job: Job, *args: object, **kwargs: object) -> None:
            with guarded("procrastinate.unknown"):
                if job.task_name not in self._app.tasks:
                    self._jobs.lane(vocabulary.OTHER, job.queue).told(JobState.DISCARDED, 0.0)
            await finish_job(job, *args, **kwargs)

        return finishing

    def _pruning(self, prune: Callable[[float], Awaitable[list[int]]]) -> Callable[[float], Awaitable[list[int]]]:
        """*prune*, by which Procrastinate forgets a worker that died: whoever is told that it did counts its jobs."""

        async def pruning(seconds_since_heartbeat: float) -> list[int]:
            rows: list[dict[str, object]] = []
            with guarded("procrastinate.lost"):
                if not self._jobs.heirs and not isinstance(self._app.connector, InMemoryConnector):
                    rows = list(
                        await self._app.connector.execute_query_all_async(_STALLED, seconds=seconds_since_heartbeat)
                    )
            pruned = await prune(seconds_since_heartbeat)
            for row in rows:
                with guarded("procrastinate.lost"):
                    if row["worker_id"] in pruned:
                        lane, ran = self._jobs.lane(str(row["task_name"]), str(row["queue_name"])), row["seconds"]
                        lane.told(JobState.FAILED, max(0.0, ran) if isinstance(ran, float) else 0.0)
                        lane.lost()
            return pruned

        return pruning

    async def middleware(
        self, call_next: Callable[[], Awaitable[object]], context: JobContext, worker: Worker
    ) -> object:
        """Count one job."""
        job = context.job
        lane: Lane | None = None
        desk: Desk | None = None
        with guarded("procrastinate.start"):
            lane = self._jobs.lane(job.task_name, job.queue)
            desk = lane.began(NO_STAMP, perf_counter())
            # Beside the job, never before it: a slow database delays no job because of us.
            asking = asyncio.create_task(self._ask_wait(lane, job))
            self._asking.add(asking)
            asking.add_done_callback(self._asking.discard)
        state: JobState | None = None
        started = perf_counter()
        try:
            value = await call_next()
            state = JobState.SUCCEEDED
            return value
        finally:
            seconds = perf_counter() - started
            with guarded("procrastinate.end"):
                if lane is not None and desk is not None:
                    lane.ended(desk, state or _state_of(sys.exc_info()[1], context), seconds)

    async def _ask_wait(self, lane: Lane, job: Job) -> None:
        with guarded("procrastinate.wait"):
            if not isinstance(self._app.connector, InMemoryConnector):
                row = await self._app.connector.execute_query_one_async(
                    _WAIT, job_id=job.id, scheduled_at=job.scheduled_at
                )
                if row["seconds"] is not None:
                    lane.waited(max(0.0, row["seconds"]))

    async def _watch(self, queues: Iterable[str] | None) -> None:
        served = set(queues or ())
        with guarded("procrastinate.worker"):
            self._app.perform_import_paths()  # type: ignore[no-untyped-call]
            for task in list(self._app.tasks.values()):
                if task.queue != _BUILTIN and (not served or task.queue in served):
                    self._jobs.declare(task.name, task.queue)
        known = served or {task.queue for task in self._app.tasks.values()} - {_BUILTIN}
        if self._every_seconds is None or isinstance(self._app.connector, InMemoryConnector):
            return

        async def read() -> list[Waiting]:
            rows = await self._app.connector.execute_query_all_async(_BACKLOG, **_LIMITS)
            return [one for one in _waiting(rows, known, self._jobs.now()) if not served or one.queue in served]

        await BacklogWatch(self._jobs, tuple, self._every_seconds).follow(read)


def _state_of(error: BaseException | None, context: JobContext) -> JobState:
    """How a job ended that raised *error*, by the rules of Procrastinate's worker."""
    reason = context.abort_reason()
    if reason is AbortReason.USER_REQUEST or (isinstance(error, JobAborted) and reason is not AbortReason.SHUTDOWN):
        return JobState.REVOKED
    if error is not None and context.task.get_retry_exception(exception=error, job=context.job):
        return JobState.RETRIED
    return JobState.REVOKED if isinstance(error, JobAborted | asyncio.CancelledError) else JobState.FAILED


def _waiting(rows: Iterable[Mapping[str, object]], known: Iterable[str], now: float) -> Iterator[Waiting]:
    empty = set(known)
    for row in rows:
        queue, size, age = str(row["queue"]), row["size"], row["age"]
        empty.discard(queue)
        if isinstance(size, int):
            yield Waiting(queue=queue, size=size, oldest=now - age if isinstance(age, int | float) else None)
    for queue in sorted(empty):
        yield Waiting(queue=queue, size=0, oldest=None)
