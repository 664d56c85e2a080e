"""What measuring a job costs, in the process that runs it: bare, Parapet, and what others do, one beside the other.

Run as `python benchmarks/signals/jobs.py [--short]`, or with the interpreter that `scripts/make-env jobpeers` prints.
Every contestant meets the bare job in processes of their own, as `steady.py` says; printed is the median over
processes. Jobs do nothing and no broker is asked, so that nearly all of the time is the library's own code. Libraries
that fork a process or ask a database for every job are not here: what is measured here is lost beside that. Ratios
travel between machines, microseconds do not.
"""

# ruff: noqa: E402

from __future__ import annotations

import sys
from pathlib import Path

# A script's folder comes first when modules are looked up, where `http.py` would hide the standard library's.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import argparse
import asyncio
import json
import logging
import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.signals.steady import CALLS_BEFORE_A_SLICE, WARM_UP_CALLS, compare

from parapet.core import names
from parapet.core.clock import SystemClock
from parapet.core.vocabulary import JOB_BUCKETS_SECONDS
from parapet.signals.recorder import Recorder

BARE, PARAPET, SHARED = "bare job itself", "Parapet", "Parapet, many processes"
HOOKS, SIGNALS = "a base class with two empty hooks", "two signal receivers that do nothing"
BY_HAND = "signals by hand, durations by state"
EVENTS = "task events, as celery-exporter needs"
BUNDLED, EMPTY = "the bundled Prometheus middleware", "a middleware that does nothing"
COROUTINES = "the same, of coroutines"
OPENTELEMETRY, BUNDLED_OPENTELEMETRY = "OpenTelemetry's instrumentation", "the bundled OpenTelemetry middleware"
CALLS = 40
NAME, QUEUE = "bench.job", "default"
BARS_MICROSECONDS = {
    ("celery", PARAPET): 5.0,
    ("celery", SHARED): 5.0,
    ("dramatiq", PARAPET): 2.0,
    ("dramatiq", SHARED): 2.0,
}

TELEMETRY = all(find_spec(f"opentelemetry.{part}") for part in ("sdk", "instrumentation"))
"""Whether OpenTelemetry is beside us; without it, it takes no part."""

Turn = Callable[[int], None]
"""Runs so many jobs."""


@dataclass
class Service:
    """As much of a Parapet as an integration needs."""

    recorder: Recorder = field(default_factory=Recorder)
    clock: SystemClock = field(default_factory=SystemClock)


OURS = {PARAPET: Service(), SHARED: Service(Recorder(multiprocess_dir=tempfile.mkdtemp()))}
"""One that counts in its own memory, and one that counts into a directory with others."""


