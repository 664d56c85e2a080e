"""Automatic steps: the same path as a person's, by the actor `system:`, only while the incident is open and fires.

What a person would be refused, it is refused. A step whose breaker opens is off, and people are told.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from parapet.core.errors import BreakerOpen, ConfigurationError, CoolingDown, NothingToDo, Refused
from parapet.core.guard import guarded
from parapet.core.types import Actor, ActorClass, JsonObject
from parapet.incidents.model import Announcement, Decision, EntryKind, Incident, IncidentState, NewEntry
from parapet.ops.act import Actions
from parapet.ops.acting import situation
from parapet.ops.context import existing
from parapet.ops.escalate import Escalations
from parapet.ops.hosted import propose
from parapet.response.capability import Capability
from parapet.response.checks import BREAKER_SECONDS
from parapet.response.run import Run, RunState
from parapet.store.runbooks import Due
from parapet.store.store import Transaction

BATCH = 20
LOOK_AGAIN_SECONDS = 60.0
"""How long after a turn the next one is, at least: the step has to show whether it helps."""


class Automatic:
    """Runs the steps that runbooks mark as automatic. The worker calls it."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions
        self._context = actions.bench.context

    def step(self) -> int:
        """Take every turn that is due; how many of them ran something."""
        now = self._context.clock.now()
        with self._context.store.read() as tx:
            due = tx.runbooks.due(now, BATCH)
        ran = 0
        for one in due:
            with guarded("worker.automatic"):
                ran += self._turn(one)
        return ran

    def _turn(self, due: Due) -> bool:
        context, now = self._context, self._context.clock.now()
        capability = self._actions.bench.capabilities.get(due.capability)
        wait = LOOK_AGAIN_SECONDS if capability is None else max(LOOK_AGAIN_SECONDS, capability.cooldown_seconds)
        later = now + timedelta(seconds=wait)
        if not context.store.transact(lambda tx: tx.runbooks.take_turn(due, later=later)):
            return False
        if capability is None:
            self._say(due, f"There is no capability {due.capability!r} any more.")
            return False
        with context.store.read() as tx:
            incident = existing(tx, due.incident_id)
        if incident.state is IncidentState.RESOLVED or not incident.firing:
            return False
        return self._run(due, capability, incident)

    def _run(self, due: Due, capability: Capability, incident: Incident) -> bool:
        actor = Actor(kind=ActorClass.SYSTEM, name=f"system:{capability.name}")
        reason = f"Automatic step of the runbook in force for {incident.ref}"
        try:
            asked = situation(incident, now=self._context.clock.now(), inputs=capability.inputs, actor=actor)
            if not propose(capability, asked).targets:
                raise NothingToDo()
            if self._open(due, capability, incident):
                raise BreakerOpen(f"It ran {capability.breaker_limit} times within an hour. Nothing ran.")
            preview = self._actions.preview(capability.name, due.incident_id, actor=actor)
            run = self._actions.confirm(preview.id, digest=preview.digest, actor=actor, reason=reason)
        except BreakerOpen as refusal:
            self._trip(due, capability, refusal)
            return False
        except (NothingToDo, CoolingDown) as refusal:
            self._say(due, refusal.message)
            return False
        except (Refused, ConfigurationError) as refusal:
            next_step = f" Next: {refusal.next_step}" if isinstance(refusal, Refused) else ""
            self._say(due, f"{refusal.message}{next_step}")
            return False
        self._say(due, _words(run))
        return True

    def _open(self, due: Due, capability: Capability, incident: Incident) -> bool:
        """Whether the breaker is open: asked before a preview is written down that could not be confirmed."""
        since = self._context.clock.now() - timedelta(seconds=BREAKER_SECONDS)
        with self._context.store.read() as tx:
            runs = tx.runs.since(self._context.service, capability.name, incident.slice, since)
        return len(runs) >= capability.breaker_limit

    def _trip(self, due: Due, capability: Capability, refusal: BreakerOpen) -> None:
        """It is off until the hour has passed; said and told once, and whoever is on call is called with it."""
        context = self._context

        actor = Actor(kind=ActorClass.SYSTEM, name=f"system:{capability.name}")

        def work(tx: Transaction) -> None:
            now = context.clock.now()
            if not tx.runbooks.say(due, refusal.message, tripped_at=now):
                return
            incident = existing(tx, due.incident_id)
            payload: JsonObject = {"capability": capability.name, "title": capability.title, "said": refusal.message}
            entry = NewEntry(kind=EntryKind.BREAKER_TRIPPED, occurred_at=now, actor=actor, payload=payload)
            moved = replace(incident, version=incident.version + 1)
            decision = Decision(incident=moved, entries=(entry,), announce=Announcement.BREAKER_TRIPPED)
            context.write_down(tx, decision, actor=actor, verb="trip_breaker", now=now)
            reason = f"The automatic step {capability.title!r} is off: {refusal.message}"
            Escalations(context).call(tx, due.incident_id, actor=actor, reason=reason)

        context.store.transact(work)

    def _say(self, due: Due, said: str) -> None:
        self._context.store.transact(lambda tx: tx.runbooks.say(due, said, tripped_at=None))


def _words(run: Run) -> str:
    if run.state is RunState.UNKNOWN:
        return f"{run.ref} has an unknown outcome: it is off until a person verified that."
    return f"{run.ref} is {run.state.value}."
