"""Calling people: who is on call, how each incident's calls stand, and who was told, why, or why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from parapet.core.part import Part
from parapet.incidents.model import Incident, IncidentState
from parapet.response.document import Notification, OnCall, policy_words, standing_words
from parapet.response.escalation import FIRST_PLACE, Escalation, EscalationPolicy, EscalationState
from parapet.web import text
from parapet.web.views.changes import LATE_SECONDS
from parapet.web.views.pager import Asked, Pager, pager
from parapet.web.words import Word

STATES = {
    EscalationState.RUNNING: Word(text="Calling", icon="bell", tone="page"),
    EscalationState.ACKNOWLEDGED: Word(text="Taken", icon="person", tone="none"),
    EscalationState.SUPPRESSED: Word(text="Suppressed", icon="clock", tone="ticket"),
    EscalationState.EXHAUSTED: Word(text="Nobody came", icon="warn", tone="page"),
    EscalationState.ENDED: Word(text="Ended", icon="check", tone="none"),
}
TOLD = {
    "waiting": Word(text="Waiting", icon="clock", tone="none"),
    "delivered": Word(text="Told", icon="send", tone="good"),
    "dead": Word(text="Given up", icon="warn", tone="page"),
    "withheld": Word(text="Not sent", icon="few", tone="none"),
}
TABS = (("", "All"), ("waiting", "Waiting"), ("delivered", "Told"), ("withheld", "Not sent"), ("dead", "Given up"))
ABOUT = {"escalated": "called, for nobody took it", "called": "called, for somebody is needed"}
LONGEST_WORDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRow:
    """Whose turn it is in one rotation."""

    rotation: str
    person: str
    until: str
    words: str
    """Whom they stand in for, and who is next."""
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """How calling people for one incident stands."""

    id: int
    ref: str
    title: str
    state: Word
    policy: str
    says: str
    due: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldRow:
    """One message to one channel."""

    id: int
    ref: str
    state: Word
    whom: str
    about: str
    why: str
    said: str
    clock: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TabRow:
    """One choice of the log."""

    address: str
    label: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """One policy in words."""

    name: str
    about: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsView:
    """The page of calls."""

    turns: tuple[TurnRow, ...]
    calls: tuple[CallRow, ...]
    policies: tuple[PolicyRow, ...]
    tabs: tuple[TabRow, ...]
    told: tuple[ToldRow, ...]
    pager: Pager
    channels: str
    since: str = ""
    """Since when an empty list is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """The part of an incident's page."""

    state: Word | None
    """None: no policy was for it."""
    says: str
    due: str
    policy: str
    steps: tuple[str, ...]
    place: str
    """Names the step that is next: a form that was sent twice calls once."""
    told: tuple[ToldRow, ...]
    refusal: str
    may_next: bool
    may_suppress: bool
    may_resume: bool


def calls_view(
    on_call: Sequence[OnCall],
    policies: Sequence[EscalationPolicy],
    calls: Sequence[tuple[Incident, Escalation]],
    notifications: Part[Notification],
    channels: Sequence[str],
    *,
    state: str,
    asked: Asked,
    now: datetime,
) -> CallsView:
    """Who is on call, how calls stand, who was told."""
    return CallsView(
        turns=tuple(_turn(one, now) for one in on_call),
        calls=tuple(_call(incident, escalation, now) for incident, escalation in calls),
        policies=tuple(
            PolicyRow(
                name=text.capped(one.name, 60),
                about=_about(one),
                steps=tuple(text.capped(words, LONGEST_WORDS) for words in policy_words(one)),
            )
            for one in policies
        ),
        tabs=tuple(
            TabRow(address=f"calls?state={name}#told" if name else "calls#told", label=label, current=name == state)
            for name, label in TABS
        ),
        told=tuple(told_row(one, now) for one in notifications),
        pager=pager(notifications, asked, "calls", {"state": state}, "told"),
        channels=", ".join(text.capped(name, 40) for name in channels),
    )


