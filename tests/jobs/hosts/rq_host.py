"""A host with RQ jobs that end in every way a job can. A module for `rq worker -w`, and for tests to enqueue from."""

from __future__ import annotations

import os
import signal
import time

import rq
from tests.jobs.hosts.serving import make_parapet, serve

from parapet.integrations.rq import Measured

parapet = make_parapet()


class Serves:
    """Answers scrapes from the parent while it works."""

    def bootstrap(self, *args: object, **kwargs: object) -> None:
        serve(parapet)
        super().bootstrap(*args, **kwargs)  # type: ignore[misc]


class Worker(Measured, Serves, rq.Worker):
    host = parapet
    backlog_every_seconds = 0.1


class SpawnWorker(Measured, Serves, rq.SpawnWorker):
    host = parapet
    backlog_every_seconds = 0.1


class SimpleWorker(Measured, Serves, rq.SimpleWorker):
    host = parapet
    backlog_every_seconds = 0.1


def works() -> int:
    return 7


def naps(seconds: float) -> None:
    time.sleep(seconds)


def fails() -> None:
    raise RuntimeError("on purpose")


def recovers(marker: str) -> None:
    if not os.path.exists(marker):
        with open(marker, "w"):
            pass
        raise RuntimeError("on purpose")


def asks_again() -> rq.Retry:
    return rq.Retry(max=2)


def dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def accepts(argument: object) -> None:
    """Nothing, with what it is given."""
