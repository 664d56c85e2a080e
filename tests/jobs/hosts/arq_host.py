"""A host with arq jobs that end in every way a job can: `python -m arq ...WorkerSettings` works, `-m` this enqueues."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import timedelta

from arq import Retry, create_pool, func
from arq.connections import RedisSettings
from arq.jobs import Job
from tests.jobs.hosts.serving import make_parapet, serve

from parapet.integrations.arq import instrument

Context = dict[str, object]
parapet = make_parapet()
redis = RedisSettings.from_dsn(os.environ["BROKER"])


async def works(context: Context) -> int:
    return 7


async def naps(context: Context, seconds: float) -> None:
    await asyncio.sleep(seconds)


async def survives(context: Context, marker: str) -> None:
    """Runs for long the first time only."""
    if not os.path.exists(marker):
        with open(marker, "w"):
            pass
        await asyncio.sleep(60)


async def fails(context: Context) -> None:
    raise RuntimeError("on purpose")


async def recovers(context: Context) -> None:
    if context["job_try"] == 1:
        raise Retry(defer=timedelta(seconds=1))


async def gives_up(context: Context) -> None:
    raise Retry


async def hangs(context: Context) -> None:
    await asyncio.sleep(60)


async def host_starts(context: Context) -> None:
    """What the host does when a worker starts."""
    context["started"] = True
    serve(parapet)
    print("host started", flush=True)


async def host_ends(context: Context) -> None:
    """What the host does when a worker ends."""
    print("host ended", context["started"], flush=True)


class WorkerSettings:
    functions = (
        works,
        naps,
        fails,
        recovers,
        survives,
        func(survives, name="last_try", max_tries=1),
        func(gives_up, max_tries=2),
        func(hangs, timeout=0.5),
    )
    redis_settings = redis
    on_startup = host_starts
    on_shutdown = host_ends
    allow_abort_jobs = True
    max_jobs = int(os.environ.get("MAX_JOBS", "10"))
    poll_delay = 0.05
    job_timeout = 120
    keep_result = 60


instrument(WorkerSettings, parapet, backlog_every_seconds=0.1)


async def enqueue() -> None:
    """Do what the lines of the standard input say, and answer each with a line."""
    pool = await create_pool(redis)
    print("enqueuing", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        if order["do"] == "send":
            job = await pool.enqueue_job(order["function"], *order["args"], _job_try=order.get("try"))
            print(json.dumps(job.job_id if job else None), flush=True)
        elif order["do"] == "abort":
            print(json.dumps(await Job(order["job"], pool).abort(timeout=20)), flush=True)
        elif order["do"] == "expire":  # what arq keeps for as long as a worker might be running it
            print(json.dumps(await pool.delete(f"arq:in-progress:{order['job']}")), flush=True)
        else:
            result = await Job(order["job"], pool).result_info()
            print(json.dumps([result.success, repr(result.result)] if result else None), flush=True)


if __name__ == "__main__":
    asyncio.run(enqueue())
