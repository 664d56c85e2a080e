"""Somebody who is told: receives the shop's announcements on loopback and checks who signed them."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from parapet.core import names
from parapet.notify.webhook import verify


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One announcement that arrived."""

    announcement: str
    ref: str
    text: str
    delivery: str
    signed: bool
    """True when the signature is that of the shared secret, and fresh."""
    at: datetime


class Receiver:
    """A webhook endpoint while the `with` block runs. The secret may be told later, but before the first delivery."""

    def __init__(self) -> None:
        self.secret = ""
        self._received: list[Received] = []
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                receiver.take(body, dict(self.headers.items()))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Quiet: what arrived is kept, not printed."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(poll_interval=0.05))

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where announcements go."""
        return f"http://127.0.0.1:{self._server.server_port}/announcements"

    @property
    def received(self) -> tuple[Received, ...]:
        """What arrived so far, oldest first."""
        with self._lock:
            return tuple(self._received)

    def take(self, body: bytes, headers: dict[str, str]) -> None:
        """Keep one announcement, and whether it was signed as it should."""
        now = datetime.now(UTC)
        told = json.loads(body)
        one = Received(
            announcement=told["announcement"],
            ref=told["ref"],
            text=told["text"],
            delivery=headers.get(names.DELIVERY_HEADER, ""),
            signed=verify(body, headers, secret=self.secret, now=now),
            at=now,
        )
        with self._lock:
            self._received.append(one)
