"""The chronology: entries are numbered, chained, and never changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, Text, bindparam, insert, select, type_coerce, update

from parapet.core.errors import Conflict
from parapet.core.types import IncidentId
from parapet.incidents.model import Entry, EntryKind, NewEntry
from parapet.store.bulk import add_rows, among
from parapet.store.chain import GENESIS, REDACTED, REDACTED_TEXT, payload_hash, seal
from parapet.store.rows import Row, actor_columns, actor_of, as_kept
from parapet.store.schema import entries as table
from parapet.store.schema import heads


class Entries:
    """The entries, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, incident_id: IncidentId, new: Iterable[NewEntry], *, recorded_at: datetime) -> None:
        """Write *new* behind what is there, in the order given.

        Raises:
            Conflict: somebody else wrote to this incident at the same moment.
        """
        wanted = select(heads.c.seq, heads.c.hash).where(heads.c.incident_id == incident_id)
        last = self._connection.execute(wanted).first()
        seq, previous_hash = (last.seq, last.hash) if last is not None else (0, GENESIS)
        rows = _sealed(incident_id, new, seq, previous_hash, recorded_at)
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
        sealed = {number: _sealed(number, new, 0, GENESIS, recorded_at) for number, new in chronologies.items()}
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
        wanted = select(heads).where(among(self._connection, heads.c.incident_id, chronologies))
        ends = {row.incident_id: row for row in self._connection.execute(wanted)}
        sealed = [
            _sealed(number, new, ends[number].seq, ends[number].hash, recorded_at)
            for number, new in sorted(chronologies.items())
        ]
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

    def of(self, incident_id: IncidentId) -> tuple[Entry, ...]:
        """The chronology of an incident, in the order in which it was written."""
        rows = self._connection.execute(
            select(table).where(table.c.incident_id == incident_id).order_by(table.c.seq)
        ).mappings()
        return tuple(
            Entry(
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
            for row in rows
        )

    def redact(self, incident_id: IncidentId, seq: int) -> bool:
        """Take out what an entry says, and leave its seal. False if there is no such entry, or it was done before."""
        mine = update(table).where(
            table.c.incident_id == incident_id,
            table.c.seq == seq,
            type_coerce(table.c.payload, Text) != REDACTED_TEXT,
        )
        return self._connection.execute(mine.values(payload=REDACTED)).rowcount == 1


def _sealed(
    incident_id: IncidentId, new: Iterable[NewEntry], seq: int, previous_hash: str, recorded_at: datetime
) -> list[Row]:
    """*new* as rows, chained behind the entry *seq*."""
    rows: list[Row] = []
    for entry in map(_kept, new):
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
