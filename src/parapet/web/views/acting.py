"""Actions as people see them: what is offered, exactly what would run, how it ended. What hosts say is capped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from parapet.incidents.acted import JUDGED, UNDO
from parapet.response.capability import Capability
from parapet.response.checks import Standing
from parapet.response.run import Run, RunState, UndoState
from parapet.web import text
from parapet.web.views.approvals import ApprovalRow, ApprovalView
from parapet.web.views.used import UsedView
from parapet.web.words import Word

MOST_TARGETS = 500
LONGEST_ID = 80

STATES: Mapping[RunState, Word] = MappingProxyType(
    {
        RunState.RUNNING: Word(text="Running", icon="live", tone="accent"),
        RunState.DONE: Word(text="Done", icon="check", tone="good"),
        RunState.FAILED: Word(text="Failed", icon="refuse", tone="page"),
        RunState.UNKNOWN: Word(text="Outcome unknown", icon="unknown", tone="stale", form="unsure"),
    }
)
BACK: Mapping[UndoState, Word] = MappingProxyType(
    {
        UndoState.RUNNING: Word(text="Taking back", icon="live", tone="accent"),
        UndoState.UNDONE: Word(text="Taken back", icon="undo", tone="none"),
        UndoState.FAILED: Word(text="Not taken back", icon="refuse", tone="page"),
        UndoState.UNKNOWN: Word(text="Back or not: unknown", icon="unknown", tone="stale", form="unsure"),
    }
)
"""What is said in the place of how it ended, once somebody took it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One capability on the page of an incident."""

    name: str
    title: str
    touches: str
    limits: str
    inputs: tuple[tuple[str, str], ...]
    refusal: str
    """Why the reader may not preview it; empty when they may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One run in a list."""

    ref: str
    address: str
    state: Word
    frame: str
    title: str
    words: str
    sub: str
    pending: bool = False
    """Whether its end is not known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionsView:
    """The part of an incident's page about actions."""

    offered: tuple[Offered, ...]
    runs: tuple[Ran, ...]
    asked_for: tuple[ApprovalRow, ...] = ()
    """Requests for a second person that wait."""
    books_changed: bool = False
    """Whether a runbook is another one now than when the incident opened."""

    @property
    def names(self) -> frozenset[str]:
        """What is offered."""
        return frozenset(one.name for one in self.offered)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmView:
    """The page that asks to confirm."""

    preview: str
    incident: int
    ref: str
    incident_title: str
    capability: str
    title: str
    button: str
    count: str
    facts: tuple[tuple[str, str], ...]
    frozen_at: str
    targets: tuple[tuple[str, str, str], ...]
    more_targets: int
    left_out: tuple[tuple[str, str, str], ...]
    warnings: tuple[str, ...]
    checks: tuple[tuple[Word, str], ...]
    expires: str
    expired_share: str
    digest: str
    short_digest: str
    typed_words: str
    second_person: str
    """Why a second person is needed; empty: none is."""
    may_break_glass: bool
    """Whether there is glass in the way."""
    glass_refusal: str
    """Why the reader may not break it; empty when they may."""
    used: UsedView
    refusal: str
    """Why it cannot be confirmed; empty while it can."""
    next_step: str
    run_address: str
    unknown_address: str
    """The run whose outcome somebody has to verify first; empty: there is none."""
    blocked: bool = False
    """Whether pressing could do nothing but be refused again: then there is nothing to press."""
    may_act: bool = True
    typed: str = ""
    approval: ApprovalView | None = None
    """The second person who was asked about exactly this."""


def offered(capability: Capability, refusal: str) -> Offered:
    """One capability, as it is offered."""
    limits = [f"at most {capability.count_words(capability.max_targets)} at once"]
    limits.append(f"{capability.breaker_limit} runs an hour")
    if capability.second_person_from is not None:
        limits.append(f"a second person from {capability.second_person_from:,} on")
    return Offered(
        name=capability.name,
        title=capability.title,
        touches=text.capped(capability.touches),
        limits=", ".join(limits),
        inputs=tuple((name, value) for name, value in capability.inputs.items()),
        refusal=refusal,
    )


