"""Keeps journeys that span processes in a table of the host's own database, for as long as they are pending.

Any database that SQLAlchemy speaks will do. It is not the evidence database: nothing that is counted is written there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.core.vocabulary import Outcome
from parapet.signals.spanning import LONGEST_REF, Kept, Pending

try:
    from sqlalchemy import (
        Column,
        ColumnElement,
        Connection,
        Double,
        Engine,
        Index,
        MetaData,
        Row,
        String,
        Table,
        create_engine,
        delete,
        insert,
        select,
    )
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import IntegrityError
except ImportError as error:
    raise ConfigurationError("SQLAlchemy is not installed. Install it, or keep pending journeys elsewhere.") from error

TIMEOUT_SECONDS = 1.0
TABLE = f"{names.TABLE_PREFIX}pending_journeys"


def pending_table(metadata: MetaData) -> Table:
    """The table, for a host that manages its schema with its own *metadata*."""
    return Table(
        TABLE,
        metadata,
        Column("journey", String(100), primary_key=True),
        Column("ref", String(LONGEST_REF), primary_key=True),
        Column("started", Double, nullable=False),
        Column("deadline", Double, nullable=False),
        Column("otherwise", String(20), nullable=False),
        Index(f"{TABLE}_deadline", "deadline"),
    )


class SqlJourneys:
    """Keeps what is pending in one table.

    Args:
        engine: a pool of its own is best, see `at`: a request that holds the last connection of the host's pool would
            wait for itself.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._table = pending_table(MetaData())

    @classmethod
    def at(cls, url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> SqlJourneys:
        """An engine of its own for the database at *url*, of two connections; for one, it waits *timeout_seconds*."""
        waiting: dict[str, object] = {}
        if make_url(url).get_backend_name() == "sqlite":
            waiting["timeout"] = timeout_seconds
        engine = create_engine(
            url, pool_size=2, max_overflow=0, pool_timeout=timeout_seconds, pool_pre_ping=True, connect_args=waiting
        )
        return cls(engine)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def create_table(self) -> None:
        """Make the table, if it is not there."""
        self._table.create(self._engine, checkfirst=True)

    def add(self, pending: Pending) -> Kept:
        """Keep *pending*, unless one of its journey and reference is there already."""
        try:
            with self._engine.begin() as connection:
                connection.execute(
                    insert(self._table).values(
                        journey=pending.journey,
                        ref=pending.ref,
                        started=pending.started,
                        deadline=pending.deadline,
                        otherwise=pending.otherwise.value,
                    )
                )
        except IntegrityError:
            return Kept.ALREADY
        return Kept.KEPT

    def take(self, journey: str, ref: str) -> Pending | None:
        """Remove one and return it, to one caller only."""
        found = self._taken(self._table.c.journey == journey, self._table.c.ref == ref, at_most=1)
        return found[0] if found else None

    def take_overdue(self, now: float, at_most: int) -> Sequence[Pending]:
        """Remove some whose time is up, and return each to one caller only."""
        return self._taken(self._table.c.deadline <= now, at_most=at_most)

    def _taken(self, *which: ColumnElement[bool], at_most: int) -> list[Pending]:
        """Read first, and delete afterwards what was read: whoever deletes a row has it. Every database can do that,
        and in SQLite no reader has to become a writer in the middle of a transaction."""
        columns = self._table.c
        ordered = select(self._table).where(*which).order_by(columns.deadline, columns.journey, columns.ref)
        with self._engine.connect() as connection:
            rows = connection.execute(ordered.limit(at_most)).all()
        if not rows:
            return []
        with self._engine.begin() as connection:
            mine = [row for row in rows if self._delete(connection, row)]
        return [
            Pending(
                journey=row.journey,
                ref=row.ref,
                started=row.started,
                deadline=row.deadline,
                otherwise=Outcome(row.otherwise),
            )
            for row in mine
        ]

    def _delete(self, connection: Connection, row: Row[Any]) -> bool:
        columns = self._table.c
        # The same reference may have ended and begun anew since it was read.
        same = (columns.journey == row.journey, columns.ref == row.ref, columns.started == row.started)
        return connection.execute(delete(self._table).where(*same)).rowcount == 1
