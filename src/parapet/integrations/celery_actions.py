"""Celery: tasks that failed, by their results; and the backlog of a queue in Redis, for `job_actions`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from parapet.core.errors import ConfigurationError
from parapet.integrations.job_actions import FoundJob

try:
    from celery import Celery
    from celery.states import FAILURE
    from redis import Redis
except ImportError as error:
    raise ConfigurationError("Celery and redis are needed. Install them, or leave their capabilities out.") from error

_MOVE = """if redis.call('LREM', KEYS[1], -1, ARGV[1]) == 1 then
redis.call('LPUSH', KEYS[2], ARGV[1]) return 1 end return 0"""


class CeleryFailed:
    """Tasks whose results say that they failed. Needs a result backend, and `result_extended = True`.

    Args:
        ids: the ids that may have failed, such as those of open action items: no broker keeps what failed.
    """

    def __init__(self, app: Celery, ids: Callable[[], Iterable[str]]) -> None:
        if not app.conf.result_extended:
            raise ConfigurationError("A failed task is known by its result: set result_extended = True in Celery.")
        self._app = app
        self._ids = ids
        self.where = "their queues"

    def found(self, most: int) -> Iterator[FoundJob]:
        """Those of the ids whose result is a failure."""
        for number, task_id in enumerate(self._ids()):
            if number >= most:
                return
            meta = self._app.backend.get_task_meta(task_id)
            if meta.get("status") == FAILURE and meta.get("name"):
                yield FoundJob(id=task_id, version=f"{meta.get('date_done')}", task=meta["name"])

    def again(self, job_id: str) -> bool:
        """Send it with its old arguments under its old id; its old result is forgotten."""
        meta = self._app.backend.get_task_meta(job_id)
        if meta.get("status") != FAILURE or not meta.get("name"):
            return False
        self._app.backend.forget(job_id)
        self._app.send_task(
            meta["name"],
            args=meta.get("args") or (),
            kwargs=meta.get("kwargs") or {},
            task_id=job_id,
            queue=meta.get("queue"),
        )
        return True


class CeleryBacklog:
    """The messages that wait in *queue*, in the Redis that is the broker."""

    def __init__(self, redis: Redis, queue: str = "celery") -> None:
        self._redis = redis
        self._queue = queue
        self.where = f"the queue {queue}"

    def found(self, most: int) -> Iterator[FoundJob]:
        """Those that wait, the oldest first."""
        for raw in reversed(self._redis.lrange(self._queue, -most, -1)):
            headers = json.loads(raw).get("headers", {})
            if headers.get("id"):
                yield FoundJob(id=headers["id"], version=f"{headers.get('retries', 0)}", task=headers.get("task", ""))

    def move(self, job_id: str, to: str) -> bool:
        """Move it in one step: a worker has it, or the other queue."""
        for raw in self._redis.lrange(self._queue, 0, -1):
            if json.loads(raw).get("headers", {}).get("id") == job_id:
                return bool(self._redis.eval(_MOVE, 2, self._queue, to, raw) == 1)
        return False
