"""Parapet's own threads: pages never queue behind the host's, and a storm of alerts never queues pages."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

T = TypeVar("T")


class Lane(Enum):
    """Whose work it is, and how many threads, so database connections, it may hold."""

    PEOPLE = 8
    MACHINES = 4
    HOOKS = 3


class Line:
    """How many requests of one lane are under way in this process, and how much they brought.

    Beyond *most* requests, or *most_bytes* of bodies, newcomers are turned away.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self.most = most
        self.most_bytes = most_bytes
        self.now = 0
        self.bytes_now = 0

    @property
    def full(self) -> bool:
        """True when no more may enter."""
        return self.now >= self.most or self.bytes_now >= self.most_bytes


_limiters: RunVar[dict[Lane, CapacityLimiter]] = RunVar("parapet_limiters")


def _limiter(lane: Lane) -> CapacityLimiter:
    try:
        limiters = _limiters.get()
    except LookupError:
        limiters = {each: CapacityLimiter(each.value) for each in Lane}
        _limiters.set(limiters)
    return limiters[lane]


async def in_thread(lane: Lane, work: Callable[[], T]) -> T:
    """Run *work* in a thread of *lane*. It runs to its end even when the client has left."""
    return await to_thread.run_sync(work, abandon_on_cancel=False, limiter=_limiter(lane))
