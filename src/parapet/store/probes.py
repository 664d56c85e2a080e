"""When each probe is due, who runs it now, and how it last ended. One runner at a time, by lease."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, insert, or_, select, update

from parapet.core.vocabulary import ProbeOutcome
from parapet.store.schema import probes as table


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeStanding:
    """How a probe stands."""

    name: str
    due_at: datetime
    leased_until: datetime | None
    """Somebody runs it until then at the latest; None: nobody does."""
    last_outcome: ProbeOutcome | None
    """None: it never ended."""
    last_detail: str | None
    """What it said, for people; never a label."""
    last_started_at: datetime | None
    last_took_seconds: float | None
    runs: int


class ProbeRows:
    """The probes, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ensure(self, names: Collection[str], *, now: datetime) -> None:
        """Make what is new due at once.

        Raises:
            Conflict: another process did the same at the same moment; do it again.
        """
        known = set(self._connection.execute(select(table.c.name).where(table.c.name.in_(names))).scalars())
        missing = sorted(set(names) - known)
        if missing:
            self._connection.execute(insert(table), [{"name": name, "due_at": now, "runs": 0} for name in missing])

    def due(self, names: Collection[str], now: datetime) -> list[str]:
        """Those of *names* that are due and that nobody runs, longest overdue first."""
        free = or_(table.c.leased_until.is_(None), table.c.leased_until <= now)
        wanted = select(table.c.name).where(table.c.name.in_(names), table.c.due_at <= now, free)
        return list(self._connection.execute(wanted.order_by(table.c.due_at, table.c.name)).scalars())

    def claim(self, name: str, *, owner: str, now: datetime, until: datetime, next_at: datetime) -> bool:
        """Take the lease of a due probe until *until*, and make it due again at *next_at*; False: somebody else did.

        The next run is fixed now, so that a runner that dies does not stop the probe.
        """
        free = or_(table.c.leased_until.is_(None), table.c.leased_until <= now)
        claimed = self._connection.execute(
            update(table)
            .where(table.c.name == name, table.c.due_at <= now, free)
            .values(lease_owner=owner, leased_until=until, due_at=next_at, last_started_at=now)
        )
        return claimed.rowcount == 1

    def settle(self, name: str, *, owner: str, outcome: ProbeOutcome, detail: str | None, took_seconds: float) -> bool:
        """Say how a run ended and give the lease back; False if the lease was lost meanwhile."""
        settled = self._connection.execute(
            update(table)
            .where(table.c.name == name, table.c.lease_owner == owner)
            .values(
                lease_owner=None,
                leased_until=None,
                last_outcome=outcome.value,
                last_detail=detail,
                last_took_seconds=took_seconds,
                runs=table.c.runs + 1,
            )
        )
        return settled.rowcount == 1

    def all(self) -> tuple[ProbeStanding, ...]:
        """Every probe that ever was due, by name."""
        rows = self._connection.execute(select(table).order_by(table.c.name)).mappings()
        return tuple(map(_standing, rows))


def _standing(row: RowMapping) -> ProbeStanding:
    values = {name: content for name, content in row.items() if name != "lease_owner"}
    outcome = row["last_outcome"]
    values["last_outcome"] = None if outcome is None else ProbeOutcome(outcome)
    return ProbeStanding(**values)
