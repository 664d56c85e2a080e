"""Requests that name themselves: what was done for each, so that one sent again is not done again."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from parapet.core.types import IncidentId
from parapet.store.schema import requests as table

REMEMBERED = timedelta(days=7)


class RequestRows:
    """The requests, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def done(self, key: str) -> tuple[str, IncidentId] | None:
        """What the request *key* asked for, as a digest, and the incident that came of it; None: it was not done."""
        row = self._connection.execute(select(table.c.digest, table.c.incident_id).where(table.c.key == key)).first()
        return None if row is None else (row.digest, IncidentId(row.incident_id))

    def add(self, key: str, digest: str, incident_id: IncidentId, *, now: datetime) -> None:
        """Remember that it is done, and forget those that nobody sends again.

        Raises:
            Conflict: the same request was done at the same moment.
        """
        row = {"key": key, "digest": digest, "incident_id": incident_id, "done_at": now}
        self._connection.execute(insert(table).values(**row))
        self._connection.execute(delete(table).where(table.c.done_at < now - REMEMBERED))
