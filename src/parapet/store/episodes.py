"""Episodes: when each alert fired. At most one open per alert."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, bindparam, select, update

from parapet.core.types import IncidentId
from parapet.core.vocabulary import Severity
from parapet.incidents.firings import MOST_SHOWN, Alerts, Firing, alerts_of
from parapet.incidents.model import Episode, Incident
from parapet.store.bulk import add_rows, among
from parapet.store.rows import Row, batches, row_of
from parapet.store.schema import episodes as table
from parapet.store.schema import incidents as incident_rows

_FIELDS = tuple(field.name for field in fields(Episode))


class Episodes:
    """The episodes, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def known(
        self,
        source: str,
        fingerprints: Collection[str],
        keys: Collection[str],
        incidents: Collection[IncidentId] = (),
    ) -> tuple[Episode, ...]:
        """Every episode of these alerts, and every open one of these keys or *incidents*."""
        found: dict[int, Episode] = {}
        for some in batches(fingerprints):
            self._collect(found, and_(table.c.source == source, among(self._connection, table.c.fingerprint, some)))
        for some in batches(keys):
            self._collect(found, and_(among(self._connection, table.c.key, some), table.c.ended_at.is_(None)))
        if incidents:
            self._collect(
                found, and_(among(self._connection, table.c.incident_id, incidents), table.c.ended_at.is_(None))
            )
        return tuple(found.values())

    def ended_last(self, incidents: Collection[IncidentId], *, without: Iterable[Episode]) -> tuple[Episode, ...]:
        """The episodes of each of *incidents* that ended at its latest end, but for those in *without*."""
        found: dict[int, Episode] = {}
        if incidents:
            last = select(incident_rows.c.last_ended_at).where(incident_rows.c.id == table.c.incident_id)
            mine = among(self._connection, table.c.incident_id, incidents)
            self._collect(found, and_(mine, table.c.ended_at == last.scalar_subquery()))
        for one in without:
            found.pop(one.id or 0, None)
        return tuple(found.values())

    def open(self, source: str) -> tuple[Episode, ...]:
        """Every episode of *source* that has not ended."""
        rows = self._connection.execute(select(table).where(table.c.source == source, table.c.ended_at.is_(None)))
        return tuple(map(_episode, rows.mappings()))

    def of(self, incident_id: IncidentId) -> tuple[Episode, ...]:
        """The episodes behind an incident, oldest first."""
        rows = self._connection.execute(
            select(table).where(table.c.incident_id == incident_id).order_by(table.c.started_at, table.c.id)
        ).mappings()
        return tuple(map(_episode, rows))

    def alerts(self, incident_id: IncidentId, *, few: int = MOST_SHOWN) -> Alerts:
        """What a page says of them; of more than a *few*, without reading more of each firing than when it was."""
        mine, oldest = table.c.incident_id == incident_id, (table.c.started_at, table.c.id)
        firing_first = select(table).where(mine).order_by(table.c.ended_at.is_not(None), *oldest).limit(few + 1)
        first = tuple(map(_episode, self._connection.execute(firing_first).mappings()))
        if len(first) <= few:
            return alerts_of(first)
        narrow = select(table.c.severity, table.c.started_at, table.c.ended_at, table.c.fingerprint).where(mine)
        rows = self._connection.execute(narrow.order_by(*oldest)).all()
        link = select(table.c.generator_url).where(mine, table.c.generator_url.is_not(None))
        return Alerts(
            firings=tuple(
                Firing(severity=Severity(severity), started_at=began, ended_at=ended)
                for severity, began, ended, _ in rows
            ),
            distinct=len({fingerprint for *_, fingerprint in rows}),
            shown=first[:MOST_SHOWN],
            expression=self._connection.execute(link.order_by(table.c.started_at.desc()).limit(1)).scalar(),
        )

    def save(self, episodes: Iterable[Episode], opened: Mapping[str, Incident]) -> None:
        """Keep new and changed episodes. *opened*: the incidents that are new in this transaction, by key.

        Raises:
            Conflict: the alert has another open episode that this transaction did not know.
        """
        # What ended goes before what fires: of each alert, at most one fires at any time.
        ordered = sorted(episodes, key=lambda one: one.ended_at is None)
        linked = [(one.id, _row(one, opened.get(one.key))) for one in ordered]
        changed = [row | {"number": number} for number, row in linked if number is not None]
        new = [row for number, row in linked if number is None]
        if changed:
            self._connection.execute(update(table).where(table.c.id == bindparam("number")), changed)
        add_rows(self._connection, table, new)

    def move(self, gone: IncidentId, to: IncidentId) -> None:
        """Put every episode of the incident *gone* behind *to*."""
        self._connection.execute(update(table).where(table.c.incident_id == gone).values(incident_id=to))

    def _collect(self, found: dict[int, Episode], where: ColumnElement[bool]) -> None:
        for row in self._connection.execute(select(table).where(where)).mappings():
            found[row["id"]] = _episode(row)


def _row(episode: Episode, opened: Incident | None) -> Row:
    row = row_of(episode, without=("id",))
    if opened is None or episode.incident_id is not None:
        return row
    if episode.ended_at is not None and episode.ended_at < opened.started_at:
        return row  # over before the incident began
    return row | {"incident_id": opened.id}


def _episode(row: RowMapping) -> Episode:
    return Episode(**{name: row[name] for name in _FIELDS} | {"severity": Severity(row["severity"])})
