"""Every difference between SQLite and Postgres: connecting, beginning, locking, upserting, refusing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from weakref import WeakSet
from zlib import crc32

from sqlalchemy import (
    Connection,
    Engine,
    Integer,
    Select,
    Table,
    column,
    create_engine,
    event,
    make_url,
    select,
    table,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from parapet.core.errors import ConfigurationError
from parapet.store.forks import FORKS

POOL_SIZE = 5
POOL_MOST = 20
"""Connections at the busiest moment: as many as all the lanes of the web have threads, and some for everybody else."""
WAIT_SECONDS = 5
"""For a connection of the pool, for a lock, for a connect."""
STATEMENT_SECONDS = 30
_WIRE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2, "tcp_user_timeout": 20_000}
"""A machine that is gone without a word is noticed within 20 seconds, and not by whoever waits a quarter of an hour."""
FULL_TEXT = "parapet_words_fts"
"""The full-text table of SQLite."""
FOUND_BY = "array_to_tsvector(string_to_array(body, ' '::text))"
"""What Postgres indexes: the words as they were cut, by no parser of its own."""
READ_ONLY = "parapet_read_only"
"""Execution option of a connection that will only read."""

_GONE = "INSERT INTO parapet_words_fts(parapet_words_fts, rowid, body) VALUES ('delete', old.incident_id, old.body);"
_NEW = "INSERT INTO parapet_words_fts(rowid, body) VALUES (new.incident_id, new.body);"
_FULL_TEXT = (
    """CREATE VIRTUAL TABLE IF NOT EXISTS parapet_words_fts USING fts5(body, content='parapet_words',
    content_rowid='incident_id', tokenize='unicode61 remove_diacritics 0', prefix='2 3 4')""",
    f"CREATE TRIGGER IF NOT EXISTS parapet_words_new AFTER INSERT ON parapet_words BEGIN {_NEW} END",
    f"CREATE TRIGGER IF NOT EXISTS parapet_words_gone AFTER DELETE ON parapet_words BEGIN {_GONE} END",
    f"CREATE TRIGGER IF NOT EXISTS parapet_words_more AFTER UPDATE ON parapet_words BEGIN {_GONE} {_NEW} END",
)

# Any numbers, the same in every process, for the advisory locks of Postgres.
_UPGRADE_LOCK = 7_217_304_001
_SPACE = 721_730
_TURNS = 64
_ENGINES: WeakSet[Engine] = WeakSet()


def server_time(connection: Connection) -> datetime | None:
    """The time of the database's machine; None: it is a file on ours."""
    if connection.dialect.name == "sqlite":
        return None
    told: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return told


def address(url: str) -> URL:
    """*url* with the driver that Parapet uses.

    Raises:
        ConfigurationError: it is no URL, names a database that Parapet does not speak, or SQLite's memory.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError(f"{url!r} is no database URL. Write sqlite:////path/to/evidence.db.") from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if parsed.database in {None, "", ":memory:"}:
            raise ConfigurationError("SQLite in memory gives each thread a database of its own. Name a file.")
        return parsed
    if backend in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    raise ConfigurationError(f"Evidence lives in SQLite or Postgres; {backend!r} is neither.")


def connect(url: str) -> Engine:
    """An engine with a small pool of its own. Nothing is opened yet.

    Raises:
        ConfigurationError: see `address`; or the Postgres driver is not installed.
    """
    where = address(url)
    if where.get_backend_name() == "sqlite":
        engine = create_engine(
            where,
            pool_size=POOL_SIZE,
            max_overflow=POOL_MOST - POOL_SIZE,
            pool_timeout=WAIT_SECONDS,
            hide_parameters=True,
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return _of_one_process(engine)
    # Times come back in UTC: in another zone the last hours of year 9999 could not be read.
    # A plan that is kept would know neither how many values an array has, nor that a young table has grown.
    limits = f"-c statement_timeout={STATEMENT_SECONDS * 1000} -c lock_timeout={WAIT_SECONDS * 1000}"
    options = f"-c timezone=UTC -c plan_cache_mode=force_custom_plan {limits}"
    try:
        engine = create_engine(
            where,
            pool_size=POOL_SIZE,
            max_overflow=POOL_MOST - POOL_SIZE,
            pool_timeout=WAIT_SECONDS,
            pool_pre_ping=True,
            hide_parameters=True,  # errors are logged; what people wrote is not
            connect_args={"connect_timeout": WAIT_SECONDS, "options": options, "application_name": "parapet", **_WIRE},
        )
    except ModuleNotFoundError as error:
        raise ConfigurationError("Postgres needs its driver: pip install 'parapet-ops[postgres]'.") from error
    return _of_one_process(engine)


def _of_one_process(engine: Engine) -> Engine:
    """*engine*, whose connections are left alone by a process that is forked after they were made."""
    _ENGINES.add(engine)
    return engine


def _leave_to_the_parent() -> None:
    for engine in list(_ENGINES):
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_leave_to_the_parent)


def _prepare_sqlite(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None  # the driver begins nothing by itself; _begin_sqlite does
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {WAIT_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",  # what was answered with 2xx survives a power cut
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # Deferred transactions that read first and write later fail under contention; immediate ones wait their turn.
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def undisturbed(engine: Engine) -> AbstractContextManager[None]:
    """Within the block no other thread forks this process, where a fork would break the database for the child."""
    return FORKS.held_up() if engine.dialect.name == "sqlite" else nullcontext()


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection whose reads all see the database as it was at the first of them. It waits for no writer."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            options: dict[str, object] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        else:
            options = {READ_ONLY: True}
        yield connection.execution_options(**options)


def lock_keys(connection: Connection, keys: Iterable[str]) -> None:
    """Let one transaction at a time work on *keys*, until it ends. On SQLite, BEGIN IMMEDIATE does.

    Keys share a bounded number of locks, taken in order: nobody waits in a circle, and no lock table overflows.
    """
    if connection.dialect.name == "postgresql":
        for turn in sorted({crc32(key.encode()) % _TURNS for key in keys}):
            connection.execute(text("SELECT pg_advisory_xact_lock(:space, :turn)"), {"space": _SPACE, "turn": turn})


def lock_schema(connection: Connection) -> None:
    """Let one process at a time change the schema, until the transaction ends. On SQLite, BEGIN IMMEDIATE does."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})


