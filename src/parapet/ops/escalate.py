"""Calls people: what is due by the worker, and what a person, or a tripped breaker, asks for. One verb, one commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeAlias

from parapet.core.errors import IllegalTransition, NotFound, Refused, UnknownName
from parapet.core.guard import guarded
from parapet.core.part import Part, Place
from parapet.core.types import Actor, IncidentId
from parapet.incidents.model import Incident, IncidentState
from parapet.ops.calling import Moved
from parapet.ops.context import Context, existing
from parapet.ops.once import Once
from parapet.ops.stint import Stint
from parapet.response.escalating import advance, next_now, resume, suppress
from parapet.response.escalation import Escalation, EscalationPolicy, EscalationState, Move
from parapet.response.rotation import Override, Turn, turns
from parapet.store.escalations import KeptEscalation
from parapet.store.rows import as_kept
from parapet.store.store import Transaction

Decide: TypeAlias = Callable[[Incident, Escalation | None, datetime], Move]
"""What an incident, its escalation and the time come to."""
BATCH = 100
"""Decided in one transaction."""
PUT_OFF_SECONDS = 60.0
"""One that cannot be decided is looked at again this much later, so that it holds up no other."""
TURNS_SHOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCall:
    """A rotation: its turn now, those after it, and the overrides that hold or will."""

    name: str
    words: str
    turns: tuple[Turn, ...]
    overrides: tuple[tuple[int, Override], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is asked of the escalation of one incident."""

    verb: str
    incident_id: IncidentId
    actor: Actor
    reason: str
    now: datetime

    def write(self, tx: Transaction, outcome: str, refusal: Refused | None = None) -> None:
        """Keep in the audit what came of it."""
        said = {} if refusal is None else {"refusal": type(refusal).__name__, "said": refusal.message}
        target = f"INC-{self.incident_id}"
        tx.audit.add(
            actor=self.actor,
            verb=self.verb,
            target=target,
            outcome=outcome,
            now=self.now,
            reason=self.reason,
            details=dict(said),
        )


