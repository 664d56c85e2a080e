"""The middleware for Starlette, FastAPI and any ASGI application: counts every request, changes none."""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import TypeAlias

from parapet.signals.admission import DISCONNECTED
from parapet.signals.recorder import Recorder
from parapet.signals.sight import Sight, settled

Scope: TypeAlias = MutableMapping[str, object]
Message: TypeAlias = MutableMapping[str, object]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


def instrument(app: ASGIApp, recorder: Recorder) -> ASGIApp:
    """*app*, whose requests *recorder* counts by route template, method and status class.

    A duration ends with the last part of the answer's body; background tasks come after it. WebSockets pass through.
    """
    sight = Sight(app, recorder)
    # What a request needs is bound here: a closure costs less than an instance with attributes. What modules hold is
    # left there, because everything bound is copied for every request.
    here, first_sight, prepare = sight.here, sight.cells, sight.prepare
    bounds, due, sample = recorder.http.bounds_seconds, recorder.http.exemplars.due, recorder.http.sample
    prepared = included = False
    sum_at = 0  # where cells hold the sum: counted from their beginning, which is cheaper than from their end

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal prepared, included, sum_at
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                prepare(scope)
            await app(scope, receive, send)
            return
        if not prepared:
            prepared = True
            prepare(scope)
        status = 0
        end = 0.0  # when the last part of the body was handed on

        # Without annotations, which would be put together anew for every request.
        async def listen():  # type: ignore[no-untyped-def]
            nonlocal status
            message = await receive()
            if not status and message["type"] == "http.disconnect":
                status = DISCONNECTED
            return message

        # A plain function that hands on the awaitable: one frame less for every message than a coroutine.
        def answer(message):  # type: ignore[no-untyped-def]
            nonlocal status, end
            if "status" in message:
                status = status or message["status"]
            elif "more_body" not in message or not message["more_body"]:
                end = perf_counter()
            return send(message)

        returned = False
        start = perf_counter()
        try:
            await app(scope, listen, answer)
            returned = True
        finally:
            seconds = (end or perf_counter()) - start
            if not returned:
                status = settled(status, end > 0, sys.exc_info()[1])
            try:
                route = scope["route"]
                if included and "fastapi" in scope:
                    route = scope["fastapi"].get("effective_route_context", route)  # type: ignore[attr-defined]
                cells = here.fast[route.app][scope["method"]][status]  # type: ignore[attr-defined]
            except (LookupError, AttributeError, TypeError, ValueError):
                cells = first_sight(scope, status)
                sum_at = len(cells) - 1
                included = included or sight.included
            at = 0 if seconds <= bounds[0] else bisect_left(bounds, seconds)
            cells[at] += 1.0
            cells[sum_at] += seconds
            if start > due[at]:
                sample(cells, at, seconds)

    return middleware
