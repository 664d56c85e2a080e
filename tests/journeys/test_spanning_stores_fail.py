"""When the store of pending journeys is full, frozen or gone, the host does not notice, and the numbers say so."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import text

from parapet import Parapet
from parapet.core.vocabulary import Outcome
from parapet.integrations.redis_journeys import RedisJourneys
from parapet.integrations.sql_journeys import SqlJourneys
from parapet.signals.spanning import MOST_OWED, InProcess
from parapet.testing import ManualClock


@pytest.fixture
def frozen(tmp_path: Path, server_of_its_own: Any) -> Iterator[Any]:
    """A Redis of this test's own, to be frozen."""
    server = server_of_its_own(tmp_path)
    yield server
    server.end()


def test_a_frozen_redis_holds_nobody_up_for_long(frozen: Any, process: Any, clock: ManualClock) -> None:
    """The first request waits for the time limit, the next ones not at all. What ends meanwhile is told later."""
    store = RedisJourneys.at(frozen.url, timeout_seconds=0.1)
    service = process(store, clock)
    for ref in ("in time", "late", "lost"):
        assert service.checkout.start(ref, deadline_seconds=60, otherwise=Outcome.FAILURE)
    frozen.freeze()
    begun = time.monotonic()
    assert not service.checkout.start("order-4", deadline_seconds=86_400)  # Redis may hear of it when it wakes up
    waited = time.monotonic() - begun
    assert waited < 2.0
    begun = time.monotonic()
    for number in range(100):
        assert not service.checkout.start(number, deadline_seconds=60)
    clock.advance(30)
    assert service.checkout.finish("in time") is None
    clock.advance(31)
    assert service.checkout.finish("late") is None
    assert time.monotonic() - begun < 0.1 + waited / 2
    assert service.spanning.sweep() == 0
    assert service.counted() == {}
    frozen.thaw()
    clock.advance(60)
    assert service.spanning.sweep() == 3
    assert service.counted() == {"success": (1, 30.0), "failure": (2, 120.0)}
    assert service.rejected() == {"pending_store": 101}
    assert service.checkout.start("order-5", deadline_seconds=60)
    store.close()


def test_a_redis_that_is_gone_harms_nobody(process: Any, clock: ManualClock) -> None:
    """Refused connections are swallowed; what is owed to the store is bounded."""
    store = RedisJourneys.at("redis://127.0.0.1:1/0")
    service = process(store, clock)
    assert not service.checkout.start("order-1", deadline_seconds=60)
    for number in range(MOST_OWED + 10):
        assert service.checkout.finish(number) is None
    assert service.spanning.sweep() == 0
    assert service.rejected() == {"pending_store": 11}
    store.close()


def test_a_table_that_is_missing_harms_nobody(tmp_path: Path, process: Any, clock: ManualClock) -> None:
    """Whoever forgot the migration finds out by the counter."""
    store = SqlJourneys.at(f"sqlite:///{tmp_path / 'host.db'}")
    service = process(store, clock)
    assert not service.checkout.start("order-1", deadline_seconds=60)
    assert service.spanning.sweep() == 0
    store.create_table()
    store.create_table()
    service.spanning.sweep()
    assert service.checkout.start("order-1", deadline_seconds=60)
    assert service.rejected() == {"pending_store": 1}
    store.close()


def test_a_full_store_refuses(redis_server: Any, process: Any, clock: ManualClock) -> None:
    """Where nobody sweeps, pending attempts must not fill the host's Redis or memory."""
    client = Redis.from_url(redis_server.url)
    client.flushall()
    for store in (RedisJourneys(client, most=2), InProcess(most=2)):
        service = process(store, clock)
        assert service.checkout.start(1, deadline_seconds=60)
        assert service.checkout.start(2, deadline_seconds=60)
        assert not service.checkout.start(3, deadline_seconds=60)
        assert service.checkout.finish(1) is Outcome.SUCCESS
        assert service.checkout.start(3, deadline_seconds=60)
        assert service.rejected() == {"pending_full": 1}
    client.close()


def test_nothing_stays_behind(redis_server: Any, tmp_path: Path, process: Any, clock: ManualClock) -> None:
    """What has ended takes no room in any store."""
    client = Redis.from_url(redis_server.url)
    client.flushall()
    sql, memory = SqlJourneys.at(f"sqlite:///{tmp_path / 'host.db'}"), InProcess()
    sql.create_table()
    for store in (RedisJourneys(client), sql, memory):
        service = process(store, clock)
        for number in range(50):
            service.checkout.start(number, deadline_seconds=60)
        for number in range(25):
            service.checkout.finish(number)
        clock.advance(61)
        assert service.spanning.sweep() == 25
    assert client.dbsize() == 0
    with sql._engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM parapet_pending_journeys")).scalar_one() == 0
    assert (memory._pending, memory._deadlines) == ({}, [])
    client.close()
    sql.close()


def test_deadlines_of_what_ended_do_not_pile_up(clock: ManualClock, process: Any) -> None:
    """Ten thousand attempts that end well leave no ten thousand deadlines."""
    memory = InProcess()
    service = process(memory, clock)
    for number in range(10_000):
        service.checkout.start(number, deadline_seconds=86_400)
        service.checkout.finish(number)
    assert len(memory._deadlines) < 1_100


def test_the_journeys_of_a_service_share_its_clock_and_store(clock: ManualClock) -> None:
    """A host says once where pending journeys are kept."""
    parapet = Parapet(service="shop", clock=clock)
    checkout = parapet.journey("checkout", objective=0.999)
    signup = parapet.journey("signup", objective=0.99)
    memory = InProcess()
    parapet.spanning.keep_in(memory)
    checkout.start(1, deadline_seconds=60)
    signup.start(1, deadline_seconds=60, otherwise=Outcome.FAILURE)
    assert len(memory._pending) == 2
    clock.advance(10)
    checkout.finish(1)
    clock.advance(60)
    assert parapet.spanning.sweep() == 1
    text = parapet.recorder.render().decode()
    assert 'parapet_journey_duration_seconds_sum{journey="checkout",outcome="success"} 10' in text
    assert 'parapet_journey_duration_seconds_count{journey="signup",outcome="failure"} 1' in text