def calling(
    incident: Incident,
    escalation: Escalation | None,
    notifications: Sequence[Notification],
    *,
    policies: int,
    refusal: str | None,
    now: datetime,
) -> Calling:
    """The part of *incident*'s page: how it stands, and why somebody was called, or was not."""
    open_ = incident.state is not IncidentState.RESOLVED
    latest = tuple(told_row(one, now) for one in reversed(notifications))
    if escalation is None:
        none = "No escalation policy was for it, so nobody is called."
        return Calling(
            state=None,
            says=none if policies else "No escalation policy is defined: nobody is called.",
            due="",
            policy="",
            steps=(),
            place=FIRST_PLACE,
            told=latest,
            refusal=refusal or "",
            may_next=open_ and refusal is None and policies > 0,
            may_suppress=False,
            may_resume=False,
        )
    return Calling(
        state=STATES[escalation.state],
        says=text.capped(standing_words(escalation), LONGEST_WORDS),
        due=_due(escalation, now),
        policy=text.capped(escalation.policy.name, 60),
        steps=tuple(text.capped(words, LONGEST_WORDS) for words in policy_words(escalation.policy)),
        place=escalation.place,
        told=latest,
        refusal=refusal or "",
        may_next=open_ and refusal is None,
        may_suppress=refusal is None and escalation.live and escalation.state is not EscalationState.SUPPRESSED,
        may_resume=refusal is None and escalation.state is EscalationState.SUPPRESSED,
    )


def whom(one: Notification) -> str:
    """Who was told, and by which channel."""
    return text.capped(f"{one.person} by {one.channel}" if one.person else one.channel, 80)


def told_row(one: Notification, now: datetime) -> ToldRow:
    """*one* as a row: who, why, and what came of it."""
    state = str(one.state)
    tries = f"tried {one.attempts} times" if one.attempts > 1 else ""
    took = (one.delivered_at - one.created_at).total_seconds() if one.delivered_at is not None else 0.0
    later = f"{text.span(took)} later" if took > LATE_SECONDS else ""
    said = [(one.last_error or "").rstrip("."), one.said or tries, later]
    return ToldRow(
        id=int(one.incident_id),
        ref=f"INC-{one.incident_id}",
        state=TOLD[state],
        whom=whom(one),
        about=ABOUT.get(str(one.announcement), str(one.announcement).replace("_", " ")),
        why=text.capped(one.why or "", LONGEST_WORDS),
        said=text.capped(", ".join(filter(None, said)), LONGEST_WORDS),
        clock=text.clock(one.created_at, now, seconds=True),
        at=text.machine(one.created_at),
    )


def _turn(one: OnCall, now: datetime) -> TurnRow:
    turn, later = one.turns[0], one.turns[1:]
    said = [f"for {turn.stands_in_for}{f': {turn.reason}' if turn.reason else ''}"] if turn.stands_in_for else []
    said += [f"then {later[0].person}"] if later else []
    return TurnRow(
        rotation=text.capped(one.name, 60),
        person=text.capped(turn.person, 60),
        until=f"until {text.day(text.local(turn.end, now))}, {text.clock(turn.end, text.local(turn.end, now))} "
        f"{text.zone_word(text.local(turn.end, now))}",
        words=text.capped(", ".join(said), LONGEST_WORDS),
        how=text.sentence(text.capped(one.words, LONGEST_WORDS)).rstrip("."),
    )


def _call(incident: Incident, escalation: Escalation, now: datetime) -> CallRow:
    return CallRow(
        id=int(incident.id or 0),
        ref=incident.ref,
        title=text.capped(incident.title, 120),
        state=STATES[escalation.state],
        policy=text.capped(escalation.policy.name, 60),
        says=text.capped(standing_words(escalation), LONGEST_WORDS),
        due=_due(escalation, now),
    )


def _due(escalation: Escalation, now: datetime) -> str:
    if escalation.due_at is None:
        return ""
    if escalation.due_at <= now:
        return "with the worker's next round"
    word = {
        EscalationState.ACKNOWLEDGED: "calls again, if nothing is heard, in",
        EscalationState.SUPPRESSED: "resumes in",
    }.get(escalation.state, "calls in")
    return f"{word} {text.between(now, escalation.due_at)}"


def _about(policy: EscalationPolicy) -> str:
    loud = " and ".join(f"{one.value}s" for one in policy.severities)
    where = f" of {', '.join(policy.slices)}" if policy.slices else ""
    hours = f", {policy.within.words}" if policy.within else ""
    return text.capped(f"for {loud}{where}{hours}", LONGEST_WORDS)