class Escalations:
    """The verbs of escalation, bound to one service's evidence."""

    def __init__(self, context: Context, once: Once | None = None) -> None:
        self._context = context
        self._once = once

    def once(self, key: str, digest: str) -> Escalations:
        """The same verbs for a request that is named *key* and asks for *digest*: sent again, it is done once."""
        return Escalations(self._context, Once(key=key, digest=digest))

    @property
    def policies(self) -> tuple[EscalationPolicy, ...]:
        """Those that new incidents are given."""
        return self._context.roster.policies

    @property
    def people(self) -> tuple[str, ...]:
        """Who can be called by name: a channel that is set up reaches them."""
        return tuple(
            one.name for one in self._context.roster.people if not self._context.channels.keys().isdisjoint(one.reach)
        )

    def of(self, incident_id: IncidentId) -> Escalation | None:
        """How that of an incident stands; None: no policy was for it.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            kept = tx.escalations.of(incident_id)
        return None if kept is None else kept.escalation

    def page(
        self, *, limit: int = 50, before: Place | None = None, after: Place | None = None
    ) -> Part[tuple[Incident, Escalation]]:
        """Incidents with their escalations, the newest first; those with a lower, or a higher, number.

        Raises:
            MalformedPayload: there is no such place in this list.
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            found = tx.escalations.page(limit=limit, before=before, after=after)
            incidents = tx.incidents.get_all([one.incident_id for one in found])
        return found.of(lambda one: (incidents[one.incident_id], one.escalation))

    def next_now(self, incident_id: IncidentId, *, actor: Actor, reason: str, place: str | None = None) -> Escalation:
        """Take the next step at once, if it is still at *place*. An incident without a policy gets the first there is.

        Raises:
            Refused: it does not exist or is resolved, that step was taken, there is no policy, or no reason was given.
            EvidenceUnavailable: the database does not answer.
        """
        actor = as_kept(actor)

        def decide(incident: Incident, escalation: Escalation | None, now: datetime) -> Move:
            given = escalation or self._first(now)
            return next_now(given, incident, now, who=actor.name, reason=reason, place=place)

        return self._run("escalation.next", incident_id, actor, reason, decide)

    def call(self, tx: Transaction, incident_id: IncidentId, *, actor: Actor, reason: str) -> None:
        """Take the next step in *tx*, for what notices by itself that a person is needed, such as a breaker that
        tripped: it is never written down without the call. Where nobody can be called, the audit says so.

        Raises:
            Conflict: somebody else moved the escalation at the same moment.
        """

        def decide(incident: Incident, escalation: Escalation | None, now: datetime) -> Move:
            return next_now(escalation or self._first(now), incident, now, who=actor.name, reason=reason)

        now = self._context.clock.now()
        asked = _Asked(verb="escalation.next", incident_id=incident_id, actor=actor, reason=reason, now=now)
        try:
            self._move(tx, asked, decide)
        except Refused as refusal:
            asked.write(tx, "refused", refusal)

    def suppress(
        self, incident_id: IncidentId, *, actor: Actor, reason: str, seconds: float, place: str | None = None
    ) -> Escalation:
        """Call nobody for *seconds*, at most a day, if it is still at *place*; then it resumes by itself.

        Raises:
            Refused: there is nothing to suppress, it moved, it is too long, or no reason was given.
            EvidenceUnavailable: the database does not answer.
        """
        actor = as_kept(actor)

        def decide(incident: Incident, escalation: Escalation | None, now: datetime) -> Move:
            until = now + timedelta(seconds=seconds)
            there = _there(escalation, incident)
            return suppress(there, now, until=until, who=actor.name, reason=reason, place=place)

        return self._run("escalation.suppress", incident_id, actor, reason, decide)

    def resume(self, incident_id: IncidentId, *, actor: Actor, reason: str, place: str | None = None) -> Escalation:
        """Go on where it was suppressed, if it is still at *place*.

        Raises:
            Refused: it is not suppressed, it moved, or no reason was given.
            EvidenceUnavailable: the database does not answer.
        """
        actor = as_kept(actor)

        def decide(incident: Incident, escalation: Escalation | None, now: datetime) -> Move:
            return resume(_there(escalation, incident), now, who=actor.name, reason=reason, place=place)

        return self._run("escalation.resume", incident_id, actor, reason, decide)

    def run_due(self, stint: Stint | None = None) -> tuple[int, int]:
        """Decide what is due during the *stint* of calls; without one, all of it.

        How many moved, and how many could not be decided and wait.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        moved = stuck = 0
        while True:
            with guarded("worker.escalate") as attempt:
                count = self._context.store.transact(lambda tx: self._batch(tx, BATCH))
            if attempt.error is not None:  # one of them cannot be decided: find it, and go on with the others
                count, failed = self._one_by_one()
                stuck += failed
            moved += count
            if count == 0 or (stint is not None and stint.over):
                return moved, stuck

    def on_call(self) -> tuple[OnCall, ...]:
        """Who is on call in every rotation, now and next.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        now = self._context.clock.now()
        with self._context.store.read() as tx:
            kept = tx.overrides.current(now)
        return tuple(
            OnCall(
                name=one.name,
                words=one.words,
                turns=turns(one, [override for _, override in kept], now, TURNS_SHOWN),
                overrides=tuple(each for each in kept if each[1].rotation == one.name),
            )
            for one in self._context.roster.rotations
        )

    def stand_in(self, rotation: str, person: str, *, start: datetime, end: datetime, actor: Actor, reason: str) -> int:
        """*person* is called instead of whose turn it is, for that time; the number of the override.

        Asked for again, word for word, it is the one that there is.

        Raises:
            UnknownName: there is no such rotation or person.
            Refused: the time is over, or ends before it starts.
            EvidenceUnavailable: the database does not answer.
        """
        roster, now = self._context.roster, self._context.clock.now()
        if roster.rotation(rotation) is None:
            raise UnknownName.of("rotation", rotation, [one.name for one in roster.rotations])
        if roster.person(person) is None:
            raise UnknownName.of("person", person, [one.name for one in roster.people])
        if not start < end or end <= now:
            raise IllegalTransition("A stand-in ends after it starts, and not in the past. Nothing changed.")
        override = Override(rotation=rotation, person=person, start=start, end=end, reason=reason)

        def work(tx: Transaction) -> int:
            known = next((number for number, one in tx.overrides.current(now) if one == override), None)
            if known is not None:
                return known
            details = {"person": person, "from": start.isoformat(), "until": end.isoformat()}
            tx.audit.add(
                actor=actor,
                verb="oncall.override",
                target=rotation,
                outcome="done",
                now=now,
                reason=reason,
                details=dict(details),
            )
            return tx.overrides.add(override, by=as_kept(actor).name, now=now)

        return self._context.store.transact(work)

    def end_stand_in(self, number: int, *, actor: Actor, reason: str) -> None:
        """Take an override back.

        Raises:
            NotFound: there is none of that number.
            EvidenceUnavailable: the database does not answer.
        """
        now = self._context.clock.now()

        def work(tx: Transaction) -> None:
            if not tx.overrides.remove(number):
                raise NotFound(f"There is no override {number}.")
            target = f"override {number}"
            tx.audit.add(actor=actor, verb="oncall.end", target=target, outcome="done", now=now, reason=reason)

        self._context.store.transact(work)

    def _batch(self, tx: Transaction, limit: int) -> int:
        now = self._context.clock.now()
        due = tx.escalations.take_due(now, limit)
        if due:
            self._advance(tx, due, now)
        return len(due)

    def _one_by_one(self) -> tuple[int, int]:
        now, moved, stuck = self._context.clock.now(), 0, 0
        with self._context.store.read() as tx:
            due = tx.escalations.due(now, BATCH)
        for number in due:
            with guarded("worker.escalate.one") as attempt:
                self._context.store.transact(partial(self._advance_again, number=number, now=now))
            moved += attempt.error is None
            if attempt.error is not None:
                stuck += 1
                with self._context.store.begin() as tx:
                    tx.escalations.put_off(number, now=now, seconds=PUT_OFF_SECONDS)
        return moved, stuck

    def _advance_again(self, tx: Transaction, number: IncidentId, now: datetime) -> None:
        kept = tx.escalations.of(number)
        if kept is not None and kept.escalation.due_at is not None and kept.escalation.due_at <= now:
            self._advance(tx, [kept], now)

    def _advance(self, tx: Transaction, due: Sequence[KeptEscalation], now: datetime) -> None:
        incidents = tx.incidents.get_all([kept.incident_id for kept in due])
        planned = tx.maintenances.live(self._context.service, now) if due else []
        moved: list[Moved] = []
        for kept in due:
            incident = incidents[kept.incident_id]
            until = self._context.maintenance_until(incident, planned, now)
            move = advance(kept.escalation, incident, now, maintenance_until=until)
            if move is not None:
                moved.append(Moved(incident=incident, number=kept.incident_id, kept=kept, move=move))
        self._context.write_moves(tx, moved, now=now)

    def _first(self, now: datetime) -> Escalation:
        if not self.policies:
            raise IllegalTransition("No escalation policy is defined: nobody can be called. Nothing changed.")
        return Escalation(policy=self.policies[0], state=EscalationState.RUNNING, due_at=now, started_at=now)

    def _run(self, verb: str, incident_id: IncidentId, actor: Actor, reason: str, decide: Decide) -> Escalation:
        store = self._context.store
        asked = _Asked(verb=verb, incident_id=incident_id, actor=actor, reason=reason, now=self._context.clock.now())
        try:
            return store.transact(lambda tx: self._move(tx, asked, decide))
        except Refused as refusal:
            with store.begin() as tx:
                asked.write(tx, "refused", refusal)
            raise

    def _move(self, tx: Transaction, asked: _Asked, decide: Decide) -> Escalation:
        number, now = asked.incident_id, asked.now
        incident, kept = existing(tx, number), tx.escalations.of(number)
        once = self._once
        if once is not None and (done := tx.requests.done(once.key)) is not None:
            once.check(done)
            return _there(None if kept is None else kept.escalation, incident)
        move = decide(incident, None if kept is None else kept.escalation, now)
        moved = Moved(incident=incident, number=number, kept=kept, move=move)
        self._context.write_moves(tx, [moved], now=now, actor=asked.actor)
        asked.write(tx, "done")
        if once is not None:
            tx.requests.add(once.key, once.digest, number, now=now)
        return move.escalation


def _there(escalation: Escalation | None, incident: Incident) -> Escalation:
    if escalation is None:
        closed = " It is resolved." if incident.state is IncidentState.RESOLVED else ""
        raise IllegalTransition(f"No escalation policy was for {incident.ref}.{closed} Nothing changed.")
    return escalation
