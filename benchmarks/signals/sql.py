"""What measuring a statement costs: a bare engine, Parapet, cursor events by hand, and OpenTelemetry's instrumentation.

Run as `python benchmarks/signals/sql.py [--short]`, or with the interpreter that `scripts/make-env sqlpeers` prints.
Contestants take turns in one process, in a new order every round, and each round compares with the bare engine of the
same round; printed is the median over rounds and processes. SQLite in memory answers at once, so nearly all of the
time is Python's. OpenTelemetry has no exporter here: what it adds is less than in production. Ratios travel between
machines, microseconds do not.
"""

# ruff: noqa: E402

from __future__ import annotations

import sys
from pathlib import Path

# A script's folder comes first when modules are looked up, where `http.py` would hide the standard library's.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]

import argparse
import gc
import json
import random
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from statistics import median
from time import perf_counter
from typing import Any

from prometheus_client import CollectorRegistry, Histogram
from sqlalchemy import Engine, create_engine, event, literal, select
from sqlalchemy.pool import QueuePool, StaticPool

from parapet.core.vocabulary import DB_BUCKETS_SECONDS
from parapet.integrations.sqlalchemy import instrument
from parapet.signals.recorder import Recorder

BARE, PARAPET, BY_HAND = "bare statement itself", "Parapet", "cursor events by hand, children bound once"
OPENTELEMETRY = "OpenTelemetry's instrumentation"
CHECKOUT_BARE, CHECKOUT = "bare checkout itself", "Parapet, per checkout"


@dataclass
class Service:
    """As much of a Parapet as an integration needs."""

    recorder: Recorder = field(default_factory=Recorder)


def by_hand(engine: Engine) -> None:
    """What an engineer who knows prometheus_client writes."""
    family = Histogram("seconds", "Seconds.", ("operation",), registry=CollectorRegistry(), buckets=DB_BUCKETS_SECONDS)
    observe = {verb: family.labels(verb).observe for verb in ("SELECT", "INSERT", "UPDATE", "DELETE")}

    @event.listens_for(engine, "before_cursor_execute")
    def before(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        context.started = perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def after(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        observe[statement[:6]](perf_counter() - context.started)


def memory() -> Engine:
    """An engine on a database in memory, with one connection."""
    return create_engine("sqlite://", poolclass=StaticPool)


def contestants(recorder: Recorder) -> dict[str, Engine]:
    """Every contestant's engine."""
    engines = {BARE: memory(), PARAPET: memory(), BY_HAND: memory()}
    instrument(engines[PARAPET], Service(recorder))
    by_hand(engines[BY_HAND])
    if find_spec("opentelemetry") and find_spec("opentelemetry.instrumentation"):
        from opentelemetry.instrumentation.sqlalchemy import (  # type: ignore[import-not-found, unused-ignore]
            SQLAlchemyInstrumentor,
        )

        engines[OPENTELEMETRY] = memory()
        SQLAlchemyInstrumentor().instrument(engine=engines[OPENTELEMETRY])
    return engines


def statements(engine: Engine, times: int) -> float:
    """Microseconds per statement."""
    statement = select(literal(1))
    with engine.connect() as connection:
        execute = connection.execute
        start = perf_counter()
        for _ in range(times):
            execute(statement)
        return (perf_counter() - start) / times * 1e6


def checkouts(engine: Engine, times: int) -> float:
    """Microseconds per connection taken from the pool and given back."""
    connect = engine.raw_connection
    start = perf_counter()
    for _ in range(times):
        connect().close()
    return (perf_counter() - start) / times * 1e6


def compare(
    engines: dict[str, Engine], bare: str, drive: Callable[[Engine, int], float], rounds: int, times: int
) -> dict[str, float]:
    """One process' medians: the bare engine, and what each contestant adds to it."""
    for engine in engines.values():
        drive(engine, times)
    took: dict[str, list[float]] = {name: [] for name in engines}
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        turns = list(engines)
        random.shuffle(turns)
        for name in turns:
            took[name].append(drive(engines[name], times))
    added = {
        name: median(one - base for one, base in zip(values, took[bare], strict=True)) for name, values in took.items()
    }
    return added | {bare: median(took[bare])}


def child(rounds: int, times: int) -> dict[str, float]:
    """Every row of one process."""
    recorder = Recorder()
    rows = compare(contestants(recorder), BARE, statements, rounds, times)
    counted = recorder.render().split(b'operation="select",engine="primary",outcome="success"} ')[-1].split()[0]
    if int(counted) != times * (rounds + 1):
        raise SystemExit(f"Parapet counted {int(counted)} of {times * (rounds + 1)} statements.")
    pools = {name: create_engine("sqlite://", poolclass=QueuePool) for name in (CHECKOUT_BARE, CHECKOUT)}
    instrument(pools[CHECKOUT], Service())
    return rows | compare(pools, CHECKOUT_BARE, checkouts, rounds, times)


def main() -> None:
    """Run the child processes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="one process, fewer rounds")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    rounds, times, processes = (40, 300, 1) if options.short else (150, 300, 3)
    if options.child:
        print(json.dumps(child(rounds, times)))
        return
    command = [sys.executable, __file__, "--child", *(["--short"] if options.short else [])]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(processes)
    ]
    middle: dict[str, float] = {name: median(run[name] for run in runs) for name in runs[0]}
    print(f"{processes} process(es) x {rounds} rounds x {times} statements")
    if OPENTELEMETRY not in middle:
        print(f"{OPENTELEMETRY} is not installed; it would join if it were.")
    print(f"\n{'':<46}{'added us':>10}{'of bare':>10}{'x Parapet':>11}")
    bare, ours = BARE, PARAPET
    for name, value in middle.items():
        if name in (BARE, CHECKOUT_BARE):
            bare, ours = (BARE, PARAPET) if name == BARE else (CHECKOUT_BARE, CHECKOUT)
            print(f"{name:<46}{value:>10.2f}")
        else:
            print(f"{name:<46}{value:>10.2f}{value / middle[bare]:>10.1%}{value / middle[ours]:>11.1f}")


if __name__ == "__main__":
    main()
