"""Requests that name themselves: however often one is sent, it is done once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from parapet.core.errors import KeyReused
from parapet.core.types import IncidentId
from parapet.incidents.model import Incident
from parapet.ops.context import existing
from parapet.store.store import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """A request that names itself."""

    key: str
    digest: str
    """Of what it asks for: another request of the same name is a mistake."""

    def check(self, done: tuple[str, IncidentId]) -> IncidentId:
        """Which incident came of it, if what was *done* under its name is what it asks for.

        Raises:
            KeyReused: it is not.
        """
        digest, number = done
        if digest != self.digest:
            raise KeyReused("This idempotency key was used for another request. Use a new one. Nothing changed.")
        return number


def do_once(tx: Transaction, once: Once | None, work: Callable[[], Incident], now: datetime) -> Incident:
    """Do *work*, unless it was done for *once*: then the incident that came of it. None: the request has no name.

    Raises:
        KeyReused: the name was used for something else.
    """
    if once is None:
        return work()
    done = tx.requests.done(once.key)
    if done is None:
        incident = work()
        if incident.id is not None:
            tx.requests.add(once.key, once.digest, incident.id, now=now)
        return incident
    return existing(tx, once.check(done))
