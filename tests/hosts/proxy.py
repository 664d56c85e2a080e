"""A reverse proxy before a host: it owns a prefix, sends what is below it on, and lets streams through as they come."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "date", "server"})


@contextmanager
def proxied(port: int, prefix: str, *, strips: bool) -> Iterator[int]:
    """The port at which `prefix/...` is what 127.0.0.1:*port* answers; nothing else is there.

    *strips*: the prefix is taken off, as nginx does with `proxy_pass http://host/;`. Else the server hears it as
    SCRIPT_NAME, as gunicorn wants it.
    """

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nobody reads it."""

        def do_GET(self) -> None:
            if not self.path.startswith(f"{prefix}/"):
                self.send_error(404, "Nothing of the proxy's")
                return
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            path = self.path.removeprefix(prefix) if strips else self.path
            told = dict(self.headers) if strips else {**self.headers, "SCRIPT_NAME": prefix}
            with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as inner:
                inner.request(self.command, path, body, told)
                answer = inner.getresponse()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                self.end_headers()
                while part := answer.read1(65_536):
                    self.wfile.write(part)

        do_HEAD = do_POST = do_GET

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that left a stream."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
