"""A host with Celery tasks that end in every way a task can: a module for `celery -A`."""

from __future__ import annotations

import os
import signal
import time

from celery import Celery, Task, signals
from celery.exceptions import Ignore, Reject
from tests.jobs.hosts.serving import make_parapet, serve

from parapet.integrations.celery import instrument

parapet = make_parapet()
app = Celery("shop", broker=os.environ["BROKER"], backend=os.environ["BROKER"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    task_routes={"mail.*": {"queue": "mail"}},
    worker_hijack_root_logger=False,
    worker_pool_start_method="spawn" if "SPAWN" in os.environ else "fork",
)


class Repeats(Task):
    """A base class as hosts write them."""

    def __call__(self, *args: object, **kwargs: object) -> object:
        return super().__call__(*args, **kwargs)


@app.task
def add(first: int, second: int) -> int:
    return first + second


@app.task(name="mail.send", base=Repeats)
def send() -> str:
    return "sent"


@app.task
def naps(seconds: float) -> None:
    time.sleep(seconds)


@app.task
def fails() -> None:
    raise RuntimeError("on purpose")


@app.task(bind=True, max_retries=2)
def recovers(self: Task) -> int:
    if self.request.retries < 2:
        raise self.retry(countdown=0)
    return int(self.request.retries)


@app.task(autoretry_for=(ValueError,), retry_backoff=False, max_retries=1, default_retry_delay=0)
def gives_up() -> None:
    raise ValueError("on purpose")


@app.task(bind=True, max_retries=1)
def comes_later(self: Task) -> None:
    if not self.request.retries:
        raise self.retry(countdown=1.5)


@app.task
def ignores() -> None:
    raise Ignore


@app.task(acks_late=True)
def rejects() -> None:
    raise Reject("on purpose", requeue=False)


@app.task
def dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(acks_late=True)
def naps_late(seconds: float) -> None:
    time.sleep(seconds)


@app.task(acks_late=True, reject_on_worker_lost=True)
def dies_once(marker: str) -> None:
    if not os.path.exists(marker):
        with open(marker, "w"):
            pass
        os.kill(os.getpid(), signal.SIGKILL)


@app.task(time_limit=1)
def hangs() -> None:
    while True:
        time.sleep(0.1)


@app.task
def calls_others() -> int:
    return int(add(1, 2))


@app.task(bind=True)
def calls_itself(self: Task, depth: int) -> int:
    return depth if depth == 0 else int(self(depth - 1))


instrument(app, parapet, backlog_every_seconds=0.1)


@signals.worker_ready.connect
def serve_metrics(**_: object) -> None:
    """Only the main process is ever ready; its children bind nothing."""
    serve(parapet)
