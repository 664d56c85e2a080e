"""What the tests of hosts share: real servers in processes of their own, and what a scrape of them reads."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.forked import Forks, Running

from parapet.core import names

ROOT = Path(__file__).parents[2]
APPS = "tests.hosts.apps"
STARTUP_SECONDS = 60.0
PATIENCE_SECONDS = 15.0
SERVERS: Mapping[str, tuple[str, ...]] = {
    "granian": ("granian.cli", "granian.server"),
    "gunicorn": ("gunicorn.app.wsgiapp", "gunicorn.workers.gthread", "gunicorn.workers.sync"),
    "uvicorn": ("uvicorn.lifespan.on", "uvicorn.protocols.http.auto", "uvicorn.protocols.websockets.auto"),
}
"""What each imports before it looks at its application."""


def wait_until(condition: Callable[[], object], what: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Ask until *condition* holds; fail with *what* there is to say if it does not within *seconds*."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not come true in {seconds:g} s: {what()}"
        time.sleep(0.02)


@dataclass
class Server:
    """A server in a process group of its own."""

    process: Running
    port: int
    log: Path
    prefix: str = ""
    """What a proxy before it puts before every path; *port* is the proxy's then."""

    def ask(
        self, method: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """One request over a connection of its own: status and body."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request(method, path, body=body, headers=dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read()

    def leave(self, path: str, *, after: bytes = b"", once_logged: str = "") -> None:
        """Ask, wait until the answer shows *after* and the log *once_logged*, and go; without either, go at once."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n".encode())
            heard = b""
            while after not in heard:
                heard += client.recv(4_096)
            wait_until(lambda: once_logged in self.log.read_text(errors="replace"), lambda: f"no {once_logged!r}")

    def leave_sending(self, path: str) -> None:
        """Promise a body, send a part of it, and go."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            head = f"POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Length: 1000\r\n\r\n"
            client.sendall(head.encode() + b"the first part")

    def talk(self, path: str, word: str) -> str:
        """Say one short word over a WebSocket (RFC 6455), and hear one."""
        mask = b"mask"
        masked = bytes(letter ^ mask[index % 4] for index, letter in enumerate(word.encode()))
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
            key = "Sec-WebSocket-Key: cGFyYXBldCBpcyBoZXJlIQ=="
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: shop\r\n{upgrade}\r\n{key}\r\n\r\n".encode())
            heard = client.makefile("rb")
            status = heard.readline()
            assert b" 101 " in status, status
            while heard.readline().strip():
                pass
            client.sendall(bytes([0x81, 0x80 | len(masked)]) + mask + masked)
            _, length = heard.read(2)
            return heard.read(length).decode()

    def scrape(self) -> dict[tuple[str, ...], float]:
        """Every sample that the server's /metrics shows: (name, sorted label values by label name) -> value."""
        _, text = self.ask("GET", "/metrics")
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text.decode())
            for sample in family.samples
        }

    def counts(self) -> dict[tuple[str, str, str], int]:
        """The requests counted so far, by (method, route, status class), without zeros and without scrapes."""
        return {labels: n for labels, n in self.requests().items() if n and labels[1] != "/metrics"}

    def requests(self) -> dict[tuple[str, str, str], int]:
        """The requests counted so far, by (method, route, status class)."""
        return {
            (key[1], key[2], key[3]): int(value)
            for key, value in self.scrape().items()
            if key[0] == names.HTTP_DURATION + "_count"
        }

    def seconds(self, method: str, route: str, status_class: str) -> float:
        """How long the requests of a series took together."""
        return self.scrape()[names.HTTP_DURATION + "_sum", method, route, status_class]

    def settles_at(self, expected: Mapping[tuple[str, str, str], int]) -> None:
        """Wait until the requests counted are *expected*."""
        seen: dict[tuple[str, str, str], int] = {}

        def same() -> bool:
            nonlocal seen
            seen = self.counts()
            return seen == dict(expected)

        wait_until(same, lambda: {k: (seen.get(k), expected.get(k)) for k in seen.keys() | expected.keys()})

    def workers(self) -> list[int]:
        """The processes that the server started, and theirs, that live."""
        found: list[int] = []
        waiting = [self.process.pid]
        while waiting:
            path = Path(f"/proc/{waiting.pop()}")
            with suppress(OSError):
                for task in path.glob("task/*/children"):
                    children = [int(pid) for pid in task.read_text().split()]
                    found += children
                    waiting += children
        return found

    def said(self) -> str:
        """Everything that it wrote so far."""
        return self.log.read_text(errors="replace")

    def answers(self) -> bool:
        """Whether it serves already."""
        assert self.process.poll() is None, self.said()
        try:
            return self.ask("GET", "/metrics")[0] == 200
        except OSError:
            return False

    def end(self) -> None:
        """End it and whatever it started."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


Start = Callable[..., Server]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Iterator[Start]:
    """Start a server by its command line, in which {port} is filled in, and wait until it serves.

    It is forked, unless it has a *python* of its own or is *alone*: an interpreter with nothing but what it imports."""
    running: list[Server] = []

    def run(
        command: str,
        *,
        python: str = sys.executable,
        alone: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> Server:
        with closing(socket.create_server(("127.0.0.1", 0))) as probe:
            port: int = probe.getsockname()[1]
        log = tmp_path_factory.mktemp("server") / "log"
        words = [word.format(port=port, apps=APPS) for word in command.split()]
        env = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
        process: Running
        if python == sys.executable and not alone:
            forks.load(*SERVERS.get(words[0], ()))
            process = forks.start("-m", *words, cwd=log.parent, env=env, log=log)
        else:
            with log.open("wb") as output:
                process = subprocess.Popen(
                    [python, "-m", *words],
                    cwd=log.parent,
                    env=env,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        server = Server(process=process, port=port, log=log)
        running.append(server)
        wait_until(server.answers, server.said, STARTUP_SECONDS)
        return server

    yield run
    for server in running:
        server.end()


@pytest.fixture(scope="session")
def at_once() -> Callable[[int, Callable[[int], None]], None]:
    """Call a function in so many threads at once, with their numbers; their exceptions fail the test."""

    def run(count: int, act: Callable[[int], None]) -> None:
        failed: list[BaseException] = []

        def one(number: int) -> None:
            try:
                act(number)
            except (OSError, AssertionError) as error:
                failed.append(error)

        threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed, failed[0]

    return run
