"""Proves the evidence: recomputes chains, shows who did what, and takes words out without breaking a seal."""

from __future__ import annotations

from collections.abc import Callable

from parapet.core.errors import NotFound
from parapet.core.part import Part, Place
from parapet.core.types import Actor, IncidentId, JsonObject
from parapet.incidents.model import Entry, Incident, IncidentState
from parapet.incidents.transitions import redact
from parapet.incidents.words import words_of
from parapet.ops.context import Context
from parapet.ops.once import Once, do_once
from parapet.store.store import Transaction
from parapet.store.verify import Verified


class Audit:
    """The verbs of whoever must be able to rely on the evidence. Every one raises EvidenceUnavailable."""

    def __init__(self, context: Context, once: Once | None = None) -> None:
        self._context = context
        self._once = once

    def once(self, key: str, digest: str) -> Audit:
        """The same verbs for a request that is named *key* and asks for *digest*: sent again, it is done once."""
        return Audit(self._context, Once(key=key, digest=digest))

    def count(self, incident_id: IncidentId | None = None) -> int:
        """How many entries `verify` will examine.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            return tx.count_chains(incident_id)

    def verify(
        self, incident_id: IncidentId | None = None, *, progress: Callable[[int], None] | None = None
    ) -> Verified:
        """Recompute the chain of *incident_id*, or of every incident, and name the first link that does not hold.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            return tx.verify_chains(incident_id, progress)

    def log(
        self,
        *,
        target: str | None = None,
        actor: str | None = None,
        before: Place | None = None,
        after: Place | None = None,
        limit: int = 50,
    ) -> Part[JsonObject]:
        """Who did, or was refused, what: newest first; those rows older, or newer, than a number.

        Raises:
            MalformedPayload: there is no such place in this list.
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            return tx.audit.page(target=target, actor=actor, before=before, after=after, limit=limit)

    def redact(self, incident_id: IncidentId, seq: int, *, actor: Actor, reason: str, version: int) -> Incident:
        """Take the words of entry *seq* out of the chronology, the audit and the retrospective; the chain still holds.

        The raw body of an alert stays in the inbox for as long as bodies are kept.

        Raises:
            Refused: there is no such incident or entry, it moved since *version*, the words are gone already, or no
                reason was given.
            EvidenceUnavailable: the database does not answer.
        """
        context, now = self._context, self._context.clock.now()

        def work(tx: Transaction) -> Incident:
            incident = tx.incidents.get(incident_id)
            entry = tx.entries.get(incident_id, seq)
            if incident is None or entry is None:
                raise NotFound(f"There is no entry {seq} of INC-{incident_id}. Nothing changed.")
            decision = redact(incident, entry, actor=actor, reason=reason, version=version, now=now)
            tx.entries.redact(incident_id, seq)
            tx.words.replace(incident_id, words_of(incident, tx.entries.of(incident_id)))
            for words in _said(entry):
                tx.audit.redact(incident.ref, words)
            kept = context.write_down(tx, decision, actor=actor, verb="redact", now=now, reason=reason)
            if tx.retrospectives.forget(incident_id) and kept.state is IncidentState.RESOLVED:
                context.compose_retrospective(tx, kept, now=now)
            return kept

        return context.store.transact(lambda tx: do_once(tx, self._once, lambda: work(tx), now))


def _said(entry: Entry) -> list[str]:
    return [value for name in ("reason", "text") if isinstance(value := entry.payload.get(name), str)]