def check(name: str, expected: int) -> None:
    """Exit unless the contestant, if it is one of ours, counted every job, and how long it had waited.

    Raises:
        SystemExit: some were not.
    """
    lines = OURS[name].recorder.render().decode().splitlines() if name in OURS else []
    for metric in (names.JOB_DURATION, names.JOB_WAIT) if lines else ():
        counted = sum(int(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{metric}_count"))
        if counted != expected:
            raise SystemExit(f"{name} counted {counted} of {expected} jobs in {metric}.")


def repeated(job: Callable[[], object]) -> Turn:
    """*job*, so many times."""

    def run(times: int) -> None:
        for _ in range(times):
            job()

    return run


def with_meters() -> None:
    """OpenTelemetry records what it is told, and keeps it until somebody reads; traces are off."""
    from opentelemetry.metrics import set_meter_provider
    from opentelemetry.sdk.metrics import MeterProvider  # type: ignore[import-not-found, unused-ignore]
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # type: ignore[import-not-found, unused-ignore]

    set_meter_provider(MeterProvider(metric_readers=[InMemoryMetricReader()]))


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

        def run(times: int) -> None:
            for kind, receiver in receivers:
                kind.connect(receiver, weak=False)
            trace = task.__trace__
            try:
                for _ in range(times):
                    trace("1", (), {}, request.copy())
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

    def with_events(task: Any) -> Turn:
        """As a prefork worker sends them: gathered by two dozen, about a task that was received, began and ended."""
        sender = task.app.events.Dispatcher(task.app.connection(), hostname="bench@here", buffer_group=["task"])
        run = turn(task)
        received = {"name": NAME, "args": "()", "kwargs": "{}", "root_id": "1", "parent_id": None, "retries": 0}

        def one() -> None:
            sender.send("task-received", uuid="1", eta=None, expires=None, **received)
            sender.send("task-started", uuid="1")
            run(1)
            sender.send("task-succeeded", uuid="1", result="None", runtime=0.0)

        return repeated(one)

    def with_opentelemetry(task: Any) -> Turn:
        """Two receivers, by which a span begins and ends, and the run time is recorded."""
        from opentelemetry.instrumentation.celery import (  # type: ignore[import-not-found, unused-ignore]
            CeleryInstrumentor,
        )

        with_meters()
        telemetry = CeleryInstrumentor()
        telemetry.instrument()
        telemetry.uninstrument()  # the bare job beside it must not meet its receivers
        return turn(
            task,
            ((signals.task_prerun, telemetry._trace_prerun), (signals.task_postrun, telemetry._trace_postrun)),
        )

    plain = application()
    ours = {name: turn(application(service=service)) for name, service in OURS.items()}
    turns = {
        BARE: turn(plain),
        **ours,
        HOOKS: turn(application(Hooks)),
        SIGNALS: turn(plain, ((signals.task_prerun, ignore), (signals.task_postrun, ignore))),
        BY_HAND: turn(plain, ((signals.task_prerun, begin), (signals.task_postrun, end))),
        EVENTS: with_events(application()),
    }
    return turns | ({OPENTELEMETRY: with_opentelemetry(application())} if TELEMETRY else {})


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

        return repeated(process)

    turns = {kind: turn(kind, None) for kind in (BARE, BUNDLED, EMPTY)}  # BUNDLED decides how prometheus_client counts
    return turns | {name: turn(name, service) for name, service in OURS.items()}


def taskiq_turns() -> dict[str, Turn]:
    """Taskiq: a receiver's callback, with the middleware that Taskiq brings along."""
    from taskiq import InMemoryBroker, TaskiqMessage, TaskiqMiddleware, TaskiqResult
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

        async def drive(times: int) -> None:
            for _ in range(times):
                await receiver.callback(raw)
                broker.result_backend.results.clear()

        return lambda times: loop.run_until_complete(drive(times))

    class Hooks(TaskiqMiddleware):
        def pre_execute(self, message: TaskiqMessage) -> TaskiqMessage:
            return message

        def post_execute(self, message: TaskiqMessage, result: TaskiqResult[Any]) -> None:
            pass

    class Coroutines(TaskiqMiddleware):
        async def pre_execute(self, message: TaskiqMessage) -> TaskiqMessage:
            return message

        async def post_execute(self, message: TaskiqMessage, result: TaskiqResult[Any]) -> None:
            pass

    bundled = PrometheusMiddleware(metrics_path=Path(tempfile.mkdtemp()))  # which decides how prometheus_client counts
    turns = {BARE: turn(None, None), BUNDLED: turn(bundled, None), EMPTY: turn(Hooks(), None)}
    turns[COROUTINES] = turn(Coroutines(), None)
    if TELEMETRY:
        from taskiq.middlewares.opentelemetry_middleware import OpenTelemetryMiddleware

        with_meters()
        turns[BUNDLED_OPENTELEMETRY] = turn(OpenTelemetryMiddleware(), None)
    return turns | {name: turn(None, service) for name, service in OURS.items()}


CONTESTANTS = {
    "celery": (PARAPET, SHARED, HOOKS, SIGNALS, BY_HAND, EVENTS, OPENTELEMETRY),
    "dramatiq": (PARAPET, SHARED, BUNDLED, EMPTY),
    "taskiq": (PARAPET, SHARED, BUNDLED, EMPTY, COROUTINES, BUNDLED_OPENTELEMETRY),
}
LIBRARIES: dict[str, Callable[[], dict[str, Turn]]] = {
    "celery": celery_turns,
    "dramatiq": dramatiq_turns,
    "taskiq": taskiq_turns,
}


def child(library: str, name: str, rounds: int) -> tuple[float, float]:
    """One process' figures: microseconds of the bare job, and what a contestant adds to it."""
    turns = LIBRARIES[library]()
    took = compare({one: turns[one] for one in (BARE, name)}, rounds=rounds, calls=CALLS)
    check(name, WARM_UP_CALLS + rounds * (CALLS_BEFORE_A_SLICE + CALLS))
    return took[BARE], took[name] - took[BARE]


def measured(library: str, name: str, *, short: bool) -> tuple[float, float]:
    """The median over processes."""
    rounds, processes = (100, 1) if short else (400, 3)
    command = [sys.executable, __file__, "--library", library, "--contestant", name, "--rounds", str(rounds)]
    runs = [
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])
        for _ in range(processes)
    ]
    return median(bare for bare, _ in runs), median(added for _, added in runs)


def main() -> None:
    """Measure in fresh processes and print a table for each library."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="fewer rounds and processes: a look, not a measurement")
    parser.add_argument("--only", choices=sorted(LIBRARIES), help="one library")
    parser.add_argument("--library", help=argparse.SUPPRESS)
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.contestant:
        print(json.dumps(child(given.library, given.contestant, given.rounds)))
        return
    for library in [given.only] if given.only else LIBRARIES:
        print(f"\n{library}, microseconds a job (added to the bare job; times Parapet)")
        ours = 0.0
        for name in CONTESTANTS[library]:
            if name in {OPENTELEMETRY, BUNDLED_OPENTELEMETRY} and not TELEMETRY:
                continue
            bare, value = measured(library, name, short=given.short)
            ours = ours or value  # the first
            bar = BARS_MICROSECONDS.get((library, name))
            verdict = "" if bar is None else f"  bar {bar:g}: {'held' if value <= bar else 'MISSED'}"
            print(f"  {name:<42}{value:8.2f}  to {bare:6.2f}  {value / ours:5.1f} x{verdict}", flush=True)


if __name__ == "__main__":
    main()
