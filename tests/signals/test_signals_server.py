"""The middleware under a real server: what clients do over a wire ends up in the right series."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from parapet.signals.asgi import instrument
from parapet.signals.exposition import render
from parapet.signals.recorder import Recorder

Counts = Callable[[Recorder], dict[tuple[str, ...], int]]
Fetch = Callable[..., tuple[int, bytes]]
Serve = Callable[[Any], int]
Eventually = Callable[[Callable[[], object]], None]


async def fine(request: Request) -> Response:
    return PlainTextResponse("fine")


def measured(app: Any) -> Recorder:
    recorder = Recorder()
    app.add_middleware(lambda inner: instrument(inner, recorder))
    return recorder


def test_a_fastapi_host_is_measured_over_the_wire(
    serve: Serve, fetch: Fetch, counts: Counts, eventually: Eventually
) -> None:
    """Included routers, a mounted Starlette application, errors, unknown paths and made-up methods."""
    router = APIRouter()

    @router.get("/orders/{order}")
    async def order(order: int) -> dict[str, int]:
        return {"order": order}

    @router.get("/boom")
    def boom() -> None:
        raise RuntimeError("broken")

    app = FastAPI(openapi_url=None)
    app.include_router(router, prefix="/v1")
    app.mount("/old/{tenant}", Starlette(routes=[Route("/x/{y}", fine)]))
    recorder = measured(app)
    port = serve(app)

    zeros = recorder.histograms()[0].series
    assert ("GET", "/v1/orders/{order}", "5xx") in zeros, "the lifespan shows the routes before any request"
    for method, path, status in [
        ("GET", "/v1/orders/1", 200),
        ("GET", "/v1/orders/2", 200),
        ("GET", "/v1/orders/x", 422),
        ("GET", "/v1/boom", 500),
        ("GET", "/old/acme/x/1", 200),
        ("GET", "/old/zenith/x/1", 200),
        ("GET", "/nowhere", 404),
        ("BREW", "/v1/orders/1", 405),
        ("PATCH", "/v1/orders/1", 405),
    ]:
        assert fetch(port, method, path)[0] == status
    expected = {
        ("GET", "/v1/orders/{order}", "2xx"): 2,
        ("GET", "/v1/orders/{order}", "4xx"): 1,
        ("GET", "/v1/boom", "5xx"): 1,
        ("GET", "/old/{tenant}/x/{y}", "2xx"): 2,
        ("GET", "unmatched", "4xx"): 1,
        ("other", "/v1/orders/{order}", "4xx"): 1,
        ("PATCH", "/v1/orders/{order}", "4xx"): 1,
    }
    eventually(lambda: counts(recorder) == expected)


def test_a_client_that_leaves_while_it_sends_is_a_disconnection(
    serve: Serve, counts: Counts, eventually: Eventually
) -> None:
    """Half a body and a closed connection: the handler never had a chance."""
    reading = threading.Event()

    async def upload(request: Request) -> Response:
        reading.set()
        await request.body()
        return PlainTextResponse("fine")

    app = Starlette(routes=[Route("/upload", upload, methods=["POST"])])
    recorder = measured(app)
    port = serve(app)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"POST /upload HTTP/1.1\r\nHost: shop\r\nContent-Length: 1000\r\n\r\nhalf")
        assert reading.wait(5)
    eventually(lambda: counts(recorder) == {("POST", "/upload", "disconnected"): 1})


def test_a_client_that_leaves_a_long_wait_is_a_disconnection(
    serve: Serve, counts: Counts, eventually: Eventually
) -> None:
    """A handler that waits, and asks whether the client is still there, answers nobody."""
    waiting = threading.Event()

    async def poll(request: Request) -> Response:
        while not await request.is_disconnected():
            waiting.set()
            await asyncio.sleep(0.005)
        return PlainTextResponse("nobody reads this", status_code=500)

    app = Starlette(routes=[Route("/poll", poll)])
    recorder = measured(app)
    port = serve(app)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /poll HTTP/1.1\r\nHost: shop\r\n\r\n")
        assert waiting.wait(5)
    eventually(lambda: counts(recorder) == {("GET", "/poll", "disconnected"): 1})


def test_a_stream_counts_to_its_last_part(serve: Serve, fetch: Fetch, counts: Counts, eventually: Eventually) -> None:
    """The duration of a stream is the whole stream, and its background task is not part of it."""

    async def parts() -> AsyncIterator[str]:
        for index in range(3):
            await asyncio.sleep(0.03)
            yield f"part {index}\n"

    def afterwards() -> None:
        threading.Event().wait(0.3)

    async def stream(request: Request) -> Response:
        return StreamingResponse(parts(), background=BackgroundTask(afterwards))

    app = Starlette(routes=[Route("/stream", stream)])
    recorder = measured(app)
    port = serve(app)
    start = time.perf_counter()
    status, body = fetch(port, "GET", "/stream")
    received = time.perf_counter() - start + 0.1
    assert (status, body) == (200, b"part 0\npart 1\npart 2\n")
    assert counts(recorder) == {}, "the background task still runs"
    eventually(lambda: counts(recorder) == {("GET", "/stream", "2xx"): 1})
    assert 0.08 < recorder.histograms()[0].series["GET", "/stream", "2xx"][-1] < received


def test_a_stream_that_the_client_leaves_keeps_its_status(serve: Serve, counts: Counts, eventually: Eventually) -> None:
    """We had answered, and the client had enough: neither a failure nor a disconnection before the answer."""

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1_000
            await asyncio.sleep(0.001)

    async def stream(request: Request) -> Response:
        return StreamingResponse(endless())

    app = Starlette(routes=[Route("/stream", stream)])
    recorder = measured(app)
    port = serve(app)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /stream HTTP/1.1\r\nHost: shop\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200")
    eventually(lambda: counts(recorder) == {("GET", "/stream", "2xx"): 1})


def test_a_stream_that_breaks_off_is_a_failure(
    serve: Serve, fetch: Fetch, counts: Counts, eventually: Eventually
) -> None:
    """The client sees a truncated answer, the metrics a failure."""

    async def parts() -> AsyncIterator[str]:
        yield "first"
        raise RuntimeError("broken")

    async def stream(request: Request) -> Response:
        return StreamingResponse(parts())

    app = Starlette(routes=[Route("/stream", stream)])
    recorder = measured(app)
    port = serve(app)
    with pytest.raises(http.client.IncompleteRead):
        fetch(port, "GET", "/stream")
    eventually(lambda: counts(recorder) == {("GET", "/stream", "5xx"): 1})


def test_requests_from_many_clients_at_once_are_all_counted(
    serve: Serve, fetch: Fetch, counts: Counts, eventually: Eventually
) -> None:
    """Handlers in the server's loop and in its threads, while the metrics are read over the same wire."""
    recorder = Recorder()

    def blocking(request: Request) -> Response:
        return PlainTextResponse("fine")

    async def metrics(request: Request) -> Response:
        return Response(render(recorder))

    app = Starlette(
        routes=[Route("/sync/{x}", blocking), Mount("/a", routes=[Route("/async/{x}", fine)]), Route("/m", metrics)]
    )
    app.add_middleware(lambda inner: instrument(inner, recorder))
    port = serve(app)

    def client(number: int) -> None:
        for index in range(15):
            assert fetch(port, "GET", f"/sync/{number}-{index}")[0] == 200
            assert fetch(port, "GET", f"/a/async/{number}-{index}")[0] == 200
            assert b"parapet_http" in fetch(port, "GET", "/m")[1]

    threads = [threading.Thread(target=client, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = {("GET", "/sync/{x}", "2xx"): 60, ("GET", "/a/async/{x}", "2xx"): 60, ("GET", "/m", "2xx"): 60}
    eventually(lambda: counts(recorder) == expected)
