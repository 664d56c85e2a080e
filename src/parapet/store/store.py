"""The evidence store: transactions over one database. Every difference between databases is in `dialect`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from threading import Event, local
from typing import Any, TypeVar
from weakref import finalize

from sqlalchemy import Connection, Engine, Select, select

from parapet.core.errors import Conflict, EvidenceUnavailable
from parapet.core.types import IncidentId
from parapet.store import verify
from parapet.store.approvals import ApprovalRows
from parapet.store.backlogs import BacklogRows
from parapet.store.changes import ChangeRows
from parapet.store.dialect import connect, lock_keys, reading, server_time, undisturbed
from parapet.store.entries import Entries
from parapet.store.episodes import Episodes
from parapet.store.errors import Boundary
from parapet.store.escalations import EscalationRows
from parapet.store.inbox import InboxRows
from parapet.store.incidents import Incidents
from parapet.store.items import ItemRows
from parapet.store.looks import LookRows
from parapet.store.maintenances import MaintenanceRows
from parapet.store.measurements import MeasurementRows
from parapet.store.mirrors import MirrorRows
from parapet.store.outbox import OutboxRows
from parapet.store.overrides import OverrideRows
from parapet.store.probes import ProbeRows
from parapet.store.records import AuditRows, Heartbeats, RetrospectiveRows
from parapet.store.requests import RequestRows
from parapet.store.routes import RouteRows
from parapet.store.runbooks import RunbookRows
from parapet.store.runs import PreviewRows, RunRows
from parapet.store.sightings import SightingRows
from parapet.store.threads import ThreadRows
from parapet.store.words import WordRows

T = TypeVar("T")

MAX_ATTEMPTS = 8
"""How often a transaction that lost a race is done again; each time, somebody else's succeeded."""
TRIES = 3
PAUSE_SECONDS = 0.5
"""After the first try, and twice that after the second: enough for a connection that broke."""


class Transaction:
    """One transaction: an aggregate each. It commits when its block ends, and not if that raises."""

    def __init__(self, connection: Connection) -> None:
        self.inbox = InboxRows(connection)
        self.incidents = Incidents(connection)
        self.episodes = Episodes(connection)
        self.entries = Entries(connection)
        self.changes = ChangeRows(connection)
        self.outbox = OutboxRows(connection)
        self.threads = ThreadRows(connection)
        self.escalations = EscalationRows(connection)
        self.overrides = OverrideRows(connection)
        self.looks = LookRows(connection)
        self.maintenances = MaintenanceRows(connection)
        self.audit = AuditRows(connection)
        self.retrospectives = RetrospectiveRows(connection)
        self.heartbeats = Heartbeats(connection)
        self.probes = ProbeRows(connection)
        self.items = ItemRows(connection)
        self.words = WordRows(connection)
        self.measurements = MeasurementRows(connection)
        self.routes = RouteRows(connection, self.incidents)
        self.sightings = SightingRows(connection)
        self.requests = RequestRows(connection)
        self.previews = PreviewRows(connection)
        self.runs = RunRows(connection)
        self.runbooks = RunbookRows(connection)
        self.mirrors = MirrorRows(connection)
        self.approvals = ApprovalRows(connection)
        self.backlogs = BacklogRows(connection)
        self._connection = connection

    def at_once(self, *wanted: Select[Any]) -> tuple[Any, ...]:
        """The one value that each of *wanted* asks for, in one statement."""
        return tuple(self._connection.execute(select(*(one.scalar_subquery() for one in wanted))).one())

    def clock(self) -> datetime | None:
        """What the database's own clock says; None where it has none, as SQLite."""
        return server_time(self._connection)

    def count_chains(self, incident_id: IncidentId | None = None) -> int:
        """How many entries `verify_chains` examines."""
        return verify.count(self._connection, incident_id)

    def verify_chains(
        self, incident_id: IncidentId | None = None, progress: Callable[[int], None] | None = None
    ) -> verify.Verified:
        """Recompute the chain of an incident, or every chain."""
        return verify.verify(self._connection, incident_id=incident_id, progress=progress)

    def take_turns(self, keys: Iterable[str]) -> None:
        """Wait until no other transaction that takes turns works on any of *keys*; hold them until this one ends.

        It spares the races of bodies that arrive together. Correctness rests on unique keys and revisions.
        """
        lock_keys(self._connection, keys)


class _Mine(local):
    """What reads of one thread have together."""

    stack: ExitStack | None = None
    tx: Transaction | None = None


class Store:
    """The evidence database at *url*, with a small pool of its own. Opens nothing until it is used.

    Whoever forgets to close it leaves no connection open: they go with the last who knew it.

    Raises:
        ConfigurationError: the URL names no database that Parapet speaks.
    """

    def __init__(self, url: str) -> None:
        self.engine = connect(url)
        self._mine = _Mine()
        finalize(self, _let_go, self.engine, os.getpid()).atexit = False

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """A transaction that may write.

        Raises:
            EvidenceUnavailable: the database does not answer.
            Conflict: somebody else wrote the same thing first.
            SchemaOutdated: migrations are missing.
        """
        with Boundary(), undisturbed(self.engine), self.engine.begin() as connection:
            yield Transaction(connection)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only reads, and waits for no writer.

        Raises:
            EvidenceUnavailable: the database does not answer.
            SchemaOutdated: migrations are missing.
        """
        mine = self._mine
        with Boundary():
            if mine.stack is None:
                with ExitStack() as alone:
                    yield self._opened(alone)
                return
            if mine.tx is None:
                mine.tx = self._opened(mine.stack)
            yield mine.tx

    @contextmanager
    def together(self) -> Iterator[None]:
        """Within the block all reads of this thread are one transaction, begun by the first: of one moment."""
        mine = self._mine
        if mine.stack is not None:
            yield
            return
        with Boundary(), ExitStack() as mine.stack:
            try:
                yield
            finally:
                mine.stack = mine.tx = None

    def _opened(self, stack: ExitStack) -> Transaction:
        """A transaction that only reads, until *stack* closes."""
        stack.enter_context(undisturbed(self.engine))
        return Transaction(stack.enter_context(reading(self.engine)))

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Do *work* in a transaction, again from the start whenever it loses a race.

        Raises:
            EvidenceUnavailable: the database does not answer.
            Conflict: it lost MAX_ATTEMPTS races in a row.
            SchemaOutdated: migrations are missing.
        """
        for _ in range(MAX_ATTEMPTS - 1):
            try:
                with self.begin() as tx:
                    return work(tx)
            except Conflict:
                continue
        with self.begin() as tx:
            return work(tx)

    def insist(
        self, work: Callable[[Transaction], T], *, tries: int = TRIES, pause_seconds: float = PAUSE_SECONDS
    ) -> T:
        """Do *work*, which may be done twice, in a transaction; again after a pause if the database does not answer.

        For what is known and would be lost: whether a message was told, how a run of a capability ended.

        Raises:
            EvidenceUnavailable: the database did not answer *tries* times.
            Conflict: it lost MAX_ATTEMPTS races in a row.
            SchemaOutdated: migrations are missing.
        """
        for attempt in range(1, tries):
            try:
                return self.transact(work)
            except EvidenceUnavailable:
                Event().wait(pause_seconds * attempt)
        return self.transact(work)

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


def _let_go(engine: Engine, owner: int) -> None:
    """Give back the connections of *engine*, in the process that opened them: a forked child shares them."""
    engine.dispose(close=os.getpid() == owner)
