"""What measuring a job costs, in the process that runs it: bare, Parapet, and what others do, one beside the other.

Run as `python benchmarks/signals/jobs.py [--short]`. Every library has processes of its own. In them the contestants
take turns, in a new order every round, and each round compares with the bare job of the same round; printed is the
median over rounds and processes. Jobs do nothing and no broker is asked, so that nearly all of the time is the
library's own code. Libraries that fork a process or ask a database for every job are not here: what is measured here
is lost beside that. Ratios travel between machines, microseconds do not.
"""

# ruff: noqa: E402

from __future__ import annotations

import sys
from pathlib import Path

# A script's folder comes first when modules are looked up, where `http.py` would hide the standard library's.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]

import argparse
import asyncio
import gc
import json
import logging
import os
import random
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import Any

from parapet.core import names
from parapet.core.clock import SystemClock
from parapet.core.vocabulary import JOB_BUCKETS_SECONDS
from parapet.signals.recorder import Recorder

BARE, PARAPET, SHARED = "bare job itself", "Parapet", "Parapet, many processes"
NAME, QUEUE = "bench.job", "default"
BARS_MICROSECONDS = {("celery", PARAPET): 5.0, ("celery", SHARED): 5.0, ("dramatiq", PARAPET): 2.0}

Turn = Callable[[int], float]
"""Runs so many jobs and returns microseconds per job."""


@dataclass
class Service:
    """As much of a Parapet as an integration needs."""

    recorder: Recorder = field(default_factory=Recorder)
    clock: SystemClock = field(default_factory=SystemClock)


OURS = {PARAPET: Service(), SHARED: Service(Recorder(multiprocess_dir=tempfile.mkdtemp()))}
"""One that counts in its own memory, and one that counts into a directory with others."""


