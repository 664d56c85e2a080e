"""The same shops served by several processes: whichever answers a scrape tells of all of them."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.hosts.conftest import Server, Start, wait_until
from tests.hosts.test_hosts_servers import DJANGO, GRANIAN, GUNICORN, UVICORN

AtOnce: TypeAlias = Callable[[int, Callable[[int], None]], None]

CLIENTS, EACH = 4, 25

SERVERS = {
    "gunicorn-sync-preload-flask": GUNICORN + " -w 3 --preload {apps}.flask_shop:app",
    "gunicorn-sync-preload-django": GUNICORN + f" -w 3 --preload {DJANGO}.wsgi:application",
    "gunicorn-uvicorn-preload-fastapi": GUNICORN
    + " -w 3 --preload -k uvicorn_worker.UvicornWorker {apps}.asgi_shops:fastapi",
    "uvicorn-starlette": UVICORN + " --workers 2 {apps}.asgi_shops:starlette",
    "granian-flask": GRANIAN + " --interface wsgi --workers 2 --respawn-failed-workers {apps}.flask_shop:app",
    "granian-starlette": GRANIAN + " --interface asgi --workers 2 --respawn-failed-workers {apps}.asgi_shops:starlette",
}


def visit(server: Server, at_once: AtOnce) -> Counter[tuple[str, str, str]]:
    """Many clients at once; what they asked for."""

    def client(number: int) -> None:
        for index in range(EACH):
            assert _status(server, f"/orders/{number}{index}") == 200
            assert _status(server, f"/nowhere/{number}{index}") == 404

    at_once(CLIENTS, client)
    return Counter({("GET", "/orders/{order}", "2xx"): CLIENTS * EACH, ("GET", "unmatched", "4xx"): CLIENTS * EACH})


@pytest.mark.parametrize("command", SERVERS.values(), ids=SERVERS)
def test_every_process_tells_of_all_of_them_even_the_dead(
    command: str, start: Start, at_once: AtOnce, tmp_path: Path
) -> None:
    """Requests of a worker that was killed stay counted, its successor goes on, and no label names a process."""
    server = start(command, alone=True, environment={"SHOP_METRICS": str(tmp_path)})
    expected = visit(server, at_once)
    server.settles_at(expected)

    before = server.workers()
    holding = [pid for pid in before if _holds(pid, tmp_path)]
    assert holding, "a worker holds its file open"
    os.kill(holding[0], signal.SIGKILL)
    wait_until(lambda: holding[0] not in server.workers() and len(server.workers()) >= len(before), server.workers)
    expected += visit(server, at_once)
    server.settles_at(expected)
    server.end()


def test_recycled_workers_leave_neither_files_nor_gaps(start: Start, at_once: AtOnce, tmp_path: Path) -> None:
    """A worker that ends after twenty requests hands its numbers to the next: a hundred workers are still two files."""
    command = GUNICORN + " -w 2 --preload --max-requests 20 {apps}.flask_shop:app"
    server = start(command, alone=True, environment={"SHOP_METRICS": str(tmp_path)})
    seen = set(server.workers())
    expected: Counter[tuple[str, str, str]] = Counter()
    for _ in range(2):
        expected += visit(server, at_once)
        server.settles_at(expected)
        seen |= set(server.workers())
    assert len(seen) > 4, "workers were recycled"
    assert len(list(tmp_path.glob("histogram_*.db"))) <= 4
    server.end()


def test_one_process_without_a_directory_tells_of_itself_only(start: Start) -> None:
    """After a fork the child begins at zero: nothing that the parent counted is counted twice."""
    server = start(GUNICORN + " -w 1 --preload {apps}.flask_shop:app", alone=True)
    for _ in range(3):
        assert server.ask("GET", "/orders/1")[0] == 200
    server.settles_at({("GET", "/orders/{order}", "2xx"): 3})
    server.end()


def _status(server: Server, path: str) -> int:
    """The status of one request, asked again while nobody listens: what was refused was never received."""
    heard: list[int] = []

    def asked() -> bool:
        try:
            heard.append(server.ask("GET", path)[0])
        except ConnectionRefusedError:
            return False
        return True

    wait_until(asked, server.said, 20)
    return heard[0]


def _holds(pid: int, directory: Path) -> bool:
    """Whether a process has a file of *directory* open or mapped."""
    try:
        return str(directory) in Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return False