def ran(run: Run, title: str, *, now: datetime) -> Ran:
    """One run, in a list."""
    return Ran(
        ref=run.ref,
        address=f"runs/{run.id}",
        state=state_of(run),
        frame=frame(run),
        title=text.capped(title, text.LONGEST_TITLE),
        words=truth(run, now=now),
        sub=f"{run.ref}, by {text.capped(run.actor.name, 60)} at {text.stamp(run.started_at, now)}",
        pending=run.pending,
    )


def state_of(run: Run) -> Word:
    """How a run stands: what was taken back is not done any more."""
    return BACK.get(run.undo) or STATES[run.state]


def frame(run: Run) -> str:
    """How a run is framed."""
    if run.undo in BACK:
        return {UndoState.RUNNING: "confirm", UndoState.UNDONE: "done"}.get(run.undo, run.undo.value)
    return {RunState.RUNNING: "confirm"}.get(run.state, run.state.value)


def truth(run: Run, *, now: datetime) -> str:
    """What is true of a run, in a sentence or two."""
    back = f" {UNDO[run.undo.value]}." if run.undo in BACK else ""
    judged = f" {JUDGED[run.effect.value]}." if run.effect is not None else ""
    match run.state:
        case RunState.RUNNING:
            far = f" {text.capped(run.note)} so far." if run.note else ""
            return f"Started {text.stamp(run.started_at, now)}.{far} Its end is not written yet; it cannot start twice."
        case RunState.UNKNOWN:
            return "It may have run. Do not run it again; verify first."
        case RunState.FAILED:
            count = len(run.failed)
            return f"{_done(run)}; {count:,} {_verb(run, count)} not.{judged}{_watched(run)}{back}"
        case RunState.DONE:
            return f"{_done(run)}.{judged}{_watched(run)}{back}"


def _done(run: Run) -> str:
    return f"{run.done_count:,} of {run.target_count:,} {_verb(run, run.done_count)} done"


def _verb(run: Run, count: int) -> str:
    one, many = ("was", "were") if run.undo in BACK else ("is", "are")
    return one if count == 1 else many


def _watched(run: Run) -> str:
    return " Watching whether it helps." if run.watch_due_at is not None else ""


def confirm_view(
    standing: Standing,
    asked: ApprovalView | None,
    used: UsedView,
    *,
    refusal: str = "",
    next_step: str = "",
    blocked: bool = False,
    may_act: bool = True,
    typed: str = "",
    glass_refusal: str = "",
    now: datetime,
) -> ConfirmView:
    """The page of a preview; *refusal*: why it was not confirmed; *blocked*: it cannot be."""
    preview, capability, incident = standing.preview, standing.capability, standing.incident
    proposal, count = preview.proposal, len(preview.targets)
    left = (preview.expires_at - now).total_seconds()
    whole = (preview.expires_at - preview.created_at).total_seconds()
    expiry = text.stamp(preview.expires_at, now, seconds=True)
    words = capability.count_words(count)
    second = ""
    if standing.needs_second_person:
        need = "needs" if count == 1 else "need"
        second = f"{words} {need} a second person" if standing.approved_by is None else ""
    return ConfirmView(
        preview=preview.id,
        incident=int(preview.incident_id),
        ref=incident.ref,
        incident_title=text.capped(incident.title, text.LONGEST_TITLE),
        capability=capability.name,
        title=f"{capability.title}: {words}",
        button=f"Run it on {words}",
        count=words,
        facts=tuple(_facts(standing)),
        frozen_at=text.stamp(preview.created_at, now, seconds=True),
        targets=tuple(shown_target(one.id, one.version, one.label) for one in preview.targets[:MOST_TARGETS]),
        more_targets=max(0, count - MOST_TARGETS),
        left_out=tuple(
            (text.capped(one.id, LONGEST_ID), text.capped(one.because), text.capped(one.instead) or "Nothing")
            for one in proposal.left_out
        ),
        warnings=tuple(text.capped(each) for each in proposal.warnings),
        checks=tuple(_checks(standing)),
        expires=f"{text.span(left)}, at {expiry}" if left > 0 else "",
        expired_share=f"{max(0, min(100, round(100 * left / whole)))}%",
        digest=preview.digest,
        short_digest=preview.short_digest,
        typed_words=standing.typed_words,
        second_person=second,
        may_break_glass=bool(second) or standing.in_the_hour >= capability.breaker_limit or bool(standing.cools_until),
        glass_refusal=glass_refusal,
        used=used,
        refusal=refusal,
        next_step=next_step,
        run_address=f"runs/{standing.used.id}" if standing.used is not None else "",
        unknown_address=f"runs/{standing.unknown.id}" if standing.unknown is not None else "",
        blocked=blocked,
        may_act=may_act,
        typed=typed,
        approval=asked,
    )


