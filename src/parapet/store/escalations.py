"""How the escalation of each incident stands, and which is due. What is decided is written in one commit with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from parapet.core.codec import decode, encode
from parapet.core.errors import Conflict
from parapet.core.types import IncidentId
from parapet.response.escalation import Escalation, EscalationPolicy, EscalationState
from parapet.store.rows import Row
from parapet.store.schema_calls import escalations as table


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptEscalation:
    """An escalation as it was read."""

    incident_id: IncidentId
    escalation: Escalation
    version: int


class EscalationRows:
    """The escalations, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, incident_id: IncidentId) -> KeptEscalation | None:
        """That of an incident; None: no policy was for it."""
        row = self._connection.execute(select(table).where(table.c.incident_id == incident_id)).mappings().first()
        return None if row is None else _kept(row)

    def add(self, incident_id: IncidentId, escalation: Escalation) -> None:
        """Keep a new one.

        Raises:
            Conflict: the incident has one.
        """
        policy = encode(escalation.policy)
        self._connection.execute(
            insert(table).values(incident_id=incident_id, policy=policy, version=1, **_standing(escalation))
        )

    def save(self, kept: KeptEscalation, escalation: Escalation) -> None:
        """Keep how it stands now.

        Raises:
            Conflict: somebody else moved it since it was read.
        """
        saved = self._connection.execute(
            update(table)
            .where(table.c.incident_id == kept.incident_id, table.c.version == kept.version)
            .values(version=kept.version + 1, **_standing(escalation))
        )
        if saved.rowcount != 1:
            raise Conflict

    def take_due(self, now: datetime, limit: int) -> list[KeptEscalation]:
        """Those that are due, longest first, and that no other transaction works on: nobody else gets them."""
        wanted = select(table).where(table.c.due_at <= now).order_by(table.c.due_at, table.c.incident_id).limit(limit)
        rows = self._connection.execute(wanted.with_for_update(skip_locked=True)).mappings()
        return [_kept(row) for row in rows]

    def due(self, now: datetime, limit: int) -> list[IncidentId]:
        """The incidents whose escalation is due, longest first."""
        wanted = select(table.c.incident_id).where(table.c.due_at <= now)
        found = self._connection.execute(wanted.order_by(table.c.due_at, table.c.incident_id).limit(limit)).scalars()
        return [IncidentId(number) for number in found]

    def put_off(self, incident_id: IncidentId, *, now: datetime, seconds: float) -> None:
        """Look at it again later: it could not be decided."""
        later = update(table).where(table.c.incident_id == incident_id, table.c.due_at <= now)
        self._connection.execute(later.values(due_at=now + timedelta(seconds=seconds), version=table.c.version + 1))

    def page(self, *, limit: int, before: int | None = None) -> list[KeptEscalation]:
        """The newest incidents' first; *before*: only those of incidents with a lower number."""
        wanted = select(table).order_by(table.c.incident_id.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(table.c.incident_id < before)
        return [_kept(row) for row in self._connection.execute(wanted).mappings()]

    def count_due(self, before: datetime) -> int:
        """How many were due before that."""
        return self._connection.execute(
            select(func.count()).select_from(table).where(table.c.due_at < before)
        ).scalar_one()


def _standing(escalation: Escalation) -> Row:
    return {
        "state": escalation.state.value,
        "step": escalation.step,
        "round": escalation.round,
        "run": escalation.run,
        "due_at": escalation.due_at,
        "started_at": escalation.started_at,
        "held": escalation.held,
        "suppressed_until": escalation.suppressed_until,
        "suppressed_by": escalation.suppressed_by,
        "lapsed_ack_at": escalation.lapsed_ack_at,
    }


def _kept(row: RowMapping) -> KeptEscalation:
    values = {name: row[name] for name in _NAMES}
    escalation = Escalation(
        policy=decode(EscalationPolicy, row["policy"]), state=EscalationState(row["state"]), **values
    )
    return KeptEscalation(incident_id=IncidentId(row["incident_id"]), escalation=escalation, version=row["version"])


_NAMES = ("step", "round", "run", "due_at", "started_at", "held", "suppressed_until", "suppressed_by", "lapsed_ack_at")
