"""Statements of a SQLAlchemy engine: each is counted once, whatever becomes of it. On SQLite and on Postgres."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, event, insert, literal, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from parapet.integrations.databases import operation_of
from parapet.integrations.sqlalchemy import instrument
from parapet.signals.recorder import Recorder

item = Table("item", MetaData(), Column("id", Integer, primary_key=True), Column("name", String(20)))


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


@pytest.fixture
def engine(url: str, make: Callable[..., Engine], service: Any) -> Engine:
    """An instrumented engine, whose dialect knows its database already."""
    made = make(url)
    with made.connect():
        pass
    instrument(made, service)
    return made


def test_each_operation_is_counted(engine: Engine, service: Any) -> None:
    """What a statement does is its label, never its text."""
    with engine.begin() as connection:
        connection.execute(item.insert().values(id=1, name="tea"))
        connection.execute(item.update().values(name="green tea"))
        assert connection.execute(select(item.c.name)).scalar_one() == "green tea"
        connection.execute(item.delete())
        connection.execute(text("CREATE TABLE other_item (id INTEGER)"))
    assert service.statements() == {
        ("insert", "success"): 1,
        ("update", "success"): 1,
        ("select", "success"): 1,
        ("delete", "success"): 1,
        ("other", "success"): 1,
    }


@pytest.mark.parametrize(
    ("statement", "operation"),
    [
        ("  select 1", "select"),
        ("-- why\nSELECT 1", "select"),
        ("/* update */ SELECT 1", "select"),
        ("(SELECT 1) UNION (SELECT 2)", "select"),
        ("WITH old AS (SELECT 1) DELETE FROM item", "delete"),
        ("with recursive gone as (delete from item returning id) select * from gone", "select"),
        ("WITH \"insert\" AS (SELECT ') INSERT') UPDATE item SET id = 1", "update"),
        ("REPLACE INTO item VALUES (1)", "insert"),
        (b"INSERT INTO item VALUES (1)", "insert"),
        ("EXPLAIN SELECT 1", "other"),
        ("", "other"),
        ("'select'", "other"),
        ("(" * 3_000 + "select", "select"),
    ],
)
def test_what_a_statement_does_is_read_from_its_beginning(statement: object, operation: str) -> None:
    """Comments, brackets, quotes and common table expressions do not hide it."""
    assert operation_of(statement) == operation


def test_statements_of_the_orm_are_counted(engine: Engine, service: Any) -> None:
    """A session's flush, refresh and query are statements like any other."""
    with Session(engine) as session:
        session.add(Item(name="tea"))
        session.commit()
        assert session.scalars(select(Item)).one().name == "tea"
    assert service.statements() == {("insert", "success"): 1, ("select", "success"): 1}


def test_a_rolled_back_statement_was_still_run(engine: Engine, service: Any) -> None:
    """Rolling back changes nothing about what the database did; a savepoint is a statement too."""
    with engine.connect() as connection:
        connection.execute(item.insert().values(id=1, name="tea"))
        connection.rollback()
        with connection.begin_nested() as nested:
            connection.execute(item.insert().values(id=1, name="tea"))
            nested.rollback()
        connection.rollback()
        assert connection.execute(select(item)).all() == []
    assert service.statements()["insert", "success"] == 2
    assert service.statements()["select", "success"] == 1


def test_a_failed_statement_is_counted_once_as_a_failure(engine: Engine, service: Any) -> None:
    """The exception arrives as it would without us."""
    with engine.connect() as connection, pytest.raises((OperationalError, ProgrammingError), match="missing"):
        connection.execute(text("SELECT * FROM missing"))
    assert service.statements() == {("select", "failure"): 1}


def test_a_constraint_that_says_no_is_no_failure(engine: Engine, service: Any) -> None:
    """ "Insert, or find what is there" is how programs ask; the database is well."""
    with engine.begin() as connection:
        connection.execute(item.insert().values(id=1, name="tea"))
    with engine.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(item.insert().values(id=1, name="tea"))
    assert service.statements() == {("insert", "success"): 1, ("insert", "refused"): 1}


def test_executemany_is_one_statement(engine: Engine, service: Any) -> None:
    """Many rows handed to the driver at once."""
    rows = [{"id": number, "name": f"tea {number}"} for number in range(50)]
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO item (id, name) VALUES (:id, :name)"), rows)
    assert service.statements() == {("insert", "success"): 1}


