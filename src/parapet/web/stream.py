"""Server-sent events: tells open pages that something changed. What changed they read themselves.

The state is the database's, so any number of workers tell the same; in each, one query a tick serves every page.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import anyio

from parapet.core.errors import EvidenceError
from parapet.core.guard import guarded
from parapet.web.lanes import Lane
from parapet.web.request import Request
from parapet.web.threads import in_thread

TYPE = "text/event-stream"
TICK_SECONDS = 1.0
BEAT_SECONDS = 4.0
"""An event comes at least so often: a page that hears nothing for long says that it is stale."""
LIFE_SECONDS = 15.0
"""Then the page asks again: a server that stops waits no longer, and who signed out hears no more."""
MOST_AT_ONCE = 512
"""Streams in one process; pages beyond that ask from time to time instead."""
LONGEST_REVISION = 100
HEADERS = {
    "content-type": TYPE,
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",  # nginx holds back what it may collect
}


class Pulse:
    """The revision of the evidence for every stream of one event loop."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._lock = anyio.Lock()
        self._known: str | None = None
        self._read_at = float("-inf")
        self.streams = 0
        """How many are open."""

    async def revision(self) -> str | None:
        """The revision, at most a tick old; None when the evidence does not answer."""
        async with self._lock:
            if anyio.current_time() - self._read_at >= TICK_SECONDS * 0.9:
                self._known = await in_thread(Lane.PEOPLE, self._asked)
                self._read_at = anyio.current_time()
        return self._known

    def _asked(self) -> str | None:
        with guarded("the live stream"):
            try:
                return self._read()
            except EvidenceError:
                return None
        return None


def wanted(request: Request) -> bool:
    """True when *request* asks for events, rather than for one answer."""
    return request.method == "GET" and TYPE in request.headers.get("accept", "")


async def parts(pulse: Pulse, request: Request, life_seconds: float = LIFE_SECONDS) -> AsyncIterator[bytes]:
    """What one page is told that it has not heard, until its time is over."""
    seen = request.query.get("at", "")[:LONGEST_REVISION]
    quiet_since = float("-inf")
    pulse.streams += 1
    try:
        end = anyio.current_time() + life_seconds
        while (now := anyio.current_time()) < end:
            revision = await pulse.revision()
            if revision is None:
                yield _event("away")
            elif revision != seen:
                seen, quiet_since = revision, now
                yield _event("revision", revision)
            elif now - quiet_since >= BEAT_SECONDS:
                quiet_since = now
                yield _event("beat")
            await anyio.sleep(TICK_SECONDS)
        yield _event("bye")
    finally:
        pulse.streams -= 1


def _event(name: str, data: str = "") -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()
