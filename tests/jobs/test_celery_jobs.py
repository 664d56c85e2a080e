"""Celery: what a real worker on a real Redis counts, whatever becomes of a task, and of the worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from tests.jobs.conftest import Eventually, Process, Start, listening

from parapet.integrations.jobs import STAMP

pytestmark = pytest.mark.real

HOST = "tests.jobs.hosts.celery_host"


class Publisher:
    """Publishes to the host's queues from this process, without the host's code."""

    def __init__(self, app: Celery) -> None:
        self.app = app

    def send(self, task: str, *args: object, **options: object) -> Any:
        """Publish one task of the host; a short name is one of its module."""
        return self.app.send_task(task if "." in task else f"{HOST}.{task}", args, **options)


def start_worker(start: Start, redis: int, shared: Path, *options: str, database: int = 0, **environ: str) -> Process:
    """A Celery worker of the host's module."""
    command = ("-m", "celery", "-A", HOST, "worker", "--loglevel", "INFO", "--without-mingle", "--without-gossip")
    broker = f"redis://127.0.0.1:{redis}/{database}"
    return start(*command, *options, ready=" ready.", BROKER=broker, SHARED=str(shared), **environ)


def publisher(redis: int, database: int = 0) -> Publisher:
    """A publisher that stamps, as every process of an instrumented host does."""
    from parapet import Parapet
    from parapet.integrations.celery import instrument

    broker = f"redis://127.0.0.1:{redis}/{database}"
    app = Celery("publisher", broker=broker, backend=broker, set_as_current=False)
    app.conf.task_routes = {"mail.*": {"queue": "mail"}}
    instrument(app, Parapet(service="publisher"))
    return Publisher(app)


@pytest.fixture(scope="module")
def worker(start_for_module: Start, redis_server: int, tmp_path_factory: pytest.TempPathFactory) -> Process:
    """A prefork worker with two children, for the whole module."""
    shared = tmp_path_factory.mktemp("shared")
    return start_worker(start_for_module, redis_server, shared, "-P", "prefork", "-c", "2", "-Q", "celery,mail")


@pytest.fixture(scope="module")
def publish(redis_server: int) -> Iterator[Publisher]:
    """Publishes to that worker."""
    made = publisher(redis_server)
    yield made
    made.app.close()


ENDS = [
    ("add", (1, 2), {"succeeded": 1}),
    ("fails", (), {"failed": 1}),
    ("recovers", (), {"retried": 2, "succeeded": 1}),
    ("gives_up", (), {"retried": 1, "failed": 1}),
    ("ignores", (), {"discarded": 1}),
    ("rejects", (), {"discarded": 1}),
    ("calls_itself", (2,), {"succeeded": 1}),
]


@pytest.mark.parametrize(("task", "args", "ends"), ENDS, ids=[one[0] for one in ENDS])
def test_a_task_is_counted_as_what_became_of_it(
    worker: Process,
    publish: Publisher,
    eventually: Eventually,
    task: str,
    args: tuple[object, ...],
    ends: dict[str, int],
) -> None:
    """Retried is no failure, a retry that is exhausted is one, what was ignored or rejected is discarded, and a
    task that calls itself as a function is one job."""
    publish.send(task, *args)
    eventually(lambda: worker.scrape().ended(f"{HOST}.{task}") == ends, worker.said)
    starts, _ = worker.scrape().waits(f"{HOST}.{task}")
    assert starts == sum(ends.values())


def test_a_task_called_as_a_function_is_no_job(worker: Process, publish: Publisher, eventually: Eventually) -> None:
    """What runs inside another task is that task's time, not a job that somebody queued."""
    before = worker.scrape().ended(f"{HOST}.add")
    publish.send("calls_others")
    eventually(lambda: worker.scrape().ended(f"{HOST}.calls_others") == {"succeeded": 1})
    assert worker.scrape().ended(f"{HOST}.add") == before


def test_a_base_class_with_its_own_call_is_measured_and_its_queue_named(
    worker: Process, publish: Publisher, eventually: Eventually
) -> None:
    """Hosts wrap `__call__` to push their application's context; a routed task is counted under its queue."""
    publish.send("mail.send")
    eventually(lambda: worker.scrape().ended("mail.send", queue="mail") == {"succeeded": 1})


def test_every_task_is_shown_at_zero_before_it_ran(worker: Process) -> None:
    """A first failure is a step from zero, under the queue that the task is routed to."""
    name = "parapet_job_duration_seconds_count"
    scrape = worker.scrape()
    for task, queue in ((f"{HOST}.naps", "celery"), ("mail.send", "mail")):
        states = {has["state"] for found, has, _ in scrape.samples if found == name and has["task"] == task}
        assert states == {"succeeded", "retried", "failed", "discarded", "revoked"}
        assert len(scrape.values("parapet_job_lost_total", task=task, queue=queue)) == 1


