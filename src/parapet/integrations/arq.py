"""arq: how long jobs waited and ran, how they ended, and what waits in Redis.

The functions of a worker are measured from inside, and what arq throws away without calling one (aborted before it
began, expired, an unknown function) where it says so. A job whose worker was killed is counted as lost, and as retried
while it has tries left: by the next process, where processes share a directory; else when arq runs it again, which is
some minutes later (`job_timeout`).
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import replace
from functools import wraps
from time import perf_counter
from typing import cast

from parapet.core import vocabulary
from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded
from parapet.core.vocabulary import JobState
from parapet.integrations.arq_tries import Tries
from parapet.integrations.jobs import BACKLOG_EVERY_SECONDS, BacklogWatch, Host, Jobs, Waiting
from parapet.integrations.lanes import Desk, Lane

try:
    from arq import Retry, func
    from arq.connections import ArqRedis
    from arq.constants import default_queue_name, in_progress_key_prefix
    from arq.jobs import deserialize_result
    from arq.worker import JobExecutionFailed, RetryJob, Worker
except ImportError as error:
    raise ConfigurationError("arq is not installed. Install it, or do not instrument it.") from error

_DEFAULT_TRIES = 5
_DEFAULT_TIMEOUT_SECONDS = 300.0
_MOST_LOOKED_AT = 1_000
_NO_TRY_LEFT = "max "  # how arq begins to say that it gives a job up; it has no name for it

Context = MutableMapping[str, object]
Coroutine = Callable[..., Awaitable[object]]


def instrument(
    settings: type | MutableMapping[str, object],
    host: Host,
    *,
    backlog_every_seconds: float | None = BACKLOG_EVERY_SECONDS,
) -> None:
    """Count the jobs of the workers made from *settings* into the recorder of *host*. Doing it again changes nothing.

    Args:
        settings: what `arq` is started with: a class, conventionally `WorkerSettings`, or a dict.
        backlog_every_seconds: how often a worker reads size and age of its queue, over its own pool; None: never.

    Raises:
        ConfigurationError: the settings name neither functions nor cron jobs, or something that is no coroutine.
    """
    options: MutableMapping[str, object] = settings if not isinstance(settings, type) else _Attributes(settings)
    if isinstance(options.get("on_startup"), _Startup):
        return
    functions = cast("list[object]", options.get("functions") or [])
    crons = cast("list[object]", options.get("cron_jobs") or [])
    if not functions and not crons:
        raise ConfigurationError("The settings name no functions and no cron_jobs: there is nothing to measure.")
    measure = _Measure(Jobs(host, redelivers=True), Jobs(host, redelivers=False), options)
    try:
        known = [func(one) for one in functions]
    except RuntimeError as error:
        raise ConfigurationError(f"{error}. Give arq coroutine functions.") from error
    options["functions"] = [replace(one, coroutine=measure.measured(one)) for one in known]
    for cron in crons:
        cron.coroutine = measure.measured(cron)  # type: ignore[attr-defined]
    measure.names = [one.name for one in (*known, *crons)]
    options["on_startup"] = _Startup(measure, options.get("on_startup"), backlog_every_seconds)
    options["on_shutdown"] = _Shutdown(measure, options.get("on_shutdown"))


class _Attributes(MutableMapping[str, object]):
    """The attributes of a class as a mapping, as arq reads them: its own, not its bases'."""

    def __init__(self, owner: type) -> None:
        self._owner = owner

    def __getitem__(self, name: str) -> object:
        value = vars(self._owner)[name]
        return value.__func__ if isinstance(value, staticmethod) else value

    def __setitem__(self, name: str, value: object) -> None:
        setattr(self._owner, name, value)

    def __delitem__(self, name: str) -> None:
        delattr(self._owner, name)

    def __iter__(self) -> Iterator[str]:
        return iter(vars(self._owner))

    def __len__(self) -> int:
        return len(vars(self._owner))


