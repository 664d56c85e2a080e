"""Changes to the system: recorded once, however often they are told."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, func, insert, literal, or_, select, true, union_all

from parapet.core.part import Part, Place
from parapet.incidents.model import Change, ChangeKind
from parapet.store.bulk import among
from parapet.store.keyset import Keyset
from parapet.store.rows import actor_of, row_of
from parapet.store.schema import changes as table

NEWEST = Keyset(table.c.occurred_at, table.c.id, latest=True)
ABOUT = "about"
"""Among the details: what is in another state since the change."""
MOST_LOOKED_BACK = 1_000
"""Changes of one kind among which the latest about one thing is looked for."""
_OLDEST = Keyset(table.c.occurred_at, table.c.id)


class ChangeRows:
    """The changes, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def told_before(self, dedupe_key: str) -> Change | None:
        """The change that was recorded under this key, if any."""
        row = self._connection.execute(select(table).where(table.c.dedupe_key == dedupe_key)).mappings().first()
        return None if row is None else _change(row)

    def about(self, service: str, kind: ChangeKind, what: str, until: datetime) -> Change | None:
        """The latest of the newest changes of a kind until then that tells about *what*, if any."""
        rows = self._connection.execute(
            select(table)
            .where(table.c.kind == kind.value, table.c.service == service, table.c.occurred_at <= until)
            .order_by(table.c.occurred_at.desc(), table.c.id.desc())
            .limit(MOST_LOOKED_BACK)
        ).mappings()
        return next((_change(row) for row in rows if row["details"].get(ABOUT) == what), None)

    def add(self, change: Change, dedupe_key: str) -> None:
        """Keep a change.

        Raises:
            Conflict: it was told before.
        """
        self._connection.execute(insert(table).values(**row_of(change), dedupe_key=dedupe_key))

    def oldest(self, service: str, before: datetime, limit: int, *, behind: Place | None = None) -> Part[Change]:
        """Changes of a service that happened earlier than *before*, oldest first; *behind*: those behind a place."""
        wanted = select(table).where(table.c.service == service, table.c.occurred_at < before)
        return _OLDEST.page(self._connection, wanted, _change, limit=limit, behind=behind)

    def stays_from(self, service: str, kind: ChangeKind) -> datetime | None:
        """When the oldest of those happened that the latest of a kind is looked for among; None: all are of them."""
        mine = select(table.c.occurred_at).where(table.c.kind == kind.value, table.c.service == service)
        last = mine.order_by(table.c.occurred_at.desc()).offset(MOST_LOOKED_BACK - 1).limit(1)
        when: datetime | None = self._connection.execute(last).scalar_one_or_none()
        return when

    def drop(self, numbers: Collection[str]) -> None:
        """Forget changes."""
        self._connection.execute(delete(table).where(among(self._connection, table.c.id, numbers)))

    def between(self, service: str, start: datetime, end: datetime, limit: int = 500) -> tuple[Change, ...]:
        """What changed from *start* to *end*, newest first: the service, or a provider that anybody may depend on."""
        rows = self._connection.execute(
            select(table)
            .where(or_(table.c.service == service, table.c.kind == ChangeKind.PROVIDER.value))
            .where(table.c.occurred_at >= start, table.c.occurred_at <= end)
            .order_by(table.c.occurred_at.desc(), table.c.id.desc())
            .limit(limit)
        ).mappings()
        return tuple(map(_change, rows))

    def latest(self, service: str, until: datetime) -> dict[ChangeKind, datetime]:
        """When the service, or a provider that anybody may depend on, last changed until then, by kind of change."""
        newest = [
            select(literal(kind.value).label("kind"), func.max(table.c.occurred_at).label("newest"))
            .where(table.c.kind == kind.value, table.c.occurred_at <= until)
            .where(true() if kind is ChangeKind.PROVIDER else table.c.service == service)
            for kind in ChangeKind
        ]  # one look into the index for each, however many changes there are
        rows = self._connection.execute(union_all(*newest))
        return {ChangeKind(kind): when for kind, when in rows if when is not None}

    def release(self, service: str, until: datetime) -> Change | None:
        """The latest deploy or rollback of the service until then; None if nobody told of any."""
        kinds = (ChangeKind.DEPLOY.value, ChangeKind.ROLLBACK.value)
        rows = self._connection.execute(
            select(table)
            .where(table.c.service == service, table.c.kind.in_(kinds), table.c.occurred_at <= until)
            .order_by(table.c.occurred_at.desc(), table.c.id.desc())
            .limit(1)
        ).mappings()
        return next(map(_change, rows), None)

    def newest(
        self,
        service: str,
        limit: int,
        since: datetime | None = None,
        *,
        before: Place | None = None,
        after: Place | None = None,
    ) -> Part[Change]:
        """The latest changes of a service, and of providers that anybody may depend on, newest first.

        *since*: none older; *before*, *after*: those older, or newer, than a place.

        Raises:
            MalformedPayload: there is no such place in this list.
        """
        ours = or_(table.c.service == service, table.c.kind == ChangeKind.PROVIDER.value)
        wanted = select(table).where(ours, true() if since is None else table.c.occurred_at >= since)
        return NEWEST.page(self._connection, wanted, _change, limit=limit, behind=before, ahead=after)


def _change(row: RowMapping) -> Change:
    return Change(
        id=row["id"],
        kind=ChangeKind(row["kind"]),
        service=row["service"],
        title=row["title"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        actor=actor_of(row),
        version=row["version"],
        url=row["url"],
        details=row["details"],
    )
