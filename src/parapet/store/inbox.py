"""The inbox: every body as it came, before anybody tried to understand it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from parapet.store.schema import inbox as table


class InboxState(StrEnum):
    """What became of a body."""

    WAITING = "waiting"  # stored; not yet taken in, or it failed and will be tried again
    DONE = "done"
    REJECTED = "rejected"  # it is no alert; kept so that a person can see it


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


class InboxRows:
    """The inbox, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, *, source: str, body: bytes, received_at: datetime, due_at: datetime) -> int:
        """Keep a body, waiting until somebody takes it in; the worker does from *due_at* on. Its number."""
        row = {
            "source": source,
            "received_at": received_at,
            "body": body,
            "size_bytes": len(body),
            "state": InboxState.WAITING.value,
            "attempts": 0,
            "due_at": due_at,
        }
        number: int = self._connection.execute(insert(table).values(**row).returning(table.c.id)).scalar_one()
        return number

    def due(self, now: datetime, limit: int) -> list[int]:
        """The numbers of waiting bodies that are due, oldest first."""
        wanted = select(table.c.id).where(table.c.state == InboxState.WAITING.value, table.c.due_at <= now)
        return list(self._connection.execute(wanted.order_by(table.c.id).limit(limit)).scalars())

    def get_waiting(self, number: int) -> Received | None:
        """The body *number* if it still waits."""
        wanted = select(table).where(table.c.id == number, table.c.state == InboxState.WAITING.value)
        row = self._connection.execute(wanted).mappings().first()
        return None if row is None else _received(row)

    def rejected(self, limit: int) -> list[Received]:
        """Bodies that are no alert, newest first."""
        rows = self._connection.execute(
            select(table).where(table.c.state == InboxState.REJECTED.value).order_by(table.c.id.desc()).limit(limit)
        )
        return [_received(row) for row in rows.mappings()]

    def finish(self, number: int, state: InboxState, *, now: datetime, error: str | None = None) -> bool:
        """Say what became of a body; False if somebody else said it first."""
        done = self._connection.execute(
            update(table)
            .where(table.c.id == number, table.c.state == InboxState.WAITING.value)
            .values(state=state.value, processed_at=now, error=error)
        )
        return done.rowcount == 1

    def cut(self, number: int, body: bytes) -> None:
        """Keep only *body* of what came."""
        self._connection.execute(update(table).where(table.c.id == number).values(body=body))

    def postpone(self, number: int, *, due_at: datetime, error: str) -> None:
        """It failed: try again at *due_at*."""
        self._connection.execute(
            update(table)
            .where(table.c.id == number, table.c.state == InboxState.WAITING.value)
            .values(attempts=table.c.attempts + 1, due_at=due_at, error=error)
        )

    def count(self, state: InboxState, since: datetime | None = None) -> int:
        """How many bodies are in *state*, of those received after *since*."""
        wanted = select(func.count()).select_from(table).where(table.c.state == state.value)
        if since is not None:
            wanted = wanted.where(table.c.received_at >= since)
        return self._connection.execute(wanted).scalar_one()

    def last_received_at(self) -> datetime | None:
        """When the newest body came."""
        newest: datetime | None = self._connection.execute(select(func.max(table.c.received_at))).scalar_one()
        return newest


def _received(row: RowMapping) -> Received:
    return Received(
        id=row["id"],
        source=row["source"],
        received_at=row["received_at"],
        body=bytes(row["body"]),
        size_bytes=row["size_bytes"],
        state=InboxState(row["state"]),
        attempts=row["attempts"],
        error=row["error"],
    )
