"""Many rows in one statement whose text does not grow with them: a driver parses text for longer than rows are written.

Postgres takes a column as one array. SQLite has no arrays, and no network to save: it takes rows one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, Table, any_, bindparam, func, insert, literal, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine, UserDefinedType

from parapet.store.rows import Row

_ORDER = "row_order"
_POSTGRES = postgresql.dialect()  # type: ignore[no-untyped-call]


class _Array(UserDefinedType[list[object]]):
    """An array of a column's type, handed over as one text: a driver asks each of many values what it is."""

    cache_ok = True
    render_bind_cast = True

    def __init__(self, of: TypeEngine[Any]) -> None:
        self.of = of

    def get_col_spec(self, **_: object) -> str:
        """The type's name."""
        return f"{self.of.dialect_impl(_POSTGRES).compile(_POSTGRES)}[]"

    def bind_processor(self, dialect: Dialect) -> Callable[[list[object] | None], str]:
        """From values to the text of an array."""
        kept = self.of.dialect_impl(dialect).bind_processor(dialect)

        def text(values: list[object] | None) -> str:
            items, before, item = [], object(), ""
            for value in values or ():
                if value is not before:  # whole columns are one instant, one kind, or nothing
                    before, item = value, _item(value, kept)
                items.append(item)
            return "{" + ",".join(items) + "}"

        return text


def _item(value: object, kept: Callable[[Any], object] | None) -> str:
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    item = value if kept is None else kept(value)
    if isinstance(item, str):
        if "\\" in item or '"' in item:
            item = item.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{item}"'
    if isinstance(item, datetime):
        return f'"{item.isoformat()}"'
    return "NULL" if item is None else str(item)


def add_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Write *rows*, which all have the same columns, in the order given."""
    if not rows:
        return
    if connection.dialect.name == "sqlite" or len(rows) == 1:
        connection.execute(insert(table), rows)
    else:
        connection.execute(_of_arrays(table, tuple(rows[0])), _arrays(rows))


def add_numbered(connection: Connection, table: Table, rows: Sequence[Row]) -> list[int]:
    """The same where the database numbers the rows; their numbers, in the order given."""
    if not rows:
        return []
    if len(rows) == 1:
        return list(connection.execute(insert(table).returning(table.c.id), rows).scalars())
    if connection.dialect.name == "sqlite":
        # The numbers that it would give: nobody else writes meanwhile, and to ask for them costs a statement a row.
        last = connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
        numbers = list(range(last + 1, last + 1 + len(rows)))
        connection.execute(insert(table), [{**row, "id": number} for row, number in zip(rows, numbers, strict=True)])
        return numbers
    # Numbers are drawn in the order of the SELECT; in which order they come back is not promised.
    statement = _of_arrays(table, tuple(rows[0])).returning(table.c.id)
    return sorted(connection.execute(statement, _arrays(rows)).scalars())


def among(connection: Connection, column: ColumnElement[Any], values: Collection[object]) -> ColumnElement[bool]:
    """Whether *column* is one of *values*."""
    if connection.dialect.name == "sqlite":
        return column.in_(values)
    return column == any_(literal(list(values), _Array(column.type)))


def _of_arrays(table: Table, names: tuple[str, ...]) -> Insert:
    arrays = [bindparam(name, type_=_Array(table.c[name].type)) for name in names]
    given = func.unnest(*arrays).table_valued(*names, with_ordinality=_ORDER).render_derived()
    return insert(table).from_select(names, select(*(given.c[name] for name in names)).order_by(given.c[_ORDER]))


def _arrays(rows: Sequence[Row]) -> dict[str, list[object]]:
    return {name: [row[name] for row in rows] for name in rows[0]}
