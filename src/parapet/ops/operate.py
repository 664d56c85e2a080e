"""What a person does to an incident. Each verb: one transaction for state, entry, audit and announcements."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from parapet.core.errors import NotFound, Refused
from parapet.core.types import Actor, IncidentId
from parapet.incidents import transitions
from parapet.incidents.model import Decision, Incident
from parapet.ops.context import Context
from parapet.store.rows import as_kept
from parapet.store.store import Transaction


class Operator:
    """The verbs of operators, bound to one service's evidence."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def acknowledge(self, incident_id: IncidentId, *, actor: Actor, reason: str, version: int) -> Incident:
        """*actor* takes the incident.

        Raises:
            Refused: it does not exist, moved since *version*, is resolved, or no reason was given.
            EvidenceUnavailable: the database does not answer.
        """
        actor = as_kept(actor)  # who is named as the owner is known by that name later

        def decide(incident: Incident, now: datetime) -> Decision:
            return transitions.acknowledge(incident, actor=actor, reason=reason, version=version, now=now)

        return self._run("acknowledge", incident_id, actor, reason, decide)

    def note(self, incident_id: IncidentId, *, actor: Actor, text: str, version: int) -> Incident:
        """*actor* writes into the chronology, for good.

        Raises:
            Refused: it does not exist, moved since *version*, or the text is empty.
            EvidenceUnavailable: the database does not answer.
        """

        def decide(incident: Incident, now: datetime) -> Decision:
            return transitions.note(incident, actor=actor, text=text, version=version, now=now)

        return self._run("note", incident_id, actor, None, decide)

    def resolve(self, incident_id: IncidentId, *, actor: Actor, reason: str, version: int) -> Incident:
        """*actor* says it is over; the retrospective is composed.

        Raises:
            Refused: it does not exist, moved since *version*, is resolved, or no reason was given.
            EvidenceUnavailable: the database does not answer.
        """

        def decide(incident: Incident, now: datetime) -> Decision:
            return transitions.resolve(incident, actor=actor, reason=reason, version=version, now=now)

        return self._run("resolve", incident_id, actor, reason, decide)

    def _run(
        self,
        verb: str,
        incident_id: IncidentId,
        actor: Actor,
        reason: str | None,
        decide: Callable[[Incident, datetime], Decision],
    ) -> Incident:
        context, now = self._context, self._context.clock.now()

        def work(tx: Transaction) -> Incident:
            incident = tx.incidents.get(incident_id)
            if incident is None:
                raise NotFound(f"There is no incident INC-{incident_id}.")
            kept = context.write_down(tx, decide(incident, now), actor=actor, verb=verb, now=now, reason=reason)
            if verb == "resolve":
                context.compose_retrospective(tx, kept, now=now)
            return kept

        try:
            return context.store.transact(work)
        except Refused as refusal:
            self._remember_refusal(verb, incident_id, actor, reason, refusal, now)
            raise

    def _remember_refusal(
        self, verb: str, incident_id: IncidentId, actor: Actor, reason: str | None, refusal: Refused, now: datetime
    ) -> None:
        with self._context.store.begin() as tx:
            tx.audit.add(
                actor=actor,
                verb=verb,
                target=f"INC-{incident_id}",
                outcome="refused",
                now=now,
                reason=reason,
                details={"refusal": type(refusal).__name__, "said": refusal.message},
            )
