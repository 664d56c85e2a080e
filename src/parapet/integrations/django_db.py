"""Django's databases: how long statements took and how they ended, and the wait for a pooled connection.

Statements are timed by an execute wrapper on every connection of every thread, outside those of the host. Stored
procedures called by `callproc` take a way that Django does not open, and are not seen.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter
from typing import Protocol, TypeAlias
from weakref import WeakKeyDictionary, WeakValueDictionary

from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded
from parapet.integrations.databases import (
    HEAD,
    IDLE,
    IN_USE,
    TROUBLE,
    Errors,
    Host,
    PoolWaits,
    Statements,
    operation_of,
)
from parapet.signals.recorder import Recorder

try:
    from django.conf import settings
    from django.db import DataError, IntegrityError, connections
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.signals import connection_created
except ImportError as error:
    raise ConfigurationError("Django is not installed. Install it, or do not instrument its databases.") from error

Execute: TypeAlias = Callable[[str, object, bool, dict[str, object]], object]
Wrapper: TypeAlias = Callable[[Execute, str, object, bool, dict[str, object]], object]

_instrumented: WeakKeyDictionary[Recorder, _Measure] = WeakKeyDictionary()


def instrument(host: Host) -> None:
    """Count the statements of every database of Django into the recorder of *host*. Doing it again changes nothing.

    Call it before the first statement, as in `AppConfig.ready`. The label `engine` is the database's alias. Where
    psycopg's pool is on, waiting for a connection and the state of the pool are measured as well.
    """
    if host.recorder in _instrumented:
        return
    measure = _instrumented[host.recorder] = _Measure(host.recorder)
    connection_created.connect(measure.connected, weak=False, dispatch_uid=("parapet", id(measure)))
    host.recorder.collect_at_scrape(measure.gauges)
    if settings.configured:
        with guarded("django_db.instrument"):
            for alias in connections:
                measure.wrapper(alias)
                if connections.settings[alias]["OPTIONS"].get("pool"):
                    measure.pool(connections[alias])
            for connection in connections.all(initialized_only=True):
                measure.connected(connection=connection)


class _Pool(Protocol):
    """What is used of psycopg's pool."""

    getconn: Callable[..., object]

    def get_stats(self) -> dict[str, int]: ...


class _Measure:
    """What is counted for one recorder."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._wrappers: dict[str, Wrapper] = {}
        self._pools: WeakValueDictionary[str, _Pool] = WeakValueDictionary()

    def connected(self, connection: BaseDatabaseWrapper | None = None, **_: object) -> None:
        """A connection was made, perhaps again on a wrapper that is measured already."""
        with guarded("django_db.connected"):
            if connection is None:
                return
            wrapper = self.wrapper(connection.alias)
            if wrapper not in connection.execute_wrappers:
                # First, not last: a host's `with connection.execute_wrapper(...)` takes away the last one when it ends.
                connection.execute_wrappers.insert(0, wrapper)
            self.pool(connection)

    def wrapper(self, alias: str) -> Wrapper:
        """What is around the statements of the database *alias*."""
        wrapper = self._wrappers.get(alias)
        if wrapper is None:
            statements = Statements(self._recorder, alias, (IntegrityError, DataError))
            wrapper = self._wrappers.setdefault(alias, _measured(statements))
        return wrapper

    def pool(self, connection: BaseDatabaseWrapper) -> None:
        """Measure the pool that *connection* comes from, if there is one and it is not measured yet."""
        pool: _Pool | None = getattr(connection, "pool", None)
        if pool is not None and self._pools.get(connection.alias) is not pool:
            self._pools[connection.alias] = pool
            _measure_pool(pool, PoolWaits(self._recorder, connection.alias))

    def gauges(self, recorder: Recorder) -> None:
        """What the connections of the pools are doing."""
        for alias, pool in list(self._pools.items()):
            stats = pool.get_stats()
            idle = stats.get("pool_available", 0)
            recorder.set(names.DB_POOL_CONNECTIONS, (alias, IDLE), idle)
            recorder.set(names.DB_POOL_CONNECTIONS, (alias, IN_USE), stats.get("pool_size", 0) - idle)


def _measured(statements: Statements) -> Wrapper:
    clock, fast = perf_counter, statements.fast

    def ended(sql: object, seconds: float, error: BaseException | None) -> None:
        with guarded("django_db.statement"):
            statements.ended(operation_of(sql), seconds, error)

    def measured(execute: Execute, sql: str, params: object, many: bool, context: dict[str, object]) -> object:
        whole = False
        start = clock()
        try:
            result = execute(sql, params, many, context)
            whole = True
        finally:
            seconds = clock() - start
            if not whole:
                ended(sql, seconds, sys.exc_info()[1])
        try:
            fast[sql[:HEAD]](seconds)
        except TROUBLE:  # mostly a statement that begins in an unusual way
            ended(sql, seconds, None)
        return result

    return measured


def _measure_pool(pool: _Pool, waits: PoolWaits) -> None:
    getconn, clock = pool.getconn, perf_counter
    timeouts = _timeouts()

    def measured_getconn(*args: object, **kwargs: object) -> object:
        whole = False
        start = clock()
        try:
            connection = getconn(*args, **kwargs)
            whole = True
        finally:
            seconds = clock() - start
            with guarded("django_db.pool"):
                if whole:
                    waits.succeeded(seconds)
                else:
                    waits.failed(seconds, sys.exc_info()[1], timeouts)
        return connection

    pool.getconn = measured_getconn


def _timeouts() -> Errors:
    try:
        from psycopg_pool import PoolTimeout, TooManyRequests
    except ImportError:
        return ()
    return PoolTimeout, TooManyRequests
