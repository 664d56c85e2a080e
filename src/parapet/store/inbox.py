"""The inbox: every body as it came, before anybody tried to understand it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    delete,
    func,
    literal_column,
    select,
    update,
)

from parapet.core.part import Part, Place
from parapet.store.bulk import add_numbered, among
from parapet.store.keyset import Keyset
from parapet.store.rows import LARGEST_NUMBER, Row
from parapet.store.schema import inbox as table

FORGOTTEN_AT_ONCE = 1_000
NEWEST = Keyset(table.c.id, latest=True)


class InboxState(StrEnum):
    """What became of a body."""

    WAITING = "waiting"  # stored; not yet taken in, or it failed and will be tried again
    DONE = "done"
    REJECTED = "rejected"  # it is no alert; kept so that a person can see it
    DROPPED = "dropped"  # a person gave it up


class Shelf(StrEnum):
    """Bodies to look at together."""

    WAITING = "waiting"  # not taken in yet, failing ones included
    FAILING = "failing"  # waiting, and at least one attempt failed
    REJECTED = "rejected"
    DROPPED = "dropped"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One body, as it came."""

    id: int
    source: str
    received_at: datetime
    body: bytes
    size_bytes: int
    state: InboxState
    attempts: int
    error: str | None
    due_at: datetime
    """When the worker tries again, if it waits."""
    processed_at: datetime | None

    @property
    def whole(self) -> bool:
        """All of it was kept; of what is no alert, only the beginning is."""
        return len(self.body) == self.size_bytes