def test_rows_inserted_in_batches_are_counted_per_batch(url: str, make: Callable[..., Engine], service: Any) -> None:
    """Where SQLAlchemy makes several statements of one, the database ran several."""
    engine = make(url, insertmanyvalues_page_size=20)
    with engine.connect():
        pass
    instrument(engine, service)
    with engine.begin() as connection:
        rows = [{"name": f"tea {number}"} for number in range(50)]
        assert len(connection.execute(insert(item).returning(item.c.id), rows).all()) == 50
    assert service.statements() == {("insert", "success"): 3}


def test_a_statement_without_parameters_is_counted(engine: Engine, service: Any) -> None:
    """`no_parameters` takes a way of its own to the driver."""
    with engine.connect() as connection:
        sql = "SELECT '%' || 'x'" if engine.name == "postgresql" else "SELECT '%'"
        connection.execution_options(no_parameters=True).exec_driver_sql(sql)
    assert service.statements() == {("select", "success"): 1}


def test_a_streamed_statement_is_counted_once(engine: Engine, service: Any) -> None:
    """However many rows are fetched, and however late."""
    rows = [{"id": number, "name": f"tea {number}"} for number in range(100)]
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO item (id, name) VALUES (:id, :name)"), rows)
    with engine.connect() as connection:
        streamed = connection.execution_options(stream_results=True, yield_per=10).execute(select(item))
        assert len(streamed.all()) == 100
    assert service.statements() == {("insert", "success"): 1, ("select", "success"): 1}


def test_an_engine_with_options_is_the_same_engine(engine: Engine, service: Any) -> None:
    """Engines made by `execution_options` share pool and dialect, and so the counts."""
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(select(literal(1)))
    assert service.statements() == {("select", "success"): 1}
    assert service.waits() == {"success": 1}


def test_instrumenting_twice_counts_once(engine: Engine, service: Any) -> None:
    """As a host does whose module is imported twice."""
    instrument(engine, service)
    with engine.connect() as connection:
        connection.execute(select(literal(1)))
    assert service.statements() == {("select", "success"): 1}
    assert service.waits() == {"success": 1}


def test_two_services_may_count_one_engine(engine: Engine, service: Any) -> None:
    """Each gets every statement."""
    other = SimpleNamespace(recorder=Recorder())
    instrument(engine, other, name="shared")
    with engine.connect() as connection:
        connection.execute(select(literal(1)))
    assert service.statements() == {("select", "success"): 1}
    assert b'{operation="select",engine="shared",outcome="success"} 1' in other.recorder.render()


def test_engines_are_told_apart(url: str, make: Callable[..., Engine], service: Any) -> None:
    """By the names that the host gives them."""
    primary, replica = make(url), make(url)
    for engine in (primary, replica):
        with engine.connect():
            pass
    instrument(primary, service)
    instrument(replica, service, name="replica")
    with replica.connect() as connection:
        connection.execute(select(literal(1)))
    assert service.statements("primary") == {}
    assert service.statements("replica") == {("select", "success"): 1}


def test_everything_a_first_error_needs_is_shown_at_zero(engine: Engine, service: Any) -> None:
    """A first failure is a step from 0 and no new series."""
    shown = service.shown("parapet_db_query_duration_seconds_count")
    operations = ("select", "insert", "update", "delete", "other")
    assert shown == {(verb, "primary", outcome) for verb in operations for outcome in ("success", "failure")}


