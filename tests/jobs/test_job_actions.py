"""Ready-made capabilities over real brokers: what was seen runs again, or moves, once; looking changes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import rq
from redis import Redis
from tests.jobs.conftest import ROOT, Process, Start, wait_until
from tests.jobs.hosts.mended import celery_app, dramatiq_broker, procrastinate_app, work
from tests.postgres import bare_database

from parapet.integrations.celery_actions import CeleryBacklog, CeleryFailed
from parapet.integrations.dramatiq_actions import DramatiqBacklog, DramatiqDead
from parapet.integrations.job_actions import CHANGED, FoundJob, drain_backlog, retry_failed
from parapet.integrations.procrastinate_actions import ProcrastinateBacklog, ProcrastinateFailed
from parapet.integrations.rq_actions import RqBacklog, RqFailed
from parapet.testing import assert_preview_changes_nothing, situation

if TYPE_CHECKING:
    from parapet.response.capability import Capability, Done, Proposal

HOST = "tests.jobs.hosts.mended"


class Work:
    """What the jobs did, and the cause of their failing, both in a folder that workers know."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "broken").touch()

    def mend(self) -> None:
        """The cause is gone."""
        (self.folder / "broken").unlink()

    @property
    def ran(self) -> list[int]:
        """The numbers of the jobs that were done, each as often as it was."""
        path = self.folder / "ran"
        return sorted(int(line) for line in path.read_text().splitlines()) if path.exists() else []

    def environ(self, **more: str) -> dict[str, str]:
        """For a worker."""
        return {"FOLDER": str(self.folder), **more}

    def until_empty(self, *command: str, **more: str) -> None:
        """Run a worker that ends when nothing waits any more."""
        environ = os.environ | self.environ(PYTHONPATH=str(ROOT), **more)
        ran = subprocess.run([sys.executable, *command], env=environ, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, ran.stderr


@pytest.fixture
def done(tmp_path: Path) -> Work:
    """Nothing yet."""
    return Work(tmp_path)


@pytest.fixture
def redis(redis_server: int) -> Iterator[Redis]:
    """A real Redis with nothing in it."""
    client = Redis(port=redis_server)
    client.flushall()
    yield client
    client.close()


def picture(client: Redis) -> dict[object, object]:
    """Everything that Redis holds."""
    return {key: client.dump(key) for key in sorted(client.keys())}


def execute(capability: Capability, proposal: Proposal) -> Done:
    ended = capability.execute(situation(run="run-1"), proposal.targets)
    assert ended is not None
    return ended  # type: ignore[return-value]


def test_rq_retries_what_failed_and_drains_a_backlog(redis: Redis, redis_server: int, done: Work) -> None:
    """A failed job runs again once its cause is gone; the oldest of those that wait go to another queue."""
    queue = rq.Queue("mail", connection=redis)

    def works(name: str) -> None:
        url = f"redis://127.0.0.1:{redis_server}"
        done.until_empty("-m", "rq.cli", "worker", "--burst", "--url", url, name)

    jobs = [queue.enqueue(work, number) for number in range(3)]
    works("mail")
    retry = retry_failed(RqFailed(queue), keep=lambda job: "Refunded." if job.id == jobs[0].id else None)
    seen = assert_preview_changes_nothing(retry, lambda: picture(redis), situation(inputs={"limit": "1"}))
    assert [one.id for one in seen.targets] == [jobs[1].id]
    assert {one.id: one.because for one in seen.left_out} == {
        jobs[0].id: "Refunded.",
        jobs[2].id: "More than the 1 asked for.",
    }
    done.mend()
    assert execute(retry, seen).failed == {}
    assert execute(retry, seen).failed == {jobs[1].id: CHANGED}
    works("mail")
    assert done.ran == [1]
    waiting = [queue.enqueue(work, number) for number in (7, 8, 9)]
    drain = drain_backlog(RqBacklog(queue), to="spare")
    part = assert_preview_changes_nothing(drain, lambda: picture(redis), situation(inputs={"limit": "2"}))
    assert execute(drain, part).failed == {}
    assert rq.Queue("spare", connection=redis).get_job_ids() == [one.id for one in waiting[:2]]
    assert queue.get_job_ids() == [waiting[2].id]
    works("spare")
    assert done.ran == [1, 7, 8]


def test_dramatiq_requeues_dead_letters_and_drains_a_backlog(
    redis: Redis, redis_server: int, start: Start, done: Work
) -> None:
    """A dead letter is a message again, with its arguments, and no dead letter any more."""
    url = f"redis://127.0.0.1:{redis_server}/0"
    broker = dramatiq_broker(url)
    actor = broker.get_actor("work")

    def worker(queue: str) -> Process:
        command = ("-m", "dramatiq", f"{HOST}:made", "--processes", "1", "--threads", "1", "--queues", queue)
        return start(*command, ready="is ready for action", **done.environ(LIBRARY="dramatiq", BROKER=url))

    for number in (1, 2):
        actor.send(number)
    working = worker("mail")
    wait_until(lambda: redis.zcard("dramatiq:mail.XQ") == 2, working.said)
    retry = retry_failed(DramatiqDead(broker, "mail"), tasks=("work",))
    working.end()
    seen = assert_preview_changes_nothing(retry, lambda: picture(redis))
    assert len(seen.targets) == 2
    done.mend()
    assert execute(retry, seen).failed == {}
    assert redis.zcard("dramatiq:mail.XQ") == 0
    assert set(execute(retry, seen).failed.values()) == {CHANGED}
    working = worker("mail")
    wait_until(lambda: done.ran == [1, 2], working.said)
    working.end()
    for number in (7, 8, 9):
        actor.send(number)
    drain = drain_backlog(DramatiqBacklog(broker, "mail"), to="spare")
    part = assert_preview_changes_nothing(drain, lambda: picture(redis), situation(inputs={"limit": "2"}))
    assert execute(drain, part).failed == {}
    working = worker("spare")
    wait_until(lambda: len(done.ran) == 4, working.said)
    working.end()
    assert done.ran == [1, 2, 7, 8]
    broker.close()


@pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")
def test_celery_retries_what_failed_and_drains_a_backlog(
    redis: Redis, redis_server: int, start: Start, done: Work
) -> None:
    """By the results that say so; what waits is moved in one step."""
    url = f"redis://127.0.0.1:{redis_server}/0"
    app = celery_app(url)

    def worker(queue: str) -> Process:
        command = ("-m", "celery", "-A", f"{HOST}:made", "worker", "--loglevel", "INFO", "--without-mingle")
        options = ("--without-gossip", "--concurrency", "1", "--queues", queue)
        return start(*command, *options, ready=" ready.", **done.environ(LIBRARY="celery", BROKER=url))

    ids = [app.send_task("work", (number,)).id for number in (1, 2)]
    working = worker("mail")
    wait_until(lambda: all(app.AsyncResult(one).failed() for one in ids), working.said)
    retry = retry_failed(CeleryFailed(app, lambda: ids))
    seen = assert_preview_changes_nothing(retry, lambda: [app.AsyncResult(one).state for one in ids])
    assert sorted(one.id for one in seen.targets) == sorted(ids)
    done.mend()
    assert execute(retry, seen).failed == {}
    wait_until(lambda: len(done.ran) == 2, working.said)
    wait_until(lambda: all(app.AsyncResult(one).successful() for one in ids), working.said)
    assert set(execute(retry, seen).failed.values()) == {CHANGED}
    working.end()
    assert done.ran == [1, 2]
    moved = [app.send_task("work", (number,)).id for number in (7, 8, 9)][:2]
    drain = drain_backlog(CeleryBacklog(redis, "mail"), to="spare")
    part = assert_preview_changes_nothing(drain, lambda: picture(redis), situation(inputs={"limit": "2"}))
    assert [one.id for one in part.targets] == moved
    assert execute(drain, part).failed == {}
    assert (redis.llen("mail"), redis.llen("spare")) == (1, 2)
    working = worker("spare")
    wait_until(lambda: len(done.ran) == 4, working.said)
    working.end()
    assert done.ran == [1, 2, 7, 8]
    app.close()


def test_procrastinate_retries_what_failed_and_drains_a_backlog(postgres_uri: str, done: Work) -> None:
    """In its own database, by its own functions."""
    for url in bare_database(postgres_uri):
        asynchronous = procrastinate_app(url)
        app = asynchronous.with_connector(asynchronous.connector.get_sync_connector())

        def works(queue: str, url: str = url) -> None:
            command = ("-m", "procrastinate", "-a", f"{HOST}.made", "worker", "--one-shot", "--queues", queue)
            done.until_empty(*command, LIBRARY="procrastinate", BROKER=url)

        with app.open():
            app.schema_manager.apply_schema()
            task = app.tasks["work"]
            failed = [task.defer(number=number) for number in (1, 2)]
            works("mail")

            def rows(app: object = app) -> object:
                asked = "SELECT id, status, queue_name, attempts FROM procrastinate_jobs ORDER BY id"
                return list(app.connector.execute_query_all(asked))  # type: ignore[attr-defined]

            retry = retry_failed(ProcrastinateFailed(app, "mail"))
            seen = assert_preview_changes_nothing(retry, rows)
            assert [one.id for one in seen.targets] == [f"{number}" for number in failed]
            done.mend()
            assert execute(retry, seen).failed == {}
            assert set(execute(retry, seen).failed.values()) == {CHANGED}
            works("mail")
            assert done.ran == [1, 2]
            waiting = [task.defer(number=number) for number in (7, 8)]
            drain = drain_backlog(ProcrastinateBacklog(app, "mail"), to="spare")
            part = assert_preview_changes_nothing(drain, rows, situation(inputs={"limit": "1"}))
            assert execute(drain, part).failed == {}
            assert [job.id for job in app.job_manager.list_jobs(queue="spare")] == waiting[:1]
            works("spare")
            assert done.ran == [1, 2, 7]


def test_a_preview_that_writes_is_found_out(redis: Redis) -> None:
    """The helper that hosts use, too, sees it."""
    queue = rq.Queue("mail", connection=redis)

    class Writes(RqFailed):
        def found(self, most: int) -> Iterator[FoundJob]:
            redis.incr("looked")
            return super().found(most)

    with pytest.raises(AssertionError, match="changed something"):
        assert_preview_changes_nothing(retry_failed(Writes(queue)), lambda: picture(redis))