class InboxRows:
    """The inbox, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, bodies: Iterable[tuple[str, bytes]], *, received_at: datetime, due_at: datetime) -> list[int]:
        """Keep bodies, each with its source, waiting until somebody takes them in; the worker does from *due_at* on.

        Their numbers, in the order given.
        """
        rows: list[Row] = [
            {
                "source": source,
                "received_at": received_at,
                "body": body,
                "size_bytes": len(body),
                "state": InboxState.WAITING.value,
                "attempts": 0,
                "due_at": due_at,
            }
            for source, body in bodies
        ]
        return add_numbered(self._connection, table, rows)

    def due(self, now: datetime, limit: int) -> list[int]:
        """The numbers of waiting bodies that are due, oldest first."""
        wanted = select(table.c.id).where(table.c.state == InboxState.WAITING.value, table.c.due_at <= now)
        return list(self._connection.execute(wanted.order_by(table.c.id).limit(limit)).scalars())

    def waiting(self, numbers: Sequence[int], most_bytes: int) -> tuple[list[Received], list[int]]:
        """Those of *numbers* that still wait, from the first on until they have *most_bytes*; and the numbers left."""
        sizes = select(table.c.id, table.c.size_bytes).where(among(self._connection, table.c.id, numbers))
        known = {row.id: row.size_bytes for row in self._connection.execute(sizes)}
        now = 0
        for number in numbers:
            now += 1
            most_bytes -= known.get(number, 0)
            if most_bytes <= 0:
                break
        first, left = list(numbers[:now]), list(numbers[now:])
        wanted = select(table).where(
            among(self._connection, table.c.id, first), table.c.state == InboxState.WAITING.value
        )
        rows = self._connection.execute(wanted.order_by(table.c.id)).mappings()
        return [_received(row) for row in rows], left

    def get_waiting(self, number: int) -> Received | None:
        """The body *number* if it still waits."""
        wanted = select(table).where(table.c.id == number, table.c.state == InboxState.WAITING.value)
        row = self._connection.execute(wanted).mappings().first()
        return None if row is None else _received(row)

    def get(self, number: int) -> Received | None:
        """The body *number*, or None."""
        if not 0 < number <= LARGEST_NUMBER:
            return None
        row = self._connection.execute(select(table).where(table.c.id == number)).mappings().first()
        return None if row is None else _received(row)

    def page(
        self, shelf: Shelf, *, before: Place | None = None, after: Place | None = None, limit: int
    ) -> Part[Received]:
        """Bodies of one shelf without what is in them, newest first; those older, or newer, than a number.

        Raises:
            MalformedPayload: there is no such place in this list.
        """
        wanted = select(*(column for column in table.c if column is not table.c.body)).where(_on(shelf))
        return NEWEST.page(self._connection, wanted, _unread, limit=limit, behind=before, ahead=after)

    def move(self, number: int, state: InboxState, *, now: datetime) -> bool:
        """Put a body that is not done into *state*, due at once; False if it is done, dropped already or not there."""
        mine = update(table).where(
            table.c.id == number, table.c.state.in_([InboxState.WAITING.value, InboxState.REJECTED.value])
        )
        return self._connection.execute(mine.values(state=state.value, due_at=now, processed_at=now)).rowcount == 1

    def finish(
        self, numbers: Collection[int], state: InboxState, *, now: datetime, error: str | None = None
    ) -> frozenset[int]:
        """Say what became of bodies; those of which nobody else said it first."""
        mine = update(table).where(
            among(self._connection, table.c.id, numbers), table.c.state == InboxState.WAITING.value
        )
        done = mine.values(state=state.value, processed_at=now, error=error).returning(table.c.id)
        return frozenset(self._connection.execute(done).scalars())

    def cut(self, number: int, body: bytes) -> None:
        """Keep only *body* of what came."""
        self._connection.execute(update(table).where(table.c.id == number).values(body=body))

    def forget(self, before: datetime) -> int:
        """Drop bodies that came earlier than *before* and wait no more; how many that were.

        A bounded number at once: call it again until it returns 0.
        """
        over = table.c.state != InboxState.WAITING.value
        newest = select(func.max(table.c.id)).scalar_subquery()  # stays: SQLite would give its number again
        old = select(table.c.id).where(table.c.received_at < before, over, table.c.id < newest)
        oldest = old.order_by(table.c.received_at).limit(FORGOTTEN_AT_ONCE)
        mine = delete(table).where(table.c.id.in_(oldest))
        return self._connection.execute(mine).rowcount

    def postpone(self, number: int, *, due_at: datetime, error: str) -> None:
        """It failed: try again at *due_at*."""
        self._connection.execute(
            update(table)
            .where(table.c.id == number, table.c.state == InboxState.WAITING.value)
            .values(attempts=table.c.attempts + 1, due_at=due_at, error=error)
        )

    def count(self, shelf: Shelf, since: datetime | None = None) -> int:
        """How many bodies are on *shelf*, of those received after *since*."""
        return self._connection.execute(counted(shelf, since)).scalar_one()

    def newest(self) -> int:
        """The number of the newest body; 0: there is none."""
        return int(self._connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one())

    def first_received_at(self) -> datetime | None:
        """When the oldest body that is kept came."""
        oldest: datetime | None = self._connection.execute(select(func.min(table.c.received_at))).scalar_one()
        return oldest

    def last_received_at(self) -> datetime | None:
        """When the newest body came."""
        return self._connection.execute(last_received()).scalar_one()


def counted(shelf: Shelf, since: datetime | None = None) -> Select[int]:
    """Asks how many bodies are on *shelf*, of those received after *since*."""
    wanted = select(func.count()).select_from(table).where(_on(shelf))
    return wanted if since is None else wanted.where(table.c.received_at >= since)


def last_received() -> Select[datetime | None]:
    """Asks when the newest body came."""
    return select(func.max(table.c.received_at))


def _on(shelf: Shelf) -> ColumnElement[bool]:
    waiting = table.c.state == literal_column(f"'{InboxState.WAITING.value}'")
    if shelf is Shelf.FAILING:
        return and_(waiting, table.c.attempts > 0)
    return waiting if shelf is Shelf.WAITING else table.c.state == literal_column(f"'{shelf.value}'")


def _unread(row: RowMapping) -> Received:
    return _received({**row, "body": b""})


def _received(row: RowMapping | Mapping[str, Any]) -> Received:
    return Received(
        id=row["id"],
        source=row["source"],
        received_at=row["received_at"],
        body=bytes(row["body"]),
        size_bytes=row["size_bytes"],
        state=InboxState(row["state"]),
        attempts=row["attempts"],
        error=row["error"],
        due_at=row["due_at"],
        processed_at=row["processed_at"],
    )
