"""Dramatiq: what real worker processes on a real Redis count, whatever becomes of a message."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker
from dramatiq_abort import Abortable, abort
from dramatiq_abort.backends import RedisBackend
from tests.jobs.conftest import Eventually, Process, Scrape, Start, free_port

from parapet import Parapet
from parapet.integrations.dramatiq import backlog, instrument

pytestmark = pytest.mark.real

HOST = "tests.jobs.hosts.dramatiq_host"
_numbers = count(1)


class Sender:
    """Sends to the host's actors from this process, without the host's code."""

    def __init__(self, port: int) -> None:
        self.url = f"redis://127.0.0.1:{port}/0"
        self.namespace = f"shop{next(_numbers)}"
        self.broker: Any = RedisBroker(url=self.url, namespace=self.namespace)  # type: ignore[no-untyped-call]
        instrument(self.broker, Parapet(service="sender"))
        for queue in ("default", "mail"):
            self.broker.declare_queue(queue)

    def send(self, actor: str, *args: object, queue: str = "default", delay_ms: int | None = None) -> str:
        """Send one message; its id."""
        message: dramatiq.Message[None] = dramatiq.Message(
            queue_name=queue, actor_name=actor, args=args, kwargs={}, options={}
        )
        self.broker.enqueue(message, delay=delay_ms)
        return message.message_id


def start_workers(
    start: Start, sender: Sender, shared: Path, *, processes: int = 2, threads: int = 2, **environ: str
) -> Process:
    """Worker processes of the host's module, and one beside them that answers scrapes."""
    command = ("-m", "dramatiq", HOST, "--processes", str(processes), "--threads", str(threads), "--skip-logging")
    process = start(
        *command,
        ready="",
        alone="BUNDLED" in environ,  # prometheus_client reads the environment when it is imported
        BROKER=sender.url,
        NAMESPACE=sender.namespace,
        SHARED=str(shared),
        dramatiq_prom_db=str(shared / "bundled"),
        dramatiq_worker_timeout="50",
        **environ,
    )
    process.wait_for_metrics()
    return process


@pytest.fixture(scope="module")
def sender(redis_server: int) -> Iterator[Sender]:
    """Sends to the workers of the module."""
    made = Sender(redis_server)
    yield made
    made.broker.close()


@pytest.fixture
def own_sender(redis_server: int) -> Iterator[Sender]:
    """Sends to the workers of one test."""
    made = Sender(redis_server)
    yield made
    made.broker.close()


@pytest.fixture(scope="module")
def workers(start_for_module: Start, sender: Sender, tmp_path_factory: pytest.TempPathFactory) -> Process:
    """Two worker processes with two threads each, for the whole module."""
    return start_workers(start_for_module, sender, tmp_path_factory.mktemp("shared"))


ENDS = [
    ("works", (), {"succeeded": 1}),
    ("fails", (), {"failed": 1}),
    ("gives_up", (), {"retried": 1, "failed": 1}),
    ("throws", (), {"failed": 1}),
    ("unwanted", (), {"discarded": 1}),
    ("perishable", (), {"discarded": 1}),
    ("hangs", (), {"failed": 1}),
]


@pytest.mark.parametrize(("actor", "args", "ends"), ENDS, ids=[one[0] for one in ENDS])
def test_a_message_is_counted_as_what_became_of_it(
    workers: Process, sender: Sender, eventually: Eventually, actor: str, args: tuple[object, ...], ends: dict[str, int]
) -> None:
    """Retried is told apart from failed, and what a middleware refused or thought too old is discarded."""
    sender.send(actor, *args)
    eventually(lambda: workers.scrape().ended(actor) == ends, workers.said)
    assert workers.scrape().waits(actor)[0] == sum(ends.values())


def test_a_message_for_nobody_is_discarded(workers: Process, sender: Sender, eventually: Eventually) -> None:
    """A deploy that forgot an actor throws messages away; their names become no series."""
    sender.send("nobody.knows.this")
    eventually(lambda: workers.scrape().ended("other", queue="default") == {"discarded": 1}, workers.said)
    assert "nobody.knows" not in workers.scrape().text


