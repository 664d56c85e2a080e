"""The chronology: entries are numbered, chained, and never changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Text,
    and_,
    bindparam,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    type_coerce,
    update,
)

from parapet.core.errors import Conflict
from parapet.core.part import Part, Place
from parapet.core.types import ActorClass, IncidentId
from parapet.incidents.causal import TURNS, Behind, in_order
from parapet.incidents.gist import EVERYTHING, PHASES, Gist, Selection, first_reason, most_left_out
from parapet.incidents.measured import series_of
from parapet.incidents.model import Entry, EntryKind, NewEntry
from parapet.incidents.past import SPEAKERS, TELLING
from parapet.store.bulk import add_rows, among
from parapet.store.chain import GENESIS, REDACTED, REDACTED_TEXT, payload_hash, seal
from parapet.store.columns import UtcDateTime
from parapet.store.keyset import Keyset
from parapet.store.rows import Row, actor_columns, actor_of, as_kept
from parapet.store.schema import entries as table
from parapet.store.schema import heads

WRITTEN = Keyset(table.c.seq)
LARGEST_SEQ = 2**31 - 1
# Written out, not bound: only so do both databases see that their partial index covers it.
LEAVES_OUT = type_coerce(table.c.payload, Text).like(literal_column("""'%"truncated":%'"""))
_PLACE = tuple_(table.c.occurred_at, table.c.seq)
_ORDER = (table.c.occurred_at, table.c.seq)
_LATEST = (table.c.occurred_at.desc(), table.c.seq.desc())
_MEASURED = Selection(kinds=frozenset({EntryKind.MEASURED}))
_DECLARED = Selection(kinds=frozenset({EntryKind.DECLARED}))
_PHASED = Selection(kinds=frozenset(PHASES))
_TELLING = sorted(TELLING)
_SPEAKERS = sorted(SPEAKERS)


class Entries:
    """The entries, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, incident_id: IncidentId, new: Iterable[NewEntry], *, recorded_at: datetime) -> None:
        """Write *new* behind what is there, in the order given.

        Raises:
            Conflict: somebody else wrote to this incident at the same moment.
        """
        last = self._connection.execute(_ENDS.where(heads.c.incident_id == incident_id)).first()
        rows = _sealed(incident_id, new, last, recorded_at)
        if not rows:
            return
        add_rows(self._connection, table, rows)
        head = {"incident_id": incident_id, "seq": rows[-1]["seq"], "hash": rows[-1]["hash"]}
        if last is None:
            self._connection.execute(insert(heads), head)
            return
        mine = update(heads).where(heads.c.incident_id == incident_id, heads.c.seq == last.seq).values(**head)
        if self._connection.execute(mine).rowcount != 1:
            raise Conflict(f"Somebody else wrote into INC-{incident_id} at the same moment.")

    def begin(self, chronologies: Mapping[IncidentId, Iterable[NewEntry]], *, recorded_at: datetime) -> None:
        """Write the first entries of incidents that are new in this transaction."""
        sealed = {number: _sealed(number, new, None, recorded_at) for number, new in chronologies.items()}
        rows = [row for chain in sealed.values() for row in chain]
        add_rows(self._connection, table, rows)
        ends = [chain[-1] for chain in sealed.values() if chain]
        add_rows(
            self._connection, heads, [{name: end[name] for name in ("incident_id", "seq", "hash")} for end in ends]
        )

    def append_all(self, chronologies: Mapping[IncidentId, Iterable[NewEntry]], *, recorded_at: datetime) -> None:
        """Write behind what is there in many chronologies that have begun, with as few statements as for one.

        Raises:
            Conflict: somebody else wrote to one of the incidents at the same moment.
        """
        if not chronologies:
            return
        wanted = _ENDS.where(among(self._connection, heads.c.incident_id, chronologies))
        ends = {row.incident_id: row for row in self._connection.execute(wanted)}
        sealed = [_sealed(number, new, ends[number], recorded_at) for number, new in sorted(chronologies.items())]
        rows = [row for chain in sealed for row in chain]
        if not rows:
            return
        add_rows(self._connection, table, rows)  # a number that is taken is a conflict
        mine = update(heads).where(heads.c.incident_id == bindparam("number"), heads.c.seq == bindparam("seen"))
        last = [chain[-1] for chain in sealed if chain]
        given = [
            {
                "number": end["incident_id"],
                "seen": ends[end["incident_id"]].seq,
                "new_seq": end["seq"],
                "new_hash": end["hash"],
            }
            for end in last
        ]
        changed = mine.values(seq=bindparam("new_seq"), hash=bindparam("new_hash"))
        if self._connection.execute(changed, given).rowcount not in (len(given), -1):
            raise Conflict("Somebody else wrote into one of many incidents at the same moment.")

    def of(self, incident_id: IncidentId, *, after: int = 0, limit: int | None = None) -> tuple[Entry, ...]:
        """The chronology of an incident behind the entry *after*, in the order in which it was written."""
        behind = select(table).where(table.c.incident_id == incident_id, table.c.seq > after)
        return self._select(behind.order_by(table.c.seq).limit(limit))

    def page(
        self, incident_id: IncidentId, *, after: Place | None = None, before: Place | None = None, limit: int
    ) -> Part[Entry]:
        """A page of the chronology, in the order in which it was written: what is behind, or ahead of, an entry.

        Raises:
            MalformedPayload: there is no such place in this list.
        """
        wanted = select(table).where(table.c.incident_id == incident_id)
        return WRITTEN.page(self._connection, wanted, _entry, limit=limit, behind=after, ahead=before)

    def get(self, incident_id: IncidentId, seq: int) -> Entry | None:
        """One entry, or None."""
        found = self.of(incident_id, after=seq - 1, limit=1) if 0 < seq <= LARGEST_SEQ else ()
        return found[0] if found and found[0].seq == seq else None

    def gist(self, incident_id: IncidentId) -> Gist:
        """What is known of the whole chronology: counted in an index, and its few entries that hold a series."""
        number, last = func.count(), func.max(table.c.occurred_at)
        grouped = select(table.c.kind, table.c.actor_kind, number, last).where(table.c.incident_id == incident_id)
        counts: dict[tuple[EntryKind, ActorClass], int] = {}
        newest: dict[EntryKind, datetime] = {}
        for kind, by, count, when in self._connection.execute(grouped.group_by(table.c.kind, table.c.actor_kind)):
            counts[EntryKind(kind), ActorClass(by)] = count
            newest[EntryKind(kind)] = max(when, newest.get(EntryKind(kind), when))
        cut = select(table.c.payload).where(table.c.incident_id == incident_id, LEAVES_OUT)
        return Gist(
            counts=counts,
            series=series_of(self.selected(incident_id, _MEASURED)) if EntryKind.MEASURED in newest else (),
            left_out=most_left_out(self._connection.execute(cut).scalars()),
            closed_at=newest.get(EntryKind.RESOLVED),
            opened_because=first_reason(self.selected(incident_id, _DECLARED, limit=1))
            if EntryKind.DECLARED in newest
            else "",
        )

    def selected(
        self,
        incident_id: IncidentId,
        selection: Selection,
        *,
        start: Entry | None = None,
        limit: int | None = None,
    ) -> tuple[Entry, ...]:
        """The entries that *selection* holds, from *start* on, in the order in which they happened."""
        wanted = select(table).where(table.c.incident_id == incident_id, _held(selection))
        if start is not None:
            wanted = wanted.where(_place(start) <= _PLACE)
        return self._select(wanted.order_by(*_ORDER).limit(limit))

    def ending(self, incident_id: IncidentId, selection: Selection, limit: int) -> tuple[Entry, ...]:
        """The last *limit* entries that *selection* holds, in the order in which they happened."""
        wanted = select(table).where(table.c.incident_id == incident_id, _held(selection))
        return tuple(reversed(self._select(wanted.order_by(*_LATEST).limit(limit))))

    def numbers_before(self, place: Entry, selection: Selection, limit: int) -> list[int]:
        """The numbers of the last *limit* entries of *selection* that happened before *place*, latest first."""
        wanted = _before(select(table.c.seq), place, selection).order_by(*_LATEST).limit(limit)
        return list(self._connection.execute(wanted).scalars())

    def count_before(self, place: Entry, selection: Selection) -> int:
        """How many entries that *selection* holds happened before *place*."""
        found: int = self._connection.execute(_before(select(func.count()), place, selection)).scalar_one()
        return found

    def phase_before(self, place: Entry) -> str:
        """In which phase the incident was just before *place*."""
        wanted = _before(select(table.c.kind), place, _PHASED).order_by(*_LATEST).limit(1)
        found = self._connection.execute(wanted).scalar()
        return PHASES[EntryKind(found)] if found is not None else ""

    def said(self, incident_id: IncidentId, limit: int) -> tuple[Entry, ...]:
        """The last *limit* entries in which somebody may have said what helped, in the order in which they happened."""
        wanted = select(table).where(
            table.c.incident_id == incident_id, table.c.kind.in_(_TELLING), table.c.actor_kind.in_(_SPEAKERS)
        )
        return tuple(reversed(self._select(wanted.order_by(*_LATEST).limit(limit))))

    def _select(self, wanted: Select[Any]) -> tuple[Entry, ...]:
        return tuple(map(_entry, self._connection.execute(wanted).mappings()))

    def redact(self, incident_id: IncidentId, seq: int) -> bool:
        """Take out what an entry says, and leave its seal. False if there is no such entry, or it was done before."""
        mine = update(table).where(
            table.c.incident_id == incident_id,
            table.c.seq == seq,
            type_coerce(table.c.payload, Text) != REDACTED_TEXT,
        )
        return self._connection.execute(mine.values(payload=REDACTED)).rowcount == 1


