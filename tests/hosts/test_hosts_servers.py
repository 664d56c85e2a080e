"""One shop on every framework under its real servers: what clients do over the wire ends up in the right series."""

from __future__ import annotations

import http.client
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

import pytest
from tests.hosts.conftest import Server, Start, wait_until

Series: TypeAlias = tuple[str, str, str]
AtOnce: TypeAlias = Callable[[int, Callable[[int], None]], None]

GUNICORN = "gunicorn -b 127.0.0.1:{port} --log-level warning --graceful-timeout 1"
UVICORN = "uvicorn --port {port} --log-level warning --timeout-graceful-shutdown 1"
GRANIAN = "granian --host 127.0.0.1 --port {port} --log-level warning"
DJANGO = "{apps}.django_site"


@dataclass(frozen=True, kw_only=True)
class Host:
    """A framework under a server, and how it writes its routes."""

    command: str
    order: str
    item: str
    endless: str = "/endless"
    """A stream that only ends when the client leaves."""


def starlette(server: str, app: str = "starlette") -> Host:
    item = "/api/v1/items/{item}"
    return Host(command=f"{server} {{apps}}.asgi_shops:{app}", order="/orders/{order}", item=item)


def django(server: str, module: str, endless: str = "/endless") -> Host:
    command = f"{server} {DJANGO}.{module}:application"
    return Host(command=command, order="/orders/{order}", item="/api/v1/items/{item}", endless=endless)


def flask(server: str) -> Host:
    return Host(command=f"{server} {{apps}}.flask_shop:app", order="/orders/{order}", item="/api/v1/items/{item}")


HOSTS = {
    "uvicorn-starlette": starlette(UVICORN),
    "uvicorn-fastapi": starlette(UVICORN, "fastapi"),
    "uvicorn-django": django(UVICORN + " --lifespan off", "asgi", "/aendless"),
    "gunicorn-uvicorn-starlette": starlette(GUNICORN + " -k uvicorn_worker.UvicornWorker"),
    "gunicorn-uvicorn-fastapi": starlette(GUNICORN + " -k uvicorn_worker.UvicornWorker", "fastapi"),
    "gunicorn-uvicorn-django": django(GUNICORN + " -k uvicorn_worker.UvicornWorker", "asgi", "/aendless"),
    "gunicorn-sync-preload-flask": flask(GUNICORN + " --preload"),
    "gunicorn-gthread-flask": flask(GUNICORN + " --threads 8"),
    "gunicorn-sync-preload-django": django(GUNICORN + " --preload", "wsgi"),
    "granian-starlette": starlette(GRANIAN + " --interface asgi"),
    "granian-fastapi": starlette(GRANIAN + " --interface asgi", "fastapi"),
    "granian-django-asgi": django(GRANIAN + " --interface asginl", "asgi", "/aendless"),
    "granian-flask": flask(GRANIAN + " --interface wsgi --blocking-threads 8"),
    "granian-django-wsgi": django(GRANIAN + " --interface wsgi --blocking-threads 8", "wsgi"),
}


@pytest.fixture(scope="module", params=HOSTS, ids=str)
def host(request: pytest.FixtureRequest) -> Host:
    return HOSTS[request.param]


@pytest.fixture(scope="module")
def server(host: Host, start: Start) -> Iterator[Server]:
    """The host's server, fresh for this module's tests, which only ever add to its counts."""
    running = start(host.command)
    yield running
    running.end()


@pytest.fixture
def grows(server: Server) -> Callable[[dict[Series, int]], None]:
    """Wait until the counts have grown by exactly so much since the test began."""
    before = Counter(server.counts())

    def by(more: dict[Series, int]) -> None:
        server.settles_at(before + Counter(more))

    return by


Grows: TypeAlias = Callable[[dict[Series, int]], None]


def test_routes_are_shown_at_zero_before_anybody_asked_for_them(server: Server, host: Host) -> None:
    """A first failure must be a step from 0 and no new series; journeys are there too."""
    shown = server.requests()
    for series in (("GET", host.order, "2xx"), ("GET", host.order, "5xx"), ("GET", host.item, "5xx")):
        assert shown[series] == 0
    assert shown["POST", "/checkout/{cart}", "5xx"] == 0