def test_a_message_is_counted_under_its_queue(workers: Process, sender: Sender, eventually: Eventually) -> None:
    """Not under the queue that holds it while it is delayed."""
    sender.send("sends", queue="mail", delay_ms=100)
    eventually(lambda: workers.scrape().ended("sends", queue="mail") == {"succeeded": 1}, workers.said)
    assert '.DQ"' not in workers.scrape().text


def test_a_delay_is_no_wait_but_what_comes_after_it_is(
    own_sender: Sender, start: Start, tmp_path: Path, eventually: Eventually
) -> None:
    """A retry after 1.5 s has not waited for them; a delayed message that nobody handed on when it was due has."""
    own_sender.send("works", delay_ms=1)
    due = time.monotonic()
    eventually(lambda: time.monotonic() - due > 1.0)
    workers = start_workers(start, own_sender, tmp_path, processes=1)
    eventually(lambda: workers.scrape().ended("works") == {"succeeded": 1}, workers.said)
    assert workers.scrape().waits("works")[1] > 0.9
    own_sender.send("recovers", str(tmp_path / "marker"))
    eventually(lambda: workers.scrape().ended("recovers") == {"retried": 1, "succeeded": 1}, workers.said)
    starts, seconds = workers.scrape().waits("recovers")
    assert starts == 2
    assert seconds < 1.4


def test_a_message_waits_while_the_workers_are_busy(
    own_sender: Sender, start: Start, tmp_path: Path, eventually: Eventually
) -> None:
    """Queue time is told apart from run time; what a worker took and did not begin ages with the rest."""
    workers = start_workers(start, own_sender, tmp_path, processes=1, threads=1)
    for _ in range(2):
        own_sender.send("naps", 1.0)
    age = "parapet_job_backlog_age_seconds"
    eventually(lambda: workers.scrape().total(age, queue="default") > 0.4)
    eventually(lambda: workers.scrape().ended("naps") == {"succeeded": 2})
    starts, waited = workers.scrape().waits("naps")
    assert starts == 2
    assert 0.8 < waited < 2.5
    assert 2.0 <= workers.scrape().ran_seconds("naps") < 3.0
    eventually(lambda: workers.scrape().values(age, queue="default") == [0.0])


def test_every_actor_is_shown_at_zero(workers: Process) -> None:
    """A first failure is a step from zero, under the actor's queue, in every state."""
    scrape = workers.scrape()
    assert len(scrape.values("parapet_job_duration_seconds_count", task="naps", queue="default")) == 5
    assert scrape.values("parapet_job_wait_seconds_count", task="naps", queue="default") == [0.0]


def test_an_aborted_message_is_revoked(workers: Process, sender: Sender, eventually: Eventually) -> None:
    """dramatiq-abort interrupts the actor: somebody called it off, which is no failure."""
    number = sender.send("endures")
    eventually(lambda: workers.scrape().running("endures") == 1, workers.said)
    abort(number, Abortable(backend=RedisBackend.from_url(sender.url)))
    eventually(lambda: workers.scrape().ended("endures") == {"revoked": 1}, workers.said)


def test_the_messages_of_a_killed_worker_are_lost_and_retried(
    own_sender: Sender, start: Start, tmp_path: Path, eventually: Eventually
) -> None:
    """Whoever comes next counts them once, as soon as it begins, and the second run when the broker hands it out."""
    shared = tmp_path / "shared"
    first = start_workers(start, own_sender, shared, processes=1)
    own_sender.send("survives", str(tmp_path / "marker"))
    own_sender.send("naps", 60)
    eventually(lambda: first.scrape().running() == 2, first.said)
    for child in first.children():
        with suppress(ProcessLookupError):  # the first that dies makes Dramatiq end the others
            os.kill(child, signal.SIGKILL)
    first.end(signal.SIGKILL)
    second = start_workers(start, own_sender, shared, processes=1, HEARTBEAT_MS="300")
    eventually(lambda: second.scrape().ended("survives") == {"retried": 1, "succeeded": 1}, second.said)
    assert (second.scrape().lost("survives"), second.scrape().lost("naps")) == (1, 1)
    assert second.scrape().ended("naps") == {"retried": 1}
    eventually(lambda: second.scrape().running("naps") == 1, second.said)