class _Measure:
    """What is counted for the workers of some settings.

    Args:
        last: for a job that is on its last try, so nobody runs it again if its worker dies.
    """

    def __init__(self, jobs: Jobs, last: Jobs, options: MutableMapping[str, object]) -> None:
        self.jobs = jobs
        self.options = options
        self.names: list[str] = []
        self.queue = str(options.get("queue_name") or default_queue_name)
        self.tries: Tries | None = None
        self.main: asyncio.Task[object] | None = None
        self.watching: asyncio.Task[None] | None = None
        self._last = last

    def measured(self, function: object) -> Coroutine:
        """The coroutine of an arq function or cron job, measured."""
        name: str = function.name  # type: ignore[attr-defined]
        coroutine: Coroutine = function.coroutine  # type: ignore[attr-defined]

        @wraps(coroutine)
        async def measured(context: Context, *args: object, **kwargs: object) -> object:
            lane: Lane | None = None
            desk: Desk | None = None
            with guarded("arq.start"):
                lane = (self._last if self._is_last(function, context) else self.jobs).lane(name, self.queue)
                score = context.get("score")  # when it was due, in milliseconds: arq moves it with every delay
                desk = lane.began(score / 1000 if isinstance(score, int | float) else None, perf_counter())
                if self.tries is not None:
                    self.tries.begins(context, lambda: _lost(lane, JobState.RETRIED))
            state: JobState | None = None
            started = perf_counter()
            try:
                value = await coroutine(context, *args, **kwargs)
                state = JobState.SUCCEEDED
                return value
            finally:
                seconds = perf_counter() - started
                with guarded("arq.end"):
                    if lane is not None and desk is not None:
                        error = sys.exc_info()[1]
                        state = state or self._state(error, function, context, seconds)
                        lane.ended(desk, state, seconds)
                        if self.tries is not None and (state is JobState.RETRIED or isinstance(error, Retry)):
                            self.tries.ended(context)

        return measured

    def listen(self, worker: Worker, redis: ArqRedis) -> None:
        """Count what *worker* throws away and, if no other process will find out, what a dead one left."""
        deserialize = worker.job_deserializer
        if not self.jobs.heirs:
            self.tries = Tries(redis)
            worker.job_deserializer = self.tries.read(deserialize)
        finish_failed_job = worker.finish_failed_job

        async def finishing(job_id: str, result_data: bytes | None) -> None:
            with guarded("arq.thrown_away"):
                if result_data is not None:
                    self._thrown_away(deserialize_result(result_data, deserializer=deserialize))
            await finish_failed_job(job_id, result_data)

        worker.finish_failed_job = finishing

    def _thrown_away(self, job: object) -> None:
        function, error = job.function, job.result  # type: ignore[attr-defined]
        lane = self.jobs.lane(function if function in self.names else vocabulary.OTHER, self.queue)
        if isinstance(error, JobExecutionFailed) and str(error).startswith(_NO_TRY_LEFT):
            # Its last try ended as failed, wherever it did: unless the worker died that would have said so.
            if self.tries is not None:
                context = {name: getattr(job, name) for name in ("job_id", "job_try", "enqueue_time")}
                self.tries.begins(context, lambda: _lost(lane, JobState.FAILED))
        else:
            lane.told(JobState.REVOKED if isinstance(error, asyncio.CancelledError) else JobState.DISCARDED, 0.0)

    def _is_last(self, function: object, context: Context) -> bool:
        tries = getattr(function, "max_tries", None) or self.options.get("max_tries") or _DEFAULT_TRIES
        return cast("int", context.get("job_try", 1)) >= cast("int", tries)

    def _state(self, error: BaseException | None, function: object, context: Context, seconds: float) -> JobState:
        """How a job ended that raised *error*, by the rules of arq's worker."""
        again = bool(self.options.get("retry_jobs", True)) and not self._is_last(function, context)
        retried = JobState.RETRIED if again else JobState.FAILED
        if isinstance(error, Retry | RetryJob):
            return retried
        if not isinstance(error, asyncio.CancelledError):
            return JobState.FAILED
        timeout = getattr(function, "timeout_s", None) or _seconds(self.options.get("job_timeout"))
        if seconds >= timeout:
            return JobState.FAILED
        if self.main is not None and (self.main.done() or self.main.cancelling()):
            return retried  # the worker is asked to end: arq runs the job again elsewhere
        return JobState.REVOKED

    async def read(self, redis: ArqRedis) -> list[Waiting]:
        """What waits: due, and not in progress. arq keeps a job in its queue until it has ended."""
        now = self.jobs.now()
        if now != now:
            return []
        due = await redis.zrangebyscore(
            self.queue, min="-inf", max=now * 1000, start=0, num=_MOST_LOOKED_AT, withscores=True
        )
        size = await redis.zcount(self.queue, "-inf", now * 1000)
        async with redis.pipeline(transaction=False) as pipe:
            for job, _ in due:
                pipe.exists(in_progress_key_prefix + job.decode())
            running = await pipe.execute() if due else []
        waiting = [score for (_, score), runs in zip(due, running, strict=True) if not runs]
        oldest = waiting[0] / 1000 if waiting else None
        return [Waiting(queue=self.queue, size=size - sum(running), oldest=oldest)]


class _Startup:
    """What a worker does first: the host's own, then ours."""

    def __init__(self, measure: _Measure, before: object, every_seconds: float | None) -> None:
        self._measure = measure
        self._before = cast("Coroutine | None", before)
        self._every_seconds = every_seconds

    async def __call__(self, context: Context) -> None:
        measure = self._measure
        frame = inspect.currentframe()
        # arq tells nobody which worker it is that starts; but it is the one that awaits us.
        worker = frame.f_back.f_locals.get("self") if frame is not None and frame.f_back is not None else None
        del frame
        if self._before is not None:
            await self._before(context)
        with guarded("arq.worker"):
            measure.main = asyncio.current_task()  # arq awaits this in its main task
            for name in measure.names:
                measure.jobs.declare(name, measure.queue)
            redis = cast("ArqRedis", context["redis"])
            if isinstance(worker, Worker):
                measure.listen(worker, redis)
            if self._every_seconds is not None:
                watch = BacklogWatch(measure.jobs, tuple, self._every_seconds)
                following = watch.follow(lambda: measure.read(redis))
                measure.watching = asyncio.create_task(following, name="parapet-backlog")


class _Shutdown:
    """What a worker does last: ours, then the host's own."""

    def __init__(self, measure: _Measure, before: object) -> None:
        self._measure = measure
        self._before = cast("Coroutine | None", before)

    async def __call__(self, context: Context) -> None:
        with guarded("arq.worker"):
            watching, self._measure.watching = self._measure.watching, None
            if watching is not None:
                watching.cancel()
                await asyncio.wait([watching])
            if self._measure.tries is not None:
                await self._measure.tries.close()
        if self._before is not None:
            await self._before(context)


def _lost(lane: Lane | None, state: JobState) -> None:
    if lane is not None:
        lane.told(state, 0.0)
        lane.lost()


def _seconds(timeout: object) -> float:
    if timeout is None:
        return _DEFAULT_TIMEOUT_SECONDS
    return float(timeout.total_seconds() if hasattr(timeout, "total_seconds") else timeout)  # type: ignore[arg-type]
