"""How far each audit sink has the ledger: a cursor, moved line by line by whoever holds the lease."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, insert, or_, select, update

from parapet.store.schema_actions import mirrors as table


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """How a sink stands."""

    name: str
    cursor: int
    """The last line that it took."""
    attempts: int
    """How often the next one failed."""
    due_at: datetime
    last_error: str | None


class MirrorRows:
    """The sinks, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> Mirror | None:
        """How a sink stands; None: it was never told anything."""
        row = self._connection.execute(select(table).where(table.c.name == name)).mappings().first()
        return None if row is None else Mirror(**{each: row[each] for each in Mirror.__slots__})

    def claim(self, name: str, *, owner: str, now: datetime, until: datetime) -> int | None:
        """Take the lease of a sink that is due: its cursor. None: somebody else has it, or it is not due.

        Raises:
            Conflict: somebody else told it for the first time at the same moment.
        """
        free = or_(table.c.lease_owner.is_(None), table.c.leased_until <= now)
        mine = and_(table.c.name == name, table.c.due_at <= now, free)
        taken = self._connection.execute(update(table).where(mine).values(lease_owner=owner, leased_until=until))
        if taken.rowcount != 1 and self.get(name) is None:
            row = {"name": name, "cursor": 0, "due_at": now, "attempts": 0}
            self._connection.execute(insert(table), row | {"lease_owner": owner, "leased_until": until})
            return 0
        known = self.get(name)
        return known.cursor if known is not None and taken.rowcount == 1 else None

    def move(self, name: str, *, owner: str, to: int, until: datetime) -> bool:
        """The sink took the line *to*; False: the lease was lost meanwhile."""
        mine = and_(table.c.name == name, table.c.lease_owner == owner)
        values = {"cursor": to, "attempts": 0, "last_error": None, "leased_until": until}
        return self._connection.execute(update(table).where(mine).values(**values)).rowcount == 1

    def rest(self, name: str, *, owner: str, due_at: datetime, error: str | None) -> None:
        """Give the lease back until *due_at*."""
        mine = and_(table.c.name == name, table.c.lease_owner == owner)
        failed = table.c.attempts + (1 if error is not None else 0)
        values = {"lease_owner": None, "leased_until": None, "due_at": due_at, "attempts": failed}
        self._connection.execute(update(table).where(mine).values(**values, last_error=error))
