"""Procrastinate: what a real worker on a real Postgres counts, whatever becomes of a job, and of the worker."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import procrastinate
import psycopg
import pytest
from tests.jobs.conftest import Eventually, Process, Scrape, Start

from parapet import Parapet
from parapet.integrations.procrastinate import backlog

pytestmark = pytest.mark.real

HOST = "tests.jobs.hosts.procrastinate_host"
_numbers = count(1)


class Deferrer:
    """Defers jobs to the host's queues from this process, without the host's code."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=url))
        self.app.open()

    def send(self, task: str, *, queue: str = "default", after_seconds: int = 0, **arguments: Any) -> int:
        """Defer one task of the host; a short name is one of its module."""
        name = task if "." in task else f"{HOST}.{task}"
        schedule = {"schedule_in": {"seconds": after_seconds}} if after_seconds else {}
        return self.app.configure_task(name, queue=queue, **schedule).defer(**arguments)  # type: ignore[arg-type]

    def ask(self, statement: str) -> list[Any]:
        """The first column of what the database answers."""
        with psycopg.connect(self.url) as connection:
            return [row[0] for row in connection.execute(statement.encode())]


def fresh(uri: str) -> Deferrer:
    """A database of its own with Procrastinate's tables."""
    name = f"jobs_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = psycopg.conninfo.make_conninfo(uri, dbname=name)
    made = Deferrer(url)
    made.app.schema_manager.apply_schema()
    return made


def start_worker(start: Start, jobs: Deferrer, **environ: str) -> Process:
    """A worker of the host's module."""
    return start(
        "-c",
        f"import asyncio; from {HOST} import work; asyncio.run(work())",
        ready="working",
        BROKER=jobs.url,
        **environ,
    )


@pytest.fixture(scope="module")
def jobs(postgres_uri: str) -> Iterator[Deferrer]:
    """A database for the whole module."""
    made = fresh(postgres_uri)
    yield made
    made.app.close()


@pytest.fixture
def own_jobs(postgres_uri: str) -> Iterator[Deferrer]:
    """A database for one test."""
    made = fresh(postgres_uri)
    yield made
    made.app.close()


@pytest.fixture(scope="module")
def worker(start_for_module: Start, jobs: Deferrer) -> Process:
    """A worker with two jobs at once, for the whole module."""
    return start_worker(start_for_module, jobs)


@pytest.mark.parametrize(
    ("task", "queue", "ends"),
    [
        ("works", "default", {"succeeded": 1}),
        ("sends", "mail", {"succeeded": 1}),
        ("fails", "default", {"failed": 1}),
        ("gives_up", "default", {"retried": 1, "failed": 1}),
        ("recovers", "default", {"retried": 2, "succeeded": 1}),
    ],
)
def test_a_job_is_counted_as_what_became_of_it(
    worker: Process, jobs: Deferrer, eventually: Eventually, task: str, queue: str, ends: dict[str, int]
) -> None:
    """Sync and async jobs succeed, fail, are retried, and are told apart; each run has waited once."""
    jobs.send(task, queue=queue)
    name = f"{HOST}.{task}"
    eventually(lambda: worker.scrape().ended(name, queue=queue) == ends, worker.said)
    eventually(lambda: worker.scrape().waits(name)[0] == sum(ends.values()), worker.said)


def test_a_scheduled_job_and_a_retry_wait_from_when_they_are_due(
    own_jobs: Deferrer, start: Start, eventually: Eventually
) -> None:
    """A retry after a second and a job for a second from now have not waited for that second."""
    worker = start_worker(start, own_jobs)
    own_jobs.send("gives_up")
    own_jobs.send("works", after_seconds=1)
    eventually(lambda: worker.scrape().ended(f"{HOST}.works") == {"succeeded": 1})
    eventually(lambda: worker.scrape().ended(f"{HOST}.gives_up") == {"retried": 1, "failed": 1})
    eventually(lambda: worker.scrape().waits(f"{HOST}.gives_up")[0] == 2)
    for task in ("works", "gives_up"):
        assert worker.scrape().waits(f"{HOST}.{task}")[1] < 0.9, task


def test_a_job_waits_while_the_worker_is_busy(own_jobs: Deferrer, start: Start, eventually: Eventually) -> None:
    """Queue time is told apart from run time; what waits ages."""
    worker = start_worker(start, own_jobs, CONCURRENCY="1")
    for _ in range(2):
        own_jobs.send("naps", seconds=1.0)
    age, size = "parapet_job_backlog_age_seconds", "parapet_job_backlog_size"
    eventually(lambda: worker.scrape().total(age, queue="default") > 0.4)
    assert worker.scrape().values(size, queue="default") == [1.0]
    assert worker.scrape().values(size, queue="mail") == [0.0]
    eventually(lambda: worker.scrape().ended(f"{HOST}.naps") == {"succeeded": 2})
    eventually(lambda: worker.scrape().waits(f"{HOST}.naps")[0] == 2)
    assert 0.8 < worker.scrape().waits(f"{HOST}.naps")[1] < 2.0
    assert 2.0 <= worker.scrape().ran_seconds(f"{HOST}.naps") < 3.0
    eventually(lambda: worker.scrape().values(age, queue="default") == [0.0])


def test_a_job_that_names_no_task_is_discarded(worker: Process, jobs: Deferrer, eventually: Eventually) -> None:
    """A deploy that forgot a task throws jobs away; their names become no series."""
    jobs.send("nobody.knows.this")
    eventually(lambda: worker.scrape().ended("other") == {"discarded": 1}, worker.said)
    assert "nobody.knows" not in worker.scrape().text


