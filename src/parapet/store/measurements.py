"""Which series are still to be asked for: wanted in the commit that made them worth keeping, taken by lease."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update

from parapet.core.types import IncidentId
from parapet.incidents.measured import Moment
from parapet.store.bulk import add_rows
from parapet.store.rows import Row
from parapet.store.schema import measurements as table


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One series that is to be asked for."""

    incident_id: IncidentId
    incident_version: int
    moment: Moment
    until_at: datetime
    """When the series ends."""
    due_at: datetime
    attempts: int


class MeasurementRows:
    """What is still to be measured, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def want(self, wanted: Iterable[tuple[IncidentId, int, Moment]], *, now: datetime) -> None:
        """Have the series up to *now* asked for: of each incident, at its version, around the moment."""
        rows: list[Row] = [
            {"incident_id": number, "incident_version": version, "moment": moment.value}
            | {"until_at": now, "due_at": now, "attempts": 0}
            for number, version, moment in wanted
        ]
        add_rows(self._connection, table, rows)

    def due(self, now: datetime, limit: int) -> list[Wanted]:
        """What is due, longest overdue first."""
        rows = self._connection.execute(
            select(table).where(table.c.due_at <= now).order_by(table.c.due_at).limit(limit)
        )
        return [Wanted(**row | {"moment": Moment(row["moment"])}) for row in map(dict, rows.mappings())]

    def take(self, wanted: Wanted, until: datetime) -> bool:
        """Have it until then: due again afterwards, one attempt later. False: somebody else was faster."""
        mine = update(table).where(_this(wanted)).values(due_at=until, attempts=wanted.attempts + 1)
        return self._connection.execute(mine).rowcount == 1

    def postpone(self, wanted: Wanted, due_at: datetime) -> None:
        """Make it due at *due_at*, unless somebody else has it by now."""
        self._connection.execute(update(table).where(_this(wanted)).values(due_at=due_at))

    def finish(self, wanted: Wanted) -> bool:
        """It is done, or given up; False: somebody else has it."""
        return self._connection.execute(delete(table).where(_this(wanted))).rowcount == 1


def _this(wanted: Wanted) -> ColumnElement[bool]:
    return and_(
        table.c.incident_id == wanted.incident_id,
        table.c.incident_version == wanted.incident_version,
        table.c.moment == wanted.moment.value,
        table.c.attempts == wanted.attempts,
    )
