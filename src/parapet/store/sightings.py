"""Exact identifiers that events came with. A bounded table: old rows go, and the oldest when there are too many."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, func, select, true

from parapet.incidents.sightings import Sighted
from parapet.store.bulk import add_numbered, add_rows, among
from parapet.store.rows import Row, row_of
from parapet.store.schema import sighting_refs as refs
from parapet.store.schema import sightings as table

FORGOTTEN_AT_ONCE = 5_000


class SightingRows:
    """The sightings, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, seen: Sequence[Sighted], *, again: bool = False) -> bool:
        """Keep *seen*, to be found by each of its identifiers.

        *again*: it was tried before, and maybe only the answer was lost. False: so it was, and nothing is kept twice.
        """
        if again and seen and self._has(seen[0]):
            return False
        numbers = add_numbered(self._connection, table, [row_of(one) for one in seen])
        found_by: list[Row] = [
            {"value": value, "sighting_id": number}
            for number, one in zip(numbers, seen, strict=True)
            for value in sorted({value.casefold() for value in one.refs.values()})
        ]
        add_rows(self._connection, refs, found_by)
        return True

    def _has(self, one: Sighted) -> bool:
        mine = (table.c[name] == value for name, value in row_of(one).items())
        return self._connection.execute(select(table.c.id).where(*mine).limit(1)).first() is not None

    def with_ref(self, service: str, value: str, *, limit: int) -> tuple[Sighted, ...]:
        """What went wrong with the object that is called *value*, whatever its case, newest first."""
        numbers = select(refs.c.sighting_id).where(refs.c.value == value.casefold())
        wanted = select(table).where(table.c.id.in_(numbers), table.c.service == service, table.c.went_wrong)
        rows = self._connection.execute(wanted.order_by(table.c.seen_at.desc(), table.c.id.desc()).limit(limit))
        return tuple(map(_sighted, rows.mappings()))

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
            numbers = self._connection.execute(which).scalars().all()
            self._connection.execute(delete(refs).where(among(self._connection, refs.c.sighting_id, numbers)))
            mine = delete(table).where(among(self._connection, table.c.id, numbers))
            gone += self._connection.execute(mine).rowcount
        return gone


def _sighted(row: RowMapping) -> Sighted:
    return Sighted(**{name: content for name, content in row.items() if name != "id"})