def test_an_aborted_job_is_revoked(worker: Process, jobs: Deferrer, eventually: Eventually) -> None:
    """Somebody called off a job that ran."""
    number = jobs.send("sleeps", seconds=60)
    eventually(lambda: jobs.ask(f"SELECT status FROM procrastinate_jobs WHERE id = {number}") == ["doing"])
    jobs.app.job_manager.cancel_job_by_id(number, abort=True)
    eventually(lambda: worker.scrape().ended(f"{HOST}.sleeps") == {"revoked": 1}, worker.said)


def test_jobs_that_are_deleted_when_they_end_are_counted(
    own_jobs: Deferrer, start: Start, eventually: Eventually
) -> None:
    """Nothing is read back from rows that may be gone."""
    worker = start_worker(start, own_jobs, DELETE="always")
    for _ in range(5):
        own_jobs.send("works")
    eventually(lambda: worker.scrape().ended(f"{HOST}.works") == {"succeeded": 5})
    assert worker.scrape().waits(f"{HOST}.works")[0] >= 1


def test_the_job_of_a_dead_worker_ages_in_the_backlog(own_jobs: Deferrer, start: Start, eventually: Eventually) -> None:
    """Procrastinate leaves it as it is: whoever watches sees a job that waits, although no worker is left."""
    worker = start_worker(start, own_jobs)
    number = own_jobs.send("naps", seconds=60)
    eventually(lambda: own_jobs.ask(f"SELECT status FROM procrastinate_jobs WHERE id = {number}") == ["doing"])
    worker.end(signal.SIGKILL)
    own_jobs.ask("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute' RETURNING id")
    host = Parapet(service="shop")
    watch = backlog(own_jobs.url, host, queues=("mail",))
    assert watch.once()
    scrape = Scrape.of(host.recorder.render().decode())
    assert scrape.values("parapet_job_backlog_size", queue="default") == [1.0]
    assert scrape.values("parapet_job_backlog_size", queue="mail") == [0.0]
    assert scrape.total("parapet_job_backlog_age_seconds", queue="default") > 0


@pytest.mark.parametrize("shared", [False, True], ids=["alone", "with a directory"])
def test_the_job_of_a_killed_worker_is_lost_and_failed(
    own_jobs: Deferrer, start: Start, tmp_path: Path, eventually: Eventually, shared: bool
) -> None:
    """Counted once: where processes share a directory by the next one, else by the worker that finds it dead."""
    environ = {"SHARED": str(tmp_path / "shared")} if shared else {}
    task, running = f"{HOST}.naps", "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'"
    first = start_worker(start, own_jobs, **environ)
    for _ in range(2):
        own_jobs.send("naps", seconds=60)
    eventually(lambda: own_jobs.ask(running) == [2])
    eventually(lambda: first.scrape().running(task) == 2)
    first.end(signal.SIGKILL)
    own_jobs.ask("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute' RETURNING id")
    for _ in range(2):
        last = start_worker(start, own_jobs, **environ)
        own_jobs.send("works")
        eventually(lambda last=last: f"{HOST}.works" in last.scrape().text, last.said)
        if not shared:
            break  # each counts for itself
        assert last.scrape().lost(task) == 2
    eventually(lambda: last.scrape().ended(task) == {"failed": 2}, last.said)
    assert last.scrape().lost(task) == 2
    another = start_worker(start, own_jobs, **environ)
    own_jobs.send("sends", queue="mail")
    eventually(lambda: another.scrape().waits(f"{HOST}.sends")[0] + last.scrape().waits(f"{HOST}.sends")[0] > 0)
    assert another.scrape().lost(task) == (2 if shared else 0)


def test_nothing_runs_when_all_has_ended(worker: Process, eventually: Eventually) -> None:
    """However jobs ended, each run that began is over, and none was lost."""
    eventually(lambda: worker.scrape().running() == 0, worker.said)
    assert worker.scrape().total("parapet_job_lost_total") == 0


def test_a_database_that_is_gone_is_no_empty_queue(own_jobs: Deferrer) -> None:
    """No data is not green: the numbers go away, and the watch goes on."""
    host = Parapet(service="shop")
    watch = backlog(own_jobs.url, host, queues=("default",))
    assert watch.once()
    with psycopg.connect(own_jobs.url) as connection:
        connection.execute("ALTER TABLE procrastinate_jobs RENAME TO gone")
    assert not watch.once()
    assert Scrape.of(host.recorder.render().decode()).values("parapet_job_backlog_size") == []


def test_every_task_is_shown_at_zero_and_the_builtin_ones_are_not(worker: Process, eventually: Eventually) -> None:
    """A first failure is a step from zero; what Procrastinate does for itself is not the host's work."""
    eventually(lambda: worker.scrape().values("parapet_job_lost_total", task=f"{HOST}.naps") == [0.0])
    assert "builtin" not in worker.scrape().text


def test_a_broken_recorder_changes_no_job(own_jobs: Deferrer, start: Start, eventually: Eventually) -> None:
    """Clock and recorder raise at every turn: jobs succeed, are retried and fail exactly as they do without us."""
    worker = start_worker(start, own_jobs, BROKEN="1")
    wanted = {"works": "succeeded", "recovers": "succeeded", "fails": "failed", "gives_up": "failed"}
    numbers = {own_jobs.send(task): state for task, state in wanted.items()}
    for number, state in numbers.items():
        eventually(
            lambda number=number, state=state: (
                own_jobs.ask(f"SELECT status::text FROM procrastinate_jobs WHERE id = {number}") == [state]
            ),
            worker.said,
        )
    assert worker.scrape().total("parapet_guard_swallowed_total") > 0
