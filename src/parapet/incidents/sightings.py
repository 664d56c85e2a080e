"""What happened to which exact object: the identifiers that events came with, and which of them concern an incident."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from parapet.core import names
from parapet.core.vocabulary import (
    ApprovalOutcome,
    EvaluationOutcome,
    FaultPlane,
    GuardrailOutcome,
    Outcome,
    ToolOutcome,
)
from parapet.incidents.model import Incident

ROOMS = frozenset({"delivery", "async", "ai", "journey"})
"""Signals that carry identifiers, by their first word."""
SUBJECTS = (names.INTEGRATION, names.JOURNEY)
"""Fields that say what an event is about; each event has one of them."""
NARROWING = (
    *SUBJECTS,
    names.PROVIDER,
    names.CHANNEL,
    names.QUEUE,
    names.PIPELINE_STAGE,
    names.GUARDRAIL,
    names.TOOL,
    names.EVALUATION,
)
"""Fields that say where it happened; the others say how it ended."""

_WRONG = frozenset(
    {
        Outcome.FAILURE.value,
        ToolOutcome.FAILED.value,
        EvaluationOutcome.FAILED.value,
        GuardrailOutcome.BLOCKED.value,
        GuardrailOutcome.CRASHED.value,
        ApprovalOutcome.EXPIRED.value,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighted:
    """One event that concerned exact objects."""

    service: str
    signal: str
    """The family, such as `delivery.outbound`."""
    subject: str
    """The integration or journey that it is about."""
    went_wrong: bool
    fields: Mapping[str, str]
    """Its bounded fields, by name."""
    refs: Mapping[str, str]
    """Exact identifiers, by what they identify. Somebody's text: escaped and capped where shown."""
    seen_at: datetime

    @property
    def room(self) -> str:
        """The first word of the signal."""
        return self.signal.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """What went wrong near the onset of an incident, by exact object."""

    shown: tuple[Sighted, ...]
    """Those closest to onset, in the order in which they happened."""
    total: int
    """How many there were, of those that were looked at."""
    more: bool = False
    """There may be even more: not all were looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """Which sightings an incident is about."""

    rooms: frozenset[str]
    fields: Mapping[str, frozenset[str]]
    """Field -> the values it may have, where an event has that field."""

    @property
    def subjects(self) -> frozenset[str]:
        """What it is about, by name; empty: nothing that carries identifiers."""
        return frozenset(value for label in SUBJECTS for value in self.fields.get(label, ()))

    def narrowed(self, incident: Incident) -> Concern:
        """The same, for the group that *incident* is of."""
        mine = {label: frozenset({incident.labels[label]}) for label in NARROWING if label in incident.labels}
        return Concern(rooms=self.rooms, fields={**self.fields, **mine})

    def covers(self, one: Sighted) -> bool:
        """Whether *one* is of them."""
        fits = (one.fields[label] in values for label, values in self.fields.items() if label in one.fields)
        return one.room in self.rooms and all(fits)


NOTHING = Concern(rooms=frozenset(), fields={})
"""Of a promise whose events carry no identifiers."""
ANYTHING = Concern(rooms=ROOMS, fields={})
"""Of an incident whose promise nobody knows here: only its labels say what it is about."""


def went_wrong(fields: Mapping[str, str]) -> bool:
    """Whether an event with these fields is one that somebody would look into."""
    plane = fields.get(names.FAULT_PLANE)
    if plane is not None:
        return plane != FaultPlane.NONE
    return fields.get(names.OUTCOME) in _WRONG


def closest(onset: datetime, candidates: Iterable[Sighted], concern: Concern, most: int, *, more: bool) -> Objects:
    """Those of the *candidates* that *concern* covers, at most *most* of them: the closest to *onset*."""
    mine = [one for one in candidates if concern.covers(one)]
    near = sorted(mine, key=lambda one: abs(one.seen_at - onset))[:most]
    return Objects(shown=tuple(sorted(near, key=lambda one: one.seen_at)), total=len(mine), more=more)
