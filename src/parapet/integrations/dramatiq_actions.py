"""Dramatiq over Redis: the dead-letter queue, and the backlog, of one queue, for `job_actions`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from parapet.core.errors import ConfigurationError
from parapet.integrations.job_actions import FoundJob

try:
    from dramatiq import Message
    from dramatiq.brokers.redis import RedisBroker
except ImportError as error:
    raise ConfigurationError("Dramatiq is not installed. Install it, or leave its capabilities out.") from error

_OF_THE_LAST_LIFE = ("retries", "traceback", "redis_message_id", "requeue_timestamp", "eta")


class DramatiqDead:
    """The dead letters of *queue*."""

    def __init__(self, broker: RedisBroker, queue: str) -> None:
        self._broker = broker
        self._dead = f"{broker.namespace}:{queue}.XQ"
        self.where = f"the queue {queue}"

    def found(self, most: int) -> Iterator[FoundJob]:
        """Those that are kept, the oldest first."""
        client: Any = self._broker.client
        for key, died_at in client.zrange(self._dead, 0, most - 1, withscores=True):
            data = client.hget(f"{self._dead}.msgs", key)
            if data is not None:
                message = Message.decode(data)
                detail = f"after {message.options.get('retries', 0)} retries"
                yield FoundJob(id=_text(key), version=f"{died_at:.0f}", task=message.actor_name, detail=detail)

    def again(self, job_id: str) -> bool:
        """Put it back as a new message with its old arguments, then take the dead letter away."""
        client: Any = self._broker.client
        data = client.hget(f"{self._dead}.msgs", job_id)
        if data is None or client.zscore(self._dead, job_id) is None:
            return False
        message = Message.decode(data)
        options = {name: value for name, value in message.options.items() if name not in _OF_THE_LAST_LIFE}
        self._broker.enqueue(
            Message(
                queue_name=message.queue_name,
                actor_name=message.actor_name,
                args=message.args,
                kwargs=message.kwargs,
                options=options,
                message_id=message.message_id,
            )
        )
        with client.pipeline() as pipe:
            pipe.zrem(self._dead, job_id)
            pipe.hdel(f"{self._dead}.msgs", job_id)
            pipe.execute()
        return True


class DramatiqBacklog:
    """The messages that wait in *queue*."""

    def __init__(self, broker: RedisBroker, queue: str) -> None:
        self._broker = broker
        self._key = f"{broker.namespace}:{queue}"
        self.where = f"the queue {queue}"

    def found(self, most: int) -> Iterator[FoundJob]:
        """Those that wait, the oldest first."""
        client: Any = self._broker.client
        for key in client.lrange(self._key, 0, most - 1):
            data = client.hget(f"{self._key}.msgs", key)
            if data is not None:
                message = Message.decode(data)
                yield FoundJob(id=_text(key), version=f"{message.message_timestamp}", task=message.actor_name)

    def move(self, job_id: str, to: str) -> bool:
        """Put it into the other queue and take it out of this one; a worker may be faster."""
        client: Any = self._broker.client
        data = client.hget(f"{self._key}.msgs", job_id)
        if data is None or not client.lrem(self._key, 1, job_id):
            return False
        self._broker.declare_queue(to)
        self._broker.enqueue(Message.decode(data).copy(queue_name=to))
        client.hdel(f"{self._key}.msgs", job_id)
        return True


def _text(key: bytes | str) -> str:
    return key.decode() if isinstance(key, bytes) else key
