"""SQLAlchemy: how long statements took and how they ended, how long a connection was waited for, and the pool's state.

Statements are timed where the dialect hands them to the driver, which costs a third of what cursor events cost. What
is timed is the execution: fetching rows, committing and what SQLAlchemy itself does are not part of it. Rows that are
streamed arrive later, and are not either.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from typing import Protocol
from weakref import WeakKeyDictionary, WeakSet, ref

from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded
from parapet.integrations.databases import (
    DELETE,
    HEAD,
    IDLE,
    IN_USE,
    INSERT,
    SELECT,
    TROUBLE,
    UPDATE,
    Errors,
    Host,
    PoolWaits,
    Statements,
    operation_of,
)
from parapet.signals.recorder import Recorder

try:
    from sqlalchemy import Engine, Pool, event
    from sqlalchemy.engine import Dialect, ExecutionContext
    from sqlalchemy.engine.interfaces import DBAPICursor
    from sqlalchemy.exc import TimeoutError as PoolTimeout
    from sqlalchemy.pool import PoolProxiedConnection
except ImportError as error:
    raise ConfigurationError("SQLAlchemy is not installed. Install it, or do not instrument it.") from error

_instrumented: WeakKeyDictionary[Dialect, WeakSet[Recorder]] = WeakKeyDictionary()


class Asynchronous(Protocol):
    """An AsyncEngine: what it does happens in the engine below it."""

    @property
    def sync_engine(self) -> Engine:
        """The engine below."""
        ...


def instrument(engine: Engine | Asynchronous, host: Host, *, name: str = "primary") -> None:
    """Count the statements and the pool of *engine* into the recorder of *host*. Doing it again changes nothing.

    Args:
        name: what the engine is called in the label `engine`, such as `primary` or `replica`.
    """
    below = engine if isinstance(engine, Engine) else engine.sync_engine
    recorders = _instrumented.setdefault(below.dialect, WeakSet())
    if host.recorder in recorders:
        return
    recorders.add(host.recorder)
    _measure_statements(below.dialect, Statements(host.recorder, name, _refusals(below.dialect)))
    _measure_pool(below.pool, PoolWaits(host.recorder, name))
    host.recorder.collect_at_scrape(_pool_gauges(ref(below), name))


def _measure_statements(dialect: Dialect, statements: Statements) -> None:
    clock, fast = perf_counter, statements.fast

    def ended(context: ExecutionContext, statement: str, seconds: float, whole: bool) -> None:
        """Count what the quick way does not know. While an exception is on its way, *whole* is false."""
        error = None if whole else sys.exc_info()[1]
        with guarded("sqlalchemy.statement"):
            statements.ended(_operation(context, statement), seconds, error)

    # One function for each way in which a statement reaches the driver. They stand first among the listeners, run
    # those that follow and return True: whoever executes the statement does it inside the measured time.

    def do_execute(
        cursor: DBAPICursor, statement: str, parameters: Sequence[object], context: ExecutionContext
    ) -> bool:
        whole = False
        start = clock()
        try:
            # Mostly there is nobody else.
            if len(executing) == 1 or not _followers(executing, do_execute, cursor, statement, parameters, context):
                dialect.do_execute(cursor, statement, parameters, context)
            whole = True
        finally:
            seconds = clock() - start
            if not whole:
                ended(context, statement, seconds, whole)
            else:
                try:
                    fast[statement[:HEAD]](seconds)
                except TROUBLE:  # mostly a statement that begins in an unusual way
                    ended(context, statement, seconds, whole)
        return True

    def do_executemany(
        cursor: DBAPICursor, statement: str, parameters: Sequence[Sequence[object]], context: ExecutionContext
    ) -> bool:
        whole = False
        start = clock()
        try:
            if not _followers(executing_many, do_executemany, cursor, statement, parameters, context):
                dialect.do_executemany(cursor, statement, parameters, context)
            whole = True
        finally:
            seconds = clock() - start
            ended(context, statement, seconds, whole)
        return True

    def do_execute_no_params(cursor: DBAPICursor, statement: str, context: ExecutionContext) -> bool:
        whole = False
        start = clock()
        try:
            if not _followers(executing_bare, do_execute_no_params, cursor, statement, context):
                dialect.do_execute_no_params(cursor, statement, context)
            whole = True
        finally:
            seconds = clock() - start
            ended(context, statement, seconds, whole)
        return True

    executing = _first(dialect, "do_execute", do_execute)
    executing_many = _first(dialect, "do_executemany", do_executemany)
    executing_bare = _first(dialect, "do_execute_no_params", do_execute_no_params)


def _first(dialect: Dialect, name: str, listener: Callable[..., bool]) -> deque[Callable[..., object]]:
    """Make *listener* the first of the dialect's own; returns these, as they are at any later time."""
    event.listen(dialect, name, listener)
    listeners: deque[Callable[..., object]] = getattr(dialect.dispatch, name).listeners
    if len(listeners) > 1:  # `insert=True` would say so, but these events do not heed it
        listeners.remove(listener)
        listeners.appendleft(listener)
    return listeners


def _followers(listeners: Iterable[Callable[..., object]], me: Callable[..., object], *arguments: object) -> bool:
    """Run the listeners after *me*; whether one of them executed the statement."""
    mine = False
    for listener in tuple(listeners):
        if mine and listener(*arguments):
            return True
        mine = mine or listener is me
    return False


def _operation(context: ExecutionContext, statement: str) -> str:
    for flag, operation in (("isinsert", INSERT), ("isupdate", UPDATE), ("isdelete", DELETE)):
        if getattr(context, flag, False):
            return operation
    if getattr(getattr(context, "invoked_statement", None), "is_select", False):
        return SELECT
    return operation_of(statement)


def _refusals(dialect: Dialect) -> Errors:
    driver = getattr(dialect, "dbapi", None)
    kinds = (getattr(driver, kind, None) for kind in ("IntegrityError", "DataError"))
    return tuple(kind for kind in kinds if isinstance(kind, type))


def _measure_pool(pool: Pool, waits: PoolWaits) -> None:
    """Time every connection taken from *pool*, which includes opening one and making sure that it lives.

    An engine that is disposed of replaces its pool by asking it for another one, which is measured as well.
    """
    connect, recreate, clock = pool.connect, pool.recreate, perf_counter
    quiet = guarded("sqlalchemy.pool")  # for the way that mostly is taken: made once

    def measured_connect() -> PoolProxiedConnection:
        whole = False
        start = clock()
        try:
            connection = connect()
            whole = True
        finally:
            if not whole:
                with guarded("sqlalchemy.pool"):
                    waits.failed(clock() - start, sys.exc_info()[1], (PoolTimeout,))
        with quiet:
            waits.succeeded(clock() - start)
        return connection

    def measured_recreate() -> Pool:
        fresh = recreate()
        with guarded("sqlalchemy.pool"):
            _measure_pool(fresh, waits)
        return fresh

    pool.connect = measured_connect  # type: ignore[method-assign]
    pool.recreate = measured_recreate  # type: ignore[method-assign]


def _pool_gauges(engine: ref[Engine], name: str) -> Callable[[Recorder], None]:
    def tell(recorder: Recorder) -> None:
        alive = engine()
        pool = alive.pool if alive is not None else None
        for state, method in ((IDLE, "checkedin"), (IN_USE, "checkedout")):
            count = getattr(pool, method, None)  # pools that keep no connections have none of these
            value = float(count()) if callable(count) else float("nan")
            recorder.set(names.DB_POOL_CONNECTIONS, (name, state), value)

    return tell


__all__ = ["Asynchronous", "instrument"]