def _held(selection: Selection) -> ColumnElement[bool]:
    if selection == EVERYTHING:
        return true()
    kinds = table.c.kind.in_(sorted(kind.value for kind in selection.kinds))
    return or_(kinds, table.c.actor_kind == ActorClass.OPERATOR.value) if selection.operators else kinds


def _place(entry: Entry) -> ColumnElement[Any]:
    # Bound as the column's own type: inside a tuple the database library would not do so by itself.
    return tuple_(literal(entry.occurred_at, UtcDateTime()), entry.seq)


def _before(wanted: Select[Any], place: Entry, selection: Selection) -> Select[Any]:
    return wanted.where(table.c.incident_id == place.incident_id, _held(selection), _place(place) > _PLACE)


def _entry(row: RowMapping) -> Entry:
    return Entry(
        incident_id=IncidentId(row["incident_id"]),
        seq=row["seq"],
        kind=EntryKind(row["kind"]),
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        actor=actor_of(row),
        payload=row["payload"],
        payload_hash=row["payload_hash"],
        previous_hash=row["previous_hash"],
        hash=row["hash"],
    )


def _at(where: ColumnElement[bool], order: ColumnElement[Any]) -> ColumnElement[Any]:
    """When the first entry of a chronology, by *order* and of those *where*, happened."""
    mine = select(table.c.occurred_at).where(table.c.incident_id == heads.c.incident_id, where)
    return mine.order_by(order).limit(1).correlate(heads).scalar_subquery()


