"""Runbooks that were in force, each version once; and when automatic steps are due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, and_, insert, select, update

from parapet.core.types import IncidentId, JsonObject
from parapet.response.runbook import Runbook, from_json, to_json
from parapet.store.bulk import add_rows
from parapet.store.rows import Row
from parapet.store.schema import incidents
from parapet.store.schema_actions import automatic, in_force, runbooks

UNRESOLVED = incidents.c.state != "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An automatic step whose time has come."""

    incident_id: IncidentId
    capability: str
    due_at: datetime
    tripped_at: datetime | None


class RunbookRows:
    """Runbooks in force, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put_in_force(self, books: Mapping[IncidentId, Sequence[Runbook]], *, now: datetime) -> None:
        """Say which version of which runbooks is in force for incidents that are new in this transaction.

        Raises:
            Conflict: somebody else kept the same version for the first time at the same moment.
        """
        distinct = {id(book): book for each in books.values() for book in each}  # ten thousand incidents share few
        of_each = {number: book.digest for number, book in distinct.items()}
        versions = {of_each[number]: book for number, book in distinct.items()}
        if not versions:
            return
        known = set(
            self._connection.execute(select(runbooks.c.digest).where(runbooks.c.digest.in_(versions))).scalars()
        )
        fresh = [
            {"digest": digest, "name": book.name, "body": to_json(book), "first_seen_at": now}
            for digest, book in sorted(versions.items())
            if digest not in known
        ]
        if fresh:
            self._connection.execute(insert(runbooks), fresh)
        rows: list[Row] = [
            {"incident_id": number, "name": book.name, "digest": of_each[id(book)], "place": place}
            for number, each in books.items()
            for place, book in enumerate({book.name: book for book in each}.values())
        ]
        add_rows(self._connection, in_force, rows)
        due = {(number, name) for number, each in books.items() for book in each for name in book.automatic}
        add_rows(
            self._connection,
            automatic,
            [{"incident_id": number, "capability": name, "due_at": now} for number, name in sorted(due)],
        )

    def of(self, incident_id: IncidentId) -> tuple[Runbook, ...]:
        """The runbooks that were in force when the incident opened, in their order."""
        wanted = select(runbooks.c.body).join(in_force, in_force.c.digest == runbooks.c.digest)
        rows = self._connection.execute(wanted.where(in_force.c.incident_id == incident_id).order_by(in_force.c.place))
        return tuple(from_json(cast("JsonObject", body)) for body in rows.scalars())

    def due(self, now: datetime, limit: int) -> tuple[Due, ...]:
        """Automatic steps of unresolved incidents whose time has come, those that waited longest first."""
        wanted = select(automatic).join(incidents, incidents.c.id == automatic.c.incident_id)
        found = wanted.where(automatic.c.due_at <= now, UNRESOLVED).order_by(automatic.c.due_at).limit(limit)
        return tuple(
            Due(
                incident_id=IncidentId(row["incident_id"]),
                capability=row["capability"],
                due_at=row["due_at"],
                tripped_at=row["tripped_at"],
            )
            for row in self._connection.execute(found).mappings()
        )

    def take_turn(self, due: Due, *, later: datetime) -> bool:
        """Make it due again at *later*; False: somebody else took this turn."""
        mine = and_(
            automatic.c.incident_id == due.incident_id,
            automatic.c.capability == due.capability,
            automatic.c.due_at == due.due_at,
        )
        return self._connection.execute(update(automatic).where(mine).values(due_at=later)).rowcount == 1

    def say(self, due: Due, said: str, *, tripped_at: datetime | None) -> bool:
        """Keep what became of a turn; False: the breaker's state is what it was."""
        mine = and_(automatic.c.incident_id == due.incident_id, automatic.c.capability == due.capability)
        before = self._connection.execute(select(automatic.c.tripped_at).where(mine)).scalar_one_or_none()
        self._connection.execute(update(automatic).where(mine).values(said=said, tripped_at=tripped_at))
        return (before is None) != (tripped_at is None)

    def said(self, incident_id: IncidentId) -> dict[str, tuple[datetime, str | None]]:
        """Of each automatic step: when it is tried next, and what became of it last."""
        rows = self._connection.execute(select(automatic).where(automatic.c.incident_id == incident_id)).mappings()
        return {row["capability"]: (row["due_at"], row["said"]) for row in rows}
