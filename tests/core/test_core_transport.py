"""Outgoing HTTP against real local servers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from parapet.core.errors import ConfigurationError, DeliveryFailed
from parapet.core.transport import Request, UrllibTransport


class Echo(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(503 if self.path == "/down" else 200)
        self.send_header("X-Seen", self.headers.get("X-Sent", ""))
        self.end_headers()
        self.wfile.write(body[::-1])

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def echo() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_body_and_headers_arrive_and_come_back(echo: str) -> None:
    """What is sent is what the other side reads; what it answers is what we read."""
    answer = UrllibTransport().send(Request(method="POST", url=f"{echo}/", headers={"X-Sent": "yes"}, body=b"abc"))
    assert (answer.status, answer.headers["X-Seen"], answer.body) == (200, "yes", b"cba")


def test_an_error_status_is_an_answer_not_an_exception(echo: str) -> None:
    """The caller decides what a status means."""
    assert UrllibTransport().send(Request(method="POST", url=f"{echo}/down", body=b"x")).status == 503


def test_redirects_are_not_followed(echo: str) -> None:
    """A receiver cannot send us elsewhere with a signed body."""
    assert UrllibTransport().send(Request(method="GET", url=f"{echo}/")).status == 302


def test_a_receiver_that_does_not_listen_is_a_delivery_failure_without_the_path() -> None:
    """The path of a webhook may be a secret, so it is never in the message."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DeliveryFailed) as caught:
        UrllibTransport().send(Request(method="POST", url=f"http://127.0.0.1:{port}/s3cret", body=b""))
    assert caught.value.message == f"http://127.0.0.1:{port} did not answer: Connection refused"


def test_a_receiver_that_hangs_is_given_up() -> None:
    """A time limit, always."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        with pytest.raises(DeliveryFailed):
            UrllibTransport(timeout_seconds=0.2).send(
                Request(method="GET", url=f"http://127.0.0.1:{deaf.getsockname()[1]}/")
            )


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "nonsense"])
def test_only_http_addresses_are_called(url: str) -> None:
    """A configuration error, not a read of a local file."""
    with pytest.raises(ConfigurationError):
        UrllibTransport().send(Request(method="GET", url=url))
