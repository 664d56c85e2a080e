"""A client that makes up methods, paths and headers, against real servers: it gets answers, and leaves no series."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator

import pytest
from tests.hosts.conftest import Server, Start
from tests.hosts.test_hosts_servers import GUNICORN, UVICORN

SERVERS = {
    "asgi": UVICORN + " {apps}.asgi_shops:starlette",
    "wsgi": GUNICORN + " --threads 4 {apps}.flask_shop:app",
}
REQUESTS = 400
SIGNS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"


@pytest.fixture(params=SERVERS, ids=str, scope="module")
def server(request: pytest.FixtureRequest, start: Start) -> Iterator[Server]:
    running = start(SERVERS[request.param])
    yield running
    running.end()


def made_up(rng: random.Random) -> bytes:
    """One request that nobody ever made before."""

    def word(longest: int) -> str:
        return "".join(rng.choices(SIGNS, k=rng.randint(1, longest)))

    method = rng.choice(["GET", "POST", "DELETE", "PROPFIND", word(12).replace(".", "").replace("~", "") or "X"])
    path = "/" + "/".join(word(20) for _ in range(rng.randint(0, 4)))
    path = rng.choice(
        [path, f"/orders/{word(30)}", f"/%{rng.randint(0, 255):02X}{word(5)}", f"/?{word(30)}={word(30)}"]
    )
    headers = "".join(f"X-{word(10)}: {word(40)}\r\n" for _ in range(rng.randint(0, 5)))
    return f"{method} {path} HTTP/1.1\r\nHost: {word(20)}\r\nConnection: close\r\n{headers}\r\n".encode()


def attack(server: Server, rng: random.Random, requests: int) -> int:
    """Send so many; how many were answered, whatever the answer."""
    answered = 0
    for _ in range(requests):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
            client.sendall(made_up(rng))
            answered += client.recv(64).startswith(b"HTTP/1.")
    return answered


def test_made_up_requests_leave_no_series_behind(server: Server) -> None:
    """What the first ones need is there after them; as many again need nothing more, and every request is counted."""
    rng = random.Random(11)
    attack(server, rng, REQUESTS // 2)
    series = set(server.scrape())
    before = sum(server.counts().values())
    assert attack(server, rng, REQUESTS) == REQUESTS
    after = sum(server.counts().values())
    new = {labels[1:] for labels in set(server.scrape()) - series}
    # A status class of a known route may come late: it is one of a closed set.
    assert all(label[1] == "unmatched" or label[1].startswith("/") for label in new), new
    assert len({labels[:3] for labels in new}) <= 8
    assert 0 < after - before <= REQUESTS  # servers turn malformed ones away before any application sees them
    assert server.process.poll() is None
