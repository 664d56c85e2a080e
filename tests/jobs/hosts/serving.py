"""Serves /metrics from a thread, as a worker's main process may; and ways to break what records."""

from __future__ import annotations

import os
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from parapet import Parapet
from parapet.core.clock import SystemClock
from parapet.signals.exposition import CONTENT_TYPE, render


class BrokenClock:
    """A clock that stopped."""

    def now(self) -> datetime:
        raise RuntimeError("the clock is broken")


def make_parapet() -> Parapet:
    """The host's Parapet, with a broken clock and broken series if BROKEN is set."""
    broken = "BROKEN" in os.environ
    shared: dict[str, Any] = {"multiprocess_dir": os.environ["SHARED"]} if "SHARED" in os.environ else {}
    parapet = Parapet(service="shop", clock=BrokenClock() if broken else SystemClock(), **shared)
    if broken:

        def refuse(*args: object, **kwargs: object) -> None:
            raise RuntimeError("the recorder is broken")

        for name in ("bind", "observe", "add", "set", "declare"):
            setattr(parapet.recorder, name, refuse)
    return parapet


def serve(parapet: Parapet, port: int | None = None) -> ThreadingHTTPServer:
    """Answer /metrics on 127.0.0.1, at METRICS_PORT."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = render(parapet.recorder)
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port or int(os.environ["METRICS_PORT"])), Handler)
    os.register_at_fork(after_in_child=server.socket.close)  # or a child keeps the port after its parent is gone
    Thread(target=server.serve_forever, daemon=True).start()
    return server
