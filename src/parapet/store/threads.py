"""What channels keep of an incident, so that it has one post in each: which post it is. No secrets."""

from __future__ import annotations

from sqlalchemy import Connection, select

from parapet.core.types import IncidentId, JsonObject
from parapet.store.dialect import upsert
from parapet.store.schema_calls import threads as table


class ThreadRows:
    """The threads, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, incident_id: IncidentId, channel: str, recipient: str | None) -> JsonObject:
        """What *channel* kept of an incident; empty if it never did."""
        kept: JsonObject | None = self._connection.execute(
            select(table.c.kept).where(
                table.c.incident_id == incident_id, table.c.channel == channel, table.c.recipient == (recipient or "")
            )
        ).scalar_one_or_none()
        return kept or {}

    def keep(self, incident_id: IncidentId, channel: str, recipient: str | None, kept: JsonObject) -> None:
        """Keep it for the next time."""
        row = {"incident_id": incident_id, "channel": channel, "recipient": recipient or "", "kept": kept}
        upsert(self._connection, table, row, key=("incident_id", "channel", "recipient"), update=("kept",))
