"""Lists page by page, forwards and backwards, by key: no page repeats or skips a row of the one beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Integer, RowMapping, Select, literal, tuple_

from parapet.core.clock import instant
from parapet.core.errors import MalformedPayload
from parapet.core.part import Part, Place
from parapet.store.columns import UtcDateTime
from parapet.store.rows import LARGEST_NUMBER

T = TypeVar("T")


class Keyset:
    """An order by *columns*, which together are never the same for two rows; *latest*: highest first."""

    def __init__(self, *columns: Column[Any], latest: bool = False) -> None:
        self._columns = columns
        self._latest = latest

    @property
    def order(self) -> Sequence[ColumnElement[Any]]:
        """What a statement is ordered by."""
        return self._ordered(self._latest)

    def page(
        self,
        connection: Connection,
        wanted: Select[Any],
        read: Callable[[RowMapping], T],
        *,
        limit: int,
        behind: Place | None = None,
        ahead: Place | None = None,
    ) -> Part[T]:
        """At most *limit* of the rows that *wanted* finds: the first, those behind a place, or the last ahead of one.

        Raises:
            MalformedPayload: there is no such place in this list, or both are given.
        """
        size = max(1, limit)
        if behind is not None and ahead is not None:
            raise MalformedPayload("A list is read either forwards or backwards: give one place, not two.")
        if ahead is not None:
            found = self._some(connection, wanted.where(self._beside(ahead, back=True)), size + 1, back=True)
            shown, preceding = found[:size][::-1], len(found) > size
            following = self._any(connection, wanted, shown[-1:], back=False)
        else:
            here = wanted if behind is None else wanted.where(self._beside(behind, back=False))
            found = self._some(connection, here, size + 1, back=False)
            shown, following = found[:size], len(found) > size
            preceding = behind is not None and self._any(connection, wanted, shown[:1], back=True)
        return Part(
            rows=tuple(map(read, shown)),
            next=self._place(shown[-1]) if following else None,
            previous=self._place(shown[0]) if preceding else None,
        )

    def _some(self, connection: Connection, wanted: Select[Any], limit: int, *, back: bool) -> Sequence[RowMapping]:
        ordered = wanted.order_by(*self._ordered(self._latest is not back)).limit(limit)
        return connection.execute(ordered).mappings().all()

    def _any(self, connection: Connection, wanted: Select[Any], edge: Sequence[RowMapping], *, back: bool) -> bool:
        """Whether there is a row behind the one of *edge*, or with *back* ahead of it."""
        if not edge:
            return False
        further = wanted.where(self._beside(self._place(edge[0]), back=back)).with_only_columns(self._columns[-1])
        return bool(self._some(connection, further, 1, back=back))

    def _ordered(self, latest: bool) -> Sequence[ColumnElement[Any]]:
        return [column.desc() if latest else column.asc() for column in self._columns]

    def _place(self, row: RowMapping) -> Place:
        if len(self._columns) == 1:
            only: Place = row[self._columns[0].name]
            return only
        values = [row[column.name] for column in self._columns]
        return "_".join(value.isoformat() if hasattr(value, "isoformat") else f"{value}" for value in values)

    def _beside(self, place: Place, *, back: bool) -> ColumnElement[bool]:
        """What stands behind *place*; *back*: before it."""
        written = f"{place}".split("_", len(self._columns) - 1)
        try:
            values = [_value(column, text) for column, text in zip(self._columns, written, strict=True)]
        except (ValueError, OverflowError) as error:
            raise MalformedPayload(
                f"{f'{place}'[:80]!r} is no place in this list. Start from its beginning."
            ) from error
        # Bound as the column's own type: inside a tuple the database library would not do so by itself.
        here = [literal(value, column.type) for column, value in zip(self._columns, values, strict=True)]
        left, right = (self._columns[0], here[0]) if len(here) == 1 else (tuple_(*self._columns), tuple_(*here))
        return left < right if self._latest is not back else left > right


def _value(column: Column[Any], text: str) -> object:
    """*text* as a value of *column*.

    Raises:
        ValueError: it can be none.
    """
    if isinstance(column.type, UtcDateTime):
        return instant(text)
    if isinstance(column.type, Integer):
        number = int(text) if text.isascii() and text.isdecimal() else -1
        if not 0 <= number <= LARGEST_NUMBER:
            raise ValueError(text)
        return number
    if not (text.isascii() and text.isprintable() and text):
        raise ValueError(text)
    return text
