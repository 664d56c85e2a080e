"""Server-sent events: tells open pages that something changed. What changed they read themselves.

The state is the database's, so any number of workers tell the same; in each, one query a tick serves every page.
"""

from __future__ import annotations

from collections.abc import Callable

import anyio
from starlette.types import Receive, Send

from parapet.core.errors import EvidenceError
from parapet.core.guard import guarded
from parapet.web import security
from parapet.web.request import Request
from parapet.web.threads import Lane, in_thread

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


async def stream(pulse: Pulse, request: Request, receive: Receive, send: Send) -> None:
    """Tell one page what it has not heard, until it leaves or its time is over."""
    seen = request.query.get("at", "")[:LONGEST_REVISION]
    headers = [(name.encode(), value.encode()) for name, value in {**security.HEADERS, **HEADERS}.items()]
    pulse.streams += 1
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_until_gone, receive, group.cancel_scope)
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            with anyio.move_on_after(LIFE_SECONDS):
                await _tell(pulse, seen, send)
            await send(_event("bye", "", more=False))
            group.cancel_scope.cancel()
    except* OSError:
        pass  # it left while it was told
    finally:
        pulse.streams -= 1


async def _tell(pulse: Pulse, seen: str, send: Send) -> None:
    quiet_since = float("-inf")
    while True:
        revision, now = await pulse.revision(), anyio.current_time()
        if revision is None:
            await send(_event("away", ""))
        elif revision != seen:
            seen, quiet_since = revision, now
            await send(_event("revision", revision))
        elif now - quiet_since >= BEAT_SECONDS:
            quiet_since = now
            await send(_event("beat", ""))
        await anyio.sleep(TICK_SECONDS)


async def _until_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


def _event(name: str, data: str, *, more: bool = True) -> dict[str, object]:
    return {"type": "http.response.body", "body": f"event: {name}\ndata: {data}\n\n".encode(), "more_body": more}
