"""RQ: what a real worker counts in its parent process, whatever becomes of a job, its process, and the worker."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import rq
from rq.command import send_stop_job_command
from rq.job import Job
from tests.jobs.conftest import Eventually, Process, Scrape, Start, listening

from parapet import Parapet
from parapet.integrations.rq import backlog

pytestmark = pytest.mark.real

HOST = "tests.jobs.hosts.rq_host"
RAN = "parapet_job_duration_seconds_count"
LOST = "parapet_job_lost_total"


class Enqueuer:
    """Enqueues the host's jobs from this process, without the host's code."""

    def __init__(self, port: int, database: int) -> None:
        self.url = f"redis://127.0.0.1:{port}/{database}"
        self.connection = redis.Redis(port=port, db=database)

    def send(self, function: str, *args: object, queue: str = "default", **options: object) -> Job:
        """Enqueue one function of the host; a name with a dot is taken as it is."""
        name = function if "." in function else f"{HOST}.{function}"
        return rq.Queue(queue, connection=self.connection).enqueue_call(name, args, **options)  # type: ignore[arg-type]


def start_worker(start: Start, jobs: Enqueuer, kind: str = "Worker", **environ: str) -> Process:
    """A worker of the host's module that serves two queues."""
    command = ("-m", "rq.cli", "worker", "-u", jobs.url, "-w", f"{HOST}.{kind}", "--with-scheduler", "default", "mail")
    return start(*command, ready="istening on", **environ)


@pytest.fixture(scope="module")
def jobs(redis_server: int) -> Iterator[Enqueuer]:
    """A Redis database for the whole module."""
    made = Enqueuer(redis_server, 0)
    yield made
    made.connection.close()


@pytest.fixture
def own_jobs(redis_server: int) -> Iterator[Enqueuer]:
    """An empty Redis database for one test."""
    made = Enqueuer(redis_server, 1)
    made.connection.flushdb()
    yield made
    made.connection.close()


@pytest.fixture(scope="module")
def worker(start_for_module: Start, jobs: Enqueuer) -> Process:
    """A worker that forks, for the whole module."""
    return start_worker(start_for_module, jobs)


ENDS = [
    ("works", {}, {"succeeded": 1}),
    ("fails", {}, {"failed": 1}),
    ("recovers", {"retry": rq.Retry(max=2)}, {"retried": 1, "succeeded": 1}),
    ("asks_again", {}, {"retried": 2, "failed": 1}),
]


@pytest.mark.parametrize(("function", "options", "ends"), ENDS, ids=[one[0] for one in ENDS])
def test_a_job_is_counted_as_what_became_of_it(
    worker: Process,
    jobs: Enqueuer,
    eventually: Eventually,
    tmp_path: Path,
    function: str,
    options: dict[str, Any],
    ends: dict[str, int],
) -> None:
    """A retry after an exception and a returned `Retry` are retries; the last failure is a failure."""
    jobs.send(function, *([str(tmp_path / "marker")] if function == "recovers" else []), **options)
    eventually(lambda: worker.scrape().ended(f"{HOST}.{function}") == ends, worker.said)
    assert worker.scrape().waits(f"{HOST}.{function}")[0] == sum(ends.values())


def test_a_job_that_is_forgotten_at_once_is_counted(own_jobs: Enqueuer, start: Start, eventually: Eventually) -> None:
    """Neither a result nor a failure that is not kept leaves anything to read but the worker's own tally."""
    worker = start_worker(start, own_jobs)
    own_jobs.send("works", result_ttl=0, queue="mail")
    own_jobs.send("fails", failure_ttl=0)
    eventually(lambda: worker.scrape().ended(f"{HOST}.works", queue="mail") == {"succeeded": 1}, worker.said)
    eventually(lambda: worker.scrape().ended(f"{HOST}.fails") == {"failed": 1}, worker.said)


def test_a_killed_job_is_a_failure_and_a_lost_worker(worker: Process, jobs: Enqueuer, eventually: Eventually) -> None:
    """The process of a job that is killed tells nobody; the parent counts it once, and a retry as a retry."""
    jobs.send("dies", retry=rq.Retry(max=1))
    eventually(lambda: worker.scrape().ended(f"{HOST}.dies") == {"retried": 1, "failed": 1}, worker.said)
    assert worker.scrape().total(LOST, task=f"{HOST}.dies") == 2


def test_a_stopped_job_is_revoked(worker: Process, jobs: Enqueuer, eventually: Eventually) -> None:
    """Somebody called it off while it ran: no failure, and no lost worker."""
    job = jobs.send("naps", 60)
    eventually(lambda: job.get_status() == "started" and worker.children())
    send_stop_job_command(jobs.connection, job.id)
    eventually(lambda: worker.scrape().ended(f"{HOST}.naps") == {"revoked": 1}, worker.said)
    assert worker.scrape().total(LOST, task=f"{HOST}.naps") == 0


def test_a_job_that_cannot_be_imported_failed_under_its_name(
    worker: Process, jobs: Enqueuer, eventually: Eventually
) -> None:
    """The parent takes the name from the message and imports nothing of the host's for it."""
    jobs.send("no.such.function")
    eventually(lambda: worker.scrape().ended("no.such.function") == {"failed": 1}, worker.said)


def test_the_parent_does_not_unpickle_arguments(
    own_jobs: Enqueuer, start: Start, tmp_path: Path, eventually: Eventually
) -> None:
    """Unpickling runs the host's code: in the job's own process, never in the one that must outlive it."""
    worker = start_worker(start, own_jobs)
    own_jobs.send("accepts", Trace(str(tmp_path)))
    eventually(lambda: worker.scrape().ended(f"{HOST}.accepts") == {"succeeded": 1}, worker.said)
    assert str(worker.running.pid) not in os.listdir(tmp_path)
    assert os.listdir(tmp_path)