def test_threads_are_added_up(engine: Engine, service: Any) -> None:
    """Nothing is lost or counted twice when many threads run statements at once."""

    def work() -> None:
        for _ in range(20):
            with engine.connect() as connection:
                connection.execute(select(literal(1)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert service.statements() == {("select", "success"): 160}
    assert service.waits() == {"success": 160}


class _Executed(Exception):
    """Raised by a listener that ran a statement itself."""


@pytest.mark.parametrize("early", [True, False])
def test_listeners_of_the_host_keep_their_say(early: bool, url: str, make: Callable[..., Engine], service: Any) -> None:
    """Whoever listens before or after us still does, and may execute the statement: it is counted once."""
    engine, heard = make(url), []
    with engine.connect():
        pass

    def listen() -> None:
        @event.listens_for(engine, "do_execute")
        def hears(cursor: Any, statement: str, parameters: Any, context: Any) -> None:
            heard.append("first")

        @event.listens_for(engine, "do_execute")
        def executes(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
            heard.append("second")
            cursor.execute(statement, parameters)
            return True

        @event.listens_for(engine, "do_execute")
        def too_late(cursor: Any, statement: str, parameters: Any, context: Any) -> None:
            heard.append("never")

    if early:
        listen()
    instrument(engine, service)
    if not early:
        listen()
    with engine.begin() as connection:
        connection.execute(item.insert().values(id=1, name="tea"))
        assert connection.execute(select(item.c.name)).scalar_one() == "tea"
    assert heard == ["first", "second"] * 2
    assert service.statements() == {("insert", "success"): 1, ("select", "success"): 1}


def test_a_listener_that_raises_fails_its_statement(engine: Engine, service: Any) -> None:
    """Its exception arrives, and the statement is a failure, counted once."""

    @event.listens_for(engine, "do_execute")
    def raises(*arguments: object) -> None:
        raise _Executed

    with engine.connect() as connection, pytest.raises(_Executed):
        connection.execute(select(literal(1)))
    assert service.statements() == {("select", "failure"): 1}


def test_what_is_broken_in_counting_stays_there(engine: Engine, service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Statements and connections work although nothing can be recorded."""

    def broken(*arguments: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(Recorder, "observe", broken)
    monkeypatch.setattr("parapet.integrations.sqlalchemy._operation", broken)
    for family in ("parapet_db_query_duration_seconds", "parapet_db_pool_wait_seconds"):
        monkeypatch.setattr(service.recorder.families[family], "cells", broken)
    answers: list[object] = []

    def work() -> None:  # in a thread that has no cells yet
        with engine.begin() as connection:
            answers.append(connection.execute(select(literal(7))).scalar_one())
            connection.execute(text("INSERT INTO item (id, name) VALUES (:id, :name)"), [{"id": 1, "name": "tea"}] * 1)
            with pytest.raises(DBAPIError):
                connection.execute(text("SELECT * FROM missing"))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert answers == [7]


@pytest.mark.parametrize("database", ["postgres"])
def test_a_statement_that_the_server_kills_is_a_failure(
    engine: Engine, service: Any, database: str, make: Callable[..., Engine], url: str
) -> None:
    """Cancelled by an administrator, or with its whole connection: counted once, and the pool goes on."""
    administrator = make(url)

    def strike(how: str) -> None:
        with engine.connect() as connection:
            victim = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]

            def kill() -> None:
                with administrator.connect() as other:
                    waiting = "SELECT count(*) FROM pg_stat_activity WHERE pid = :pid AND wait_event = 'PgSleep'"
                    while not other.execute(text(waiting), {"pid": victim}).scalar_one():
                        other.rollback()
                    other.execute(text(f"SELECT {how}(:pid)"), {"pid": victim})

            killer = threading.Thread(target=kill)
            killer.start()
            with pytest.raises(DBAPIError):
                connection.execute(text("SELECT pg_sleep(30)"))
            killer.join()

    strike("pg_cancel_backend")
    strike("pg_terminate_backend")
    with engine.connect() as connection:
        assert connection.execute(select(literal(1))).scalar_one() == 1
    assert service.statements() == {("select", "failure"): 2, ("select", "success"): 1}


@pytest.fixture
def slow(engine: Engine) -> Callable[[], Sequence[Any]]:
    """Runs a statement that takes 30 ms in the database."""

    def run() -> Sequence[Any]:
        with engine.connect() as connection:
            if engine.name == "postgresql":
                return connection.execute(text("SELECT pg_sleep(0.03)")).all()
            sqlite = connection.connection.dbapi_connection
            assert sqlite is not None
            sqlite.create_function("wait_a_little", 0, lambda: threading.Event().wait(0.03))
            return connection.execute(text("SELECT wait_a_little()")).all()

    return run


def test_the_time_is_the_databases(slow: Callable[[], object], service: Any) -> None:
    """Seconds between handing the statement to the driver and having its answer."""
    slow()
    (seconds,) = service.values("parapet_db_query_duration_seconds_sum", operation="select").values()
    assert 0.03 <= seconds < 2.0
