"""Asynchronous SQLAlchemy engines: what they do happens in the engine below them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import literal, make_url, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from parapet.integrations.sqlalchemy import instrument

DRIVERS = {"aiosqlite": "sqlite", "psycopg": "postgres", "asyncpg": "postgres"}
Work = Callable[[AsyncEngine], Awaitable[None]]


@pytest.fixture(params=list(DRIVERS))
def driver(request: pytest.FixtureRequest) -> str:
    """Which asynchronous driver this run of the test uses."""
    name: str = request.param
    return name


@pytest.fixture
def database(driver: str) -> str:
    """The driver's database."""
    return DRIVERS[driver]


@pytest.fixture
def run(driver: str, url: str, service: Any) -> Callable[..., None]:
    """Runs a coroutine function with an instrumented engine."""
    address = make_url(url)
    address = address.set(drivername=f"{address.get_backend_name()}+{driver}")

    def run_one(work: Work, **options: Any) -> None:
        async def main() -> None:
            engine = create_async_engine(address, **options)
            async with engine.connect():
                pass
            instrument(engine, service)
            try:
                await work(engine)
            finally:
                await engine.dispose()

        asyncio.run(main())

    return run_one


def test_statements_and_waits_are_counted(run: Callable[..., None], service: Any) -> None:
    """As on a synchronous engine: by what they do and how they end."""

    async def work(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            await connection.execute(text("INSERT INTO item (id, name) VALUES (:id, 'tea')"), {"id": 1})
        async with engine.connect() as connection:
            assert (await connection.execute(select(literal(1)))).scalar_one() == 1
            with pytest.raises(IntegrityError):
                await connection.execute(text("INSERT INTO item (id, name) VALUES (:id, 'tea')"), {"id": 1})
        async with engine.connect() as connection:
            with pytest.raises(DBAPIError):
                await connection.execute(text("SELECT * FROM missing"))

    run(work)
    assert service.statements() == {
        ("insert", "success"): 1,
        ("insert", "refused"): 1,
        ("select", "success"): 1,
        ("select", "failure"): 1,
    }
    assert service.waits() == {"success": 3}


def test_rows_that_are_streamed_count_once(run: Callable[..., None], service: Any) -> None:
    """However they are fetched."""

    async def work(engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            rows = [{"id": number, "name": f"tea {number}"} for number in range(100)]
            await connection.execute(text("INSERT INTO item (id, name) VALUES (:id, :name)"), rows)
        async with engine.connect() as connection:
            streamed = await connection.stream(text("SELECT id FROM item"), execution_options={"yield_per": 10})
            assert len([row async for row in streamed]) == 100

    run(work)
    assert service.statements() == {("insert", "success"): 1, ("select", "success"): 1}


def test_tasks_at_once_are_counted_each(run: Callable[..., None], service: Any) -> None:
    """Statements of many tasks interleave on one thread, and keep their own times."""

    async def work(engine: AsyncEngine) -> None:
        async def one() -> None:
            async with engine.connect() as connection:
                await connection.execute(select(literal(1)))

        await asyncio.gather(*(one() for _ in range(30)))

    run(work, pool_size=5)
    assert service.statements() == {("select", "success"): 30}
    assert service.waits() == {"success": 30}


def test_a_pool_that_is_empty_is_a_timeout(run: Callable[..., None], service: Any) -> None:
    """The task that waits is told, and counted."""

    async def work(engine: AsyncEngine) -> None:
        async with engine.connect():
            with pytest.raises(PoolTimeout):
                await engine.connect()

    run(work, pool_size=1, max_overflow=0, pool_timeout=0.05)
    assert service.waits() == {"success": 1, "timeout": 1}


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_a_cancelled_statement_says_nothing_about_the_database(
    run: Callable[..., None], service: Any, driver: str
) -> None:
    """The user left: neither a success nor a failure, but counted."""

    async def work(engine: AsyncEngine) -> None:
        begun = asyncio.Event()

        async def wait() -> None:
            async with engine.connect() as connection:
                begun.set()
                await connection.execute(text("SELECT pg_sleep(30)"))

        task = asyncio.ensure_future(wait())
        await begun.wait()
        async with engine.connect() as connection:
            asleep = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
            while not (await connection.execute(asleep)).scalar_one():
                await connection.rollback()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(work)
    assert service.statements()["select", "other"] == 1
    assert ("select", "failure") not in service.statements()