def test_a_retry_waits_from_when_it_is_due_not_from_when_it_was_first_published(
    worker: Process, publish: Publisher, eventually: Eventually
) -> None:
    """A retry takes the headers of its first publication along: the stamp is replaced, and the countdown is no wait."""
    publish.send("comes_later")
    eventually(lambda: worker.scrape().ended(f"{HOST}.comes_later") == {"retried": 1, "succeeded": 1})
    starts, seconds = worker.scrape().waits(f"{HOST}.comes_later")
    assert starts == 2
    assert seconds < 1.4, "the countdown of 1.5 s was counted as waiting"


def test_a_task_waits_while_the_worker_is_busy(
    start: Start, redis_server: int, tmp_path: Path, eventually: Eventually
) -> None:
    """Queue time is told apart from run time; what the worker took and did not begin still ages in the backlog."""
    worker = start_worker(start, redis_server, tmp_path, "-P", "threads", "-c", "1", database=1)
    queue = publisher(redis_server, database=1)
    for _ in range(2):
        queue.send("naps", 1.0)
    age = "parapet_job_backlog_age_seconds"
    eventually(lambda: worker.scrape().total(age, queue="celery") > 0.4)
    eventually(lambda: worker.scrape().ended(f"{HOST}.naps") == {"succeeded": 2})
    starts, waited = worker.scrape().waits(f"{HOST}.naps")
    assert starts == 2
    assert 0.8 < waited < 2.0
    assert 2.0 <= worker.scrape().ran_seconds(f"{HOST}.naps") < 3.0
    eventually(lambda: worker.scrape().values(age, queue="celery") == [0.0])
    queue.app.close()


def test_a_killed_child_is_a_failure_and_a_lost_worker(
    worker: Process, publish: Publisher, eventually: Eventually
) -> None:
    """A child that is killed tells nobody; the main process does, and counts the task once."""
    publish.send("dies")
    eventually(lambda: worker.scrape().ended(f"{HOST}.dies") == {"failed": 1}, worker.said)
    assert worker.scrape().total("parapet_job_lost_total", task=f"{HOST}.dies") == 1


def test_a_lost_task_that_is_put_back_is_a_retry(
    worker: Process, publish: Publisher, eventually: Eventually, tmp_path: Path
) -> None:
    """With `reject_on_worker_lost` the task runs again: lost once, retried once, succeeded once."""
    publish.send("dies_once", str(tmp_path / "died"))
    task = f"{HOST}.dies_once"
    eventually(lambda: worker.scrape().ended(task) == {"retried": 1, "succeeded": 1}, worker.said)
    assert worker.scrape().total("parapet_job_lost_total", task=task) == 1


@pytest.mark.parametrize("pool", ["prefork", "solo", "threads"])
def test_the_tasks_of_a_worker_that_was_killed_as_a_whole_are_lost(
    start: Start, redis_server: int, tmp_path: Path, pool: str, eventually: Eventually
) -> None:
    """Nobody is left to tell; whoever comes next does. A task that was acknowledged late is delivered again."""
    database = {"prefork": 12, "solo": 13, "threads": 14}[pool]
    options = ("-P", pool, "-c", "2")
    first = start_worker(start, redis_server, tmp_path, *options, database=database)
    queue = publisher(redis_server, database=database)
    queue.send("naps", 60)
    if pool != "solo":
        queue.send("naps_late", 60)
    eventually(lambda: first.scrape().waits(f"{HOST}.naps")[0] == 1, first.said)
    eventually(lambda: pool == "solo" or first.scrape().waits(f"{HOST}.naps_late")[0] == 1, first.said)
    eventually(lambda: first.scrape().running() == (1 if pool == "solo" else 2), first.said)
    os.killpg(first.running.pid, signal.SIGKILL)
    first.end()
    second = start_worker(start, redis_server, tmp_path, *options, database=database)
    eventually(lambda: second.scrape().ended(f"{HOST}.naps") == {"failed": 1}, second.said)
    assert second.scrape().lost(f"{HOST}.naps") == 1
    if pool != "solo":
        assert second.scrape().ended(f"{HOST}.naps_late") == {"retried": 1}
        assert second.scrape().lost(f"{HOST}.naps_late") == 1
    queue.app.close()