def test_requests_are_counted_by_template_method_and_class(server: Server, host: Host, grows: Grows) -> None:
    """Included routes keep their prefix; unknown paths are totals too; HEAD and refused methods keep their route."""
    for method, path, status in [
        ("GET", "/orders/1", 200),
        ("GET", "/orders/2", 200),
        ("GET", "/api/v1/items/3", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/api/v1/nowhere", 404),
        ("DELETE", "/orders/1", 405),
        ("GET", "/file", 200),
    ]:
        assert server.ask(method, path)[0] == status, (method, path)
    grows(
        {
            ("GET", host.order, "2xx"): 2,
            ("GET", host.item, "2xx"): 1,
            ("GET", "unmatched", "4xx"): 2,
            ("DELETE", host.order, "4xx"): 1,
            ("GET", "/file", "2xx"): 1,
        }
    )


def test_an_exception_is_counted_once(server: Server, grows: Grows) -> None:
    """Whatever the framework and the server make of it, it is one failure."""
    for _ in range(3):
        assert server.ask("GET", "/boom")[0] == 500
    grows({("GET", "/boom", "5xx"): 3})


def test_made_up_methods_and_hosts_are_no_series(server: Server, host: Host, grows: Grows) -> None:
    """A client may send whatever words it likes: they share one series, and its Host header is nowhere."""
    series = set(server.requests())
    for index in range(5):
        headers = {"Host": f"made-up-{index}.example", "User-Agent": f"agent {index}"}
        assert server.ask(f"BREW{index}", "/orders/1", headers=headers)[0] in {400, 405}
        assert server.ask("GET", f"/made/up/{index}?query={index}", headers=headers)[0] == 404
    grew = {("GET", "unmatched", "4xx"): 5, ("other", host.order, "4xx"): 5}
    grows(grew)
    assert set(server.requests()) - series <= {*grew, ("GET", "unmatched", "5xx")}
    assert b"made-up" not in server.ask("GET", "/metrics")[1]


def test_a_stream_counts_to_its_last_part(server: Server, grows: Grows) -> None:
    """The duration of a stream is the whole stream."""
    status, body = server.ask("GET", "/stream")
    assert (status, len(body)) == (200, 3_000)
    grows({("GET", "/stream", "2xx"): 1})
    assert 0.06 < server.seconds("GET", "/stream", "2xx") < 5


def test_a_stream_that_breaks_off_is_a_failure(server: Server, grows: Grows) -> None:
    """Whether the server lets the client see that its answer is truncated or not, the metrics show a failure."""
    with suppress(http.client.HTTPException, OSError):
        server.ask("GET", "/breaks")
    grows({("GET", "/breaks", "5xx"): 1})


def test_a_journey_is_measured_by_its_route(server: Server) -> None:
    """4xx is the user's mistake; the handlers stay as they are."""
    for cart in ["full", "full", "poor"]:
        assert server.ask("POST", f"/checkout/{cart}", body=b"pay")[0] in {201, 402}
    name = "parapet_journey_duration_seconds_count"

    def attempts() -> tuple[float, float, float]:
        seen = server.scrape()
        return (
            seen[name, "checkout", "success"],
            seen[name, "checkout", "user_error"],
            seen[name, "checkout", "failure"],
        )

    wait_until(lambda: attempts() == (2, 1, 0), attempts)


def test_requests_from_many_clients_at_once_are_all_counted(
    server: Server, host: Host, grows: Grows, at_once: AtOnce
) -> None:
    """Eight clients, each with its own paths, while the metrics are read: nothing is lost, nothing swapped."""

    def client(number: int) -> None:
        for index in range(10):
            assert server.ask("GET", f"/orders/{number}{index}")[0] == 200
            assert server.ask("GET", f"/nowhere/{number}{index}")[0] == 404
            assert server.ask("GET", f"/api/v1/items/{number}{index}")[0] == 200

    at_once(8, client)
    grows({("GET", host.order, "2xx"): 80, ("GET", "unmatched", "4xx"): 80, ("GET", host.item, "2xx"): 80})


def test_a_stream_that_the_client_leaves_keeps_its_status(server: Server, host: Host, grows: Grows) -> None:
    """We had answered, and the client had enough."""
    server.leave(host.endless, after=b"xxx")
    grows({("GET", host.endless, "2xx"): 1})