class Trace:
    """Leaves a file named after every process that unpickles it."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, ...]:
        return exec, (f"import os; open(os.path.join({self.folder!r}, str(os.getpid())), 'w').close()",)


def test_a_job_waits_while_the_worker_is_busy(own_jobs: Enqueuer, start: Start, eventually: Eventually) -> None:
    """Queue time is told apart from run time; what waits ages."""
    worker = start_worker(start, own_jobs)
    for _ in range(2):
        own_jobs.send("naps", 1.0)
    age, size = "parapet_job_backlog_age_seconds", "parapet_job_backlog_size"
    eventually(lambda: worker.scrape().total(age, queue="default") > 0.4)
    assert worker.scrape().values(size, queue="default") == [1.0]
    assert worker.scrape().values(size, queue="mail") == [0.0]
    eventually(lambda: worker.scrape().ended(f"{HOST}.naps") == {"succeeded": 2})
    starts, waited = worker.scrape().waits(f"{HOST}.naps")
    assert starts == 2
    assert 0.8 < waited < 2.5
    assert worker.scrape().ran_seconds(f"{HOST}.naps") >= 2.0
    eventually(lambda: worker.scrape().values(age, queue="default") == [0.0])


def test_the_job_of_a_worker_that_died_is_counted_by_the_next(
    own_jobs: Enqueuer, start: Start, eventually: Eventually
) -> None:
    """A worker that is killed with its job tells nobody. Whoever cleans up after it counts the job as lost."""
    first = start_worker(start, own_jobs)
    job = own_jobs.send("naps", 60)
    eventually(lambda: first.children() and job.get_status() == "started")
    for child in first.children():
        os.kill(child, signal.SIGKILL)
    os.kill(first.running.pid, signal.SIGKILL)
    registry = rq.Queue("default", connection=own_jobs.connection).started_job_registry
    eventually(lambda: first.running.poll() is not None and own_jobs.connection.zcard(registry.key))
    # A heartbeat that ran out, without waiting for it.
    for member in _members(own_jobs, registry.key):
        own_jobs.connection.zadd(registry.key, {member: 1})
    own_jobs.connection.delete("rq:clean_registries:default")
    second = start_worker(start, own_jobs)
    eventually(lambda: second.scrape().ended(f"{HOST}.naps") == {"failed": 1}, second.said)
    assert second.scrape().total(LOST, task=f"{HOST}.naps") == 1


@pytest.mark.parametrize("kind", ["SpawnWorker", "SimpleWorker"])
def test_other_workers_count_the_same(
    own_jobs: Enqueuer, start: Start, tmp_path: Path, eventually: Eventually, kind: str
) -> None:
    """A worker that spawns instead of forking, and one that runs jobs itself."""
    worker = start_worker(start, own_jobs, kind)
    own_jobs.send("works")
    own_jobs.send("fails")
    own_jobs.send("recovers", str(tmp_path / "marker"), retry=rq.Retry(max=2))
    for function, _, ends in ENDS[:3]:
        eventually(
            lambda function=function, ends=ends: worker.scrape().ended(f"{HOST}.{function}") == ends, worker.said
        )


def test_a_job_process_holds_no_port(worker: Process, jobs: Enqueuer, eventually: Eventually) -> None:
    """The parent answers scrapes while a job runs, and nobody else does: a job may outlive its parent."""
    job = jobs.send("naps", 2.0)
    eventually(lambda: job.get_status() == "started" and worker.children())
    assert worker.scrape().values("parapet_job_backlog_size", queue="default")
    (child,) = worker.children()[-1:]
    assert not listening(child)


def test_the_backlog_is_read_by_a_process_that_is_no_worker(own_jobs: Enqueuer) -> None:
    """When all workers are dead nobody but a publisher can say that work waits; a broker that is gone is no number."""
    host = Parapet(service="shop")
    watch = backlog(own_jobs.connection, ["default"], host)
    for _ in range(3):
        own_jobs.send("works")
    assert watch.once()
    scrape = Scrape.of(host.recorder.render().decode())
    assert scrape.values("parapet_job_backlog_size", queue="default") == [3.0]
    assert scrape.total("parapet_job_backlog_age_seconds", queue="default") > 0
    own_jobs.connection.flushdb()
    own_jobs.connection.set("rq:queue:default", "no list")
    assert not watch.once()
    assert Scrape.of(host.recorder.render().decode()).values("parapet_job_backlog_size") == []


@pytest.mark.parametrize("kind", ["Worker", "SimpleWorker"])
def test_a_broken_recorder_changes_no_job(
    own_jobs: Enqueuer, start: Start, tmp_path: Path, eventually: Eventually, kind: str
) -> None:
    """Clock and recorder raise at every turn: jobs succeed, are retried and fail exactly as they do without us."""
    worker = start_worker(start, own_jobs, kind, BROKEN="1")
    works, fails = own_jobs.send("works"), own_jobs.send("fails")
    recovers = own_jobs.send("recovers", str(tmp_path / "marker"), retry=rq.Retry(max=2))
    for job, status in ((works, "finished"), (fails, "failed"), (recovers, "finished")):
        eventually(lambda job=job, status=status: job.get_status() == status, worker.said)
    if kind == "Worker":
        dies = own_jobs.send("dies")
        eventually(lambda: dies.get_status() == "failed", worker.said)
    assert works.return_value() == 7
    assert worker.scrape().total("parapet_guard_swallowed_total") > 0


def _members(jobs: Enqueuer, key: str) -> list[bytes]:
    found: Any = jobs.connection.zrange(key, 0, -1)
    return list(found)
