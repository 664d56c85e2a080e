"""What the tests of jobs share: a real Redis, real worker processes, and what a scrape of them reads."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import TypeAlias

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.forked import Forks, Running

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 30.0
STARTUP_SECONDS = 60.0
PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "celery": ("celery.bin.celery", "celery.apps.worker", "celery.backends.redis", "kombu.transport.redis"),
    "dramatiq": ("dramatiq.cli", "dramatiq.brokers.redis"),
    "procrastinate": ("procrastinate.cli", "psycopg_pool"),
    "rq": ("rq.cli",),
    "taskiq": ("taskiq.cli.worker.cmd", "taskiq_redis"),
}
"""What each imports before it looks at its host."""

Eventually: TypeAlias = Callable[..., None]


def free_port() -> int:
    """A port that nobody uses at the moment."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(
    condition: Callable[[], object], what: Callable[[], str] = str, seconds: float = PATIENCE_SECONDS
) -> None:
    """Ask until *condition* holds; fail with *what* there is to say if it does not within *seconds*."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it did not come true in {seconds:g} s. {what()}"
        time.sleep(0.02)


def listening(pid: int) -> set[str]:
    """The sockets on which a process could accept connections."""
    anybody = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                anybody.add(f"socket:[{fields[9]}]")
    return anybody & {os.readlink(one) for one in Path(f"/proc/{pid}/fd").iterdir()}


@dataclass
class Process:
    """A started process, in a group of its own, whose words go to a file."""

    running: Running
    log: Path
    metrics_port: int

    def said(self) -> str:
        """Everything that it wrote so far."""
        return self.log.read_text(errors="replace")

    def children(self) -> list[int]:
        """The processes that it started and that live."""
        path = Path(f"/proc/{self.running.pid}/task/{self.running.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def end(self, how: int = signal.SIGTERM, seconds: float = 5.0) -> int:
        """Ask it to end, make it if it does not; returns its exit code."""
        if self.running.poll() is None:
            self.running.send_signal(how)
            with suppress(subprocess.TimeoutExpired):
                self.running.wait(seconds)
        with suppress(ProcessLookupError):
            os.killpg(self.running.pid, signal.SIGKILL)  # whatever it left behind
        return self.running.wait(10)

    def wait_for_metrics(self) -> None:
        """Return once it answers scrapes."""

        def answers() -> bool:
            assert self.running.poll() is None, self.said()
            with suppress(OSError):
                self.scrape()
                return True
            return False

        wait_until(answers, self.said, STARTUP_SECONDS)

    def scrape(self) -> Scrape:
        """What its /metrics answers now."""
        with closing(HTTPConnection("127.0.0.1", self.metrics_port, timeout=10)) as connection:
            connection.request("GET", "/metrics")
            answer = connection.getresponse()
            assert answer.status == 200
            return Scrape.of(answer.read().decode())


@dataclass(frozen=True)
class Scrape:
    """The samples of one scrape."""

    samples: tuple[tuple[str, dict[str, str], float], ...]
    text: str = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Scrape:
        families = text_string_to_metric_families(text)
        return cls(
            samples=tuple((one.name, one.labels, one.value) for family in families for one in family.samples), text=text
        )

    def values(self, name: str, **labels: str) -> list[float]:
        """The values of every series of *name* that has these labels."""
        return [value for found, has, value in self.samples if found == name and labels.items() <= has.items()]

    def total(self, name: str, **labels: str) -> float:
        """Their sum."""
        return sum(self.values(name, **labels))

    def ended(self, task: str, queue: str | None = None) -> dict[str, int]:
        """How often *task* ended, by state, without zeros."""
        wanted = {"task": task} | ({"queue": queue} if queue else {})
        found: dict[str, int] = {}
        for name, has, value in self.samples:
            if name == "parapet_job_duration_seconds_count" and wanted.items() <= has.items() and value:
                found[has["state"]] = found.get(has["state"], 0) + int(value)
        return found

    def lost(self, task: str) -> int:
        """How often a worker died under *task*."""
        return int(self.total("parapet_job_lost_total", task=task))

    def running(self, task: str | None = None) -> int:
        """How many of *task*, or of all tasks, run now."""
        return int(self.total("parapet_job_running", **({"task": task} if task else {})))

    def ran_seconds(self, task: str) -> float:
        """Seconds that *task* ran, over all its ends."""
        return self.total("parapet_job_duration_seconds_sum", task=task)

    def waits(self, task: str) -> tuple[int, float]:
        """How often *task* started, and how many seconds it had waited in all."""
        name = "parapet_job_wait_seconds"
        return int(self.total(f"{name}_count", task=task)), self.total(f"{name}_sum", task=task)


Start: TypeAlias = Callable[..., Process]


def _starter(folder: Path, forks: Forks) -> Iterator[Start]:
    started: list[Process] = []

    def start(*command: str, ready: str, python: str = sys.executable, alone: bool = False, **environ: str) -> Process:
        """Run *command*, and return once it says *ready*. Forked, unless it has a *python* of its own or is *alone*."""
        log, port = folder / f"process-{len(started)}.log", free_port()
        clean = {
            key: value for key, value in os.environ.items() if not key.startswith(("COV_", "PYTEST", "PROMETHEUS"))
        }
        env = clean | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "METRICS_PORT": str(port)} | environ
        if python == sys.executable and not alone:
            forks.load(*PROGRAMS.get(command[1], ()))
            running = forks.start(*command, cwd=ROOT, env=env, log=log)
        else:
            with log.open("wb") as out:
                running = subprocess.Popen(
                    [python, *command], cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
                )
        process = Process(running, log, port)
        started.append(process)
        wait_until(
            lambda: ready in process.said() or running.poll() is not None, lambda: process.said(), STARTUP_SECONDS
        )
        assert ready in process.said(), process.said()
        return process

    yield start
    for process in reversed(started):
        process.end()


@pytest.fixture
def start(tmp_path: Path, forks: Forks) -> Iterator[Start]:
    """Starts processes that end with the test."""
    yield from _starter(tmp_path, forks)


@pytest.fixture(scope="module")
def start_for_module(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Iterator[Start]:
    """Starts processes that end with the module."""
    yield from _starter(tmp_path_factory.mktemp("processes"), forks)


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a real Redis that keeps nothing, started for this module."""
    program = shutil.which("redis-server")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("redis-server is not installed")
        pytest.skip("redis-server is not installed")
    port, log = free_port(), tmp_path_factory.mktemp("redis") / "redis.log"
    with log.open("wb") as out:
        running = subprocess.Popen(
            [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            cwd=log.parent,
            stdout=out,
            stderr=subprocess.STDOUT,
        )

    def answers() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return True
        except OSError:
            return False

    try:
        wait_until(answers, log.read_text)
        yield port
    finally:
        running.terminate()
        running.wait(10)


@pytest.fixture
def eventually() -> Eventually:
    """Wait until a condition holds."""
    return wait_until
