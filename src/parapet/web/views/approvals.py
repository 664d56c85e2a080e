"""Second persons as people see them: who waits, and what one is asked. Reasons are people's own words: capped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from parapet.response.approval import Approval, ApprovalState
from parapet.web import text
from parapet.web.words import Word

STATES: Mapping[ApprovalState, Word] = MappingProxyType(
    {
        ApprovalState.WAITING: Word(text="Waits", icon="clock", tone="ticket"),
        ApprovalState.APPROVED: Word(text="Approved", icon="check", tone="good"),
        ApprovalState.DENIED: Word(text="Denied", icon="refuse", tone="none"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalView:
    """One request, beside what it is about."""

    state: Word
    words: str
    reason: str
    waits: bool
    refusal: str
    """Why the reader may not decide; empty when they may."""
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRow:
    """One request in the list."""

    state: Word
    title: str
    address: str
    reason: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalsView:
    """The list."""

    headline: str
    rows: tuple[ApprovalRow, ...]
    asked_for: tuple[str, ...] = ()
    """What needs a second person, in words."""
    since: str = ""
    """Since when an empty list is empty."""


def approval_view(approval: Approval | None, *, reader: str, refusal: str, now: datetime) -> ApprovalView | None:
    """What *reader* sees of it; None: nobody was asked."""
    if approval is None:
        return None
    who, until = text.capped(approval.asked_by, 60), text.stamp(approval.until_at, now)
    words = f"{who} asks for a second person. The request is good until {until}."
    reason = approval.reason
    if approval.decided_by is not None:
        decider = text.capped(approval.decided_by, 60)
        words = f"{decider} denied it. Preview it again to ask once more."
        if approval.state is ApprovalState.APPROVED:
            words = f"{decider} approved it; good until {until}."
        reason = approval.decision_reason or ""
    if not refusal and reader == approval.asked_by:
        refusal = "You asked: somebody else decides."
    return ApprovalView(
        state=STATES[approval.state],
        words=words,
        reason=text.prose(reason),
        waits=approval.state is ApprovalState.WAITING,
        refusal=refusal,
        version=approval.version,
    )


def approvals_view(found: Sequence[Approval], titles: Mapping[str, str], *, now: datetime) -> ApprovalsView:
    """Everybody who waits."""
    return ApprovalsView(
        headline=f"{text.several(len(found), 'request')} for a second person" if found else "No request waits",
        rows=tuple(approval_row(one, titles, now=now) for one in found),
    )


def approval_row(one: Approval, titles: Mapping[str, str], *, now: datetime) -> ApprovalRow:
    """*one* as a row; *titles*: of the capabilities, by name."""
    return ApprovalRow(
        state=STATES[one.state],
        title=f"{titles.get(one.capability, one.capability)}, INC-{one.incident_id}",
        address=f"previews/{one.preview_id}",
        reason=text.capped(one.reason),
        who=f"asked by {text.capped(one.asked_by, 60)} at {text.stamp(one.asked_at, now)}",
    )
