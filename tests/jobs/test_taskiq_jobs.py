"""Taskiq: what real worker processes on a real Redis count, whatever becomes of a task."""

from __future__ import annotations

import asyncio
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from taskiq import AsyncBroker, InMemoryBroker, SimpleRetryMiddleware
from taskiq_redis import ListQueueBroker, RedisAsyncResultBackend, RedisStreamBroker
from tests.jobs.conftest import Eventually, Process, Scrape, Start, free_port

from parapet import Parapet
from parapet.integrations.taskiq import instrument
from parapet.signals.recorder import Recorder

pytestmark = pytest.mark.real

HOST = "tests.jobs.hosts.taskiq_host"
_databases = count(1)


class Sender:
    """Sends tasks to the host's workers from this process, without the host's code."""

    def __init__(self, port: int, database: int, *, stream: bool = False) -> None:
        self.url = f"redis://127.0.0.1:{port}/{database}"
        self.stream = stream

    def send(self, task: str, *args: object, **labels: object) -> Any:
        """Send one task, and return its id."""
        return asyncio.run(self._send(task, args, labels, wait=False))

    def result(self, task: str, *args: object) -> Any:
        """Send one task, and wait for its result."""
        return asyncio.run(self._send(task, args, {}, wait=True))

    async def _send(self, task: str, args: tuple[object, ...], labels: dict[str, Any], *, wait: bool) -> Any:
        made: AsyncBroker = (RedisStreamBroker if self.stream else ListQueueBroker)(self.url, queue_name="shop")
        backend: Any = RedisAsyncResultBackend(self.url)
        made = made.with_result_backend(backend)
        instrument(made, Parapet(service="sender"))
        await made.startup()
        try:

            async def known_elsewhere() -> None:
                pass

            decorated: Any = made.register_task(known_elsewhere, task_name=task, **labels)
            sent = await decorated.kiq(*args)
            return await sent.wait_result(timeout=30) if wait else sent.task_id
        finally:
            await made.shutdown()


def start_workers(start: Start, sender: Sender, shared: Path, *options: str, **environ: str) -> Workers:
    """Worker processes of the host's module; their directory is read from here."""
    command = ("-m", "taskiq", "worker", f"{HOST}:broker", "--no-configure-logging", *options)
    extra = {"STREAM": "1"} if sender.stream else {}
    process = start(
        *command,
        ready="",
        alone="BUNDLED" in environ,  # prometheus_client reads the environment when it is imported
        BROKER=sender.url,
        SHARED=str(shared),
        **extra,
        **environ,
    )
    return Workers(process, shared)


class Workers:
    """Worker processes that serve nothing themselves: what they count is read from the directory they share."""

    def __init__(self, process: Process, shared: Path) -> None:
        self.process = process
        self.said = process.said
        self._recorder = Recorder(multiprocess_dir=shared)

    def scrape(self) -> Scrape:
        """What any process of the service would answer."""
        return Scrape.of(self._recorder.render().decode())


@pytest.fixture(scope="module")
def sender(redis_server: int) -> Sender:
    """Sends to the workers of the module."""
    return Sender(redis_server, 0)


@pytest.fixture
def own_sender(redis_server: int) -> Sender:
    """Sends to a database of the test's own."""
    return Sender(redis_server, next(_databases))


@pytest.fixture(scope="module")
def workers(start_for_module: Start, sender: Sender, tmp_path_factory: pytest.TempPathFactory) -> Workers:
    """Two worker processes, for the whole module."""
    return start_workers(start_for_module, sender, tmp_path_factory.mktemp("shared"), "--workers", "2")


@pytest.mark.parametrize(
    ("task", "labels", "ends"),
    [
        ("works", {}, {"succeeded": 1}),
        ("fails", {}, {"failed": 1}),
        ("gives_up", {"retry_on_error": True}, {"retried": 1, "failed": 1}),
        ("hangs", {"timeout": 0.3}, {"failed": 1}),
        ("rejects", {}, {"discarded": 1}),
        ("requeues", {}, {"retried": 1, "succeeded": 1}),
        ("keeps_quiet", {}, {"succeeded": 1}),
    ],
)
def test_a_task_is_counted_as_what_became_of_it(
    workers: Workers,
    sender: Sender,
    eventually: Eventually,
    task: str,
    labels: dict[str, Any],
    ends: dict[str, int],
) -> None:
    """A retry or a requeued message is no failure; a rejected one is discarded; to keep no result is no error."""
    sender.send(task, **labels)
    eventually(lambda: workers.scrape().ended(task, queue="shop") == ends, workers.said)
    assert workers.scrape().waits(task)[0] == sum(ends.values())


