"""The pool of a SQLAlchemy engine: how long a connection was waited for, and what the connections are doing."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, event, literal, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool, StaticPool

from parapet.integrations.sqlalchemy import instrument

GAUGE = "parapet_db_pool_connections"


@pytest.fixture
def engine(url: str, make: Callable[..., Engine], service: Any) -> Engine:
    """An instrumented engine of two connections and no more."""
    made = make(url, pool_size=2, max_overflow=0, pool_timeout=0.05)
    instrument(made, service)
    return made


def test_a_connection_that_comes_late_was_waited_for(engine: Engine, service: Any) -> None:
    """The time until somebody else gives one back is the wait."""
    engine.pool._timeout = 60.0  # type: ignore[attr-defined]
    first, second = engine.connect(), engine.connect()
    waits_before = sum(service.values("parapet_db_pool_wait_seconds_sum").values())
    asking = threading.get_ident()

    def give_back_once_it_is_waited_for() -> None:
        pause = threading.Event()
        while True:
            frame = sys._current_frames()[asking]
            if frame.f_code.co_name == "wait" and frame.f_back and "sqlalchemy" in frame.f_back.f_code.co_filename:
                break
            pause.wait(0.001)
        pause.wait(0.05)
        first.close()

    back = threading.Thread(target=give_back_once_it_is_waited_for)
    back.start()
    with engine.connect():
        pass
    back.join()
    second.close()
    assert service.waits() == {"success": 3}
    assert sum(service.values("parapet_db_pool_wait_seconds_sum").values()) - waits_before >= 0.04


def test_a_connection_that_never_comes_is_a_timeout(engine: Engine, service: Any) -> None:
    """Counted apart from other failures: the pool is too small, or somebody keeps its connections."""
    with engine.connect(), engine.connect(), pytest.raises(PoolTimeout):
        engine.connect()
    assert service.waits() == {"success": 2, "timeout": 1}


def test_a_database_that_does_not_answer_is_a_failed_wait(
    tmp_path: Any, make: Callable[..., Engine], service: Any
) -> None:
    """Nobody gets a connection, whatever the pool's size."""
    engine = make(f"sqlite:///{tmp_path / 'missing' / 'items.db'}")
    instrument(engine, service)
    with pytest.raises(OperationalError):
        engine.connect()
    assert service.waits() == {"failure": 1}


def test_the_pool_is_read_at_scrape(engine: Engine, service: Any) -> None:
    """What the connections are doing right now, not when the last one was asked for."""
    with engine.connect(), engine.connect():
        assert service.values(GAUGE) == {("primary", "in_use"): 2.0}
    assert service.values(GAUGE) == {("primary", "idle"): 2.0}


def test_a_pool_that_was_replaced_is_measured(engine: Engine, service: Any) -> None:
    """`dispose()` makes a new pool; so does every process that forks and cleans up."""
    for _ in range(3):
        with engine.connect() as connection:
            connection.execute(select(literal(1)))
        engine.dispose()
    assert service.waits() == {"success": 3}
    assert service.values(GAUGE) == {}
    with engine.connect():
        assert service.values(GAUGE) == {("primary", "in_use"): 1.0}


@pytest.mark.parametrize("pool", [NullPool, StaticPool])
def test_a_pool_that_keeps_nothing_shows_nothing(
    pool: type, url: str, make: Callable[..., Engine], service: Any
) -> None:
    """It has waits, but no connections to count."""
    engine = make(url, poolclass=pool)
    instrument(engine, service)
    with engine.connect():
        assert service.values(GAUGE) == {}
    assert service.waits() == {"success": 1}


def test_an_engine_that_is_gone_shows_nothing(url: str, make: Callable[..., Engine], service: Any) -> None:
    """Counting does not keep an engine alive."""
    from sqlalchemy import create_engine

    engine = create_engine(url)
    instrument(engine, service)
    with engine.connect():
        pass
    engine.dispose()
    with engine.connect():
        pass
    engine.dispose()
    del engine
    gc.collect()
    assert service.shown(GAUGE) == set()
    assert service.waits() == {"success": 2}


def test_events_of_the_pool_keep_working(engine: Engine, service: Any) -> None:
    """Listeners of the host hear of every connection, as before."""
    heard: list[str] = []
    event.listen(engine, "checkout", lambda *_: heard.append("checkout"))
    event.listen(engine, "checkin", lambda *_: heard.append("checkin"))
    with engine.connect():
        pass
    assert heard == ["checkout", "checkin"]
    assert service.waits() == {"success": 1}


def test_a_pool_that_cannot_be_read_harms_no_scrape(
    engine: Engine, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest of the numbers is there."""

    def broken() -> int:
        raise RuntimeError("broken on purpose")

    with engine.connect() as connection:
        connection.execute(select(literal(1)))
    monkeypatch.setattr(engine.pool, "checkedin", broken)
    assert service.statements()["select", "success"] >= 1
