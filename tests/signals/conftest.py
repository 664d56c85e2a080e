"""What the tests of signals share: requests into an application in process, a real server, and counts."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection
from typing import Any, TypeAlias

import pytest
import uvicorn

from parapet.signals.recorder import Recorder

Call: TypeAlias = Callable[..., int | None]
Counts: TypeAlias = Callable[[Recorder], dict[tuple[str, ...], int]]


def http_scope(method: str, path: str, **extra: object) -> dict[str, Any]:
    """A scope as a server makes it."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"shop.example")],
        "scheme": "http",
        "server": ("shop.example", 80),
        "client": ("192.0.2.1", 1234),
    }
    return scope | extra


@pytest.fixture
def call() -> Call:
    """Send one request into an application and return the status; its exceptions are swallowed, as a server would."""

    def send_one(
        app: Any,
        method: str = "GET",
        path: str = "/",
        *,
        incoming: list[dict[str, Any]] | None = None,
        sent: list[Mapping[str, Any]] | None = None,
        raised: list[BaseException] | None = None,
        **extra: object,
    ) -> int | None:
        messages = iter(incoming or [{"type": "http.request", "body": b"", "more_body": False}])
        out: list[Mapping[str, Any]] = [] if sent is None else sent

        async def receive() -> dict[str, Any]:
            return next(messages, {"type": "http.disconnect"})

        async def send(message: Mapping[str, Any]) -> None:
            out.append(message)

        async def run() -> None:
            request = app(http_scope(method, path, **extra), receive, send)
            for result in await asyncio.gather(request, return_exceptions=True):
                if raised is not None and isinstance(result, BaseException):
                    raised.append(result)

        asyncio.run(run())
        return next((message["status"] for message in out if "status" in message), None)

    return send_one


@pytest.fixture
def counts() -> Counts:
    """The requests counted so far, by (method, route, status class), without those at zero."""

    def read(recorder: Recorder) -> dict[tuple[str, ...], int]:
        series = recorder.histograms()[0].series
        return {labels: n for labels, cells in series.items() if (n := int(sum(cells[:-1])))}

    return read


@pytest.fixture
def outcomes() -> Counts:
    """The attempts counted so far, by (journey, outcome), without those at zero."""

    def read(recorder: Recorder) -> dict[tuple[str, ...], int]:
        series = recorder.histograms()[1].series
        return {labels: n for labels, cells in series.items() if (n := int(sum(cells[:-1])))}

    return read


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    """Wait until a condition holds, for five seconds at most."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true"
            time.sleep(0.005)

    return wait


class _Server(uvicorn.Server):
    """A server that says when it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serving = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serving.set()


@pytest.fixture
def serve() -> Iterator[Callable[[Any], int]]:
    """Serve an application with uvicorn in a thread; returns the port. Stopped at the end of the test."""
    running: list[tuple[_Server, threading.Thread, socket.socket]] = []

    def start(app: Any) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        server = _Server(uvicorn.Config(app, log_level="critical", lifespan="on", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        running.append((server, thread, listener))
        assert server.serving.wait(10)
        port: int = listener.getsockname()[1]
        return port

    yield start
    for server, thread, listener in running:
        server.should_exit = True
        thread.join(10)
        listener.close()


@pytest.fixture
def fetch() -> Callable[..., tuple[int, bytes]]:
    """One request over a real connection: status and body."""

    def get(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request(method, path, body=body)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    return get
