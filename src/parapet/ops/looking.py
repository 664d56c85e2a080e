"""Keeps who looked at what, where the host wants it kept; a page never waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from parapet.core.types import Actor, IncidentId
from parapet.ops.context import Context
from parapet.ops.later import LAST_SECONDS, Later
from parapet.response.looks import Looked
from parapet.store.rows import as_kept

MOST_WAITING = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    incident_id: IncidentId
    who: str
    at: datetime


class Looks:
    """The verbs of looking, bound to one service's evidence."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._later = Later("looks", self._keep, MOST_WAITING)

    @property
    def kept(self) -> bool:
        """Whether the host wants any kept."""
        return self._context.policy.looks_kept_seconds > 0

    def looked(self, incident_id: IncidentId, actor: Actor) -> None:
        """*actor* opened the page of an incident. Returns at once; nothing happens unless looks are kept."""
        if self.kept:
            self._later.put(_Look(incident_id=incident_id, who=as_kept(actor).name, at=self._context.clock.now()))

    def of(self, incident_id: IncidentId, limit: int = 20) -> tuple[Looked, ...]:
        """Who looked at one incident, the latest first; nobody, where looks are not kept.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        if not self.kept:
            return ()
        with self._context.store.read() as tx:
            return tuple(tx.looks.of(incident_id, limit))

    def newest(self, limit: int = 50) -> tuple[Looked, ...]:
        """Who looked lately, at whatever incident.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            return tuple(tx.looks.newest(limit))

    def flush(self, seconds: float = LAST_SECONDS) -> None:
        """Wait until every look is kept, at most *seconds*."""
        self._later.flush(seconds)

    def _keep(self, look: _Look) -> None:
        self._context.store.transact(lambda tx: tx.looks.add(look.incident_id, look.who, look.at))
