"""Counting that is broken on purpose, one piece after the other: Starlette, FastAPI and Flask answer as without us.

What the other integrations do is beside their own tests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from parapet import Parapet
from parapet.core import guard
from parapet.integrations import flask as flask_integration
from parapet.signals.recorder import Recorder

Ask: TypeAlias = Callable[[str], tuple[int, bytes]]
Damage: TypeAlias = Callable[[Recorder], object]


def broken(*_: object, **__: object) -> Any:
    raise ZeroDivisionError("on purpose")


def vocabulary(recorder: Recorder) -> None:
    """What decides which values a label may have."""
    recorder.admission.labels = broken  # type: ignore[method-assign]


def labels(recorder: Recorder) -> None:
    """What finds the series of a label set."""
    recorder.http.cells = broken  # type: ignore[method-assign]


def declaring(recorder: Recorder) -> None:
    """What shows routes at zero."""
    recorder.declare_routes = broken  # type: ignore[method-assign]


def over_asgi(app: Any) -> Ask:
    """Send a request into an application, and return what it answered."""

    def ask(path: str) -> tuple[int, bytes]:
        sent: list[Any] = []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [],
        }

        waiting = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> dict[str, Any]:
            if not waiting:
                await asyncio.Event().wait()  # the client stays
            return waiting.pop()

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(app(scope, receive, send))
        status = next(message["status"] for message in sent if "status" in message)
        return status, b"".join(message.get("body", b"") for message in sent)

    return ask


async def stream(request: Request) -> StreamingResponse:
    return StreamingResponse(part for part in ("one", "two"))


def starlette_host(parapet: Parapet) -> Ask:
    routes = [Route("/orders/{order}", lambda request: PlainTextResponse("order")), Route("/stream", stream)]
    app = Starlette(routes=routes)
    app.add_middleware(parapet.middleware)
    return over_asgi(app)


def fastapi_host(parapet: Parapet) -> Ask:
    app = FastAPI(openapi_url=None)
    app.add_api_route("/orders/{order}", lambda order: PlainTextResponse("order"))
    app.add_route("/stream", stream)
    app.add_middleware(parapet.middleware)
    return over_asgi(app)


def flask_host(parapet: Parapet) -> Ask:
    app = Flask(__name__)
    app.add_url_rule("/orders/<order>", "order", lambda order: "order")
    app.add_url_rule("/stream", "stream", lambda: (part for part in ("one", "two")))
    flask_integration.instrument(app, parapet)

    def ask(path: str) -> tuple[int, bytes]:
        answer = app.test_client().get(path)
        return answer.status_code, answer.data

    return ask


@pytest.mark.parametrize("host", [starlette_host, fastapi_host, flask_host])
@pytest.mark.parametrize("damage", [vocabulary, labels, declaring])
def test_whatever_breaks_in_counting_changes_no_answer(host: Callable[[Parapet], Ask], damage: Damage) -> None:
    """Neither a plain answer, nor a stream, nor a path that nobody serves."""
    parapet = Parapet(service="shop")
    ask = host(parapet)
    before = sum(guard.swallowed.values())
    damage(parapet.recorder)
    assert ask("/orders/1") == (200, b"order")
    assert ask("/stream") == (200, b"onetwo")
    assert ask("/nowhere")[0] == 404
    assert sum(guard.swallowed.values()) > before
