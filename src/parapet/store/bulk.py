"""Many rows in one statement whose text does not grow with them: a driver parses text for longer than rows are written.

Postgres takes a column as one array. SQLite has no arrays, and no network to save: it takes rows one after the other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, Table, any_, bindparam, func, insert, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from parapet.store.rows import Row

_ORDER = "row_order"


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
    return column == any_(literal(list(values), ARRAY(column.type)))


def _of_arrays(table: Table, names: tuple[str, ...]) -> Insert:
    arrays = [bindparam(name, type_=ARRAY(table.c[name].type)) for name in names]
    given = func.unnest(*arrays).table_valued(*names, with_ordinality=_ORDER).render_derived()
    return insert(table).from_select(names, select(*(given.c[name] for name in names)).order_by(given.c[_ORDER]))


def _arrays(rows: Sequence[Row]) -> dict[str, list[object]]:
    return {name: [row[name] for row in rows] for name in rows[0]}