def _facts(standing: Standing) -> list[tuple[str, str]]:
    capability, proposal = standing.capability, standing.preview.proposal
    facts = [("Will do", text.begun(text.capped(proposal.will_do)) if proposal.will_do else capability.title)]
    if capability.touches:
        facts.append(("Touches", text.begun(text.capped(capability.touches))))
    if proposal.people_see:
        facts.append(("Customers see", text.begun(text.capped(proposal.people_see))))
    undo = proposal.undo or (
        f"Can be taken back for {text.span(capability.undo_seconds)}" if capability.undo is not None else "None"
    )
    facts.append(("Undo", text.capped(undo)))
    watched = f"{text.span(capability.watch_seconds)}, to say whether it helped" if capability.verify else "Not watched"
    facts.append(("Then watched", watched))
    threshold = capability.second_person_from
    if standing.approved_by is not None:
        facts.append(("Second person", f"Approved by {text.capped(standing.approved_by, 60)}"))
    elif threshold is not None:
        needed = "Needed" if standing.needs_second_person else f"Not needed under {capability.count_words(threshold)}"
        facts.append(("Second person", needed))
    facts += [
        (text.capped(name, 40).capitalize(), text.capped(value, 80)) for name, value in standing.preview.inputs.items()
    ]
    return facts


def _checks(standing: Standing) -> list[tuple[Word, str]]:
    preview, incident, capability = standing.preview, standing.incident, standing.capability

    def check(holds: bool, good: str, bad: str, words: str) -> tuple[Word, str]:
        word = Word(text=good, icon="check", tone="good") if holds else Word(text=bad, icon="refuse", tone="ticket")
        return word, words

    same = incident.version == preview.incident_version
    limit, inside = capability.breaker_limit, len(preview.targets) <= capability.max_targets
    free = standing.holder is None and standing.unknown is None
    who = standing.unknown.ref if standing.unknown is not None else text.capped(standing.holder or "", 60)
    return [
        check(same, "Nothing moved", "It moved", _versions(incident.version, preview.incident_version)),
        check(free, "Nobody else", "Held by" if standing.holder else "Verify first", who or "holds this action"),
        check(
            standing.in_the_hour < limit,
            "Breaker closed",
            "Breaker open",
            f"{standing.in_the_hour} of {limit} this hour",
        ),
        check(inside, "Inside the limit", "Too many", f"{len(preview.targets):,} of {capability.max_targets:,}"),
    ]


def _versions(now: int, then: int) -> str:
    return f"since version {now}" if now == then else f"version {now}, previewed at {then}"


def shown_target(name: str, version: str, label: str) -> tuple[str, str, str]:
    return text.capped(name, LONGEST_ID), text.capped(version, 40), text.capped(label, 60)
