"""A port of its own for /metrics: for workers, and for hosts whose port is public. Loopback unless told otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from socket import AddressFamily
from threading import BoundedSemaphore, Thread
from types import TracebackType

from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded
from parapet.signals.exposition import Renders, scrape
from parapet.signals.gate import Gate, Verdict, bearer

REQUEST_SECONDS = 10.0
"""A request must be here in this time."""
MOST_AT_ONCE = 8
"""Scrapes under way; more are turned away."""

_ANSWERS = {
    Verdict.STRANGER: (403, "Not from here.\n"),
    Verdict.CLOSED: (403, "Nobody may read this.\n"),
    Verdict.TOKEN_NEEDED: (401, "A valid bearer token is needed.\n"),
}


class MetricsPort:
    """A server in threads of its own. Made by `serve_metrics`; ends with the process, or by `close`."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self._server = server
        self._thread = Thread(target=server.serve_forever, name="parapet-metrics", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._server.server_address[1]
        return port

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(REQUEST_SECONDS)

    def __enter__(self) -> MetricsPort:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve_metrics(
    recorder: Renders,
    port: int,
    *,
    host: str = "127.0.0.1",
    tokens: Iterable[str] = (),
    allow_networks: Iterable[str] = (),
    health: Callable[[], str | None] | None = None,
) -> MetricsPort:
    """Serve the signals of *recorder* at `http://host:port/metrics`, in threads of their own.

    Call it in one process of the service: where several share a directory, any of them reports all, and a pool's
    children must not bind a port. Threads do not survive a fork: call it after the server has forked, or beside it.

    Args:
        port: 0 takes a free one.
        host: an address of this machine. Beyond loopback somebody must be named who may read.
        tokens: bearer tokens that open it from anywhere.
        allow_networks: whose peers need no token, such as `10.0.0.0/8`; without any, on loopback, everybody there.
        health: says why this process is not well, None if it is: `/health` answers 503 or 200, to everybody.

    Raises:
        ConfigurationError: the address is not loopback and nobody is named, a network is none, or the port is taken.
    """
    shown, networks = tuple(tokens), tuple(allow_networks)
    if not (shown or networks):
        if not _is_loopback(host):
            raise ConfigurationError(
                f"{host}:{port} can be reached from other machines, so say who may read: serve_metrics(..., "
                "allow_networks=('10.0.0.0/8',)) or tokens=(...,)."
            )
        networks = ("127.0.0.0/8", "::1")
    gate = Gate.of(networks)
    free = BoundedSemaphore(MOST_AT_ONCE)

    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_SECONDS
        server_version = "parapet"
        sys_version = ""

        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """A scrape every few seconds is no news."""

        def _answer(self, *, body: bool) -> None:
            if health is not None and self.path.partition("?")[0].rstrip("/") == "/health":
                why = health()
                plain = {"content-type": "text/plain; charset=utf-8"}
                self._send(200 if why is None else 503, f"{why or 'well'}\n".encode(), plain, body=body)
                return
            verdict = gate.verdict(
                client=self.client_address[0], token=bearer(self.headers.get("authorization")), tokens=shown
            )
            status, text = _ANSWERS.get(verdict, (200, ""))
            headers = {"content-type": "text/plain; charset=utf-8"}
            data = text.encode()
            if status == 401:
                headers["www-authenticate"] = 'Bearer realm="parapet metrics"'
            elif status == 200 and self.path.partition("?")[0].rstrip("/") != "/metrics":
                status, data = 404, b"There is nothing here.\n"
            elif status == 200 and not free.acquire(blocking=False):
                status, data, headers["retry-after"] = 503, b"Too many scrapes at once.\n", "1"
            elif status == 200:
                status, data = 500, b"The signals could not be read.\n"
                try:
                    with guarded("signals.port"):
                        found = scrape(
                            recorder,
                            accept=self.headers.get("accept"),
                            accept_encoding=self.headers.get("accept-encoding"),
                        )
                        status, data, headers = 200, found.body, found.headers
                finally:
                    free.release()
            self._send(status, data, headers, body=body)

        def _send(self, status: int, data: bytes, headers: Mapping[str, str], *, body: bool) -> None:
            with guarded("signals.port"):  # the client may have left
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                if body:
                    self.wfile.write(data)

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        address_family = AddressFamily.AF_INET6 if ":" in host else AddressFamily.AF_INET

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that talks no HTTP, or left: not our trouble."""

    try:
        return MetricsPort(Server((host, port), Handler))
    except OSError as error:
        raise ConfigurationError(f"{host}:{port} cannot be listened on: {error.strerror}. Give a free port.") from error


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
