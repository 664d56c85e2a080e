"""What the tests of journeys across processes share: a real Redis, stores, and services that use them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from redis import Redis

from parapet.integrations.redis_journeys import RedisJourneys
from parapet.integrations.sql_journeys import SqlJourneys
from parapet.signals.journey import Journey
from parapet.signals.recorder import Recorder
from parapet.signals.spanning import PendingJourneys, Spanning
from parapet.testing import ManualClock

PATIENCE_SECONDS = 20.0


class Server:
    """A real Redis that keeps nothing, on a socket of its own."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        if program is None:
            if os.environ.get("CI"):
                pytest.fail("redis-server is not installed")
            pytest.skip("redis-server is not installed")
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{port}/0"
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.running = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._answers(port):
            assert time.monotonic() < deadline
            time.sleep(0.02)

    @staticmethod
    def _answers(port: int) -> bool:
        with closing(socket.socket()) as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    def freeze(self) -> None:
        """Accept connections and answer nothing."""
        self.running.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        self.running.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Stop for good."""
        self.thaw()
        self.running.terminate()
        self.running.wait(10)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One Redis for all tests of the process."""
    server = Server(tmp_path_factory.mktemp("redis"))
    yield server
    server.end()


@pytest.fixture(params=["redis", "sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """Where pending journeys are kept in this run of the test."""
    name: str = request.param
    return name


@pytest.fixture
def store_url(database: str, request: pytest.FixtureRequest) -> str:
    """The URL of a store with nothing in it."""
    if database == "redis":
        url: str = request.getfixturevalue("redis_server").url
        with closing(Redis.from_url(url)) as client:
            client.flushall()
        return url
    url = request.getfixturevalue("empty_url").replace("postgresql://", "postgresql+psycopg://")
    store = SqlJourneys.at(url)
    store.create_table()
    store.close()
    return url


@pytest.fixture
def open_store(database: str, store_url: str) -> Iterator[Callable[[], PendingJourneys]]:
    """Opens the store, as each process does."""
    opened: list[RedisJourneys | SqlJourneys] = []

    def one() -> PendingJourneys:
        made = RedisJourneys.at(store_url) if database == "redis" else SqlJourneys.at(store_url)
        opened.append(made)
        return made

    yield one
    for store in opened:
        store.close()


class Process:
    """As much of a process of the service as a journey needs."""

    def __init__(self, store: PendingJourneys, clock: ManualClock) -> None:
        self.recorder = Recorder()
        self.spanning = Spanning(self.recorder, clock, store)
        self.checkout = Journey("checkout", "Checkout", self.recorder, self.spanning)

    def counted(self, journey: str = "checkout") -> dict[str, tuple[int, float]]:
        """How often the journey ended, by outcome, and after how many seconds in all; without zeros."""
        series = self.recorder.histograms()[1].series
        return {
            outcome: (count, round(cells[-1], 3))
            for (name, outcome), cells in series.items()
            if name == journey and (count := int(sum(cells[:-1])))
        }

    def rejected(self) -> dict[str, int]:
        """What could not be kept as it was, by reason."""
        lines = self.recorder.render().decode().splitlines()
        start = 'parapet_signals_rejected_total{family="journey",reason="'
        found = (line.removeprefix(start).split('"} ') for line in lines if line.startswith(start))
        return {reason: int(count) for reason, count in found if int(count)}


@pytest.fixture
def clock() -> ManualClock:
    """The time, for all processes."""
    return ManualClock()


@pytest.fixture
def process() -> type[Process]:
    """Makes a process of the service, from its store and its clock."""
    return Process


@pytest.fixture
def server_of_its_own() -> type[Server]:
    """Starts a Redis, in a folder."""
    return Server
