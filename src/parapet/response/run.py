"""A run of a capability: from the intent, which is written first, to what is known of its end. Values, and what may
follow what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from parapet.core.types import Actor, IncidentId, JsonObject
from parapet.response.capability import Effect


class RunState(StrEnum):
    """What is known of a run."""

    RUNNING = "running"  # the intent is written; the end is not
    DONE = "done"
    FAILED = "failed"  # the host said that it did not do it, or not all of it
    UNKNOWN = "unknown"  # it may have run: a person verifies it


class UndoState(StrEnum):
    """Whether it can be, or was, taken back."""

    NONE = "none"  # there is no way back
    OPEN = "open"  # until `undo_until`
    RUNNING = "running"
    UNDONE = "undone"
    FAILED = "failed"
    UNKNOWN = "unknown"


class LedgerKind(StrEnum):
    """What an entry of the ledger says of its run."""

    INTENT = "intent"  # about to run
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"  # its lease ended without a word
    SETTLED = "settled"  # a person looked, and says how it ended
    EFFECT = "effect"  # whether it helped
    UNDO_INTENT = "undo_intent"
    UNDONE = "undone"
    UNDO_FAILED = "undo_failed"
    UNDO_UNKNOWN = "undo_unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run, as it stands."""

    id: int | None
    """None until the store has given it its number."""
    key: str
    """Unique for ever; handed to the host as its idempotency key."""
    preview_id: str
    service: str
    capability: str
    slice: str | None
    incident_id: IncidentId
    actor: Actor
    reason: str
    state: RunState
    target_count: int
    failed: Mapping[str, str] = field(default_factory=dict)
    """Target id -> why, as the host reported it."""
    note: str = ""
    started_at: datetime
    ended_at: datetime | None = None
    leased_until: datetime | None = None
    """A run that says nothing until then has an unknown outcome."""
    break_glass: bool = False
    approved_by: str | None = None
    settled_by: str | None = None
    """Who verified an unknown outcome."""
    undo: UndoState = UndoState.NONE
    undo_until: datetime | None = None
    undo_leased_until: datetime | None = None
    effect: Effect | None = None
    watch_until: datetime | None = None
    """Being watched until then; None: it is not."""
    watch_due_at: datetime | None = None
    version: int = 1

    @property
    def ref(self) -> str:
        """What people call it: RUN-12."""
        return f"RUN-{self.id}" if self.id is not None else "RUN-new"

    @property
    def done_count(self) -> int:
        """Targets it was done to, as far as the host said; 0 while that is not known."""
        return self.target_count - len(self.failed) if self.state in {RunState.DONE, RunState.FAILED} else 0

    @property
    def pending(self) -> bool:
        """Whether nobody knows yet how it ended, or how taking it back did."""
        return self.state in {RunState.RUNNING, RunState.UNKNOWN} or self.undo in {UndoState.RUNNING, UndoState.UNKNOWN}

    def can_be_undone(self, now: datetime) -> bool:
        """Whether somebody may take it back now."""
        return self.undo is UndoState.OPEN and self.undo_until is not None and now < self.undo_until


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One line of the ledger. Never changed, never removed."""

    id: int
    run_id: int
    kind: LedgerKind
    recorded_at: datetime
    actor: Actor
    service: str
    capability: str
    slice: str | None
    incident_id: IncidentId
    body: JsonObject
