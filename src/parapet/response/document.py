"""Escalations, turns and notifications as JSON: the same words for every script, wherever it asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from parapet.core.types import Json, JsonObject
from parapet.incidents.document import instant
from parapet.incidents.durations import duration_words
from parapet.incidents.model import Incident
from parapet.response.escalation import FIRST_PLACE, Escalation, EscalationPolicy, EscalationState, Step
from parapet.response.looks import Looked
from parapet.response.maintenance import PlannedMaintenance
from parapet.response.rotation import Override, Turn


class Notification(Protocol):
    """One message to one channel, or to one person by it."""

    @property
    def id(self) -> str: ...
    @property
    def incident_id(self) -> int: ...
    @property
    def channel(self) -> str: ...
    @property
    def person(self) -> str | None: ...
    @property
    def announcement(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def why(self) -> str | None: ...
    @property
    def said(self) -> str | None: ...
    @property
    def last_error(self) -> str | None: ...
    @property
    def attempts(self) -> int: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def due_at(self) -> datetime: ...
    @property
    def delivered_at(self) -> datetime | None: ...


class OnCall(Protocol):
    """A rotation, now and next."""

    @property
    def name(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def turns(self) -> Sequence[Turn]: ...
    @property
    def overrides(self) -> Sequence[tuple[int, Override]]: ...


def escalation_object(incident_id: int, escalation: Escalation | None) -> JsonObject:
    """How the escalation of an incident stands; `state` is `none` where no policy was for it."""
    if escalation is None:
        none = "No escalation policy was for it: nobody is called."
        return {"incident": incident_id, "state": "none", "says": none, "place": FIRST_PLACE}
    shown: list[Json] = [
        {"after_seconds": step.after_seconds, "targets": step_words(step)} for step in escalation.policy.steps
    ]
    return {
        "incident": incident_id,
        "state": escalation.state.value,
        "says": standing_words(escalation),
        "policy": escalation.policy.name,
        "steps": shown,
        "next_step": escalation.step + 1,
        "round": escalation.round + 1,
        "place": escalation.place,
        "due_at": instant(escalation.due_at),
        "started_at": instant(escalation.started_at),
        "suppressed_until": instant(escalation.suppressed_until),
        "suppressed_by": escalation.suppressed_by,
    }


def standing_words(escalation: Escalation) -> str:
    """How it stands, in a sentence without times."""
    step = f"step {escalation.step + 1} of {len(escalation.policy.steps)}"
    match escalation.state:
        case EscalationState.RUNNING if escalation.held:
            return f"Held back by maintenance; {step} comes after it."
        case EscalationState.RUNNING:
            whom = step_words(escalation.policy.steps[escalation.step])
            return f"Nobody has acknowledged it: {step} is next, for {whom}."
        case EscalationState.ACKNOWLEDGED:
            return "Somebody has it: nobody is called."
        case EscalationState.SUPPRESSED:
            return f"Suppressed by {escalation.suppressed_by}: nobody is called; {step} comes after it."
        case EscalationState.EXHAUSTED:
            return "Every step was taken and nobody acknowledged."
    return "Ended: nobody is called any more."


def maintenance_object(one: PlannedMaintenance, now: datetime) -> JsonObject:
    """One maintenance, as it stands at *now*; no slice named: all of the service."""
    named: list[Json] = [*one.slices]
    return {
        "id": one.number,
        "ref": one.ref,
        "state": one.state(now).value,
        "what": one.what,
        "slices": named,
        "start_at": instant(one.start),
        "end_at": instant(one.end),
        "reason": one.reason,
        "by": one.by,
        "planned_at": instant(one.planned_at),
        "ended_by": one.ended_by,
        "ended_because": one.ended_because,
    }


def step_words(step: Step) -> str:
    """Whom it calls."""
    return ", ".join(target.words for target in step.targets)


def policy_words(policy: EscalationPolicy) -> list[str]:
    """Each step in words, as they come."""
    said = []
    for number, step in enumerate(policy.steps, 1):
        when = "at once" if step.after_seconds == 0 else f"after {duration_words(step.after_seconds)}"
        said.append(f"{number}. {when}: {step_words(step)}")
    times = "once" if policy.repeat == 1 else f"{policy.repeat} times"
    if policy.repeat:
        said.append(f"then again {times}, after {duration_words(policy.repeat_after_seconds)}")
    return said


def turn_object(turn: Turn) -> JsonObject:
    """One turn."""
    return {
        "person": turn.person,
        "start": instant(turn.start),
        "end": instant(turn.end),
        "stands_in_for": turn.stands_in_for,
        "reason": turn.reason,
    }


def override_object(number: int, one: Override) -> JsonObject:
    """Who stands in."""
    return {
        "id": number,
        "person": one.person,
        "start": instant(one.start),
        "end": instant(one.end),
        "reason": one.reason,
    }


def on_call_object(one: OnCall) -> JsonObject:
    """A rotation: its turn now, those after it, and who stands in."""
    turns: list[Json] = [turn_object(turn) for turn in one.turns]
    overrides: list[Json] = [override_object(number, each) for number, each in one.overrides]
    return {"rotation": one.name, "says": one.words, "turns": turns, "overrides": overrides}


def notification_object(one: Notification) -> JsonObject:
    """Who was told, where, when and why; or why not."""
    return {
        "id": one.id,
        "incident": one.incident_id,
        "channel": one.channel,
        "person": one.person,
        "announcement": str(one.announcement),
        "state": str(one.state),
        "why": one.why,
        "said": one.said,
        "error": one.last_error,
        "attempts": one.attempts,
        "created_at": instant(one.created_at),
        "due_at": instant(one.due_at) if str(one.state) == "waiting" else None,
        "delivered_at": instant(one.delivered_at),
    }


def row_object(incident: Incident, escalation: Escalation) -> JsonObject:
    """An escalation in a list, with what it is about."""
    about: JsonObject = {"ref": incident.ref, "title": incident.title, "incident_state": incident.state.value}
    return {**escalation_object(int(incident.id or 0), escalation), **about}


def looked_object(one: Looked) -> JsonObject:
    """Who opened the page of an incident on one day, and how often."""
    return {
        "incident": one.incident_id,
        "who": one.who,
        "first_at": instant(one.first_at),
        "last_at": instant(one.last_at),
        "times": one.times,
    }