def upsert(
    connection: Connection, table: Table, row: Mapping[str, object], *, key: Sequence[str], update: Sequence[str]
) -> None:
    """Insert *row*; where *key* is taken, set the *update* columns instead."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table).values(**row)
    changed = {name: insert.excluded[name] for name in update}
    connection.execute(insert.on_conflict_do_update(index_elements=list(key), set_=changed))


def found_by(connection: Connection, words: Sequence[str]) -> Select[tuple[int]]:
    """The numbers of the incidents that have a word beginning with each of *words*, which are letters and digits."""
    if connection.dialect.name == "sqlite":
        wanted = " AND ".join(f'"{word}"*' for word in words)
        beside = table(FULL_TEXT, column("rowid", Integer))
        return select(beside.c.rowid).where(text(f"{FULL_TEXT} MATCH :wanted").bindparams(wanted=wanted))
    wanted = " & ".join(f"'{word}':*" for word in words)
    kept = table("parapet_words", column("incident_id", Integer))
    return select(kept.c.incident_id).where(text(f"{FOUND_BY} @@ CAST(:wanted AS tsquery)").bindparams(wanted=wanted))


def full_text_statements(dialect: str) -> tuple[str, ...]:
    """The statements that make `parapet_words` searchable, and keep it so in the transaction that writes it."""
    if dialect != "sqlite":
        return (f"CREATE INDEX IF NOT EXISTS ix_parapet_words_found ON parapet_words USING gin ({FOUND_BY})",)
    return _FULL_TEXT


def append_only_statements(table: str, dialect: str) -> tuple[str, ...]:
    """The statements that make the database itself refuse to change or remove a row of *table*."""
    said = f"{table} is append-only"
    if dialect == "sqlite":
        return tuple(
            f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
            for verb in ("UPDATE", "DELETE")
        )
    return (
        _refusal(table),
        f"""CREATE OR REPLACE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION {table}_refuse()""",
        f"""CREATE OR REPLACE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()""",
    )


def redactable_statements(
    table: str, columns: Sequence[str], payload: str, redacted: str, dialect: str
) -> tuple[str, ...]:
    """The same, but one change is let through: the column *payload* becomes *redacted*, and no other one of *columns*.

    Replaces the trigger of `append_only_statements` that refuses every change; removing stays refused.
    """
    others = [name for name in columns if name != payload]
    if dialect == "sqlite":
        same = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in others)
        refusing = (
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
            f"WHEN NOT (NEW.{payload} = '{redacted}' AND {same}) "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        return f"DROP TRIGGER IF EXISTS {table}_no_update", refusing
    new, old = (", ".join(f"{row}.{name}" for name in others) for row in ("NEW", "OLD"))
    return (
        _refusal(table),
        f"""CREATE OR REPLACE TRIGGER {table}_no_change BEFORE UPDATE ON {table} FOR EACH ROW
        WHEN (NEW.{payload} IS DISTINCT FROM '{redacted}' OR ({new}) IS DISTINCT FROM ({old}))
        EXECUTE FUNCTION {table}_refuse()""",
        f"""CREATE OR REPLACE TRIGGER {table}_no_removal BEFORE DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION {table}_refuse()""",
    )


def _refusal(table: str) -> str:
    return f"""CREATE OR REPLACE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"""
