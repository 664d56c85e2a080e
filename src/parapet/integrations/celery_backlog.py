"""What waits in the queues of a Celery application, at the broker and in the hands of a worker."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from parapet.core.errors import ConfigurationError
from parapet.integrations.jobs import READ_TIMEOUT_SECONDS, STAMP, Waiting

try:
    from celery import Celery
    from celery.worker import state as worker_state
    from kombu.connection import Connection
except ImportError as error:
    raise ConfigurationError("Celery is not installed. Install it, or do not instrument it.") from error


class Backlog:
    """Reads what waits, over a connection of its own.

    Redis tells size and age. Other brokers tell the size only; their age is that of what this worker has taken from
    the broker and not begun, in a worker.

    Args:
        queue_of: names the queue of a delivery; None: this process is no worker.
    """

    def __init__(self, app: Celery, queue_of: Callable[[object], str] | None) -> None:
        self._app = app
        self._queue_of = queue_of
        self._connection: Connection | None = None

    def read(self) -> Iterator[Waiting]:
        """What waits now, by queue.

        Raises:
            Exception: whatever the broker's client raises; the next reading connects anew.
        """
        queues = self._app.amqp.queues
        wanted = sorted((queues.consume_from if self._queue_of else queues) or queues)
        taken = _taken(self._queue_of) if self._queue_of else {}
        found: list[tuple[str, int, float | None]] | None = None
        try:
            connection = self._connected()
            redis = connection.transport.driver_type == "redis"
            channel = connection.default_channel
            found = [(name, *(_in_redis if redis else _declared)(channel, name)) for name in wanted]
        finally:
            if found is None:
                broken, self._connection = self._connection, None
                if broken is not None:
                    broken.release()
        for name, size, oldest in found:
            both = [moment for moment in (oldest, taken.get(name)) if moment is not None]
            knows_age = redis or self._queue_of is not None
            yield Waiting(queue=name, size=size, oldest=min(both, default=None), knows_age=knows_age)

    def _connected(self) -> Connection:
        if self._connection is None:
            connection = self._app.connection_for_read()
            names = ("socket_timeout", "socket_connect_timeout", "read_timeout", "write_timeout")
            limits = dict.fromkeys(names, READ_TIMEOUT_SECONDS)
            connection.transport_options = {**(connection.transport_options or {}), **limits}
            self._connection = connection.ensure_connection(max_retries=1, timeout=READ_TIMEOUT_SECONDS)
        return self._connection


def from_when(published: object, eta: object) -> float | None:
    """Since when a message could have started, in epoch seconds: once it was published and due; None: nobody knows."""
    if not isinstance(published, int | float):
        return None
    try:
        moment = datetime.fromisoformat(str(eta)) if eta else None
        due = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() if moment else -math.inf
        return max(float(published), due)
    except (ValueError, ArithmeticError):
        return None


def _taken(queue_of: Callable[[object], str]) -> dict[str, float]:
    """The oldest task of each queue that this worker has taken from the broker and not begun."""
    oldest: dict[str, float] = {}
    for request in list(worker_state.requests.values()):
        moment = None if request.time_start else _stamped(request.request_dict)
        if moment is not None:
            queue = queue_of(request.delivery_info)
            oldest[queue] = min(moment, oldest.get(queue, moment))
    return oldest


def _stamped(headers: object) -> float | None:
    return from_when(headers.get(STAMP), headers.get("eta")) if isinstance(headers, dict) else None


def _in_redis(channel: object, queue: str) -> tuple[int, float | None]:
    """Size and oldest message of a queue, which is one list for each priority, oldest at the right end."""
    keys = [channel._q_for_pri(queue, step) for step in channel.priority_steps]  # type: ignore[attr-defined]
    with channel.conn_or_acquire() as client, client.pipeline() as pipe:  # type: ignore[attr-defined]
        for key in keys:
            pipe.llen(key)
            pipe.lindex(key, -1)
        answers = pipe.execute()
    moments = [_stamped(json.loads(raw).get("headers")) for raw in answers[1::2] if raw is not None]
    return sum(answers[::2]), min((moment for moment in moments if moment is not None), default=None)


def _declared(channel: object, queue: str) -> tuple[int, float | None]:
    """Size of a queue, as a broker answers to a passive declaration."""
    return channel.queue_declare(queue=queue, passive=True).message_count, None  # type: ignore[attr-defined]
