"""A connection of the host's own database that cannot write, for previews: the database itself refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from parapet.core.errors import ConfigurationError

try:
    from sqlalchemy import Connection, Engine, text
except ImportError as error:
    raise ConfigurationError("SQLAlchemy is not installed; give `reads` a connection of your own.") from error


def read_only(engine: Engine) -> Callable[[], AbstractContextManager[Connection]]:
    """What `Capability(reads=...)` takes: `situation.database` is then a connection of *engine* that cannot write.

    Postgres and MySQL: the transaction is READ ONLY. SQLite: `query_only` while it lasts. It is rolled back at the end.

    Raises:
        ConfigurationError: the database is none of these.
    """
    dialect = engine.dialect.name
    if dialect not in {"postgresql", "mysql", "mariadb", "sqlite"}:
        raise ConfigurationError(f"{dialect} has no read-only transactions that Parapet knows. Give `reads` your own.")

    @contextmanager
    def opened() -> Iterator[Connection]:
        with engine.connect() as connection:
            if dialect == "sqlite":
                connection.execute(text("PRAGMA query_only = ON"))
            else:
                connection.execute(text("SET TRANSACTION READ ONLY"))
            try:
                yield connection
            finally:
                connection.rollback()
                if dialect == "sqlite":
                    connection.execute(text("PRAGMA query_only = OFF"))

    return opened
