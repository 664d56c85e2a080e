"""One run as people see it: how it ended, what it was about, and its lines of the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from parapet.core.types import JsonObject
from parapet.incidents.acted import JUDGED
from parapet.response.run import LedgerEntry, LedgerKind, Run, RunState, UndoState
from parapet.web import text
from parapet.web.views.acting import LONGEST_ID, MOST_TARGETS, frame, shown_target, state_of, truth
from parapet.web.words import Word

LINES: Mapping[LedgerKind, str] = MappingProxyType(
    {
        LedgerKind.INTENT: "Confirmed; written before anything ran",
        LedgerKind.DONE: "Done",
        LedgerKind.FAILED: "Failed",
        LedgerKind.UNKNOWN: "Outcome unknown: it may have run",
        LedgerKind.SETTLED: "Verified by a person",
        LedgerKind.EFFECT: "Watched",
        LedgerKind.UNDO_INTENT: "To be taken back; written before anything ran",
        LedgerKind.UNDONE: "Taken back",
        LedgerKind.UNDO_FAILED: "Not taken back, or not all of it",
        LedgerKind.UNDO_UNKNOWN: "Whether it was taken back is unknown",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """The page of one run."""

    number: int
    ref: str
    incident: int
    title: str
    state: Word
    frame: str
    truth: str
    reason: str
    by: str
    key: str
    """What the host was given as an idempotency key."""
    facts: tuple[tuple[str, str], ...]
    failed: tuple[tuple[str, str], ...]
    heading: str
    targets: tuple[tuple[str, str, str], ...]
    """Those that are not among what failed."""
    lines: tuple[tuple[str, str, str, str], ...]
    may_settle: bool
    undo: str
    """Until when it can be taken back; empty: it cannot."""
    version: int
    refusal: str
    problem: str
    next_step: str
    typed: str
    """What was written into the form that was just refused."""
    typed_in: str
    """Which form that was: settle or undo; empty without one."""


def run_view(
    run: Run,
    standing_title: str,
    targets: Sequence[tuple[str, str, str]],
    lines: Sequence[LedgerEntry],
    *,
    refusal: str = "",
    problem: str = "",
    next_step: str = "",
    typed: str = "",
    typed_in: str = "",
    now: datetime,
) -> RunView:
    """The page of *run*; *problem*, *typed*: why the form that was just sent did not do it, and its words."""
    facts = [
        ("Started", f"{text.stamp(run.started_at, now, seconds=True)}"),
    ]
    if run.ended_at is not None:
        facts.append(("Ended", f"{text.stamp(run.ended_at, now, seconds=True)}"))
    if run.note and run.state is not RunState.RUNNING:
        facts.append(("The host says", text.capped(run.note)))
    if run.approved_by:
        facts.append(("Approved by", text.capped(run.approved_by, 60)))
    if run.settled_by:
        facts.append(("Verified by", text.capped(run.settled_by, 60)))
    if run.break_glass:
        facts.append(("Limits", "The glass was broken: it went past them, and people were told"))
    return RunView(
        number=int(run.id or 0),
        ref=run.ref,
        incident=int(run.incident_id),
        title=text.capped(standing_title, text.LONGEST_TITLE),
        state=state_of(run),
        frame=frame(run),
        truth=truth(run, now=now),
        reason=text.prose(run.reason),
        by=text.capped(run.actor.name, 60),
        key=run.key,
        facts=tuple(facts),
        failed=tuple((text.capped(name, LONGEST_ID), text.capped(why)) for name, why in run.failed.items()),
        heading=_heading(run),
        targets=tuple(shown_target(*one) for one in targets if one[0] not in run.failed)[:MOST_TARGETS],
        lines=tuple(
            (
                text.machine(one.recorded_at),
                text.clock(one.recorded_at, now, seconds=True),
                LINES[one.kind],
                _said(one.body, one.actor.name),
            )
            for one in lines
        ),
        may_settle=run.state is RunState.UNKNOWN,
        undo=f"until {text.stamp(run.undo_until, now)}" if run.undo_until and run.can_be_undone(now) else "",
        version=run.version,
        refusal=refusal,
        problem=problem,
        next_step=next_step,
        typed=typed,
        typed_in=typed_in,
    )


def _heading(run: Run) -> str:
    match run.state:
        case RunState.UNKNOWN:
            return "To be verified"
        case RunState.RUNNING:
            return "Targets"
        case _:
            return f"{run.done_count:,} {'taken back' if run.undo is UndoState.UNDONE else 'done'}"


def _said(body: JsonObject, who: str) -> str:
    parts, said = [f"by {text.capped(who, 60)}"], ""
    if body.get("late") is True:
        parts.append("heard of late")
    effect = body.get("effect")
    if isinstance(effect, str) and effect in JUDGED:
        parts.append(JUDGED[effect].lower())
    for name in ("note", "reason"):
        words = body.get(name)
        if isinstance(words, str) and words:
            if name == "reason":
                parts.append(f"“{text.capped(words)}”")
            else:
                said = f". {text.capped(words)}"
    return ", ".join(parts) + said
