"""Three small tables: who did what (audit), what was learned (retrospectives), who is alive (heartbeats)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, Select, delete, func, insert, select, update

from parapet.core.part import Part, Place
from parapet.core.types import Actor, IncidentId, JsonObject
from parapet.store.bulk import add_rows
from parapet.store.dialect import upsert
from parapet.store.keyset import Keyset
from parapet.store.rows import actor_columns
from parapet.store.schema import audit, heartbeats, retrospectives

NEWEST = Keyset(audit.c.id, latest=True)
REDACTED_WORDS = "[redacted]"
"""What is left of a reason that was taken out."""
REMEMBERED = timedelta(days=7)
"""How long a heartbeat is kept after the last beat."""


class AuditRows:
    """The audit, within one transaction. Rows are never changed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        *,
        actor: Actor,
        verb: str,
        target: str,
        outcome: str,
        now: datetime,
        reason: str | None = None,
        details: JsonObject | None = None,
    ) -> None:
        """Write down that *actor* did, or was refused, *verb* on *target*."""
        row = {"recorded_at": now, "verb": verb, "target": target, "outcome": outcome, "reason": reason}
        self._connection.execute(insert(audit), row | {"details": details or {}} | actor_columns(actor))

    def add_done(self, done: Mapping[str, JsonObject], *, actor: Actor, verb: str, now: datetime) -> None:
        """Write down that *actor* did *verb* on many targets, each with its details."""
        shared = {"recorded_at": now, "verb": verb, "outcome": "done", "reason": None} | actor_columns(actor)
        rows = [shared | {"target": target, "details": details} for target, details in done.items()]
        add_rows(self._connection, audit, rows)

    def redact(self, target: str, reason: str) -> int:
        """Take *reason* out wherever it was given for something done to *target*; how often it was there."""
        mine = update(audit).where(audit.c.target == target, audit.c.reason == reason)
        return self._connection.execute(mine.values(reason=REDACTED_WORDS)).rowcount

    def page(
        self,
        *,
        target: str | None = None,
        actor: str | None = None,
        before: Place | None = None,
        after: Place | None = None,
        limit: int = 50,
    ) -> Part[JsonObject]:
        """What was done, newest first; those rows older, or newer, than a number.

        Raises:
            MalformedPayload: there is no such place in this list.
        """
        wanted = select(audit)
        if target is not None:
            wanted = wanted.where(audit.c.target == target)
        if actor is not None:
            wanted = wanted.where(audit.c.actor_name == actor)
        return NEWEST.page(self._connection, wanted, _done, limit=limit, behind=before, ahead=after)

    def began_at(self) -> datetime | None:
        """When the first row was written; None when there is none."""
        first = select(func.min(audit.c.id)).scalar_subquery()
        wanted = select(audit.c.recorded_at).where(audit.c.id == first)
        began: datetime | None = self._connection.execute(wanted).scalar_one_or_none()
        return began

    def newest(self) -> int:
        """The number of the last row; 0 when there is none."""
        newest: int | None = self._connection.execute(select(func.max(audit.c.id))).scalar_one()
        return newest or 0

    def of(self, target: str) -> list[JsonObject]:
        """What was done to *target*, oldest first."""
        rows = self._connection.execute(select(audit).where(audit.c.target == target).order_by(audit.c.id)).mappings()
        return list(map(_done, rows))


def _done(row: RowMapping) -> JsonObject:
    return {**row, "recorded_at": row["recorded_at"].isoformat()}


class RetrospectiveRows:
    """The retrospectives, within one transaction: one per resolution."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, incident_id: IncidentId, incident_version: int, body: JsonObject, *, now: datetime) -> None:
        """Keep what was composed when the incident resolved at this version."""
        row = {"incident_id": incident_id, "incident_version": incident_version, "composed_at": now, "body": body}
        self._connection.execute(insert(retrospectives).values(**row))

    def forget(self, incident_id: IncidentId) -> bool:
        """Drop those of an incident, to compose them again from what may still be said; False if there were none."""
        mine = delete(retrospectives).where(retrospectives.c.incident_id == incident_id)
        return self._connection.execute(mine).rowcount > 0

    def latest(self, incident_id: IncidentId) -> JsonObject | None:
        """The newest one of an incident."""
        table = retrospectives
        wanted = select(table.c.body).where(table.c.incident_id == incident_id)
        body: JsonObject | None = self._connection.execute(
            wanted.order_by(table.c.incident_version.desc()).limit(1)
        ).scalar_one_or_none()
        return body


class Heartbeats:
    """Signs of life, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def beat(self, name: str, *, now: datetime, took_seconds: float, about: JsonObject | None = None) -> None:
        """*name* is alive now; its last round took so long, and it is what *about* says."""
        row = {"name": name, "beat_at": now, "took_seconds": took_seconds, "about": about}
        upsert(self._connection, heartbeats, row, key=("name",), update=("beat_at", "took_seconds", "about"))
        # Every start of a worker has a name of its own; those long silent are forgotten.
        self._connection.execute(delete(heartbeats).where(heartbeats.c.beat_at < now - REMEMBERED))

    def turn(self, name: str, *, now: datetime, every: timedelta) -> bool:
        """Whether it is time for *name* again, and nobody else took this turn."""
        mine = update(heartbeats).where(heartbeats.c.name == name, heartbeats.c.beat_at <= now - every)
        if self._connection.execute(mine.values(beat_at=now)).rowcount == 1:
            return True
        known = self._connection.execute(select(heartbeats.c.name).where(heartbeats.c.name == name)).first()
        if known is None:
            self._connection.execute(insert(heartbeats), {"name": name, "beat_at": now, "took_seconds": 0.0})
        return known is None

    def about(self, prefix: str) -> list[tuple[str, datetime, JsonObject]]:
        """Everybody whose name starts with *prefix* and who says something about itself: name, last beat, and that."""
        wanted = select(heartbeats.c.name, heartbeats.c.beat_at, heartbeats.c.about)
        mine = wanted.where(heartbeats.c.name.startswith(prefix, autoescape=True), heartbeats.c.about.is_not(None))
        return [
            (row.name, row.beat_at, row.about) for row in self._connection.execute(mine.order_by(heartbeats.c.name))
        ]

    def last(self, prefix: str) -> datetime | None:
        """The newest beat of anybody whose name starts with *prefix*."""
        return self._connection.execute(last_beat(prefix)).scalar_one()


def last_beat(prefix: str) -> Select[datetime | None]:
    """Asks for the newest beat of anybody whose name starts with *prefix*."""
    return select(func.max(heartbeats.c.beat_at)).where(heartbeats.c.name.startswith(prefix, autoescape=True))
