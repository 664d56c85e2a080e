"""A host with Taskiq tasks that end in every way a task can: a module for `taskiq worker`."""

from __future__ import annotations

import asyncio
import os
import signal
import time

from taskiq import AsyncBroker, Context, SimpleRetryMiddleware, TaskiqDepends
from taskiq.exceptions import NoResultError
from taskiq_redis import ListQueueBroker, RedisAsyncResultBackend, RedisStreamBroker
from tests.jobs.hosts.serving import make_parapet

from parapet.integrations.taskiq import instrument

parapet = make_parapet()
url = os.environ["BROKER"]
broker: AsyncBroker = ListQueueBroker(url, queue_name="shop")
if "STREAM" in os.environ:
    broker = RedisStreamBroker(url, queue_name="shop", idle_timeout=int(os.environ.get("IDLE_MS", "600000")))
broker = broker.with_result_backend(RedisAsyncResultBackend(url))
if "BUNDLED" in os.environ:
    from taskiq.middlewares.prometheus_middleware import PrometheusMiddleware

    broker.add_middlewares(PrometheusMiddleware(server_addr="127.0.0.1", server_port=int(os.environ["BUNDLED"])))
instrument(broker, parapet, backlog_every_seconds=0.1)
broker.add_middlewares(SimpleRetryMiddleware(default_retry_count=2))


@broker.task(task_name="works")
async def works() -> int:
    return 7


@broker.task(task_name="naps")
def naps(seconds: float) -> None:
    time.sleep(seconds)


@broker.task(task_name="survives")
def survives(marker: str) -> None:
    """Kills its process the first time only."""
    if not os.path.exists(marker):
        with open(marker, "w"):
            pass
        os.kill(os.getpid(), signal.SIGKILL)


@broker.task(task_name="fails")
async def fails() -> None:
    raise RuntimeError("on purpose")


@broker.task(task_name="gives_up", retry_on_error=True)
async def gives_up() -> None:
    raise RuntimeError("on purpose")


@broker.task(task_name="hangs", timeout=0.3)
async def hangs() -> None:
    await asyncio.sleep(60)


@broker.task(task_name="rejects")
async def rejects(context: Context = TaskiqDepends()) -> None:  # noqa: B008  # Taskiq's way to inject it
    context.reject()


@broker.task(task_name="requeues")
async def requeues(context: Context = TaskiqDepends()) -> None:  # noqa: B008
    if "X-Taskiq-requeue" not in context.message.labels:
        await context.requeue()


@broker.task(task_name="keeps_quiet")
async def keeps_quiet() -> None:
    raise NoResultError