def test_a_task_over_its_hard_time_limit_failed_after_that_long(
    worker: Process, publish: Publisher, eventually: Eventually
) -> None:
    """The child is killed by its own main process: a failure that took the limit, and no lost worker."""
    publish.send("hangs")
    eventually(lambda: worker.scrape().ended(f"{HOST}.hangs") == {"failed": 1}, worker.said)
    assert worker.scrape().ran_seconds(f"{HOST}.hangs") == 1.0
    assert worker.scrape().total("parapet_job_lost_total", task=f"{HOST}.hangs") == 0


def test_revoked_expired_and_unknown_tasks_are_told_apart(
    start: Start, redis_server: int, tmp_path: Path, eventually: Eventually
) -> None:
    """A revoked task is revoked, running or not; an expired one and one that nobody knows are discarded."""
    worker = start_worker(start, redis_server, tmp_path, "-P", "prefork", "-c", "1", database=2)
    queue = publisher(redis_server, database=2)
    task = f"{HOST}.naps"
    running = queue.send("naps", 60)
    eventually(lambda: worker.scrape().waits(task)[0] == 1)
    waiting = queue.send("naps", 0)
    queue.send("naps", 0, expires=0.001)
    queue.send("nobody.knows.this")
    waiting.revoke()
    eventually(lambda: "tasks to revoke" in worker.said() or waiting.id in worker.said())
    running.revoke(terminate=True)
    eventually(lambda: worker.scrape().ended(task) == {"revoked": 2, "discarded": 1}, worker.said)
    assert worker.scrape().ended("other") == {"discarded": 1}
    assert "nobody.knows" not in worker.scrape().text
    eventually(lambda: worker.scrape().running() == 0, worker.said)
    queue.app.close()


def test_nothing_runs_when_all_has_ended(worker: Process, eventually: Eventually) -> None:
    """However tasks ended, each run that the pool accepted is over."""
    eventually(lambda: worker.scrape().running() == 0, worker.said)


def test_no_child_binds_a_port(worker: Process, eventually: Eventually) -> None:
    """Children come and go; only the main process answers scrapes."""
    eventually(lambda: len(worker.children()) >= 2)  # one that was killed is being replaced
    children = worker.children()
    assert listening(worker.running.pid)
    for child in children:
        assert not listening(child), f"child {child} holds a listening socket"


def test_totals_stay_when_children_are_recycled(
    start: Start, redis_server: int, tmp_path: Path, eventually: Eventually
) -> None:
    """With one task per child every task is another process; what they counted is one total, without a label for it."""
    options = ("-P", "prefork", "-c", "2", "--max-tasks-per-child", "2")
    worker = start_worker(start, redis_server, tmp_path, *options, database=3)
    queue = publisher(redis_server, database=3)
    for number in range(12):
        queue.send("add", number, 1)
    eventually(lambda: worker.scrape().ended(f"{HOST}.add") == {"succeeded": 12}, worker.said)
    eventually(lambda: len(worker.children()) == 2, worker.said)  # those that were recycled have been replaced
    os.kill(worker.children()[0], signal.SIGKILL)
    queue.send("add", 1, 1).get(timeout=30)
    eventually(lambda: worker.scrape().ended(f"{HOST}.add") == {"succeeded": 13})
    assert "pid=" not in worker.scrape().text
    queue.app.close()


def test_the_last_success_is_a_time_and_only_success_moves_it(
    worker: Process, publish: Publisher, eventually: Eventually
) -> None:
    """An alert on "this job stopped arriving" needs the moment of the last success, per task."""
    publish.send("add", 2, 2)
    name = "parapet_job_last_success_timestamp_seconds"
    eventually(lambda: worker.scrape().total(name, task=f"{HOST}.add") > 1.7e9)
    publish.send("fails")
    eventually(lambda: worker.scrape().ended(f"{HOST}.fails").get("failed", 0) >= 1)
    assert worker.scrape().total(name, task=f"{HOST}.fails") == 0


def test_the_backlog_is_read_by_a_process_that_is_no_worker(redis_server: int, eventually: Eventually) -> None:
    """When all workers are dead nobody but a publisher can say that work waits, and for how long."""
    from tests.jobs.conftest import Scrape

    from parapet import Parapet
    from parapet.integrations.celery import backlog

    queue = publisher(redis_server, database=4)
    host = Parapet(service="shop")
    watch = backlog(queue.app, host, every_seconds=0.05)
    watch.start()

    def scrape() -> Scrape:
        return Scrape.of(host.recorder.render().decode())

    size, age = "parapet_job_backlog_size", "parapet_job_backlog_age_seconds"
    for number in range(3):
        queue.send("add", number, 1)
    eventually(lambda: scrape().values(size, queue="celery") == [3.0])
    first = scrape().total(age, queue="celery")
    eventually(lambda: scrape().total(age, queue="celery") > first + 0.2)
    watch.stop()
    queue.app.close()


