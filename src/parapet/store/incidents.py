"""Incidents: at most one unresolved per key, changed only by whoever saw the latest revision."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    update,
)

from parapet.core.errors import Conflict
from parapet.core.part import Part, Place
from parapet.core.types import IncidentId
from parapet.core.vocabulary import Severity
from parapet.incidents.model import Incident, IncidentState, Resolution
from parapet.store.bulk import add_numbered, among
from parapet.store.keyset import Keyset
from parapet.store.rows import LARGEST_NUMBER, Row, batches, row_of
from parapet.store.schema import incidents as table

# Written out, not bound: only so do both databases see that their partial indexes cover it.
UNRESOLVED = table.c.state != literal_column(f"'{IncidentState.RESOLVED.value}'")
RESOLVED = table.c.state == literal_column(f"'{IncidentState.RESOLVED.value}'")
FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
_FIELDS = tuple(field.name for field in fields(Incident))
_SAVE = update(table).where(table.c.id == bindparam("seen_id"), table.c.revision == bindparam("seen_revision"))


class Incidents:
    """The incidents, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._revisions: dict[IncidentId, int] = {}

    def get(self, incident_id: IncidentId) -> Incident | None:
        """The incident, or None."""
        if not 0 < incident_id <= LARGEST_NUMBER:
            return None
        return self._one(select(table).where(table.c.id == incident_id))

    def get_all(self, incident_ids: Collection[IncidentId]) -> dict[IncidentId, Incident]:
        """Incidents that exist, by number."""
        found = self.select(select(table).where(among(self._connection, table.c.id, incident_ids)))
        return {IncidentId(one.id): one for one in found if one.id is not None}

    def latest(self, keys: Collection[str]) -> dict[str, Incident]:
        """Per key the unresolved incident, else the newest resolved one. Keys without any are left out."""
        found: dict[str, Incident] = {}
        for some in batches(keys):
            of_these = among(self._connection, table.c.key, some)
            newest = select(func.max(table.c.id)).where(of_these).group_by(table.c.key)
            for incident in self.select(select(table).where(table.c.id.in_(newest))):
                found[incident.key] = incident
            for incident in self.select(select(table).where(of_these, UNRESOLVED)):
                found[incident.key] = incident
        return found

    def find(self, service: str, slice_name: str) -> Incident | None:
        """The newest incident of a slice, unresolved ones first."""
        ours = select(table).where(table.c.service == service, table.c.slice == slice_name)
        newest = ours.order_by(table.c.id.desc()).limit(1)
        return self._one(newest.where(UNRESOLVED)) or self._one(newest)

    def before(self, incident: Incident, since: datetime) -> tuple[Incident, int] | None:
        """The newest incident of the same key before *incident*, and how many of those began at *since* or later."""
        other = table.alias("other")
        earlier = and_(other.c.key == incident.key, other.c.id < incident.id, other.c.started_at >= since)
        lately = select(func.count()).select_from(other).where(earlier).scalar_subquery().label("lately")
        mine = select(table, lately).where(table.c.key == incident.key, table.c.id < incident.id)
        row = self._connection.execute(mine.order_by(table.c.id.desc()).limit(1)).mappings().first()
        return None if row is None else (self._seen(row), row["lately"])

    def beside(self, incident: Incident, seconds: float, limit: int) -> list[Incident]:
        """Other unresolved incidents of its service that began at most *seconds* before or after it, worst first."""
        began, apart = incident.started_at, timedelta(seconds=seconds)
        # An alert may have begun at either edge of the calendar: there is nothing beyond.
        near = table.c.started_at.between(began - min(apart, began - FIRST), began + min(apart, LAST - began))
        wanted = select(table).where(UNRESOLVED, near, table.c.service == incident.service, table.c.id != incident.id)
        return self.select(wanted.order_by(table.c.severity_rank, table.c.started_at, table.c.id).limit(limit))

    def quiet(
        self, before: datetime, limit: int, *, flapping_after: int, flapping_before: datetime
    ) -> list[IncidentId]:
        """The numbers of unresolved incidents whose last alert ended at *before* or earlier, longest quiet first.

        Those that fired again *flapping_after* times or more must be quiet since *flapping_before*; those that a person
        opened are left out.
        """
        patient = or_(table.c.refired_count < flapping_after, table.c.quiet_since <= flapping_before)
        wanted = select(table.c.id).where(
            UNRESOLVED, table.c.quiet_since <= before, table.c.firing == 0, table.c.declared_by.is_(None), patient
        )
        found = self._connection.execute(wanted.order_by(table.c.quiet_since, table.c.id).limit(limit))
        return [IncidentId(number) for number in found.scalars()]

    def with_signal(self, *, stale: bool) -> list[IncidentId]:
        """The numbers of unresolved incidents on which it stands that the signal is heard, or that it is *stale*."""
        marked = table.c.signal_stale_since.is_(None) if stale is False else table.c.signal_stale_since.is_not(None)
        found = self._connection.execute(
            select(table.c.id).where(UNRESOLVED, marked).order_by(table.c.signal_stale_since, table.c.id)
        )
        return [IncidentId(number) for number in found.scalars()]

    def open_of(self, service: str, slices: Collection[str], limit: int) -> list[IncidentId]:
        """The numbers of unresolved incidents about one of *slices*, or about any where none is named; oldest first."""
        wanted = select(table.c.id).where(UNRESOLVED, table.c.service == service, table.c.slice.is_not(None))
        named = wanted.where(table.c.slice.in_(slices)) if slices else wanted
        found = self._connection.execute(named.order_by(table.c.id).limit(limit))
        return [IncidentId(number) for number in found.scalars()]

    def touching(self, service: str, start: datetime, end: datetime, limit: int = 500) -> list[Incident]:
        """Incidents of *service* that were going on at some time from *start* to *end*, newest first."""
        begun = select(table).where(table.c.service == service, table.c.started_at <= end)
        still = begun.where(UNRESOLVED).order_by(table.c.started_at.desc()).limit(limit)
        over = begun.where(RESOLVED, table.c.resolved_at >= start).order_by(table.c.resolved_at).limit(limit)
        found = [*self.select(still), *self.select(over)]
        return sorted(found, key=lambda one: one.id or 0, reverse=True)[:limit]

    def add(self, incident: Incident) -> IncidentId:
        """Keep a new incident and give it its number.

        Raises:
            Conflict: an unresolved incident of the same key exists.
        """
        return self.add_all([incident])[0]

    def add_all(self, incidents: Sequence[Incident]) -> list[IncidentId]:
        """The same for many at once; their numbers, in the order given.

        Raises:
            Conflict: an unresolved incident of the same key as one of them exists.
        """
        rows = [_row(incident) | {"revision": 1} for incident in incidents]
        numbers = [IncidentId(number) for number in add_numbered(self._connection, table, rows)]
        self._revisions |= dict.fromkeys(numbers, 1)
        return numbers

    def save(self, incident: Incident) -> None:
        """Keep a changed incident, if nobody else changed it since this transaction read it.

        Raises:
            Conflict: somebody did.
        """
        if incident.id is None or incident.id not in self._revisions:
            raise Conflict(f"{incident.ref} was never read in this transaction.")
        seen = self._revisions[incident.id]
        row = _row(incident) | {"revision": seen + 1, "seen_id": incident.id, "seen_revision": seen}
        changed = self._connection.execute(_SAVE, row)
        if changed.rowcount != 1:
            raise Conflict(f"{incident.ref} was changed by somebody else at the same moment.")
        self._revisions[incident.id] = seen + 1

    def select(self, wanted: Select[tuple[object, ...]]) -> list[Incident]:
        """The incidents that *wanted*, a statement over the whole table's columns, finds."""
        return [self._seen(row) for row in self._connection.execute(wanted).mappings()]

    def page(
        self, order: Keyset, wanted: Select[Any], *, limit: int, behind: Place | None, ahead: Place | None
    ) -> Part[Incident]:
        """A page of what `select` would find.

        Raises:
            MalformedPayload: there is no such place in this list.
        """
        return order.page(self._connection, wanted, self._seen, limit=limit, behind=behind, ahead=ahead)

    def count(self, where: ColumnElement[bool]) -> int:
        """How many there are."""
        return self._connection.execute(select(func.count()).select_from(table).where(where)).scalar_one()

    def counts_up_to(self, counting: Select[Any], **given: object) -> tuple[int, ...]:
        """The numbers that *counting*, which `up_to` made, asks for, with *given* for its parameters."""
        return tuple(self._connection.execute(counting, given).one())

    def _one(self, wanted: Select[tuple[object, ...]]) -> Incident | None:
        row = self._connection.execute(wanted).mappings().first()
        return None if row is None else self._seen(row)

    def _seen(self, row: RowMapping) -> Incident:
        incident = _incident(row)
        self._revisions[IncidentId(row["id"])] = row["revision"]
        return incident


def up_to(most: int, *wanted: tuple[ColumnElement[bool], Sequence[ColumnElement[Any]]]) -> Select[Any]:
    """Asks how many incidents there are of each, as far as *most*, looked at in the order beside it; in one go."""
    some = [
        select(literal_column("1")).select_from(table).where(where).order_by(*order).limit(most).subquery()
        for where, order in wanted
    ]
    return select(*(select(func.count()).select_from(one).scalar_subquery() for one in some))


def _row(incident: Incident) -> Row:
    return row_of(incident, without=("id",)) | {"severity_rank": incident.severity.rank}


def _incident(row: RowMapping) -> Incident:
    values = {name: row[name] for name in _FIELDS}
    values["state"] = IncidentState(row["state"])
    values["severity"] = Severity(row["severity"])
    values["severity_set"] = Severity(row["severity_set"]) if row["severity_set"] else None
    values["resolution"] = Resolution(row["resolution"]) if row["resolution"] else None
    return Incident(**values)
