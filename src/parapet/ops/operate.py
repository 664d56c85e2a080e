"""What a person does to an incident. Each verb: one transaction for state, entry, audit and announcements."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

from parapet.core import names
from parapet.core.errors import IllegalTransition, Refused
from parapet.core.types import Actor, IncidentId
from parapet.core.vocabulary import Severity
from parapet.incidents import regroup, transitions
from parapet.incidents.correlation import correlate
from parapet.incidents.effect import severity_of_now
from parapet.incidents.model import Decision, Incident, IncidentState
from parapet.incidents.routing import key_route
from parapet.ops.context import Context, existing
from parapet.ops.once import Once, do_once
from parapet.store.rows import as_kept
from parapet.store.store import Transaction


class Operator:
    """The verbs of operators, bound to one service's evidence."""

    def __init__(self, context: Context, once: Once | None = None) -> None:
        self._context = context
        self._once = once

    def once(self, key: str, digest: str) -> Operator:
        """The same verbs for one request: if it was done before, the incident that came of it is the answer.

        Each of them then raises KeyReused, too: the same *key* was used for something else.
        """
        return Operator(self._context, Once(key=key, digest=digest))

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

    def hand_over(self, incident_id: IncidentId, *, to: str, actor: Actor, reason: str, version: int) -> Incident:
        """*actor* gives the incident to *to*, who is called, if anybody is for it, and has to acknowledge it.

        Raises:
            Refused: it does not exist, moved since *version*, is resolved, is theirs already, or a word is missing.
            EvidenceUnavailable: the database does not answer.
        """

        def decide(incident: Incident, now: datetime) -> Decision:
            return transitions.hand_over(incident, to=to, actor=actor, reason=reason, version=version, now=now)

        return self._run("hand_over", incident_id, actor, reason, decide)

    def release(self, incident_id: IncidentId, *, actor: Actor, reason: str, version: int) -> Incident:
        """*actor* says that nobody has it any more.

        Raises:
            Refused: it does not exist, moved since *version*, is resolved, has no owner, or no reason was given.
            EvidenceUnavailable: the database does not answer.
        """

        def decide(incident: Incident, now: datetime) -> Decision:
            return transitions.release(incident, actor=actor, reason=reason, version=version, now=now)

        return self._run("release", incident_id, actor, reason, decide)

    def set_severity(
        self, incident_id: IncidentId, *, severity: Severity, actor: Actor, reason: str, version: int
    ) -> Incident:
        """*actor* says how bad it is, until an alert that began later is worse.

        Raises:
            Refused: it does not exist, moved since *version*, is resolved, is that bad already, or no reason was given.
            EvidenceUnavailable: the database does not answer.
        """

        def decide(incident: Incident, now: datetime) -> Decision:
            return transitions.set_severity(
                incident, severity=severity, actor=actor, reason=reason, version=version, now=now
            )

        return self._run("set_severity", incident_id, actor, reason, decide)

    def reopen(self, incident_id: IncidentId, *, actor: Actor, reason: str, version: int) -> Incident:
        """*actor* says that it is not over.

        Raises:
            Refused: it does not exist, moved since *version*, is not resolved, was taken over, another incident of the
                same trouble is open, or no reason was given.
            EvidenceUnavailable: the database does not answer.
        """

        def work(tx: Transaction, incident: Incident, now: datetime) -> Incident:
            firing = [one for one in tx.episodes.of(incident_id) if one.ended_at is None]
            judged = replace(incident, severity=severity_of_now(incident, firing))  # some may have ended meanwhile
            decision = transitions.reopen(judged, actor=actor, reason=reason, version=version, now=now)
            # Routes to what has long been over lead nowhere; they would again, once it is open.
            tx.routes.forget(now - timedelta(seconds=self._context.policy.reopen_window_seconds))
            if other := _open_for(tx, incident.key):
                raise IllegalTransition(f"{other.ref} is open for the same trouble: work there. Nothing changed.")
            return self._context.write_down(tx, decision, actor=actor, verb="reopen", now=now, reason=reason)

        return self._do("reopen", incident_id, actor, reason, work)

    def declare(
        self,
        *,
        title: str,
        severity: Severity,
        actor: Actor,
        reason: str,
        slice_name: str | None = None,
        started_at: datetime | None = None,
    ) -> Incident:
        """*actor* opens an incident by hand; alerts of *slice_name* will join it.

        Raises:
            Refused: an incident of that slice is open already, a word is missing, or it began in the future.
            EvidenceUnavailable: the database does not answer.
        """
        context, now = self._context, self._context.clock.now()
        actor = as_kept(actor)
        key = f"{context.service}#{context.ids.new()}"
        if slice_name is not None:
            key = correlate({names.SERVICE: context.service, names.SLICE: slice_name}, service=context.service).key

        def work(tx: Transaction) -> Incident:
            if other := _open_for(tx, key):
                raise IllegalTransition(f"{other.ref} is open for {slice_name}: work there. Nothing changed.")
            decision = transitions.declare(
                key=key,
                service=context.service,
                slice_name=slice_name,
                title=title,
                severity=severity,
                actor=actor,
                reason=reason,
                started_at=started_at,
                now=now,
            )
            return context.write_down(tx, decision, actor=actor, verb="declare", now=now, reason=reason)

        return context.store.transact(lambda tx: do_once(tx, self._once, lambda: work(tx), now))

    def merge(self, incident_id: IncidentId, *, into: IncidentId, actor: Actor, reason: str, version: int) -> Incident:
        """*actor* says that *incident_id* is part of *into*: it ends as superseded, its alerts go along. The other one.

        Raises:
            Refused: one does not exist or is resolved, it moved since *version*, or no reason was given.
            EvidenceUnavailable: the database does not answer.
        """

        def work(tx: Transaction, gone: Incident, now: datetime) -> Incident:
            other = existing(tx, into)
            tx.take_turns({gone.key, other.key})
            merged = regroup.merge(gone, other, actor=actor, reason=reason, version=version, now=now)
            tx.episodes.move(incident_id, into)
            tx.routes.redirect(incident_id, into)
            tx.routes.send([key_route(gone.key)], into)
            over = self._context.write_down(tx, merged.gone, actor=actor, verb="merge", now=now, reason=reason)
            self._context.compose_retrospective(tx, over, now=now)
            return self._context.write_down(tx, merged.into, actor=actor, verb="merge", now=now, reason=reason)

        return self._do("merge", incident_id, actor, reason, work)

    def split(
        self,
        incident_id: IncidentId,
        *,
        fingerprints: Collection[str],
        title: str,
        actor: Actor,
        reason: str,
        version: int,
    ) -> Incident:
        """*actor* says that the alerts *fingerprints* of it are another trouble. The new incident.

        Raises:
            Refused: it does not exist, moved since *version* or is resolved; an alert is not part of it, or all of them
                are; or a word is missing.
            EvidenceUnavailable: the database does not answer.
        """

        def work(tx: Transaction, incident: Incident, now: datetime) -> Incident:
            tx.take_turns({incident.key})
            parted = regroup.split(
                incident,
                tx.episodes.of(incident_id),
                fingerprints=fingerprints,
                sent_here=tx.routes.all().keys_to(incident),
                title=title,
                actor=actor,
                reason=reason,
                version=version,
                now=now,
            )
            context = self._context
            new = context.write_down(tx, parted.new, actor=actor, verb="split", now=now, reason=reason)
            context.write_down(tx, parted.kept, actor=actor, verb="split", now=now, reason=reason)
            if new.id is not None:
                tx.episodes.save([replace(one, incident_id=new.id) for one in parted.moved], {})
                tx.routes.send(parted.routes, new.id)
            return new

        return self._do("split", incident_id, actor, reason, work)

    def _run(
        self,
        verb: str,
        incident_id: IncidentId,
        actor: Actor,
        reason: str | None,
        decide: Callable[[Incident, datetime], Decision],
    ) -> Incident:
        def work(tx: Transaction, incident: Incident, now: datetime) -> Incident:
            context = self._context
            kept = context.write_down(tx, decide(incident, now), actor=actor, verb=verb, now=now, reason=reason)
            if verb == "resolve":
                context.compose_retrospective(tx, kept, now=now)
            return kept

        return self._do(verb, incident_id, actor, reason, work)

    def _do(
        self,
        verb: str,
        incident_id: IncidentId,
        actor: Actor,
        reason: str | None,
        work: Callable[[Transaction, Incident, datetime], Incident],
    ) -> Incident:
        now = self._context.clock.now()
        try:
            return self._context.store.transact(
                lambda tx: do_once(tx, self._once, lambda: work(tx, existing(tx, incident_id), now), now)
            )
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


def _open_for(tx: Transaction, key: str) -> Incident | None:
    """The unresolved incident of *key*, or the one that a person sent its alerts to."""
    other = tx.incidents.latest({key}).get(key)
    unresolved = other is not None and other.state is not IncidentState.RESOLVED
    return other if unresolved else tx.routes.all().of_key(key)