def check(expected: int) -> None:
    """Exit unless every job was counted, and how long it had waited.

    Raises:
        SystemExit: some were not.
    """
    for name, service in OURS.items():
        lines = service.recorder.render().decode().splitlines()
        for metric in (names.JOB_DURATION, names.JOB_WAIT):
            counted = sum(int(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{metric}_count"))
            if counted != expected:
                raise SystemExit(f"{name} counted {counted} of {expected} jobs in {metric}.")


def timed(times: int, job: Callable[[], object]) -> float:
    """Microseconds per call of *job*."""
    start = perf_counter()
    for _ in range(times):
        job()
    return (perf_counter() - start) / times * 1e6


def celery_turns() -> dict[str, Turn]:
    """Celery: the tracer that every pool calls, with what its base class and its signals cost beside ours."""
    from celery import Celery, Task, signals
    from celery.app.trace import build_tracer
    from prometheus_client import CollectorRegistry, Histogram

    from parapet.integrations import celery as integration

    logging.getLogger("celery").setLevel(logging.ERROR)

    class Hooks(Task):  # type: ignore[misc]
        def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
            pass

        def after_return(self, status: str, result: Any, task_id: str, args: Any, kwargs: Any, trouble: Any) -> None:
            pass

    def application(base: Any = None, service: Service | None = None) -> Any:
        app = Celery("bench", broker="memory://", set_as_current=False)

        def nothing() -> None:
            pass

        app.task(name=NAME, base=base, ignore_result=True, shared=False)(nothing)
        app.finalize()
        if service is not None:
            integration.instrument(app, service)
            integration._instrumented[app].tasks(app, declare=True)
        task = app.tasks[NAME]
        task.__trace__ = build_tracer(NAME, task, app=app)
        return task

    def turn(task: Any, receivers: tuple[tuple[Any, Any], ...] = ()) -> Turn:
        request = {
            "id": "1",
            "task": NAME,
            "parapet_published": SystemClock().now().timestamp(),
            "delivery_info": {"exchange": "", "routing_key": QUEUE},
            "is_eager": False,
        }

        def run(times: int) -> float:
            for kind, receiver in receivers:
                kind.connect(receiver, weak=False)
            trace = task.__trace__
            try:
                return timed(times, lambda: trace("1", (), {}, request.copy()))
            finally:
                for kind, receiver in receivers:
                    kind.disconnect(receiver)

        return run

    def ignore(**_: object) -> None:
        pass

    family = Histogram("s", "S.", ("task", "state"), registry=CollectorRegistry(), buckets=JOB_BUCKETS_SECONDS)
    started: dict[str, float] = {}

    def begin(task_id: str = "", **_: object) -> None:
        started[task_id] = perf_counter()

    def end(task_id: str = "", task: Any = None, state: str = "", **_: object) -> None:
        family.labels(task.name, state).observe(perf_counter() - started.pop(task_id))

    plain = application()
    ours = {name: turn(application(service=service)) for name, service in OURS.items()}
    return {
        BARE: turn(plain),
        **ours,
        "a base class with two empty hooks": turn(application(Hooks)),
        "two signal receivers that do nothing": turn(
            plain, ((signals.task_prerun, ignore), (signals.task_postrun, ignore))
        ),
        "signals by hand, durations by state": turn(plain, ((signals.task_prerun, begin), (signals.task_postrun, end))),
    }


def dramatiq_turns() -> dict[str, Turn]:
    """Dramatiq: what a worker thread does around an actor, with the middleware that Dramatiq brings along."""
    os.environ["dramatiq_prom_db"] = tempfile.mkdtemp()  # noqa: SIM112  # the name is Dramatiq's, read when imported
    import dramatiq
    from dramatiq.broker import MessageProxy
    from dramatiq.brokers.stub import StubBroker
    from dramatiq.middleware.prometheus import Prometheus

    from parapet.integrations import dramatiq as integration

    def turn(kind: str, service: Service | None) -> Turn:
        broker: Any = StubBroker(
            middleware=[one() for one in dramatiq.middleware.default_middleware if one is not Prometheus]
        )
        if kind == BUNDLED:
            broker.add_middleware(Prometheus())
        if kind == EMPTY:
            broker.add_middleware(dramatiq.Middleware())
        if service is not None:
            integration.instrument(broker, service, backlog_every_seconds=None)
        broker.emit_after("process_boot")

        @dramatiq.actor(broker=broker)
        def job() -> None:
            pass

        message = job.message()
        broker.emit_before("enqueue", message, None)
        proxy = MessageProxy(message)

        def process() -> None:
            broker.emit_before("process_message", proxy)
            job()
            broker.emit_after("process_message", proxy, result=None)

        return lambda times: timed(times, process)

    BUNDLED, EMPTY = "the bundled Prometheus middleware", "a middleware that does nothing"
    turns = {kind: turn(kind, None) for kind in (BARE, BUNDLED, EMPTY)}  # BUNDLED decides how prometheus_client counts
    return turns | {name: turn(name, service) for name, service in OURS.items()}


def taskiq_turns() -> dict[str, Turn]:
    """Taskiq: a receiver's callback, with the middleware that Taskiq brings along."""
    from taskiq import InMemoryBroker
    from taskiq.middlewares.prometheus_middleware import PrometheusMiddleware
    from taskiq.receiver import Receiver

    from parapet.integrations import taskiq as integration

    logging.getLogger("taskiq").setLevel(logging.ERROR)
    loop = asyncio.new_event_loop()

    def turn(middleware: Any, service: Service | None) -> Turn:
        broker = InMemoryBroker()
        if middleware is not None:
            broker.add_middlewares(middleware)
        if service is not None:
            integration.instrument(broker, service, backlog_every_seconds=None)

        async def nothing() -> None:
            pass

        task = broker.register_task(nothing, task_name=NAME)
        message = task.kicker()._prepare_message()
        for one in broker.middlewares:
            one.pre_send(message)
        raw = broker.formatter.dumps(message).message
        receiver = Receiver(broker, max_async_tasks=1)

        async def drive(times: int) -> float:
            start = perf_counter()
            for _ in range(times):
                await receiver.callback(raw)
                broker.result_backend.results.clear()
            return (perf_counter() - start) / times * 1e6

        return lambda times: loop.run_until_complete(drive(times))

    bundled = PrometheusMiddleware(metrics_path=Path(tempfile.mkdtemp()))  # which decides how prometheus_client counts
    turns = {BARE: turn(None, None), "the bundled Prometheus middleware": turn(bundled, None)}
    return turns | {name: turn(None, service) for name, service in OURS.items()}


LIBRARIES: dict[str, Callable[[], dict[str, Turn]]] = {
    "celery": celery_turns,
    "dramatiq": dramatiq_turns,
    "taskiq": taskiq_turns,
}


def compare(library: str, rounds: int, jobs: int) -> dict[str, float]:
    """One process' medians: the bare job, and what each contestant adds to it."""
    turns = LIBRARIES[library]()
    for turn in turns.values():
        turn(200)
    bare: list[float] = []
    added: dict[str, list[float]] = {name: [] for name in turns if name != BARE}
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        order = list(turns)
        random.shuffle(order)
        took = {name: turns[name](jobs) for name in order}
        bare.append(took[BARE])
        for name in added:
            added[name].append(took[name] - took[BARE])
    check(200 + rounds * jobs)
    return {BARE: median(bare)} | {name: median(values) for name, values in added.items()}


def main() -> None:
    """Measure in fresh processes and print a table for each library."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="fewer rounds and processes: a look, not a measurement")
    parser.add_argument("--library", choices=sorted(LIBRARIES), help=argparse.SUPPRESS)
    given = parser.parse_args()
    rounds, jobs, processes = (7, 1_000, 1) if given.short else (15, 3_000, 3)
    if given.library:
        print(json.dumps(compare(given.library, rounds, jobs)))
        return
    for library in LIBRARIES:
        command = [sys.executable, __file__, "--library", library, *(["--short"] if given.short else [])]
        runs = [
            json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
            for _ in range(processes)
        ]
        found = {name: median(run[name] for run in runs) for name in runs[0]}
        ours = found[PARAPET]
        print(f"\n{library}, microseconds a job (added to the bare job; times Parapet)")
        for name, value in found.items():
            bar = BARS_MICROSECONDS.get((library, name))
            verdict = "" if bar is None else f"  bar {bar:g}: {'held' if value <= bar else 'MISSED'}"
            ratio = "" if name == BARE else f"  {value / ours:5.1f} x"
            print(f"  {name:<42}{value:8.2f}{ratio}{verdict}")


if __name__ == "__main__":
    main()
