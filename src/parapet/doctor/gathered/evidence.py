"""The evidence database: whether it answers, how old its schema is, and what waits in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from parapet.app import Parapet
from parapet.core.errors import EvidenceError, ParapetError, SchemaOutdated
from parapet.ops.work import HEARTBEAT_PREFIX
from parapet.store import migrate
from parapet.store.dialect import address
from parapet.store.outbox import OutboxState

LATE_SECONDS = 60.0
"""A body that is due for longer than that waits for a worker that does not come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One look at it."""

    problem: str | None = None
    """Why it cannot be read."""
    newer: str | None = None
    """That a newer Parapet has upgraded it."""
    pending: tuple[str, ...] = ()
    """Steps of the schema that are missing."""
    beat_at: datetime | None = None
    """The newest sign of life of any worker."""
    bodies: dict[str, int] = field(default_factory=dict)
    """Shelf of the inbox -> how many."""
    late: int = 0
    """Bodies that are overdue."""
    skew_seconds: float | None = None
    """How far the database's clock is ahead of ours; None: it has no clock of its own."""
    rests: int = 0
    """Maintenance by hand that runs or is planned."""
    deployed_at: datetime | None = None
    """When the newest deploy that anybody marked took effect."""
    given_up: int = 0
    """Notifications that nobody tries to deliver any more."""


def looked_at(app: Parapet) -> Evidence:
    """The evidence of *app*, read once. A file that is not there is not made."""
    try:
        url = address(app.evidence or "")
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
            return Evidence(pending=(f"the file {url.database} itself",))
        steps = tuple(migrate.pending(app.store.engine))
    except SchemaOutdated as error:
        return Evidence(newer=error.message)
    except ParapetError as error:
        return Evidence(problem=error.message)
    if steps:
        return Evidence(pending=steps)
    try:
        with app.store.read() as tx:
            beat_at = tx.heartbeats.last(HEARTBEAT_PREFIX)
            given_up = tx.outbox.count(OutboxState.DEAD)
            theirs = tx.clock()
            now = app.clock.now()
            rests = len(tx.maintenances.live(app.service, now))
            release = tx.changes.release(app.service, now)
        waiting = app.bodies.page("waiting", limit=200)
        return Evidence(
            beat_at=beat_at,
            rests=rests,
            deployed_at=None if release is None else release.occurred_at,
            given_up=given_up,
            skew_seconds=None if theirs is None else (theirs - now).total_seconds(),
            bodies=app.bodies.counts(),
            late=sum((now - one.due_at).total_seconds() > LATE_SECONDS for one in waiting),
        )
    except EvidenceError as error:
        return Evidence(problem=error.message)
