"""Which tries of arq's jobs were seen to end: how a worker that shares no directory finds out that another one died.

arq counts the tries of a job in Redis when they begin. We leave a key beside it when one ends that is followed by
another, which few are: if that is missing when the next one begins, nobody was there to see the end.
"""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Coroutine, Mapping
from contextvars import ContextVar
from typing import cast

from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded

try:
    from arq.connections import ArqRedis
except ImportError as error:
    raise ConfigurationError("arq is not installed. Install it, or do not instrument it.") from error

KEPT_SECONDS = 88_400
"""As long as arq remembers how many tries there were."""
SECOND_LOOK_SECONDS = 1.0
CLOSING_SECONDS = 5.0


_first: ContextVar[int | None] = ContextVar("parapet_arq_first_try", default=None)
"""Which try whoever enqueued the current job said is its first; None: the first one."""


class Tries:
    """The tries of the jobs of one worker. Asks and tells beside the jobs, so that none ever waits for it."""

    def __init__(self, redis: ArqRedis) -> None:
        self._redis = redis
        self._asking: set[asyncio.Task[None]] = set()

    def read(self, deserialize: Callable[[bytes], dict[str, object]] | None) -> Callable[[bytes], dict[str, object]]:
        """*deserialize*, arq's own if None, which remembers for its task which try of a job is the first."""
        loads = deserialize or pickle.loads

        def reading(raw: bytes) -> dict[str, object]:
            data: dict[str, object] = loads(raw)
            with guarded("arq.first_try"):
                _first.set(cast("int | None", data.get("t")))
            return data

        return reading

    def begins(self, context: Mapping[str, object], lost: Callable[[], None]) -> None:
        """A try begins; calls *lost* if nobody saw the one before it end."""
        number = cast("int", context["job_try"])
        if number > (_first.get() or 1):
            self._beside(self._look_back(context, number, lost))

    def ended(self, context: Mapping[str, object]) -> None:
        """A try has ended that will be followed by another."""
        self._beside(self._redis.set(_key(context), cast("int", context["job_try"]), ex=KEPT_SECONDS))

    async def close(self) -> None:
        """Return once everything is told, or after five seconds."""
        if self._asking:
            await asyncio.wait(self._asking, timeout=CLOSING_SECONDS)

    async def _look_back(self, context: Mapping[str, object], number: int, lost: Callable[[], None]) -> None:
        for pause_seconds in (0.0, SECOND_LOOK_SECONDS):  # whoever saw it end may be about to say so
            await asyncio.sleep(pause_seconds)
            seen = await self._redis.get(_key(context))
            if seen is not None and int(seen) >= number - 1:
                return
        lost()

    def _beside(self, work: Coroutine[object, object, object]) -> None:
        async def guarded_work() -> None:
            with guarded("arq.tries"):
                await work

        task = asyncio.create_task(guarded_work(), name="parapet-tries")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)


def _key(context: Mapping[str, object]) -> str:
    # The same id may be enqueued again once its job has ended.
    return f"{names.TABLE_PREFIX}ended:{context['job_id']}:{context['enqueue_time']}"
