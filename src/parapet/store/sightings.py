"""Exact identifiers that events came with. A bounded table: old rows go, and the oldest when there are too many."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, true

from parapet.incidents.sightings import Sighted
from parapet.store.rows import row_of
from parapet.store.schema import sightings as table

FORGOTTEN_AT_ONCE = 5_000


class SightingRows:
    """The sightings, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, seen: Sequence[Sighted]) -> None:
        """Keep *seen*."""
        self._connection.execute(insert(table), [row_of(one) for one in seen])

    def between(
        self,
        service: str,
        subjects: Collection[str],
        start: datetime,
        end: datetime,
        *,
        limit: int,
        wrong_only: bool = True,
    ) -> tuple[Sighted, ...]:
        """What happened to *subjects* from *start* to *end*, oldest first."""
        rows = self._connection.execute(
            select(table)
            .where(table.c.service == service, table.c.subject.in_(sorted(subjects)))
            .where(table.c.seen_at >= start, table.c.seen_at <= end)
            .where(table.c.went_wrong if wrong_only else true())
            .order_by(table.c.seen_at, table.c.id)
            .limit(limit)
        ).mappings()
        return tuple(map(_sighted, rows))

    def forget(self, before: datetime, most: int) -> int:
        """Drop what was seen earlier than *before*, and the oldest of more than *most*; how many that were.

        A bounded number at once: call it again until it returns 0.
        """
        newest = self._connection.execute(select(func.max(table.c.id))).scalar_one()
        if newest is None:
            return 0
        too_old = select(table.c.id).where(table.c.seen_at < before).order_by(table.c.seen_at).limit(FORGOTTEN_AT_ONCE)
        too_many = select(table.c.id).where(table.c.id <= newest - most).order_by(table.c.id).limit(FORGOTTEN_AT_ONCE)
        gone = 0
        for which in (too_old, too_many):
            gone += self._connection.execute(delete(table).where(table.c.id.in_(which))).rowcount
        return gone


def _sighted(row: RowMapping) -> Sighted:
    return Sighted(**{name: content for name, content in row.items() if name != "id"})