_LATEST_FIRST = table.c.occurred_at.desc()
_ENDS = select(
    *heads.c,
    table.c.recorded_at,
    _at(table.c.seq == 1, table.c.seq).label("first_at"),
    _at(true(), _LATEST_FIRST).label("latest_at"),
    _at(table.c.kind.in_(sorted(kind.value for kind in TURNS)), _LATEST_FIRST).label("turned_at"),
).outerjoin_from(heads, table, and_(table.c.incident_id == heads.c.incident_id, table.c.seq == heads.c.seq))
"""Of each chronology its last entry, and what the times of those behind it depend on."""


def _sealed(incident_id: IncidentId, new: Iterable[NewEntry], last: Any, recorded_at: datetime) -> list[Row]:
    """*new* as rows, chained behind the entry *last*, a row of `_ENDS`; None: they are the first."""
    seq, previous_hash, behind = 0, GENESIS, None
    if last is not None:
        seq, previous_hash = last.seq, last.hash
        if None not in (last.recorded_at, last.first_at):  # else somebody with the database in hand took them away
            behind = Behind(
                recorded_at=last.recorded_at, first_at=last.first_at, latest_at=last.latest_at, turned_at=last.turned_at
            )
    told, recorded_at = in_order(new, behind, recorded_at=recorded_at)
    rows: list[Row] = []
    for entry in map(_kept, told):
        seq += 1
        digest = payload_hash(entry.payload)
        sealed = seal(
            entry,
            digest=digest,
            incident_id=incident_id,
            seq=seq,
            recorded_at=recorded_at.isoformat(),
            previous_hash=previous_hash,
        )
        rows.append(
            {
                "incident_id": incident_id,
                "seq": seq,
                "kind": entry.kind.value,
                "occurred_at": entry.occurred_at,
                "recorded_at": recorded_at,
                "payload": entry.payload,
                "payload_hash": digest,
                "previous_hash": previous_hash,
                "hash": sealed,
                **actor_columns(entry.actor),
            }
        )
        previous_hash = sealed
    return rows


def _kept(entry: NewEntry) -> NewEntry:
    """What the table will hold of *entry*: the seal is taken over nothing else."""
    actor = as_kept(entry.actor)
    return entry if actor is entry.actor else replace(entry, actor=actor)