@pytest.mark.parametrize("stream", [False, True], ids=["list", "stream"])
def test_a_task_waits_while_the_worker_is_busy(
    redis_server: int, start: Start, tmp_path: Path, eventually: Eventually, stream: bool
) -> None:
    """Queue time is told apart from run time; what the worker has not taken yet ages in the backlog."""
    own = Sender(redis_server, next(_databases), stream=stream)
    limits = ("--workers", "1", "--max-async-tasks", "1", "--max-prefetch", "0")
    workers = start_workers(start, own, tmp_path, *limits)
    size, age = "parapet_job_backlog_size", "parapet_job_backlog_age_seconds"
    eventually(lambda: workers.scrape().values(size, queue="shop") == [0.0], workers.said)
    for _ in range(3):
        own.send("naps", 1.0)
    if not stream:  # a stream's consumer takes up to a hundred at once
        eventually(lambda: workers.scrape().total(size, queue="shop") >= 1, workers.said)
        eventually(lambda: workers.scrape().total(age, queue="shop") > 0.3, workers.said)
    eventually(lambda: workers.scrape().ended("naps") == {"succeeded": 3}, workers.said)
    assert 1.8 < workers.scrape().waits("naps")[1] < 5.0
    assert 3.0 <= workers.scrape().ran_seconds("naps") < 4.0
    eventually(lambda: workers.scrape().values(age, queue="shop") == [0.0])


def test_every_task_is_shown_at_zero(workers: Workers, eventually: Eventually) -> None:
    """A first failure is a step from zero."""
    name = "parapet_job_duration_seconds_count"
    eventually(lambda: len(workers.scrape().values(name, task="naps", queue="shop")) == 5, workers.said)


def test_a_task_that_a_list_has_forgotten_is_lost_and_failed(
    own_sender: Sender, start: Start, tmp_path: Path, eventually: Eventually
) -> None:
    """Nobody runs it again: the process that replaces the dead one says so, once."""
    workers = start_workers(start, own_sender, tmp_path / "shared", "--workers", "2")
    own_sender.send("survives", str(tmp_path / "marker"))
    eventually(lambda: workers.scrape().ended("survives") == {"failed": 1}, workers.said)
    own_sender.send("works")
    eventually(lambda: workers.scrape().ended("works") == {"succeeded": 1}, workers.said)
    assert (workers.scrape().lost("survives"), workers.scrape().ended("survives")) == (1, {"failed": 1})


def test_a_task_that_a_stream_delivers_again_is_lost_and_retried(
    redis_server: int, start: Start, tmp_path: Path, eventually: Eventually
) -> None:
    """What was not acknowledged is claimed by another consumer once it has been idle for long, and new work comes."""
    own = Sender(redis_server, next(_databases), stream=True)
    workers = start_workers(start, own, tmp_path / "shared", "--workers", "1", IDLE_MS="1000")
    own.send("survives", str(tmp_path / "marker"))
    eventually(lambda: workers.scrape().ended("survives") == {"retried": 1}, workers.said)

    def again() -> bool:
        own.send("works")
        return workers.scrape().ended("survives") == {"retried": 1, "succeeded": 1}

    eventually(again, workers.said)
    assert workers.scrape().lost("survives") == 1


def test_nothing_runs_when_all_has_ended(workers: Workers, eventually: Eventually) -> None:
    """However tasks ended, each run that began is over, and none was lost."""
    eventually(lambda: workers.scrape().running() == 0, workers.said)
    assert workers.scrape().total("parapet_job_lost_total") == 0


def test_the_bundled_prometheus_middleware_works_beside_ours(
    own_sender: Sender, start: Start, tmp_path: Path, eventually: Eventually
) -> None:
    """It sets PROMETHEUS_MULTIPROC_DIR for its processes and exports what it always did; ours counts once as well."""
    port = free_port()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    workers = start_workers(
        start, own_sender, tmp_path / "shared", "--workers", "2", BUNDLED=str(port), TMPDIR=str(temporary)
    )
    for _ in range(4):
        own_sender.send("works")
    eventually(lambda: workers.scrape().ended("works") == {"succeeded": 4}, workers.said)

    def bundled() -> Scrape:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return Scrape.of(text)

    eventually(lambda: bundled().total("received_tasks_total", task_name="works") == 4)
    assert "parapet_" not in bundled().text


def test_a_broker_inside_a_test_counts_too() -> None:
    """With the library's own in-memory broker, as hosts test their tasks; a middleware added later may retry."""
    host = Parapet(service="shop")
    broker = InMemoryBroker(await_inplace=True)
    instrument(broker, host)
    instrument(broker, host)
    broker.add_middlewares(SimpleRetryMiddleware(default_retry_count=2))

    @broker.task(task_name="fails", retry_on_error=True)
    async def fails() -> None:
        raise RuntimeError("on purpose")

    asyncio.run(_once(broker, fails))
    scrape = Scrape.of(host.recorder.render().decode())
    assert scrape.ended("fails") == {"retried": 1, "failed": 1}
    assert scrape.waits("fails")[0] == 2


def test_a_broken_recorder_changes_no_task(own_sender: Sender, start: Start, tmp_path: Path) -> None:
    """Clock and recorder raise at every turn: tasks succeed, are retried and fail exactly as they do without us."""
    start_workers(start, own_sender, tmp_path, "--workers", "1", BROKEN="1")
    assert own_sender.result("works").return_value == 7
    assert own_sender.result("fails").is_err
    assert own_sender.result("requeues").is_err is False


async def _once(broker: AsyncBroker, task: Any) -> None:
    await broker.startup()
    await task.kiq()
    await broker.shutdown()