def test_nothing_runs_when_all_has_ended(workers: Process, eventually: Eventually) -> None:
    """However messages ended, each run that began is over, and none was lost."""
    eventually(lambda: workers.scrape().running() == 0, workers.said)
    assert workers.scrape().total("parapet_job_lost_total") == 0


def test_the_bundled_prometheus_middleware_works_beside_ours(
    own_sender: Sender, start: Start, tmp_path: Path, eventually: Eventually
) -> None:
    """It sets PROMETHEUS_MULTIPROC_DIR for its processes and exports what it always did; ours counts once as well."""
    port = free_port()
    workers = start_workers(
        start, own_sender, tmp_path, BUNDLED="1", dramatiq_prom_port=str(port), dramatiq_prom_host="127.0.0.1"
    )
    for _ in range(5):
        own_sender.send("works")
    eventually(lambda: workers.scrape().ended("works") == {"succeeded": 5}, workers.said)

    def bundled() -> Scrape:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return Scrape.of(text)

    eventually(lambda: bundled().total("dramatiq_messages_total", actor_name="works") == 5)
    assert "parapet_" not in bundled().text
    assert "dramatiq_" not in workers.scrape().text


def test_a_worker_inside_a_test_counts_too() -> None:
    """With the library's own in-memory broker and a worker in this process, as hosts test their actors."""
    host = Parapet(service="shop")
    broker: Any = StubBroker(middleware=[dramatiq.middleware.Retries(max_retries=1, min_backoff=1, max_backoff=1)])
    instrument(broker, host)
    instrument(broker, host)
    broker.emit_after("process_boot")

    @dramatiq.actor(broker=broker)
    def fails() -> None:
        raise RuntimeError("on purpose")

    worker = dramatiq.Worker(broker, worker_timeout=10, worker_threads=1)
    worker.start()
    fails.send()
    broker.join("default", fail_fast=False)
    worker.join()
    worker.stop()
    scrape = Scrape.of(host.recorder.render().decode())
    assert scrape.ended("fails") == {"retried": 1, "failed": 1}
    assert scrape.waits("fails")[0] == 2


def test_the_backlog_is_read_by_a_process_that_is_no_worker(own_sender: Sender) -> None:
    """When all workers are dead nobody but a publisher can say that work waits; a broker that is gone is no number."""
    host = Parapet(service="shop")
    watch = backlog(own_sender.broker, host)
    for _ in range(3):
        own_sender.send("works")
    assert watch.once()
    scrape = Scrape.of(host.recorder.render().decode())
    assert scrape.values("parapet_job_backlog_size", queue="default") == [3.0]
    assert scrape.values("parapet_job_backlog_size", queue="mail") == [0.0]
    assert scrape.total("parapet_job_backlog_age_seconds", queue="default") > 0
    own_sender.broker.client.set(f"{own_sender.namespace}:mail", "no list")
    assert not watch.once()
    assert Scrape.of(host.recorder.render().decode()).values("parapet_job_backlog_size") == []


def test_a_broken_recorder_changes_no_message(
    own_sender: Sender, start: Start, tmp_path: Path, eventually: Eventually
) -> None:
    """Clock and recorder raise at every turn: messages are acknowledged, retried and dead-lettered as without us."""
    workers = start_workers(start, own_sender, tmp_path, processes=1, BROKEN="1")
    client = own_sender.broker.client
    marker = tmp_path / "marker"
    own_sender.send("works")
    own_sender.send("recovers", str(marker))
    own_sender.send("fails")
    own_sender.send("unwanted")
    key = f"{own_sender.namespace}:default"
    eventually(lambda: client.zcard(f"{key}.XQ") == 1, workers.said)
    eventually(marker.exists, workers.said)
    eventually(lambda: not client.hlen(f"{key}.msgs") and not client.hlen(f"{key}.DQ.msgs"), workers.said)
