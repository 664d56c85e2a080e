"""Four processes take a storm in and tell people, and are killed and started again at random all the while.

Only in the long form: `PARAPET_FAULTS=all`; PARAPET_SEED repeats one, PARAPET_STORM_SECONDS says how long it lasts.
"""

from __future__ import annotations

import http.client
import os
import random
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from sqlalchemy import select
from tests.conftest import ANA, PAGE, WORDS
from tests.faults.acts import TICKET
from tests.faults.conftest import ROOT
from tests.faults.laborers import laborious
from tests.faults.truth import holds

from parapet.core.errors import EvidenceError, Refused
from parapet.core.types import IncidentId
from parapet.incidents.model import EntryKind, IncidentState
from parapet.store import schema
from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from tests.conftest import Desk

STORM_SECONDS = float(os.environ.get("PARAPET_STORM_SECONDS", "120"))
DRAIN_SECONDS = 600.0
"""For leases of the dead to end, and for all that waits to be done."""
PROCESSES = 4
SENDERS = 3
BETWEEN_DEATHS_SECONDS = (0.1, 1.5)


@dataclass(kw_only=True)
class Crew:
    """The processes, and those that were killed."""

    url: str
    book: Path
    alive: dict[int, tuple[subprocess.Popen[str], int]] = field(default_factory=dict)
    """By process number: the process, and the port at which it takes bodies in."""
    killed: set[int] = field(default_factory=set)

    def start(self) -> None:
        """One more."""
        words = [sys.executable, "-m", "tests.faults.laborers", self.url, str(self.book)]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
        assert process.stdout is not None
        self.alive[process.pid] = process, int(process.stdout.readline())

    def kill(self, number: int) -> None:
        """One less."""
        process, _ = self.alive.pop(number)
        process.kill()
        process.communicate()
        self.killed.add(number)

    def teller(self) -> int:
        """Which process tells somebody at this moment: the next one that writes a line."""
        size, until = self.book.stat().st_size, monotonic() + 2
        while self.book.stat().st_size == size and monotonic() < until:
            threading.Event().wait(0.0005)
        lines = self.book.read_text().splitlines()
        return int(lines[-1].split()[1]) if lines and self.book.stat().st_size > size else 0

    def ports(self) -> list[int]:
        """Where bodies are taken in."""
        return [port for _, port in list(self.alive.values())]


@contextmanager
def at_work(url: str, book: Path) -> Iterator[Crew]:
    """So many processes; they are gone in the end."""
    crew = Crew(url=url, book=book)
    try:
        for _ in range(PROCESSES):
            crew.start()
        yield crew
    finally:
        for number in list(crew.alive):
            crew.kill(number)


def sent(crew: Crew, body: bytes, chance: random.Random) -> None:
    """As Alertmanager does: to any of them, again until one accepts it."""
    while True:
        ports = crew.ports()
        with suppress(OSError, http.client.HTTPException):
            line = http.client.HTTPConnection("127.0.0.1", chance.choice(ports or [0]), timeout=30)
            line.request("POST", "/", body)
            answer = line.getresponse().status
            line.close()
            if answer == 200:
                return
        threading.Event().wait(0.05)


@dataclass(kw_only=True)
class Storm:
    """What was sent and decided, each until it was accepted."""

    crew: Crew
    desk: Desk
    seed: int
    over: threading.Event = field(default_factory=threading.Event)
    lasting: set[str] = field(default_factory=set)
    """Slices whose trouble goes on."""
    ended: set[str] = field(default_factory=set)
    bodies: list[None] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)

    def send(self, sender: int) -> None:
        """One slice after the other fires, gets worse or is told again, and mostly ends."""
        chance, number = random.Random(self.seed * 10 + sender), 0
        while not self.over.is_set():
            name, number = f"slice-{sender}-{number}", number + 1
            began = datetime.now(UTC)

            def body(*labels: dict[str, str], end: datetime | None = None) -> bytes:
                given = [{**one, "slice": name} for one in labels]  # noqa: B023 - used in this round only
                return alertmanager_payload(
                    *(alert(one, starts_at=began, ends_at=end, annotations=WORDS) for one in given)  # noqa: B023
                )

            told = [body(TICKET), *[body(TICKET, PAGE)] * chance.choice((1, 1, 2))]
            lasts = chance.random() < 0.3
            if not lasts:
                told.append(body(TICKET, PAGE, end=datetime.now(UTC)))
            for one in told:
                sent(self.crew, one, chance)
                self.bodies.append(None)
            (self.lasting if lasts else self.ended).add(name)

    def decide(self) -> None:
        """Ana takes some, and writes what she sees; a request that got no answer is sent again under its name."""
        chance, number = random.Random(self.seed * 10 + 9), 0
        while not self.over.wait(0.1):
            with suppress(EvidenceError):
                there = self.desk.look.queue().incidents
                if not there:
                    continue
                one = chance.choice(there)
                number += 1
                self._note(one.id or 0, f"note {number} of {self.seed}")
                if chance.random() < 0.5:
                    with suppress(Refused):
                        self.desk.operator.acknowledge(
                            IncidentId(one.id or 0), actor=ANA, reason="looking", version=one.version
                        )

    def _note(self, incident: int, words: str) -> None:
        verbs = self.desk.operator.once(words, words)
        while True:
            version = self.desk.look.incident(IncidentId(incident)).incident.version
            try:
                verbs.note(IncidentId(incident), actor=ANA, text=words, version=version)
            except Refused:
                if self.over.is_set():
                    return
                continue  # it moved: somebody is faster
            self.notes.append((incident, words))
            return