def test_a_broker_that_is_gone_is_no_empty_queue(redis_server: int) -> None:
    """No data is not green: the numbers of a queue that cannot be read go away, and the watch goes on."""
    from tests.jobs.conftest import Scrape

    from parapet import Parapet
    from parapet.integrations.celery import backlog

    host = Parapet(service="shop")
    queue = publisher(redis_server, database=5)
    watch = backlog(queue.app, host)
    assert watch.once()
    assert Scrape.of(host.recorder.render().decode()).values("parapet_job_backlog_size", queue="celery") == [0.0]
    queue.app.connection_for_read = lambda: Celery(broker="redis://127.0.0.1:1/0", set_as_current=False).connection()
    watch = backlog(queue.app, host)
    watch._shown.add("celery")
    assert not watch.once()
    values = Scrape.of(host.recorder.render().decode()).values("parapet_job_backlog_size", queue="celery")
    assert all(value != value for value in values), "an old number is still shown"
    queue.app.close()


@pytest.mark.parametrize("pool", ["prefork", "solo", "threads"])
def test_a_broken_recorder_changes_no_job(
    start: Start, redis_server: int, tmp_path: Path, pool: str, eventually: Eventually
) -> None:
    """Clock and recorder raise at every turn: tasks return, retry, fail and die exactly as they do without us."""
    database = {"prefork": 6, "solo": 7, "threads": 8}[pool]
    worker = start_worker(start, redis_server, tmp_path, "-P", pool, "-c", "1", database=database, BROKEN="1")
    queue = publisher(redis_server, database=database)
    assert queue.send("add", 1, 2).get(timeout=30) == 3
    assert queue.send("recovers").get(timeout=30) == 2
    with pytest.raises(RuntimeError, match="on purpose"):
        queue.send("fails").get(timeout=30)
    if pool == "prefork":
        with pytest.raises(Exception, match="exited prematurely"):
            queue.send("dies").get(timeout=30)
    revoked = queue.send("naps", 0, countdown=2)
    revoked.revoke()
    assert queue.send("add", 3, 4).get(timeout=30) == 7
    assert worker.scrape().total("parapet_guard_swallowed_total") > 0
    queue.app.close()


@pytest.mark.parametrize("pool", ["solo", "threads"])
def test_other_pools_count_the_same(
    start: Start, redis_server: int, tmp_path: Path, pool: str, eventually: Eventually
) -> None:
    """A thread pool and a worker without a pool run tasks in the main process."""
    database = {"solo": 9, "threads": 10}[pool]
    worker = start_worker(start, redis_server, tmp_path, "-P", pool, "-c", "2", database=database)
    queue = publisher(redis_server, database=database)
    for task in ("fails", "recovers", "ignores"):
        queue.send(task)
    queue.send("add", 1, 2)
    ends = {one[0]: one[2] for one in ENDS}
    for task in ("add", "fails", "recovers", "ignores"):
        eventually(lambda task=task: worker.scrape().ended(f"{HOST}.{task}") == ends[task], worker.said)
    queue.app.close()


def test_spawned_children_count_too(start: Start, redis_server: int, tmp_path: Path, eventually: Eventually) -> None:
    """Where children are fresh interpreters, they prepare their tasks before anybody may change them."""
    options = ("-P", "prefork", "-c", "1")
    worker = start_worker(start, redis_server, tmp_path, *options, database=11, SPAWN="1")
    queue = publisher(redis_server, database=11)
    queue.send("recovers")
    eventually(lambda: worker.scrape().ended(f"{HOST}.recovers") == {"retried": 2, "succeeded": 1}, worker.said)
    queue.app.close()


def test_a_publisher_without_us_leaves_the_wait_uncounted(
    worker: Process, redis_server: int, eventually: Eventually
) -> None:
    """A message without a stamp, or with nonsense, says nothing about its wait: better no number than a wrong one."""
    broker = f"redis://127.0.0.1:{redis_server}/0"
    starts, _ = worker.scrape().waits(f"{HOST}.naps")
    before = worker.scrape().ended(f"{HOST}.naps").get("succeeded", 0)
    for headers in ({}, {STAMP: "yesterday"}, {STAMP: True}, {STAMP: float("nan")}, {STAMP: -1e300}):
        script = (
            f"import celery; celery.Celery(broker={broker!r}).send_task({HOST + '.naps'!r}, (0,), headers={headers})"
        )
        subprocess.run([sys.executable, "-c", f"nan = float('nan'); {script}"], check=True, timeout=60)
    eventually(lambda: worker.scrape().ended(f"{HOST}.naps").get("succeeded", 0) == before + 5)
    assert worker.scrape().waits(f"{HOST}.naps")[0] == starts
