"""Taskiq: how long tasks waited and ran, and how they ended, as a middleware. Any broker.

It serves no /metrics itself and sets no variable of the environment, so Taskiq's own Prometheus middleware may be there
too. A task whose process died under it is counted as lost, and as failed unless the broker delivers it again. What
Taskiq throws away before any middleware hears of it (an unknown task, an unreadable message) is not seen, and it cannot
call a task off, so nothing is revoked.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from contextvars import ContextVar
from time import perf_counter
from typing import TypeAlias

from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded
from parapet.core.vocabulary import JobState
from parapet.integrations.jobs import BACKLOG_EVERY_SECONDS, MOST_LANES, STAMP, BacklogWatch, Host, Jobs, Waiting
from parapet.integrations.lanes import Desk, Lane

try:
    from taskiq import AsyncBroker, TaskiqMessage, TaskiqMiddleware, TaskiqResult
    from taskiq.exceptions import NoResultError, TaskRejectedError
except ImportError as error:
    raise ConfigurationError("Taskiq is not installed. Install it, or do not instrument it.") from error

_REQUEUES = "X-Taskiq-requeue"
_NO_QUEUE = "default"
_WHEN_RECEIVED = "when_received"  # as a task's label; it is acknowledged, and gone, before it runs
_REDELIVERING = ("RedisStream", "AioPika", "SQS")


def instrument(
    broker: AsyncBroker,
    host: Host,
    *,
    backlog_every_seconds: float | None = BACKLOG_EVERY_SECONDS,
    redelivers: bool | None = None,
) -> None:
    """Count the tasks of *broker* into the recorder of *host*. Doing it again changes nothing.

    Call it where the broker is made: whoever sends stamps the time of publication into a label, workers count.

    Args:
        backlog_every_seconds: how often a worker process reads size and age of a Redis list or stream; None: never.
        redelivers: whether the broker delivers a task again if it was never acknowledged; None: Redis streams, RabbitMQ
            and SQS do, others do not. Say False if workers acknowledge what they have received (`--ack-type`).
    """
    if not any(isinstance(one, ParapetMiddleware) for one in broker.middlewares):
        again = _redelivers(broker) if redelivers is None else redelivers
        kept = {True: Jobs(host, redelivers=again), False: Jobs(host, redelivers=False)}
        broker.add_middlewares(ParapetMiddleware(kept, backlog_every_seconds))


_Run: TypeAlias = "tuple[str, Lane, Desk, float, object, list[object], _Run | None]"
"""One task that runs now: its id, lane and desk, when it began, how often it was requeued before, what happened to it,
and what it runs inside: a broker that runs what it is sent at once runs one task inside another. No class: to make one
would cost more than all that is counted."""

_SENT_AGAIN = object()
"""Among what happened to a task: it sent itself again."""
_run: ContextVar[_Run | None] = ContextVar("parapet_taskiq_run", default=None)


class ParapetMiddleware(TaskiqMiddleware):
    """Counts every task once each time it ends."""

    def __init__(self, kept: Mapping[bool, Jobs], backlog_every_seconds: float | None) -> None:
        super().__init__()
        self._kept = kept
        self._jobs = kept[True]
        self._lanes: dict[tuple[str, object, object], Lane] = {}
        """By task, queue and the way it is acknowledged, as messages say them."""
        self._every_seconds = backlog_every_seconds
        self._watching: asyncio.Task[None] | None = None

    def pre_send(self, message: TaskiqMessage) -> TaskiqMessage:
        """Stamp the time from which the message waits; a retry takes the labels of the first along."""
        with guarded("taskiq.send"):
            run = _run.get()
            if run is not None and run[0] == message.task_id:
                run[5].append(_SENT_AGAIN)
            now = self._jobs.now()
            if now == now:
                message.labels[STAMP] = now + float(message.labels.get("delay") or 0.0)
        return message

    # What Taskiq awaits for every task is a coroutine: it asks everything else at length whether it can be awaited.

    async def pre_execute(self, message: TaskiqMessage) -> TaskiqMessage:
        """Count how long the message waited."""
        # The guard is left to the first message of its kind: after it nothing here is foreign but a message's fields.
        labels = message.labels
        outer = _run.get()
        try:
            lane = self._lanes[message.task_name, labels.get("queue_name"), labels.get("ack_type")]
        except (LookupError, TypeError):
            found = self._first(message.task_name, labels)
            if found is None:
                _run.set(None)
                return message
            lane = found
        published: object = labels.get(STAMP)
        if type(published) is str:
            published = _seconds(published)
        started = perf_counter()
        desk = lane.began(published, started)
        _run.set((message.task_id, lane, desk, started, labels.get(_REQUEUES), [], outer))
        return message

    def on_error(self, message: TaskiqMessage, result: TaskiqResult[object], exception: BaseException) -> None:
        """Remember what was raised: a middleware that retries puts something else in its place."""
        run = _run.get()
        if run is not None:
            run[5].append(exception)

    async def post_execute(self, message: TaskiqMessage, result: TaskiqResult[object]) -> None:
        """Count how the task ended. By now every middleware has heard of its error."""
        run = _run.get()
        if run is not None:
            ended = perf_counter()
            _, lane, desk, started, requeues, happened, outer = run
            _run.set(outer)
            if not happened and not result.is_err:
                lane.succeeded(desk, started, ended)
            else:
                lane.ended(desk, _state(happened, requeues, message, result), ended - started)

    async def startup(self) -> None:
        """In a worker: show its tasks at zero, and begin to read the backlog."""
        with guarded("taskiq.worker"):
            if self.broker.is_worker_process:
                queues = {self._queue({})}
                for name, task in self.broker.get_all_tasks().items():
                    queue = self._queue(task.labels)
                    queues.add(queue)
                    self._jobs.declare(name, queue)
                if self._every_seconds is not None and hasattr(self.broker, "connection_pool"):
                    watch = BacklogWatch(self._jobs, tuple, self._every_seconds)
                    following = watch.follow(lambda: _read(self.broker, sorted(queues)))
                    self._watching = asyncio.create_task(following, name="parapet-backlog")

    async def shutdown(self) -> None:
        """Stop reading."""
        with guarded("taskiq.worker"):
            watching, self._watching = self._watching, None
            if watching is not None:
                watching.cancel()
                await asyncio.wait([watching])

    def _first(self, task: str, labels: dict[str, object]) -> Lane | None:
        """The lane of a kind of message that was not seen before; None: it could not be counted."""
        with guarded("taskiq.start"):
            early = labels.get("ack_type") == _WHEN_RECEIVED
            lane = self._kept[not early].lane(task, self._queue(labels))
            if len(self._lanes) < MOST_LANES:
                self._lanes[task, labels.get("queue_name"), labels.get("ack_type")] = lane
            return lane
        return None

    def _queue(self, labels: dict[str, object]) -> str:
        return str(labels.get("queue_name") or getattr(self.broker, "queue_name", None) or _NO_QUEUE)


def _redelivers(broker: AsyncBroker) -> bool:
    """By what kind it is. Whether its messages can be acknowledged is known to the messages only."""
    return any(name in kind.__name__ for kind in type(broker).__mro__ for name in _REDELIVERING)


def _seconds(stamp: str) -> float:
    """What a sender that keeps no types of labels has stamped; NaN: it is no number."""
    try:
        return float(stamp)
    except ValueError:
        return math.nan


def _state(happened: list[object], requeues: object, message: TaskiqMessage, result: TaskiqResult[object]) -> JobState:
    error = next((one for one in reversed(happened) if one is not _SENT_AGAIN), None)
    if error is None:
        return JobState.FAILED if result.is_err else JobState.SUCCEEDED
    if any(one is _SENT_AGAIN for one in happened) or message.labels.get(_REQUEUES) != requeues:
        return JobState.RETRIED
    if isinstance(error, TaskRejectedError):
        return JobState.DISCARDED
    if isinstance(error, NoResultError):
        return JobState.SUCCEEDED  # a task's way to say that it has no result
    # A retry that is scheduled for later is sent by another process; its result is taken back all the same.
    return JobState.RETRIED if isinstance(result.error, NoResultError) else JobState.FAILED


async def _read(broker: AsyncBroker, queues: list[str]) -> list[Waiting]:
    """What waits in the lists or streams of a Redis broker.

    Raises:
        Exception: whatever the client raises.
    """
    from redis.asyncio import Redis

    found: list[Waiting] = []
    async with Redis(connection_pool=broker.connection_pool) as redis:  # type: ignore[attr-defined]
        for queue in queues:
            group = getattr(broker, "consumer_group_name", None)
            if group is not None:
                found.append(await _in_stream(redis, queue, group))
                continue
            size = await redis.llen(queue)
            raw = await redis.lindex(queue, -1) if size else None
            found.append(Waiting(queue=queue, size=size, oldest=_stamped(broker, raw)))
    return found


async def _in_stream(redis: object, queue: str, group: str) -> Waiting:
    """What a consumer group was not given yet; the ids of a stream are times in milliseconds."""
    for one in await redis.xinfo_groups(queue):  # type: ignore[attr-defined]
        if one["name"] in (group, group.encode()):
            after = one["last-delivered-id"]
            first = await redis.xrange(queue, min=f"({_text(after)}", count=1)  # type: ignore[attr-defined]
            oldest = int(_text(first[0][0]).partition("-")[0]) / 1000 if first else None
            return Waiting(queue=queue, size=int(one.get("lag") or 0), oldest=oldest)
    return Waiting(queue=queue, size=0, oldest=None)


def _stamped(broker: AsyncBroker, raw: bytes | str | None) -> float | None:
    if raw is None:
        return None
    message = broker.formatter.loads(message=raw if isinstance(raw, bytes) else raw.encode())
    message.parse_labels()
    stamp = message.labels.get(STAMP)
    return float(stamp) if isinstance(stamp, int | float | str) else None


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
