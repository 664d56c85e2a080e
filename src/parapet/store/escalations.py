"""How the escalation of each incident stands, and which is due. What is decided is written in one commit with it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, bindparam, func, select, update

from parapet.core.codec import decode, encode
from parapet.core.errors import Conflict
from parapet.core.part import Part, Place
from parapet.core.types import IncidentId
from parapet.response.escalation import Escalation, EscalationPolicy, EscalationState
from parapet.store.bulk import add_rows, among
from parapet.store.keyset import Keyset
from parapet.store.rows import Row
from parapet.store.schema_calls import escalations as table

NEWEST = Keyset(table.c.incident_id, latest=True)
_SAVE = update(table).where(table.c.incident_id == bindparam("seen_id"), table.c.version == bindparam("seen"))


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
        self._policies: dict[str, EscalationPolicy] = {}  # most incidents have the same one: it is read once

    def of(self, incident_id: IncidentId) -> KeptEscalation | None:
        """That of an incident; None: no policy was for it."""
        return self.of_all([incident_id]).get(incident_id)

    def of_all(self, incident_ids: Collection[IncidentId]) -> dict[IncidentId, KeptEscalation]:
        """Those of many incidents, of which some may have none."""
        wanted = select(table).where(among(self._connection, table.c.incident_id, incident_ids))
        return {kept.incident_id: kept for kept in map(self._kept, self._connection.execute(wanted).mappings())}

    def add_all(self, escalations: Mapping[IncidentId, Escalation]) -> None:
        """Keep new ones.

        Raises:
            Conflict: one of the incidents has one.
        """
        rows = [
            {"incident_id": number, "policy": encode(one.policy), "version": 1, **_standing(one)}
            for number, one in escalations.items()
        ]
        add_rows(self._connection, table, rows)

    def save_all(self, moved: Sequence[tuple[KeptEscalation, Escalation]]) -> None:
        """Keep how each stands now that was kept as it was read.

        Raises:
            Conflict: somebody else moved one of them since it was read.
        """
        if not moved:
            return
        rows = [
            _standing(escalation) | {"seen_id": kept.incident_id, "seen": kept.version, "version": kept.version + 1}
            for kept, escalation in moved
        ]
        if self._connection.execute(_SAVE, rows).rowcount != len(rows):
            raise Conflict

    def take_due(self, now: datetime, limit: int) -> list[KeptEscalation]:
        """Those that are due, longest first, and that no other transaction works on: nobody else gets them."""
        wanted = select(table).where(table.c.due_at <= now).order_by(table.c.due_at, table.c.incident_id).limit(limit)
        rows = self._connection.execute(wanted.with_for_update(skip_locked=True)).mappings()
        return [self._kept(row) for row in rows]

    def due(self, now: datetime, limit: int) -> list[IncidentId]:
        """The incidents whose escalation is due, longest first."""
        wanted = select(table.c.incident_id).where(table.c.due_at <= now)
        found = self._connection.execute(wanted.order_by(table.c.due_at, table.c.incident_id).limit(limit)).scalars()
        return [IncidentId(number) for number in found]

    def put_off(self, incident_id: IncidentId, *, now: datetime, seconds: float) -> None:
        """Look at it again later: it could not be decided."""
        later = update(table).where(table.c.incident_id == incident_id, table.c.due_at <= now)
        self._connection.execute(later.values(due_at=now + timedelta(seconds=seconds), version=table.c.version + 1))

    def wake(self, incident_ids: Sequence[IncidentId], now: datetime) -> None:
        """Look at those again now that were held back by a maintenance which is over."""
        held = update(table).where(table.c.incident_id.in_(incident_ids), table.c.held.is_(True))
        self._connection.execute(held.where(table.c.due_at > now).values(due_at=now, version=table.c.version + 1))

    def page(self, *, limit: int, before: Place | None = None, after: Place | None = None) -> Part[KeptEscalation]:
        """The newest incidents' first; those of incidents with a lower, or a higher, number.

        Raises:
            MalformedPayload: there is no such place in this list.
        """
        return NEWEST.page(self._connection, select(table), self._kept, limit=limit, behind=before, ahead=after)

    def count_due(self, before: datetime) -> int:
        """How many were due before that."""
        return self._connection.execute(
            select(func.count()).select_from(table).where(table.c.due_at < before)
        ).scalar_one()

    def _kept(self, row: RowMapping) -> KeptEscalation:
        values = {name: row[name] for name in _NAMES}
        written = json.dumps(row["policy"])
        if written not in self._policies:
            self._policies[written] = decode(EscalationPolicy, row["policy"])
        escalation = Escalation(policy=self._policies[written], state=EscalationState(row["state"]), **values)
        return KeptEscalation(incident_id=IncidentId(row["incident_id"]), escalation=escalation, version=row["version"])


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


_NAMES = ("step", "round", "run", "due_at", "started_at", "held", "suppressed_until", "suppressed_by", "lapsed_ack_at")
