"""Databases on a real Postgres: a test that wrote nothing but rows gives back a database that the next one can have.

To copy and drop one costs a fifth of a second, to empty it a hundredth of that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import psycopg
from sqlalchemy import Engine, create_engine, text

from parapet.store import migrate
from parapet.store.dialect import address
from parapet.store.store import Store

TEMPLATE = "parapet_template"
VERSION = "parapet_schema_version"
MOST_BYTES = 2_000_000
"""More than the template has: what was filled so is dropped, with all that Postgres keeps about it."""
ENDING_MS = 10_000
LOOK = f"""
SELECT pg_database_size(current_database()), ARRAY[
  (SELECT string_agg({VERSION}::text, ' ' ORDER BY {VERSION}::text) FROM {VERSION}),
  (SELECT string_agg(setting::text, ' ') FROM pg_db_role_setting AS setting WHERE setdatabase =
    (SELECT oid FROM pg_database WHERE datname = current_database())),
  {
    ", ".join(
        f"(SELECT count(*) || ' ' || max(xmin::text::bigint) FROM {catalog})"
        for catalog in (
            "pg_class",
            "pg_attribute",
            "pg_attrdef",
            "pg_constraint",
            "pg_index",
            "pg_namespace",
            "pg_proc",
            "pg_trigger",
        )
    )
}]
"""
"""The size, and what changes if anything but rows does: a table, a trigger, a setting, the version of the schema."""
TABLES = f"SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'parapet%' AND relname <> '{VERSION}'"
NUMBERS = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
FROM pg_sequences WHERE last_value IS NOT NULL
"""
OTHERS = f"""
SELECT pg_terminate_backend(pid, {ENDING_MS}) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

_numbers = count(1)
_servers: dict[str, Engine] = {}
"""Of each server, how it is administered."""
_empty: dict[str, list[_Copy]] = {}
"""Of each server, what was given back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """A copy of the template."""

    name: str
    size_bytes: int
    look: list[str | None]


def make_template(uri: str) -> None:
    """The migrated database that others are copied from. Nothing on that server survives its end."""
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        administer(uri, f"ALTER SYSTEM SET {setting} = off")
    administer(uri, "SELECT pg_reload_conf()")
    administer(uri, f"CREATE DATABASE {TEMPLATE}")
    template = Store(_database(uri, TEMPLATE))
    migrate.upgrade(template.engine)
    template.close()


def evidence_database(uri: str) -> Iterator[str]:
    """The URL of an evidence database with its tables and nothing in them."""
    kept = _empty.setdefault(uri, [])
    copy = kept.pop() if kept else _copied(uri)
    yield _database(uri, copy.name)
    if _emptied(uri, copy):
        kept.append(copy)
    else:
        administer(uri, f"DROP DATABASE IF EXISTS {copy.name} WITH (FORCE)")


def bare_database(uri: str) -> Iterator[str]:
    """The URL of a new database without any table; it is dropped afterwards."""
    name = _new(uri, "template0")
    yield _database(uri, name)
    administer(uri, f"DROP DATABASE {name} WITH (FORCE)")


def forget_servers() -> None:
    """Let go of every server, before they end."""
    for engine in _servers.values():
        engine.dispose()
    _servers.clear()
    _empty.clear()


def administer(uri: str, statement: str) -> None:
    """Run a statement that belongs to no database."""
    engine = _servers.get(uri)
    if engine is None:
        engine = create_engine(address(uri), isolation_level="AUTOCOMMIT", pool_pre_ping=True)
        _servers[uri] = engine
    with engine.connect() as connection:
        connection.execute(text(statement))


def _new(uri: str, template: str) -> str:
    name = f"parapet_test_{next(_numbers)}"
    # Copied as files, not through the log: half the work where nothing has to survive.
    administer(uri, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    return name


def _copied(uri: str) -> _Copy:
    name = _new(uri, TEMPLATE)
    with psycopg.connect(_database(uri, name), autocommit=True) as connection:
        row = connection.execute(LOOK).fetchone()
    assert row is not None
    return _Copy(name=name, size_bytes=row[0], look=row[1])


def _emptied(uri: str, copy: _Copy) -> bool:
    """End who is still connected, and take all rows out; not if more was done than to write some rows."""
    try:
        with psycopg.connect(_database(uri, copy.name), autocommit=True) as connection:
            connection.execute(OTHERS)
            row = connection.execute(LOOK).fetchone()
            assert row is not None
            if row[1] != copy.look or row[0] > copy.size_bytes + MOST_BYTES:
                return False
            names = [name for (name,) in connection.execute(TABLES).fetchall()]
            connection.execute("SET session_replication_role = replica")  # the evidence lets nobody delete
            connection.execute("; ".join(f"DELETE FROM {name}" for name in names).encode())
            connection.execute(NUMBERS)
    except psycopg.Error:
        return False
    return True


def _database(uri: str, name: str) -> str:
    return address(uri).set(drivername="postgresql", database=name).render_as_string(hide_password=False)
