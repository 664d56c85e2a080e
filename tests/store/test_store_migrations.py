"""The schema comes to be by migrations, from any state, in any number of processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.types import TypeEngine

from parapet.core.errors import SchemaOutdated
from parapet.core.names import VERSION_TABLE
from parapet.store import migrate
from parapet.store.dialect import FULL_TEXT
from parapet.store.schema import APPEND_ONLY, metadata
from parapet.store.store import Store

UPGRADE = """
import json, sys
from parapet.store import migrate
from parapet.store.store import Store
print(json.dumps(migrate.upgrade(Store(sys.argv[1]).engine)))
"""


@pytest.fixture
def empty(empty_url: str) -> Iterator[Store]:
    """A store over a database without any table."""
    opened = Store(empty_url)
    yield opened
    opened.close()


def _written_differently(
    context: MigrationContext, column: object, declared: object, found: TypeEngine[object], wanted: TypeEngine[object]
) -> bool | None:
    """False for types that the database writes alike; else Alembic decides."""
    written = [kind.compile(context.dialect) for kind in (found, wanted)]
    return False if written[0] == written[1] else None


def test_an_upgrade_takes_every_step_once(empty: Store) -> None:
    """Pending before, nothing pending after, and a second upgrade does nothing."""
    pending = migrate.pending(empty.engine)
    assert pending
    with pytest.raises(SchemaOutdated), empty.read() as tx:
        tx.incidents.latest({"a"})
    assert migrate.upgrade(empty.engine) == pending
    assert migrate.pending(empty.engine) == []
    assert migrate.upgrade(empty.engine) == []


def test_four_processes_upgrade_at_once(empty_url: str, together: Callable[..., list[object]]) -> None:
    """Every node of a rollout runs it: one takes the steps, the others find nothing to do."""
    taken = together(UPGRADE, *((empty_url,) for _ in range(4)))
    *none, every = sorted(len(steps) for steps in taken if isinstance(steps, list))
    assert none == [0, 0, 0]
    assert every > 0
    opened = Store(empty_url)
    assert migrate.pending(opened.engine) == []
    opened.close()


def test_the_migrated_schema_is_the_declared_one(store: Store) -> None:
    """Tables, columns, types and indexes: what code expects is what the steps make."""
    with store.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": _written_differently,
                # Full text is no part of a table's declaration: FTS5's tables, and an index over an expression.
                "include_object": lambda thing, name, kind, reflected, other: (
                    name != VERSION_TABLE and not name.startswith((FULL_TEXT, "ix_parapet_words_found"))
                ),
            },
        )
        differences = compare_metadata(context, metadata)
    assert differences == [], differences


def test_a_step_that_was_interrupted_is_taken_again(empty: Store) -> None:
    """Some tables are there, the version is not: the upgrade makes the rest, triggers included."""
    with empty.engine.begin() as connection:
        metadata.create_all(connection, tables=[metadata.tables["parapet_incidents"], metadata.tables["parapet_audit"]])
        connection.execute(text("DROP INDEX ux_parapet_incidents_unresolved"))
    assert migrate.upgrade(empty.engine)
    names = {index["name"] for index in inspect(empty.engine).get_indexes("parapet_incidents")}
    assert "ux_parapet_incidents_unresolved" in names
    with empty.engine.connect() as connection:
        catalog = "sqlite_master WHERE type = 'trigger'" if connection.dialect.name == "sqlite" else "pg_trigger"
        column = "name" if connection.dialect.name == "sqlite" else "tgname"
        triggers = set(connection.execute(text(f"SELECT {column} FROM {catalog}")).scalars())
    for table in APPEND_ONLY:
        assert any(trigger.startswith(f"{table.name}_no_") for trigger in triggers)


def test_a_schema_of_a_newer_version_is_named_as_such(store: Store) -> None:
    """An older process does not touch it."""
    with store.engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(SchemaOutdated, match="newer"):
        migrate.pending(store.engine)
    with pytest.raises(SchemaOutdated, match="9999"):
        migrate.upgrade(store.engine)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_the_statements_can_be_read(dialect: str, capsys: pytest.CaptureFixture[str]) -> None:
    """For whoever applies migrations by hand; nothing goes to the terminal by itself."""
    said = migrate.sql(dialect)
    assert "CREATE TABLE IF NOT EXISTS parapet_incidents" in said
    assert "append-only" in said
    assert VERSION_TABLE in said
    assert capsys.readouterr().out == ""


def test_the_printed_statements_make_the_same_schema(tmp_path: Path) -> None:
    """Applied with SQLite itself, nothing is pending afterwards."""
    import sqlite3

    path = tmp_path / "by-hand.db"
    connection = sqlite3.connect(path)
    connection.executescript(migrate.sql("sqlite"))
    connection.close()
    opened = Store(f"sqlite:///{path}")
    assert migrate.pending(opened.engine) == []
    opened.close()


def test_the_hosts_alembic_leaves_our_tables_alone() -> None:
    """`include_name` hides what is ours, and nothing else."""
    assert not migrate.include_name("parapet_incidents", "table", {})
    assert not migrate.include_name(VERSION_TABLE, "table", {})
    assert migrate.include_name("orders", "table", {})
    assert migrate.include_name("parapet_incidents", "column", {})
    assert migrate.include_name(None, "schema", {})
