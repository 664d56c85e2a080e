"""Maintenance that people began or planned, and which of it has still to be told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, Select, and_, insert, or_, select, update

from parapet.core.errors import Conflict
from parapet.core.part import Part, Place
from parapet.response.maintenance import PlannedMaintenance
from parapet.store.keyset import Keyset
from parapet.store.rows import Row
from parapet.store.schema_calls import maintenances as table

NEWEST = Keyset(table.c.id, latest=True)
MOST_LIVE = 200
"""Those that run or are planned at once, in one service."""


class MaintenanceRows:
    """The maintenances, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, one: PlannedMaintenance) -> int:
        """Keep a new one; its number."""
        number: int = self._connection.execute(insert(table).values(**_row(one)).returning(table.c.id)).scalar_one()
        return number

    def get(self, service: str, number: int) -> PlannedMaintenance | None:
        """The one of that number."""
        wanted = select(table).where(table.c.id == number, table.c.service == service)
        return next(iter(self._select(wanted)), None)

    def live(self, service: str, now: datetime) -> list[PlannedMaintenance]:
        """Those that run or are planned, the next end first; what was called off has no time any more."""
        ours = select(table).where(table.c.service == service, table.c.end_at > now, table.c.end_at > table.c.start_at)
        return self._select(ours.order_by(table.c.end_at, table.c.id).limit(MOST_LIVE))

    def covering(self, service: str, moment: datetime) -> list[PlannedMaintenance]:
        """Those that ran at *moment*, even if they are over by now."""
        ours = select(table).where(table.c.service == service, table.c.start_at <= moment, table.c.end_at > moment)
        return self._select(ours.order_by(table.c.id).limit(MOST_LIVE))

    def untold(self, service: str, now: datetime, limit: int) -> list[PlannedMaintenance]:
        """Those whose beginning or end has passed and was not told, oldest first."""
        began = and_(table.c.begun.is_(False), table.c.start_at <= now)
        ended = and_(table.c.begun.is_(True), table.c.end_at <= now)
        wanted = select(table).where(table.c.service == service, table.c.over.is_(False), or_(began, ended))
        return self._select(wanted.order_by(table.c.id).limit(limit))

    def page(
        self, service: str, limit: int, *, before: Place | None = None, after: Place | None = None
    ) -> Part[PlannedMaintenance]:
        """The newest first; those with a lower, or a higher, number.

        Raises:
            MalformedPayload: there is no such place in this list.
        """
        wanted = select(table).where(table.c.service == service)
        return NEWEST.page(self._connection, wanted, _maintenance, limit=limit, behind=before, ahead=after)

    def save(self, known: PlannedMaintenance, one: PlannedMaintenance) -> None:
        """Keep how one stands now.

        Raises:
            Conflict: somebody else ended or told it since *known* was read.
        """
        saved = self._connection.execute(
            update(table)
            .where(table.c.id == known.number, table.c.end_at == known.end)
            .where(table.c.begun.is_(known.begun), table.c.over.is_(known.over))
            .values(**_row(one))
        )
        if saved.rowcount != 1:
            raise Conflict

    def _select(self, wanted: Select[tuple[object, ...]]) -> list[PlannedMaintenance]:
        return [_maintenance(row) for row in self._connection.execute(wanted).mappings()]


def _row(one: PlannedMaintenance) -> Row:
    return {
        "service": one.service,
        "what": one.what,
        "slices": list(one.slices),
        "start_at": one.start,
        "end_at": one.end,
        "reason": one.reason,
        "by": one.by,
        "planned_at": one.planned_at,
        "ended_by": one.ended_by,
        "ended_because": one.ended_because,
        "begun": one.begun,
        "over": one.over,
    }


def _maintenance(row: RowMapping) -> PlannedMaintenance:
    slices: Sequence[str] = row["slices"]
    return PlannedMaintenance(
        number=row["id"],
        service=row["service"],
        what=row["what"],
        slices=tuple(slices),
        start=row["start_at"],
        end=row["end_at"],
        reason=row["reason"],
        by=row["by"],
        planned_at=row["planned_at"],
        ended_by=row["ended_by"],
        ended_because=row["ended_because"],
        begun=row["begun"],
        over=row["over"],
    )
