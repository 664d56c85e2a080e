"""Parapet's own threads: pages never queue behind the host's, and a storm of alerts never queues pages."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

T = TypeVar("T")


class Lane(Enum):
    """Whose work it is, and how many threads it may hold."""

    PEOPLE = 8
    MACHINES = 4


class Line:
    """How many requests of one lane are under way in this process; beyond *most*, newcomers are turned away."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.now = 0

    @property
    def full(self) -> bool:
        """True when no more may enter."""
        return self.now >= self.most


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
