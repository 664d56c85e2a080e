"""Every chain in the database, recomputed: in portions, so that a million entries need seconds and little memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Text, func, select, tuple_, type_coerce

from parapet.core.types import IncidentId
from parapet.store.chain import Broken, Chain, Flaw, Sealed
from parapet.store.schema import entries, heads

PORTION = 20_000
NO_END = (0, "")
_COLUMNS = [
    type_coerce(column, Text).label(column.name) if column.name == "payload" else column for column in entries.c
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What an examination found."""

    incidents: int
    entries: int
    broken: Broken | None
    """The first link that does not hold, if one does not; nothing behind it was examined."""
    checkpoint: str
    """One digest over the end of every chain examined. Kept elsewhere, it tells whether whole chains went missing."""


def verify(
    connection: Connection, *, incident_id: IncidentId | None = None, progress: Callable[[int], None] | None = None
) -> Verified:
    """Recompute the chain of *incident_id*, or every chain. *progress* hears how many more entries were examined."""
    checkpoint = hashlib.sha256()
    incidents = examined = 0
    expected = _heads(connection, incident_id)
    head = next(expected, None)
    chain: Chain | None = None

    def result(broken: Broken | None) -> Verified:
        return Verified(incidents=incidents, entries=examined, broken=broken, checkpoint=checkpoint.hexdigest())

    def close(open_chain: Chain) -> Broken | None:
        nonlocal head, incidents
        mine = head if head is not None and head[0] == open_chain.incident_id else None
        broken = open_chain.end((mine[1], mine[2]) if mine else NO_END)
        checkpoint.update(f"{open_chain.incident_id}:{open_chain.seq}:{open_chain.hash}\n".encode())
        incidents += 1
        head = next(expected, None) if mine else head
        return broken

    for portion in _portions(connection, incident_id):
        for entry in portion:
            if chain is not None and chain.incident_id != entry.incident_id:
                if (broken := close(chain)) is not None:
                    return result(broken)
                chain = None
            if head is not None and head[0] < entry.incident_id:
                return result(Broken(incident_id=IncidentId(head[0]), seq=head[1], flaw=Flaw.CUT))
            chain = chain or Chain()
            examined += 1
            if (broken := chain.add(entry)) is not None:
                return result(broken)
        if progress is not None:
            progress(len(portion))
    if chain is not None and (broken := close(chain)) is not None:
        return result(broken)
    return result(Broken(incident_id=IncidentId(head[0]), seq=head[1], flaw=Flaw.CUT) if head is not None else None)


def count(connection: Connection, incident_id: IncidentId | None = None) -> int:
    """How many entries there are to examine."""
    wanted = select(func.coalesce(func.sum(heads.c.seq), 0))
    if incident_id is not None:
        wanted = wanted.where(heads.c.incident_id == incident_id)
    return int(connection.execute(wanted).scalar_one())


def _portions(connection: Connection, incident_id: IncidentId | None) -> Iterator[list[Sealed]]:
    place = (0, 0)
    while True:
        behind = tuple_(entries.c.incident_id, entries.c.seq) > place
        wanted = select(*_COLUMNS).where(behind).order_by(entries.c.incident_id, entries.c.seq).limit(PORTION)
        if incident_id is not None:
            wanted = wanted.where(entries.c.incident_id == incident_id)
        portion = [Sealed._make(row) for row in connection.execute(wanted)]
        if not portion:
            return
        yield portion
        place = (portion[-1].incident_id, portion[-1].seq)


def _heads(connection: Connection, incident_id: IncidentId | None) -> Iterator[tuple[int, int, str]]:
    place = 0
    while True:
        wanted = select(heads).where(heads.c.incident_id > place).order_by(heads.c.incident_id).limit(PORTION)
        if incident_id is not None:
            wanted = wanted.where(heads.c.incident_id == incident_id)
        portion = connection.execute(wanted).all()
        if not portion:
            return
        yield from ((row.incident_id, row.seq, row.hash) for row in portion)
        place = portion[-1].incident_id