def test_a_storm_of_alerts_and_of_deaths(desk: Desk, tmp_path: Path) -> None:
    """Nothing is lost and nothing is double; a message is sent again only if whoever sent it was killed before that
    could be written down."""
    seed = int(os.environ.get("PARAPET_SEED") or random.randrange(1_000_000))
    print(f"PARAPET_SEED={seed}")
    chance, book = random.Random(seed), tmp_path / "book"
    book.touch()
    mine = laborious(desk.url, book)
    with at_work(desk.url, book) as crew:
        storm = Storm(crew=crew, desk=mine, seed=seed)
        with ThreadPoolExecutor(SENDERS + 1 + PROCESSES) as pool:
            busy = [pool.submit(storm.send, number) for number in range(SENDERS)]
            busy.append(pool.submit(storm.decide))
            starting: list[Future[None]] = []
            until = monotonic() + STORM_SECONDS
            try:
                while monotonic() < until and not any(one.done() for one in busy):
                    storm.over.wait(chance.uniform(*BETWEEN_DEATHS_SECONDS))
                    victim = crew.teller() if chance.random() < 0.5 else chance.choice(sorted(crew.alive) or [0])
                    if victim in crew.alive:
                        crew.kill(victim)
                        starting.append(pool.submit(crew.start))
            finally:
                storm.over.set()
            for one in (*busy, *starting):
                one.result(DRAIN_SECONDS)
        wait_until_idle(mine, storm)
    judge(mine, storm, book, seed)
    mine.store.close()


def wait_until_idle(desk: Desk, storm: Storm) -> None:
    """Until nothing waits, and what ended was closed."""
    until = monotonic() + DRAIN_SECONDS
    while monotonic() < until:
        waits = desk.count("inbox", "state = 'waiting'"), desk.count("outbox", "state = 'waiting'")
        open_ones = {one.slice or "" for one in desk.incidents() if one.state is not IncidentState.RESOLVED}
        due = desk.count("escalations", "state = 'running' AND due_at IS NOT NULL")
        if not any(waits) and not due and not open_ones & storm.ended:
            return
        threading.Event().wait(0.5)
    raise AssertionError(f"still waits: {waits}, {due} calls, {sorted(open_ones & storm.ended)[:5]}")


def judge(desk: Desk, storm: Storm, book: Path, seed: int) -> None:
    """Hold what was sent against what is there."""
    holds(desk)
    incidents = desk.incidents()
    assert Counter(one.slice for one in incidents) == Counter(dict.fromkeys(storm.lasting | storm.ended, 1))
    assert {one.slice for one in incidents if one.state is not IncidentState.RESOLVED} == storm.lasting
    assert desk.count("episodes") == 2 * len(incidents)
    with desk.store.read() as tx:
        chronologies = {one.id: tx.entries.of(IncidentId(one.id or 0)) for one in incidents}
    written = Counter(
        (number, entry.payload["text"])
        for number, entries in chronologies.items()
        for entry in entries
        if entry.kind is EntryKind.NOTED
    )
    assert written == Counter(storm.notes)
    opened = Counter(kind for entries in chronologies.values() for kind in (one.kind for one in entries))
    assert opened[EntryKind.OPENED] == len(incidents)
    assert opened[EntryKind.RESOLVED] == len(storm.ended)
    behind = [
        (one.recorded_at - next_one.recorded_at).total_seconds()
        for entries in chronologies.values()
        for one, next_one in pairwise(entries)
        if one.recorded_at > next_one.recorded_at
    ]
    again, tellers = repeats(desk, book)
    assert all(one in storm.crew.killed for those in tellers.values() for one in those[:-1]), "told twice by the living"
    print(
        f"seed {seed}: {len(storm.crew.killed)} deaths, {len(storm.bodies)} bodies, {len(incidents)} incidents, "
        f"{sum(map(len, chronologies.values()))} entries, {len(storm.notes)} notes, {len(tellers)} messages, "
        f"{again} sent once more, {len(behind)} entries {max(behind, default=0.0):.3f} s behind the one before"
    )


def repeats(desk: Desk, book: Path) -> tuple[int, dict[str, list[int]]]:
    """How many messages were sent more than once, and which processes sent each; all that are kept were sent."""
    tellers: dict[str, list[int]] = defaultdict(list)
    for line in book.read_text().splitlines():
        number, process, *_ = line.split()
        tellers[number].append(int(process))
    outbox = schema.outbox.c
    with desk.store.engine.connect() as connection:
        kept = {row.id: row.state for row in connection.execute(select(outbox.id, outbox.state))}
        twice = Counter(connection.execute(select(outbox.dedupe_key)).scalars())
    assert max(twice.values(), default=1) == 1
    assert set(tellers) <= set(kept), "told, and not kept"
    silent = {number for number, state in kept.items() if number not in tellers}
    assert {kept[number] for number in silent} <= {"withheld"}, "not told"
    return sum(len(those) > 1 for those in tellers.values()), tellers
