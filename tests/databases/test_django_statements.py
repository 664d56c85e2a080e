"""Django's databases: each statement is counted once, whatever becomes of it. A real project on SQLite and Postgres."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

HOST = Path(__file__).parent / "hosts" / "django_host.py"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a Django project counted, by what it did."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("django") / "items.db"
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": {"timeout": 20}}
    else:
        url = make_url(request.getfixturevalue("postgres_uri"))
        engine = create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("DROP DATABASE IF EXISTS parapet_django"))
            connection.execute(text("CREATE DATABASE parapet_django"))
        engine.dispose()
        host = str(url.query.get("host") or url.host)
        database = {"ENGINE": "django.db.backends.postgresql", "NAME": "parapet_django"}
        database |= {"USER": url.username or "", "HOST": host, "PORT": str(url.port or "")}
    env = {key: value for key, value in os.environ.items() if not key.startswith(("DJANGO", "PYTEST"))}
    ran = subprocess.run(
        [sys.executable, str(HOST), request.param, json.dumps(database)],
        env=env | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def counted(told: dict[str, Any], step: str) -> dict[str, int]:
    """What *step* counted, without savepoints and the like."""
    return {name: count for name, count in told[step].items() if not name.startswith("other")}


def test_each_operation_of_the_orm_is_counted(told: dict[str, Any]) -> None:
    """By what it does, and by the alias of its database."""
    assert counted(told, "operations") == {
        "insert default success": 1,
        "update default success": 1,
        "select default success": 1,
        "delete default success": 1,
    }


def test_a_failed_statement_is_counted_once(told: dict[str, Any]) -> None:
    """As a failure; its exception arrives."""
    assert told["failed"] == {"select default failure": 1}


def test_a_constraint_that_says_no_is_no_failure(told: dict[str, Any]) -> None:
    """The database is well."""
    assert counted(told, "refused") == {"insert default success": 1, "insert default refused": 1}


def test_a_rolled_back_statement_was_still_run(told: dict[str, Any]) -> None:
    """Rolling back changes nothing about what the database did."""
    assert counted(told, "rolled_back") == {"insert default success": 1, "select default success": 1}


def test_executemany_is_one_statement(told: dict[str, Any]) -> None:
    """Many rows handed to the driver at once."""
    assert counted(told, "executemany") == {"insert default success": 1}


def test_an_iterator_is_one_statement(told: dict[str, Any]) -> None:
    """However many times rows are fetched from a cursor at the server."""
    assert counted(told, "streamed") == {"select default success": 1}


def test_every_connection_of_every_thread_is_measured(told: dict[str, Any]) -> None:
    """Django makes a connection for each thread."""
    assert counted(told, "threads") == {"select default success": 20}


def test_a_connection_that_is_made_again_counts_once(told: dict[str, Any]) -> None:
    """Nothing piles up, however often it is closed."""
    assert counted(told, "connected_again") == {"select default success": 3}


def test_asynchronous_queries_are_counted(told: dict[str, Any]) -> None:
    """They run in threads of Django's own."""
    assert counted(told, "asynchronous") == {"select default success": 1}


def test_wrappers_of_the_host_come_and_go(told: dict[str, Any]) -> None:
    """Also around a connection that is made meanwhile: Django takes away the last wrapper, which must be theirs."""
    assert counted(told, "wrapped") == {"select default success": 2}


def test_composed_statements_are_understood(told: dict[str, Any]) -> None:
    """psycopg's SQL objects are no strings."""
    if told["waits"]:
        assert told["composed"] == {"delete default success": 1}


def test_what_is_broken_in_counting_stays_there(told: dict[str, Any]) -> None:
    """Statements work although nothing can be recorded."""
    assert told["broken"] == {}


def test_everything_a_first_error_needs_is_shown_at_zero(told: dict[str, Any]) -> None:
    """A first failure is a step from 0 and no new series."""
    aliases = ("default", "pooled") if "pool" in told else ("default",)
    verbs = ("select", "insert", "update", "delete", "other")
    assert told["zero"] == {
        f"{verb} {alias} {outcome}": 0 for verb in verbs for alias in aliases for outcome in ("success", "failure")
    }


def test_waiting_for_a_pooled_connection_is_measured(told: dict[str, Any]) -> None:
    """Where psycopg's pool is on: who got one, who did not, and what the connections are doing."""
    if "pool" not in told:
        assert told["waits"] == {}
        return
    assert told["pool"] == {"select pooled success": 3}
    assert told["waits"] == {"pooled success": 3.0, "pooled timeout": 1.0, "pooled failure": 0.0}
    assert told["pool_returned"] == {"pooled in_use": 2.0, "pooled idle": 0.0}
