"""How much waits for a worker, and since when: of each kind that has a time at which it is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, and_, func, literal_column, select

from parapet.store.inbox import InboxState
from parapet.store.outbox import OutboxState, is_due
from parapet.store.schema import inbox, measurements, outbox
from parapet.store.schema_calls import escalations

MOST_COUNTED = 1_000
"""It is asked after every round, so what is more is not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits."""

    count: int
    """As far as MOST_COUNTED."""
    since: datetime | None
    """Since when the first of it is due; None: nothing is."""


class BacklogRows:
    """The backlogs, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def bodies(self, now: datetime) -> Backlog:
        """Of bodies that nobody took in yet."""
        return self._of(inbox, and_(inbox.c.state == InboxState.WAITING.value, inbox.c.due_at <= now))

    def calls(self, now: datetime) -> Backlog:
        """Of escalations that are to be decided."""
        return self._of(escalations, escalations.c.due_at <= now)

    def notifications(self, now: datetime) -> Backlog:
        """Of notifications that could be told now, and that nobody tells."""
        return self._of(outbox, is_due(now))

    def measurements(self, now: datetime) -> Backlog:
        """Of series that are to be asked for."""
        return self._of(measurements, measurements.c.due_at <= now)

    def told_now(self, now: datetime) -> int:
        """How many notifications some worker has in hand."""
        waiting = outbox.c.state == OutboxState.WAITING.value
        wanted = select(func.count()).select_from(outbox).where(waiting, outbox.c.leased_until > now)
        return self._connection.execute(wanted).scalar_one()

    def _of(self, table: Table, due: ColumnElement[bool]) -> Backlog:
        some = select(literal_column("1")).select_from(table).where(due).limit(MOST_COUNTED).subquery()
        count = self._connection.execute(select(func.count()).select_from(some)).scalar_one()
        first = select(table.c.due_at).where(due).order_by(table.c.due_at).limit(1)
        return Backlog(count=count, since=self._connection.execute(first).scalar() if count else None)
