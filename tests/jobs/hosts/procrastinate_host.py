"""A host with Procrastinate tasks that end in every way a task can. Run it to work; import it to defer."""

from __future__ import annotations

import asyncio
import os
import time

import procrastinate
from tests.jobs.hosts.serving import make_parapet, serve

from parapet.integrations.procrastinate import instrument

parapet = make_parapet()
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ["BROKER"]))
calls: list[str] = []


async def count(call_next: object, context: object, worker: object) -> object:
    """A middleware that the host has already."""
    calls.append("called")
    return await call_next()  # type: ignore[operator]


@app.task
def works() -> int:
    return 7


@app.task(queue="mail")
async def sends() -> str:
    await asyncio.sleep(0)
    return "sent"


@app.task
def naps(seconds: float) -> None:
    time.sleep(seconds)


@app.task
async def sleeps(seconds: float) -> None:
    await asyncio.sleep(seconds)


@app.task
def fails() -> None:
    raise RuntimeError("on purpose")


@app.task(retry=procrastinate.RetryStrategy(max_attempts=1, wait=1))
def gives_up() -> None:
    raise RuntimeError("on purpose")


@app.task(retry=True, pass_context=True)
def recovers(context: procrastinate.JobContext) -> None:
    if context.job.attempts < 2:
        raise RuntimeError("on purpose")


instrument(app, parapet, backlog_every_seconds=0.1)


async def work() -> None:
    """A worker, until it is asked to end."""
    serve(parapet)
    async with app.open_async():
        print("working", flush=True)
        await app.run_worker_async(
            concurrency=int(os.environ.get("CONCURRENCY", "2")),
            worker_middleware=[count],
            fetch_job_polling_interval=0.2,
            abort_job_polling_interval=0.2,
            delete_jobs=os.environ.get("DELETE", "never"),
        )
