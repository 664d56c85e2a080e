"""One request to an application in this process, as a stranger would send it. No server, no network."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from parapet.core.guard import guarded

STRANGER = "203.0.113.9"
"""An address that belongs to nobody: it is kept for documentation."""
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a stranger heard."""

    path: str
    status: int
    ours: bool
    """Whether Parapet answered, rather than something that stands before it."""
    location: str = ""

    @property
    def opened(self) -> bool:
        """Whether a stranger got in."""
        return 200 <= self.status < 300


def ask_asgi(app: Callable[..., Awaitable[None]], method: str, path: str, origin: str) -> Answer | None:
    """What *app*, an ASGI application that was never started, answers; None: it broke, or took too long."""
    heard: list[MutableMapping[str, Any]] = []
    waiting: list[dict[str, Any]] = [{"type": "http.request", "body": b"", "more_body": False}]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": urlsplit(origin).scheme or "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", urlsplit(origin).netloc.encode()), (b"accept", b"*/*"), (b"content-length", b"0")],
        "client": (STRANGER, 40_000),
        "server": ("127.0.0.1", 80),
        "state": {},
    }

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop()
        await asyncio.Event().wait()  # whoever listens for the end of the connection waits as long as it lasts
        raise AssertionError

    async def send(message: MutableMapping[str, Any]) -> None:
        heard.append(message)

    with guarded("doctor.ask"), _quietly():
        asyncio.run(asyncio.wait_for(app(scope, receive, send), PATIENCE_SECONDS))
    start = next((one for one in heard if one["type"] == "http.response.start"), None)
    if start is None:
        return None
    headers = {bytes(name).lower(): bytes(value) for name, value in start.get("headers", ())}
    return Answer(
        path=path,
        status=int(start["status"]),
        ours=_ours(headers.get(b"content-security-policy", b"").decode("latin-1")),
        location=headers.get(b"location", b"").decode("latin-1"),
    )


def ask_wsgi(app: Callable[..., Iterable[bytes]], method: str, path: str, origin: str) -> Answer | None:
    """What *app*, a WSGI application, answers; None: it broke."""
    parts = urlsplit(origin)
    heard: list[tuple[str, dict[str, str]]] = []
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "CONTENT_LENGTH": "0",
        "HTTP_HOST": parts.netloc,
        "SERVER_NAME": parts.hostname or "localhost",
        "SERVER_PORT": str(parts.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": STRANGER,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme or "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": True,
    }

    def start_response(status: str, headers: list[tuple[str, str]], error: object = None) -> Callable[[bytes], object]:
        heard.append((status, {name.lower(): value for name, value in headers}))
        return io.BytesIO().write

    with guarded("doctor.ask"), _quietly():
        body = app(environ, start_response)
        for _ in body:
            pass
        if hasattr(body, "close"):
            body.close()
    if not heard:
        return None
    status, headers = heard[-1]
    return Answer(
        path=path,
        status=int(status[:3]),
        ours=_ours(headers.get("content-security-policy", "")),
        location=headers.get("location", ""),
    )


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the host's warnings: that a stranger was turned away is what was asked for."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.WARNING))
    try:
        yield
    finally:
        logging.disable(before)


def _ours(policy: str) -> bool:
    """Every answer of ours carries the same strict policy; nobody else's does by chance."""
    return policy.startswith("default-src 'none'; style-src 'self'")
