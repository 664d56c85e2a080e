"""Parapet's own threads: pages never queue behind the host's, and a storm of alerts never queues pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

from parapet.web.lanes import Lane

T = TypeVar("T")

_limiters: RunVar[dict[Lane, CapacityLimiter]] = RunVar("parapet_limiters")


def _limiter(lane: Lane) -> CapacityLimiter:
    try:
        limiters = _limiters.get()
    except LookupError:
        limiters = {each: CapacityLimiter(each.value) for each in Lane}
        _limiters.set(limiters)
    return limiters[lane]


async def in_thread(lane: Lane, work: Callable[[], T], *, only_reads: bool = False) -> T:
    """Run *work* in a thread of *lane*. It runs to its end even when the client has left.

    What *only_reads* is left alone when its caller gives up, and holds no place in the lane from then on.
    """
    return await to_thread.run_sync(work, abandon_on_cancel=only_reads, limiter=_limiter(lane))
