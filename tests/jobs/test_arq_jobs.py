"""arq: what a real worker, in an environment of its own, counts of jobs on a real Redis."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from tests.environments import python_of
from tests.jobs.conftest import ROOT, Eventually, Process, Start

pytestmark = pytest.mark.real

HOST = "tests.jobs.hosts.arq_host"
_databases = count(1)


@pytest.fixture(scope="module")
def python() -> str:
    """The interpreter of the environment with arq and the Redis client it needs."""
    return python_of("arq")


class Enqueuer:
    """Speaks to a process that has arq, line by line."""

    def __init__(self, python: str, url: str) -> None:
        self.url = url
        environ = os.environ | {"BROKER": url, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [python, "-m", HOST], cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "enqueuing\n"

    def ask(self, **order: object) -> Any:
        """One line there, one line back."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def send(self, function: str, *args: object, first_try: int | None = None) -> str:
        """Enqueue one job; its id."""
        return str(self.ask(do="send", function=function, args=args, **({"try": first_try} if first_try else {})))

    def result(self, job: str) -> Any:
        """Whether a job succeeded, and with what; None: not yet."""
        return self.ask(do="result", job=job)

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.communicate(timeout=10)


def start_worker(start: Start, python: str, jobs: Enqueuer, **environ: str) -> Process:
    """A worker of the host's settings."""
    command = ("-m", "arq", f"{HOST}.WorkerSettings")
    return start(*command, ready="host started", python=python, BROKER=jobs.url, **environ)


@pytest.fixture(scope="module")
def jobs(redis_server: int, python: str) -> Iterator[Enqueuer]:
    """Enqueues to the worker of the module."""
    made = Enqueuer(python, f"redis://127.0.0.1:{redis_server}/0")
    yield made
    made.close()


@pytest.fixture
def own_jobs(redis_server: int, python: str) -> Iterator[Enqueuer]:
    """Enqueues to a database of the test's own."""
    made = Enqueuer(python, f"redis://127.0.0.1:{redis_server}/{next(_databases)}")
    yield made
    made.close()


@pytest.fixture(scope="module")
def worker(start_for_module: Start, python: str, jobs: Enqueuer) -> Process:
    """A worker for the whole module."""
    return start_worker(start_for_module, python, jobs)


@pytest.mark.parametrize(
    ("function", "ends"),
    [
        ("works", {"succeeded": 1}),
        ("fails", {"failed": 1}),
        ("recovers", {"retried": 1, "succeeded": 1}),
        ("gives_up", {"retried": 1, "failed": 1}),
        ("hangs", {"failed": 1}),
    ],
)
def test_a_job_is_counted_as_what_became_of_it(
    worker: Process, jobs: Enqueuer, eventually: Eventually, function: str, ends: dict[str, int]
) -> None:
    """A retry is no failure, the last try that asks for another is one, and so is a job that ran out of time."""
    jobs.send(function)
    eventually(lambda: worker.scrape().ended(function) == ends, worker.said)
    starts, waited = worker.scrape().waits(function)
    assert starts == sum(ends.values())
    assert waited < 0.9, "the second that a retry asked for was counted as waiting"


def test_an_aborted_job_is_revoked(worker: Process, jobs: Enqueuer, eventually: Eventually) -> None:
    """Somebody called it off while it ran."""
    job = jobs.send("naps", 60)
    eventually(lambda: worker.scrape().waits("naps")[0] == 1)
    jobs.ask(do="abort", job=job)
    eventually(lambda: worker.scrape().ended("naps") == {"revoked": 1}, worker.said)


def test_a_job_that_nobody_began_is_revoked_or_discarded(
    own_jobs: Enqueuer, python: str, start: Start, eventually: Eventually
) -> None:
    """arq throws away what was aborted while it waited, and what names no function, without calling anything."""
    worker = start_worker(start, python, own_jobs, MAX_JOBS="1")
    own_jobs.send("naps", 1.0)
    eventually(lambda: worker.scrape().running("naps") == 1)
    waiting = own_jobs.send("works")
    own_jobs.send("nobody_knows_this")
    own_jobs.ask(do="abort", job=waiting)
    eventually(lambda: worker.scrape().ended("works") == {"revoked": 1}, worker.said)
    eventually(lambda: worker.scrape().ended("other") == {"discarded": 1}, worker.said)
    assert "nobody_knows" not in worker.scrape().text


