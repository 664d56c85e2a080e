"""Dramatiq: how long messages waited and ran, and how they ended, as a middleware. Any broker.

It serves no /metrics itself and sets no variable of the environment, so Dramatiq's own Prometheus middleware may be
there too. A message whose process died under it is counted as lost, and as retried: the broker delivers it again, when
the heartbeat of that process is a minute old. Dramatiq cannot call a message off; a middleware that does it by
interrupting the actor, such as dramatiq-abort, makes it revoked.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import local
from time import perf_counter

from parapet.core import vocabulary
from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded
from parapet.core.vocabulary import JobState
from parapet.integrations.jobs import (
    BACKLOG_EVERY_SECONDS,
    MOST_LANES,
    STAMP,
    BacklogWatch,
    Host,
    Jobs,
    Waiting,
)
from parapet.integrations.lanes import Lane

try:
    from dramatiq import Actor, Broker, Message, Middleware, Worker
    from dramatiq.broker import MessageProxy
    from dramatiq.brokers.stub import StubBroker
    from dramatiq.common import q_name
    from dramatiq.middleware import Interrupt, TimeLimitExceeded
    from dramatiq.middleware.shutdown import Shutdown
except ImportError as error:
    raise ConfigurationError("Dramatiq is not installed. Install it, or do not instrument it.") from error

_DUE = "parapet_due_ms"
DISCARDED = JobState.DISCARDED


def instrument(broker: Broker, host: Host, *, backlog_every_seconds: float | None = BACKLOG_EVERY_SECONDS) -> None:
    """Count the messages of *broker* into the recorder of *host*. Doing it again changes nothing.

    Call it where the broker is made: publishers stamp the time of publication into a message option, workers count.

    Args:
        backlog_every_seconds: how often a worker process reads sizes and ages of the queues, from a thread of its own;
            None: never.
    """
    if any(isinstance(one, ParapetMiddleware) for one in broker.middleware):
        return
    jobs = Jobs(host, redelivers=not isinstance(broker, StubBroker))
    middleware = ParapetMiddleware(jobs, backlog_every_seconds)
    # The first in line hears last how a message ended: after the middleware that retries has decided.
    first = type(broker.middleware[0]) if broker.middleware else None
    broker.add_middleware(middleware, before=first)


def backlog(broker: Broker, host: Host, *, every_seconds: float = BACKLOG_EVERY_SECONDS) -> BacklogWatch:
    """A watch over the queues that *broker* knows, for a process that is no worker and so outlives the workers.

    It reads once `start()` is called.
    """
    return BacklogWatch(Jobs(host), lambda: _waiting(broker, None), every_seconds)


class _Sent(local):
    """The last message that the current thread sent, and when, by `perf_counter()`."""

    message_id = ""
    at = 0.0


class ParapetMiddleware(Middleware):
    """Counts every message once each time it ends."""

    def __init__(self, jobs: Jobs, backlog_every_seconds: float | None) -> None:
        self._jobs = jobs
        self._lanes: dict[str, dict[str, Lane]] = {}
        self._every_seconds = backlog_every_seconds
        self._sent = _Sent()
        self._watches: dict[int, BacklogWatch] = {}

    # Publishing.

    def before_enqueue(self, broker: Broker, message: Message[object], delay: int | None) -> None:
        """Stamp the time from which the message waits: now, when its delay ends, or when it ended."""
        with guarded("dramatiq.enqueue"):
            options = message.options
            self._sent.message_id, self._sent.at = message.message_id, perf_counter()
            due_ms = options.pop(_DUE, None)
            now = self._jobs.now()
            if delay is None and isinstance(due_ms, int | float):
                options[STAMP] = due_ms / 1000  # a worker hands on what was delayed, perhaps long after it was due
            elif now == now:
                options[STAMP] = now + (delay or 0) / 1000

    def before_delay_message(self, broker: Broker, message: MessageProxy) -> None:
        """Remember when a delayed message is due; Dramatiq removes that before it enqueues it."""
        with guarded("dramatiq.delay"):
            message.options[_DUE] = message.options.get("eta")

    # Processing.

    def before_process_message(self, broker: Broker, message: MessageProxy) -> None:
        """Count how long the message waited."""
        # The guard is left to the first message of its kind: after it nothing here is foreign but a message's fields.
        try:
            inner = message._message  # the proxy takes ten times as long to ask for each field
            lane = self._lanes[inner.queue_name][inner.actor_name]
            published = inner.options[STAMP]
        except (LookupError, AttributeError, TypeError):
            found = self._first(message)
            if found is None:
                return
            lane, published = found
        started = perf_counter()
        run = lane.began(published, started)
        message._parapet = lane, run, started  # type: ignore[attr-defined]  # on the proxy, which is one delivery's own

    def after_process_message(
        self,
        broker: Broker,
        message: MessageProxy,
        *,
        result: object = None,
        exception: BaseException | None = None,
    ) -> None:
        """Count how the message ended."""
        ended = perf_counter()
        try:
            lane, run, started = message._parapet
        except AttributeError:
            return
        if exception is None and not message.failed:
            lane.succeeded(run, started, ended)
        elif exception is None:
            lane.ended(run, DISCARDED, ended - started)
        else:
            sent = self._sent
            again = sent.at > started and sent.message_id == message.message_id
            lane.ended(run, JobState.RETRIED if again else _state_of(exception), ended - started)

    def after_skip_message(self, broker: Broker, message: MessageProxy) -> None:
        """Count a message that a middleware refused, such as one over its age limit."""
        lane, run, started = getattr(message, "_parapet", (None, None, 0.0))
        if lane is not None:
            lane.ended(run, DISCARDED, perf_counter() - started)

    def after_nack(self, broker: Broker, message: MessageProxy) -> None:
        """Count a message that names no actor; every other dead letter ended before."""
        with guarded("dramatiq.nack"):
            if message.actor_name not in broker.actors:
                self._jobs.lane(vocabulary.OTHER, q_name(message.queue_name)).told(DISCARDED, 0.0)

    def _first(self, message: MessageProxy) -> tuple[Lane, object] | None:
        """The lane of a message, and the time of its publication."""
        with guarded("dramatiq.start"):
            lane = self._jobs.lane(message.actor_name, message.queue_name)
            if len(self._jobs.lanes) < MOST_LANES:
                self._lanes.setdefault(message.queue_name, {})[message.actor_name] = lane
            return lane, message.options.get(STAMP) or message.message_timestamp / 1000
        return None

    # Working.

    def after_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """Show what this worker may count at zero, and begin to read the backlog."""
        with guarded("dramatiq.worker"):
            for actor in list(broker.actors.values()):
                self._jobs.declare(actor.actor_name, actor.queue_name)
            if self._every_seconds is not None:
                watch = BacklogWatch(self._jobs, lambda: _waiting(broker, worker), self._every_seconds)
                self._watches[id(worker)] = watch
                watch.start()

    def after_declare_actor(self, broker: Broker, actor: Actor[..., object]) -> None:
        """Show an actor that was declared while a worker runs at zero."""
        if self._watches:
            with guarded("dramatiq.worker"):
                self._jobs.declare(actor.actor_name, actor.queue_name)

    def before_worker_shutdown(self, broker: Broker, worker: Worker) -> None:
        """Stop reading the backlog."""
        with guarded("dramatiq.worker"):
            watch = self._watches.pop(id(worker), None)
            if watch is not None:
                watch.stop()


def _state_of(error: BaseException) -> JobState:
    """How an actor ended for good that raised *error*: somebody called it off, unless Dramatiq itself did."""
    called_off = isinstance(error, Interrupt) and not isinstance(error, TimeLimitExceeded | Shutdown)
    return JobState.REVOKED if called_off else JobState.FAILED


def _waiting(broker: Broker, worker: Worker | None) -> Iterator[Waiting]:
    """What waits in each queue; messages that *worker* has taken and not begun make it older, not longer.

    Raises:
        Exception: whatever the broker's client raises.
    """
    served = {q_name(name) for name in broker.get_declared_queues()}
    if worker is not None and worker.consumer_whitelist:
        served &= worker.consumer_whitelist
    taken = _taken(worker) if worker is not None else {}
    for queue in sorted(served):
        size, oldest, knows_age = _read(broker, queue)
        moments = [moment for moment in (oldest, taken.get(queue)) if moment is not None]
        yield Waiting(
            queue=queue, size=size, oldest=min(moments, default=None), knows_age=knows_age or worker is not None
        )


def _read(broker: Broker, queue: str) -> tuple[int, float | None, bool]:
    """Size, the moment since which its oldest message waits, and whether this broker can tell the latter."""
    client = getattr(broker, "client", None)
    if client is not None:  # Redis: a list of ids, oldest first, and a hash of messages
        key = f"{getattr(broker, 'namespace', 'dramatiq')}:{queue}"
        first = client.lindex(key, 0)
        raw = client.hget(f"{key}.msgs", first) if first is not None else None
        return client.llen(key), _stamped(raw), True
    counts = getattr(broker, "get_queue_message_counts", None)
    if counts is not None:  # RabbitMQ
        return counts(queue)[0], None, False
    waiting = getattr(broker, "queues", {})[queue]  # the stub broker's own
    first = next(iter(list(waiting.queue)), None)
    return waiting.qsize(), _stamped(first), True


def _stamped(raw: bytes | None) -> float | None:
    if raw is None:
        return None
    message = Message.decode(raw)
    stamp = message.options.get(STAMP) or message.message_timestamp / 1000
    return float(stamp) if isinstance(stamp, int | float) else None


def _taken(worker: Worker) -> dict[str, float]:
    """The oldest message of each queue that *worker* has taken from the broker and not begun."""
    oldest: dict[str, float] = {}
    for item in list(worker.work_queue.queue):
        message = item.message
        stamp = message.options.get(STAMP) or message.message_timestamp / 1000
        oldest[message.queue_name] = min(stamp, oldest.get(message.queue_name, stamp))
    return oldest
