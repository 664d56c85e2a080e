"""A second person: asked about exactly what would happen, and what they decided. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from parapet.core.errors import NotApprovable, StaleVersion
from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.response.preview import FrozenPreview

APPROVAL_SECONDS = 1_800.0
"""How long an approval is good. It is about what would happen, not one preview: seen again unchanged, it holds."""


class ApprovalState(StrEnum):
    """What was decided."""

    WAITING = "waiting"
    APPROVED = "approved"
    DENIED = "denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One request to a second person."""

    id: int | None
    content: str
    """The hash of exactly what would happen."""
    preview_id: str
    service: str
    capability: str
    incident_id: IncidentId
    asked_by: str
    reason: str
    asked_at: datetime
    until_at: datetime
    state: ApprovalState = ApprovalState.WAITING
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None
    version: int = 1

    def holds(self, now: datetime, *, for_actor: str | None) -> bool:
        """Whether it lets *for_actor* confirm now: somebody else approved it."""
        return self.state is ApprovalState.APPROVED and now < self.until_at and self.decided_by != for_actor

    def repeats(self, preview: FrozenPreview, actor: Actor, reason: str, now: datetime) -> bool:
        """Whether *actor* asked for just this, in these words, and nobody decided yet."""
        waits = self.state is ApprovalState.WAITING and now < self.until_at
        return waits and (self.preview_id, self.asked_by, self.reason) == (preview.id, actor.name, reason)


def ask(preview: FrozenPreview, *, actor: Actor, reason: str, now: datetime) -> Approval:
    """*actor* asks for a second person, because of *reason*."""
    return Approval(
        id=None,
        content=preview.content,
        preview_id=preview.id,
        service=preview.service,
        capability=preview.capability,
        incident_id=preview.incident_id,
        asked_by=actor.name,
        reason=reason,
        asked_at=now,
        until_at=now + timedelta(seconds=APPROVAL_SECONDS),
    )


def decide(approval: Approval, *, approve: bool, actor: Actor, reason: str, version: int, now: datetime) -> Approval:
    """*actor* approves or denies it.

    Raises:
        StaleVersion: it was decided since *version* was read.
        NotApprovable: *actor* asked themselves or is no person, it is too old, or it was decided.
    """
    if approval.version != version:
        raise StaleVersion("The request moved since you read it. Nothing changed; read it again.")
    if approval.state is not ApprovalState.WAITING:
        raise NotApprovable(
            f"{approval.decided_by} decided it: {approval.state.value}. Nothing changed.",
            next_step="Read the decision.",
        )
    if now >= approval.until_at:
        raise NotApprovable("The request is too old. Nothing changed.", next_step="Have it asked again.")
    if approve and actor.name == approval.asked_by:
        raise NotApprovable("A second person is somebody else than the one who asks. Nothing changed.")
    if approve and actor.kind is not ActorClass.OPERATOR:
        raise NotApprovable("Only a person can approve. Nothing changed.")
    return replace(
        approval,
        state=ApprovalState.APPROVED if approve else ApprovalState.DENIED,
        decided_by=actor.name,
        decided_at=now,
        decision_reason=reason,
        version=approval.version + 1,
    )
