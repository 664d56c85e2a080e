"""Serves an application on loopback, sends it the same requests every time, and prints what its /metrics says.

Runs in an environment of its own, where the exporters are installed, and imports nothing of Parapet.
"""

from __future__ import annotations

import http.client
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

REQUESTS = (("/fine", 20), ("/items/7", 5), ("/slow", 2), ("/missing-page", 4), ("/broken", 3), ("/crash", 2))
"""What is asked for, and how often. /broken answers 500; /crash raises; /slow takes SLOW_SECONDS."""
SLOW_SECONDS = 0.3


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the library's
        return


def _ask(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def _report(port: int, metrics_path: str) -> None:
    for path, times in REQUESTS:
        for _ in range(times):
            _ask(port, path)
    status, text = _ask(port, metrics_path)
    if status != 200:
        sys.exit(f"{metrics_path} answered {status}: {text[:500]}")
    sys.stdout.write(text)


def serve_asgi(app: Any, metrics_path: str = "/metrics") -> None:
    """Print what *app*, behind uvicorn, exports after the requests."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            sys.exit("the server did not start")
        time.sleep(0.01)
    _report(server.servers[0].sockets[0].getsockname()[1], metrics_path)
    server.should_exit = True
    thread.join(10)


def serve_wsgi(app: Callable[..., Any], metrics_path: str = "/metrics") -> None:
    """Print what *app*, behind the server of the standard library, exports after the requests."""
    server = make_server("127.0.0.1", 0, app, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    _report(server.server_port, metrics_path)
    server.shutdown()
    thread.join(10)
    server.server_close()
