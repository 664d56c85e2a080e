"""A host with Dramatiq actors that end in every way an actor can: a module for `dramatiq`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Middleware, SkipMessage
from dramatiq.middleware.prometheus import Prometheus
from dramatiq_abort import Abort, Abortable
from dramatiq_abort.backends import RedisBackend
from tests.jobs.hosts.serving import make_parapet, serve

from parapet.integrations.dramatiq import instrument

parapet = make_parapet()
broker = RedisBroker(
    url=os.environ["BROKER"],
    namespace=os.environ.get("NAMESPACE", "dramatiq"),
    heartbeat_timeout=int(os.environ.get("HEARTBEAT_MS", "60000")),
    maintenance_chance=100_000,
)


def serve_metrics() -> int:
    """The body of a process of its own: Dramatiq's main process starts it beside the workers."""
    serve(parapet)
    while True:
        time.sleep(3600)


class Serving(Middleware):
    """Asks Dramatiq for that process."""

    @property
    def forks(self) -> list[Callable[[], int]]:
        return [serve_metrics]


class Bouncer(Middleware):
    """Refuses what is addressed to one actor."""

    def before_process_message(self, broker: dramatiq.Broker, message: dramatiq.MessageProxy) -> None:
        if message.actor_name == "unwanted":
            raise SkipMessage("not today")


broker.add_middleware(Serving())
broker.add_middleware(Bouncer())
broker.add_middleware(Abortable(backend=RedisBackend.from_url(os.environ["BROKER"])))
if "BUNDLED" in os.environ:
    broker.add_middleware(Prometheus())
instrument(broker, parapet, backlog_every_seconds=0.1)
dramatiq.set_broker(broker)


@dramatiq.actor
def works() -> None:
    """Nothing."""


@dramatiq.actor(queue_name="mail")
def sends() -> None:
    """Nothing, elsewhere."""


@dramatiq.actor
def naps(seconds: float) -> None:
    time.sleep(seconds)


@dramatiq.actor
def survives(marker: str) -> None:
    """Runs for long the first time only."""
    if not os.path.exists(marker):
        with open(marker, "w"):
            pass
        time.sleep(60)


@dramatiq.actor(throws=Abort)
def endures() -> None:
    while True:
        time.sleep(0.05)


@dramatiq.actor(max_retries=0)
def fails() -> None:
    raise RuntimeError("on purpose")


@dramatiq.actor(max_retries=1, min_backoff=1, max_backoff=1)
def gives_up() -> None:
    raise RuntimeError("on purpose")


@dramatiq.actor(throws=ValueError)
def throws() -> None:
    raise ValueError("on purpose")


@dramatiq.actor
def recovers(marker: str) -> None:
    if not os.path.exists(marker):
        with open(marker, "w"):
            pass
        raise dramatiq.Retry("on purpose", delay=1500)


@dramatiq.actor
def unwanted() -> None:
    """Never runs."""


@dramatiq.actor(max_age=1)
def perishable() -> None:
    """Never runs: a millisecond has passed when it might."""


@dramatiq.actor(time_limit=500, max_retries=0)
def hangs() -> None:
    while True:
        time.sleep(0.05)
