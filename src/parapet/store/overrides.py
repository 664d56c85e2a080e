"""Who stands in for whom, for a while."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from parapet.response.rotation import Override
from parapet.store.schema_calls import overrides as table


class OverrideRows:
    """The overrides, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, override: Override, *, by: str, now: datetime) -> int:
        """Keep one; its number."""
        row = {
            "rotation": override.rotation,
            "person": override.person,
            "start_at": override.start,
            "end_at": override.end,
            "reason": override.reason,
            "by": by,
            "recorded_at": now,
        }
        number: int = self._connection.execute(insert(table).values(**row).returning(table.c.id)).scalar_one()
        return number

    def remove(self, number: int) -> bool:
        """Take one back; False if there is none."""
        return self._connection.execute(delete(table).where(table.c.id == number)).rowcount == 1

    def current(self, now: datetime) -> list[tuple[int, Override]]:
        """Those that hold or will, with their numbers, in the order in which they were given."""
        rows = self._connection.execute(select(table).where(table.c.end_at > now)).mappings()
        return [
            (
                row["id"],
                Override(
                    rotation=row["rotation"],
                    person=row["person"],
                    start=row["start_at"],
                    end=row["end_at"],
                    reason=row["reason"],
                ),
            )
            for row in sorted(rows, key=lambda row: int(row["id"]))
        ]