@pytest.mark.parametrize("shared", [False, True], ids=["alone", "with a directory"])
def test_the_job_of_a_killed_worker_is_lost_and_retried(
    own_jobs: Enqueuer, python: str, start: Start, tmp_path: Path, eventually: Eventually, shared: bool
) -> None:
    """Counted once: where processes share a directory by the next one, else when arq runs the job again."""
    environ = {"SHARED": str(tmp_path / "shared")} if shared else {}
    first = start_worker(start, python, own_jobs, **environ)
    job = own_jobs.send("survives", str(tmp_path / "marker"))
    last = own_jobs.send("last_try", str(tmp_path / "last"))
    eventually(lambda: first.scrape().running() == 2, first.said)
    first.end(signal.SIGKILL)
    second = start_worker(start, python, own_jobs, **environ)
    assert second.scrape().lost("survives") == shared
    for one in (job, last):
        own_jobs.ask(do="expire", job=one)
    eventually(
        lambda: second.scrape().ended("survives") == {"retried": 1, "succeeded": 1}, lambda: second.scrape().text
    )
    eventually(lambda: second.scrape().ended("last_try") == {"failed": 1}, second.said)
    eventually(lambda: own_jobs.result(last) is not None)
    assert own_jobs.result(last)[0] is False
    assert (second.scrape().lost("survives"), second.scrape().lost("last_try")) == (1, 1)


def test_a_try_whose_end_was_seen_is_not_lost(
    own_jobs: Enqueuer, python: str, start: Start, eventually: Eventually
) -> None:
    """Retries, a worker that was asked to end, and whoever enqueues a job as its third try: nobody died."""
    first = start_worker(start, python, own_jobs)
    own_jobs.send("recovers")
    own_jobs.send("gives_up")
    own_jobs.send("works", first_try=3)
    eventually(lambda: first.scrape().ended("gives_up") == {"retried": 1, "failed": 1}, first.said)
    eventually(lambda: first.scrape().ended("recovers") == {"retried": 1, "succeeded": 1}, first.said)
    eventually(lambda: first.scrape().ended("works") == {"succeeded": 1}, first.said)
    job = own_jobs.send("naps", 60)
    eventually(lambda: first.scrape().running("naps") == 1)
    lost = first.scrape().total("parapet_job_lost_total")
    first.end(signal.SIGTERM)
    second = start_worker(start, python, own_jobs)
    eventually(lambda: second.scrape().running("naps") == 1, second.said)
    own_jobs.ask(do="abort", job=job)
    eventually(lambda: second.scrape().ended("naps") == {"revoked": 1}, second.said)
    assert lost == second.scrape().total("parapet_job_lost_total") == 0


def test_nothing_runs_when_all_has_ended(worker: Process, eventually: Eventually) -> None:
    """However jobs ended, each run that began is over, and none was lost."""
    eventually(lambda: worker.scrape().running() == 0, worker.said)
    assert worker.scrape().total("parapet_job_lost_total") == 0


def test_every_function_is_shown_at_zero(worker: Process) -> None:
    """A first failure is a step from zero."""
    values = worker.scrape().values("parapet_job_duration_seconds_count", task="works", queue="arq:queue")
    assert len(values) == 5


def test_a_job_waits_while_the_worker_is_busy_and_goes_back_when_it_ends(
    own_jobs: Enqueuer, python: str, start: Start, tmp_path: Path, eventually: Eventually
) -> None:
    """What runs is not what waits; and the host's own start and end still happen."""
    worker = start_worker(start, python, own_jobs, MAX_JOBS="1")
    own_jobs.send("naps", 1.0)
    eventually(lambda: worker.scrape().waits("naps")[0] == 1)
    own_jobs.send("works")
    age, size = "parapet_job_backlog_age_seconds", "parapet_job_backlog_size"
    eventually(lambda: worker.scrape().values(size, queue="arq:queue") == [1.0])
    eventually(lambda: worker.scrape().total(age, queue="arq:queue") > 0.3)
    eventually(lambda: worker.scrape().ended("works") == {"succeeded": 1})
    assert worker.scrape().waits("works")[1] > 0.3
    eventually(lambda: worker.scrape().values(age, queue="arq:queue") == [0.0])
    own_jobs.send("naps", 60)
    eventually(lambda: worker.scrape().waits("naps")[0] == 2)
    worker.end(signal.SIGTERM)
    assert "host ended True" in worker.said()
    again = start_worker(start, python, own_jobs)
    eventually(lambda: again.scrape().waits("naps")[0] == 1, again.said)


def test_a_broken_recorder_changes_no_job(
    own_jobs: Enqueuer, python: str, start: Start, eventually: Eventually
) -> None:
    """Clock and recorder raise at every turn: jobs succeed, are retried and fail exactly as they do without us."""
    worker = start_worker(start, python, own_jobs, BROKEN="1")
    sent = {name: own_jobs.send(name) for name in ("works", "recovers", "fails")}
    for name, job in sent.items():
        eventually(lambda job=job: own_jobs.result(job) is not None, worker.said)
        assert own_jobs.result(job)[0] == (name != "fails")
    assert own_jobs.result(sent["works"]) == [True, "7"]
    assert worker.scrape().total("parapet_guard_swallowed_total") > 0
