"""Ready-made capabilities over real brokers: what was seen runs again, or moves, once; looking changes nothing."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import celery
import dramatiq
import procrastinate
import pytest
import rq
from celery.app.trace import build_tracer
from dramatiq.brokers.redis import RedisBroker
from redis import Redis
from tests.conftest import postgres_database

from parapet.integrations.celery_actions import CeleryBacklog, CeleryFailed
from parapet.integrations.dramatiq_actions import DramatiqBacklog, DramatiqDead
from parapet.integrations.job_actions import CHANGED, FoundJob, drain_backlog, retry_failed
from parapet.integrations.procrastinate_actions import ProcrastinateBacklog, ProcrastinateFailed
from parapet.integrations.rq_actions import RqBacklog, RqFailed
from parapet.testing import assert_preview_changes_nothing, situation

if TYPE_CHECKING:
    from parapet.response.capability import Capability, Done, Proposal

RAN: list[int] = []
FAILS = [True]


def work(number: int) -> int:
    """A job that fails as long as its cause is there."""
    if FAILS[0]:
        raise RuntimeError("on purpose")
    RAN.append(number)
    return number


@pytest.fixture
def redis(redis_server: int) -> Iterator[Redis]:
    """A real Redis with nothing in it."""
    client = Redis(port=redis_server)
    client.flushall()
    RAN.clear()
    FAILS[0] = True
    yield client
    client.close()


def picture(client: Redis) -> dict[object, object]:
    """Everything that Redis holds."""
    return {key: client.dump(key) for key in sorted(client.keys())}


def rq_works(queue: rq.Queue) -> None:
    """RQ does what waits, in this process, whose signals are its own afterwards as before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        rq.SimpleWorker([queue], connection=queue.connection).work(burst=True)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def execute(capability: Capability, proposal: Proposal) -> Done:
    done = capability.execute(situation(run="run-1"), proposal.targets)
    assert done is not None
    return done  # type: ignore[return-value]


def test_rq_retries_what_failed_and_drains_a_backlog(redis: Redis) -> None:
    """A failed job runs again once its cause is gone; the oldest of those that wait go to another queue."""
    queue = rq.Queue("mail", connection=redis)
    jobs = [queue.enqueue(work, number) for number in range(3)]
    rq_works(queue)
    retry = retry_failed(RqFailed(queue), keep=lambda job: "Refunded." if job.id == jobs[0].id else None)
    seen = assert_preview_changes_nothing(retry, lambda: picture(redis), situation(inputs={"limit": "1"}))
    assert [one.id for one in seen.targets] == [jobs[1].id]
    assert {one.id: one.because for one in seen.left_out} == {
        jobs[0].id: "Refunded.",
        jobs[2].id: "More than the 1 asked for.",
    }
    FAILS[0] = False
    assert execute(retry, seen).failed == {}
    assert execute(retry, seen).failed == {jobs[1].id: CHANGED}
    rq_works(queue)
    assert RAN == [1]
    waiting = [queue.enqueue(work, number) for number in (7, 8, 9)]
    drain = drain_backlog(RqBacklog(queue), to="spare")
    part = assert_preview_changes_nothing(drain, lambda: picture(redis), situation(inputs={"limit": "2"}))
    assert execute(drain, part).failed == {}
    assert rq.Queue("spare", connection=redis).get_job_ids() == [one.id for one in waiting[:2]]
    assert queue.get_job_ids() == [waiting[2].id]
    rq_works(rq.Queue("spare", connection=redis))
    assert RAN == [1, 7, 8]


def test_dramatiq_requeues_dead_letters_and_drains_a_backlog(redis: Redis, redis_server: int) -> None:
    """A dead letter is a message again, with its arguments, and no dead letter any more."""
    broker = RedisBroker(url=f"redis://127.0.0.1:{redis_server}/0")  # type: ignore[no-untyped-call]
    actor = dramatiq.actor(broker=broker, queue_name="mail", max_retries=0, actor_name="work")(work)

    def run(queue: str) -> None:
        worker = dramatiq.Worker(broker, queues={queue}, worker_timeout=100)
        worker.start()
        broker.join(queue)
        worker.join()
        worker.stop()

    actor.send(1)
    actor.send(2)
    run("mail")
    retry = retry_failed(DramatiqDead(broker, "mail"), tasks=("work",))
    seen = assert_preview_changes_nothing(retry, lambda: picture(redis))
    assert len(seen.targets) == 2
    FAILS[0] = False
    assert execute(retry, seen).failed == {}
    assert redis.zcard("dramatiq:mail.XQ") == 0
    assert set(execute(retry, seen).failed.values()) == {CHANGED}
    run("mail")
    assert sorted(RAN) == [1, 2]
    for number in (7, 8, 9):
        actor.send(number)
    drain = drain_backlog(DramatiqBacklog(broker, "mail"), to="spare")
    part = assert_preview_changes_nothing(drain, lambda: picture(redis), situation(inputs={"limit": "2"}))
    assert execute(drain, part).failed == {}
    run("spare")
    assert sorted(RAN) == [1, 2, 7, 8]
    broker.close()


@pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")
def test_celery_retries_what_failed_and_drains_a_backlog(redis: Redis, redis_server: int) -> None:
    """By the results that say so; what waits is moved in one step."""
    url = f"redis://127.0.0.1:{redis_server}/0"
    app = celery.Celery("shop", broker=url, backend=url)
    app.conf.update(result_extended=True, task_default_queue="mail")
    app.task(work, name="work")
    ids = [app.send_task("work", (number,)).id for number in (1, 2)]
    _celery(app, "mail")
    retry = retry_failed(CeleryFailed(app, lambda: ids))
    seen = assert_preview_changes_nothing(retry, lambda: picture(redis))
    assert sorted(one.id for one in seen.targets) == sorted(ids)
    FAILS[0] = False
    assert execute(retry, seen).failed == {}
    assert set(execute(retry, seen).failed.values()) == {CHANGED}
    _celery(app, "mail")
    assert sorted(RAN) == [1, 2]
    moved = [app.send_task("work", (number,)).id for number in (7, 8, 9)][:2]
    drain = drain_backlog(CeleryBacklog(redis, "mail"), to="spare")
    part = assert_preview_changes_nothing(drain, lambda: picture(redis), situation(inputs={"limit": "2"}))
    assert [one.id for one in part.targets] == moved
    assert execute(drain, part).failed == {}
    assert (redis.llen("mail"), redis.llen("spare")) == (1, 2)
    _celery(app, "spare")
    assert sorted(RAN) == [1, 2, 7, 8]
    app.close()


def _celery(app: celery.Celery, queue: str) -> None:
    """Work until the queue is empty and every task has a result."""
    with app.connection_for_read() as connection:
        channel = connection.default_channel
        while (message := connection.SimpleQueue(queue, channel=channel).queue(channel).get(no_ack=True)) is not None:
            task = app.tasks[message.headers["task"]]
            args, kwargs, _ = message.decode()
            request = {"id": message.headers["id"], "task": task.name, "args": args, "kwargs": kwargs}
            request["delivery_info"] = {"routing_key": queue}
            build_tracer(task.name, task, app=app)(request["id"], args, kwargs, request)


def test_procrastinate_retries_what_failed_and_drains_a_backlog(postgres_uri: str) -> None:
    """In its own database, by its own functions."""
    RAN.clear()
    FAILS[0] = True
    for url in postgres_database(postgres_uri, "template0"):
        app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=url))
        with app.open():
            app.schema_manager.apply_schema()
            task = app.task(queue="mail", name="work")(work)
            failed = [task.defer(number=number) for number in (1, 2)]
            app.connector.execute_query("UPDATE procrastinate_jobs SET status = 'failed', attempts = 1")

            def rows(app: procrastinate.App = app) -> object:
                asked = "SELECT id, status, queue_name, attempts FROM procrastinate_jobs ORDER BY id"
                return list(app.connector.execute_query_all(asked))

            retry = retry_failed(ProcrastinateFailed(app, "mail"))
            seen = assert_preview_changes_nothing(retry, rows)
            assert [one.id for one in seen.targets] == [f"{number}" for number in failed]
            assert execute(retry, seen).failed == {}
            assert set(execute(retry, seen).failed.values()) == {CHANGED}
            assert all(job.status == "todo" for job in app.job_manager.list_jobs())
            drain = drain_backlog(ProcrastinateBacklog(app, "mail"), to="spare")
            part = assert_preview_changes_nothing(drain, rows, situation(inputs={"limit": "1"}))
            assert execute(drain, part).failed == {}
            assert [job.id for job in app.job_manager.list_jobs(queue="spare")] == failed[:1]


def test_a_preview_that_writes_is_found_out(redis: Redis) -> None:
    """The helper that hosts use, too, sees it."""
    queue = rq.Queue("mail", connection=redis)
    queue.enqueue(work, 1)
    rq_works(queue)

    class Writes(RqFailed):
        def found(self, most: int) -> Iterator[FoundJob]:
            redis.incr("looked")
            return super().found(most)

    with pytest.raises(AssertionError, match="changed something"):
        assert_preview_changes_nothing(retry_failed(Writes(queue)), lambda: picture(redis))
