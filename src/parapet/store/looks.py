"""Who opened the page of which incident, by day."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, RowMapping, Select, delete, insert, select, update

from parapet.core.types import IncidentId
from parapet.response.looks import Looked
from parapet.store.schema_calls import looks as table


class LookRows:
    """The looks, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, incident_id: IncidentId, who: str, at: datetime) -> None:
        """One more look.

        Raises:
            Conflict: somebody else noted the first one of that day at the same moment.
        """
        day = at.astimezone(UTC).date().isoformat()
        mine = (table.c.incident_id == incident_id, table.c.who == who, table.c.day == day)
        again = update(table).where(*mine).values(last_at=at, times=table.c.times + 1)
        if self._connection.execute(again).rowcount == 0:
            row = {"incident_id": incident_id, "who": who, "day": day, "first_at": at, "last_at": at, "times": 1}
            self._connection.execute(insert(table).values(**row))

    def of(self, incident_id: IncidentId, limit: int) -> list[Looked]:
        """Those at one incident, the latest first."""
        mine = select(table).where(table.c.incident_id == incident_id)
        return self._select_all(mine.order_by(table.c.last_at.desc(), table.c.who).limit(limit))

    def newest(self, limit: int) -> list[Looked]:
        """The latest ones, at whatever incident."""
        return self._select_all(select(table).order_by(table.c.last_at.desc()).limit(limit))

    def forget(self, before: datetime) -> int:
        """Take out those whose last look is older; how many."""
        return self._connection.execute(delete(table).where(table.c.last_at < before)).rowcount

    def _select_all(self, wanted: Select[tuple[object, ...]]) -> list[Looked]:
        return [_looked(row) for row in self._connection.execute(wanted).mappings()]


def _looked(row: RowMapping) -> Looked:
    return Looked(
        incident_id=IncidentId(row["incident_id"]),
        who=row["who"],
        first_at=row["first_at"],
        last_at=row["last_at"],
        times=row["times"],
    )
