"""What incidents are found by, kept in the same transaction as what it says. The index itself is in `dialect`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from parapet.core.types import IncidentId
from parapet.incidents.words import MOST_WANTED, MOST_WORDS, words
from parapet.store.bulk import add_rows
from parapet.store.dialect import found_by
from parapet.store.rows import Row
from parapet.store.schema import incidents
from parapet.store.schema import words as table


class WordRows:
    """The words of incidents, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, incident_id: IncidentId, new: Iterable[str]) -> None:
        """Have the incident found by *new* words, too; they are as `incidents.words.words` cut them."""
        wanted = list(new)
        if not wanted:
            return
        mine = table.c.incident_id == incident_id
        body = self._connection.execute(select(table.c.body).where(mine)).scalar_one_or_none()
        if body is None:
            row = {"incident_id": incident_id, "body": " ".join(wanted[:MOST_WORDS])}
            self._connection.execute(insert(table), row)
            return
        known = body.split(" ")
        there = set(known)
        more = [word for word in wanted if word not in there][: max(0, MOST_WORDS - len(known))]
        if more:
            self._connection.execute(update(table).where(mine).values(body=" ".join([*known, *more])))

    def begin(self, found_by: Mapping[IncidentId, Sequence[str]]) -> None:
        """Have incidents that are new in this transaction found by their first words."""
        rows: list[Row] = [
            {"incident_id": number, "body": " ".join(new[:MOST_WORDS])} for number, new in found_by.items() if new
        ]
        add_rows(self._connection, table, rows)

    def replace(self, incident_id: IncidentId, new: Iterable[str]) -> None:
        """Have the incident found by *new* words, and by no others."""
        self._connection.execute(delete(table).where(table.c.incident_id == incident_id))
        self.add(incident_id, new)

    def matching(self, search: str) -> ColumnElement[bool]:
        """The incidents that have a word beginning with each word of *search*; or the one whose reference it is."""
        text = search.strip().upper()
        reference = text.removeprefix("INC-")
        number = int(reference) if reference.isascii() and reference.isdecimal() and len(reference) < 18 else None
        if number is not None and text != reference:
            return incidents.c.id == number
        wanted = words(search)[:MOST_WANTED]
        if not wanted:
            return incidents.c.id < 0  # only signs: nothing has those
        found = incidents.c.id.in_(found_by(self._connection, wanted))
        return found if number is None else (incidents.c.id == number) | found
