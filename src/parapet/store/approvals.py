"""Approvals: asked for, and decided once, by compare-and-set."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime

from sqlalchemy import Connection, RowMapping, Select, and_, insert, select, update

from parapet.core.errors import Conflict
from parapet.core.types import IncidentId
from parapet.response.approval import Approval, ApprovalState
from parapet.store.rows import LARGEST_NUMBER, row_of
from parapet.store.schema_actions import approvals as table
from parapet.store.schema_actions import previews

MOST = 200


class ApprovalRows:
    """The approvals, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, approval: Approval) -> Approval:
        """Keep a request: the same, with its number."""
        row = row_of(approval, without=("id",))
        return replace(
            approval, id=int(self._connection.execute(insert(table).returning(table.c.id), row).scalar_one())
        )

    def save(self, approval: Approval, before: Approval) -> None:
        """Keep a decision, if nobody decided meanwhile.

        Raises:
            Conflict: somebody did.
        """
        mine = and_(table.c.id == before.id, table.c.version == before.version)
        changed = self._connection.execute(update(table).where(mine).values(row_of(approval, without=("id",))))
        if changed.rowcount != 1:
            raise Conflict("Somebody else decided at the same moment.")

    def get(self, number: int) -> Approval | None:
        """The approval, or None."""
        if not 0 < number <= LARGEST_NUMBER:
            return None
        found = self._some(select(table).where(table.c.id == number))
        return found[0] if found else None

    def of_content(self, content: str) -> tuple[Approval, ...]:
        """Those about exactly this, latest first."""
        return self._some(select(table).where(table.c.content == content).order_by(table.c.id.desc()).limit(MOST))

    def page(self, service: str, state: ApprovalState, now: datetime) -> tuple[Approval, ...]:
        """Those in one state, latest first; of those that wait, only what can still be decided."""
        wanted = select(table).where(table.c.service == service, table.c.state == state.value)
        if state is ApprovalState.WAITING:
            wanted = wanted.where(table.c.until_at > now)
        return self._some(wanted.order_by(table.c.id.desc()).limit(MOST))

    def asked_at_version(self, incident_id: IncidentId, version: int) -> bool:
        """Whether somebody asked before while the incident was at *version*."""
        beside = select(table.c.id).join(previews, previews.c.id == table.c.preview_id)
        mine = beside.where(table.c.incident_id == incident_id, previews.c.incident_version == version)
        return self._connection.execute(mine.limit(1)).first() is not None

    def _some(self, wanted: Select[tuple[object, ...]]) -> tuple[Approval, ...]:
        return tuple(map(_approval, self._connection.execute(wanted).mappings()))


def _approval(row: RowMapping) -> Approval:
    values = {field.name: row[field.name] for field in fields(Approval)}
    return Approval(**values | {"state": ApprovalState(row["state"])})
