"""What an escalation does next: a function of the policy, how it stands, the incident and the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from parapet.core.errors import IllegalTransition, ReasonRequired, StaleVersion
from parapet.incidents.durations import duration_words, instant_words
from parapet.incidents.model import Incident, IncidentState
from parapet.response.escalation import (
    LONGEST_SUPPRESSION_SECONDS,
    Called,
    Escalation,
    EscalationPolicy,
    EscalationState,
    Move,
    Said,
    person,
    somebody_has_it,
)


def begin(policies: Sequence[EscalationPolicy], incident: Incident, now: datetime) -> Move | None:
    """Start the first of *policies* that matches; None: none does, or nobody need be called."""
    policy = next((one for one in policies if one.matches(incident, now)), None)
    if policy is None or incident.state is IncidentState.RESOLVED or incident.noticed_over or somebody_has_it(incident):
        return None
    first = policy.steps[0].after_seconds
    started = Escalation(policy=policy, state=EscalationState.RUNNING, due_at=_in(now, first), started_at=now)
    when = "now" if first == 0 else f"in {duration_words(first)}"
    return Move(escalation=started, said=(Said(did="started", why=f"policy {policy.name}, first call {when}"),))


def follow(escalation: Escalation, incident: Incident, now: datetime, *, touched: bool = False) -> Move | None:
    """What *incident*, as it is now, means for its escalation; None: nothing.

    *touched*: a person worked on it just now, so whoever has it is there.
    """
    policy, state = escalation.policy, escalation.state
    if incident.state is IncidentState.RESOLVED:
        return None if state is EscalationState.ENDED else _end(escalation, f"{incident.ref} is resolved")
    if incident.severity not in policy.severities:
        ended = f"{incident.ref} is a {incident.severity.value} now, which {policy.name} is not for"
        return None if state is EscalationState.ENDED else _end(escalation, ended)
    lapsed = not touched and incident.acknowledged_at == escalation.lapsed_ack_at
    if somebody_has_it(incident) and not lapsed:
        return _taken(escalation, incident, now, touched=touched)
    if state is EscalationState.ACKNOWLEDGED:
        return _again(escalation, now, "nobody has it any more")
    if state is EscalationState.ENDED:
        return _again(escalation, now, "it fires again" if incident.refired_count else "it is open again")
    return None


def advance(
    escalation: Escalation, incident: Incident, now: datetime, *, maintenance_until: datetime | None = None
) -> Move | None:
    """What is due at *now*; None: nothing is. The incident comes first: who has it is not called."""
    followed = follow(escalation, incident, now)
    if followed is not None:
        return followed
    if escalation.due_at is None or escalation.due_at > now:
        return None
    match escalation.state:
        case EscalationState.ACKNOWLEDGED:
            silent = duration_words(escalation.policy.ack_timeout_seconds or 0.0)
            who = incident.owner or "somebody"
            lapsed = replace(escalation, lapsed_ack_at=incident.acknowledged_at)
            return _again(lapsed, now, f"{who} acknowledged it, and said nothing for {silent}")
        case EscalationState.SUPPRESSED:
            resumed = replace(
                escalation,
                state=EscalationState.RUNNING,
                due_at=now,
                suppressed_until=None,
                suppressed_by=None,
            )
            return Move(escalation=resumed, said=(Said(did="resumed", why="the time it was suppressed for is over"),))
        case EscalationState.RUNNING if maintenance_until is not None and not escalation.policy.during_maintenance:
            why = f"under maintenance until {instant_words(maintenance_until)}"
            said = () if escalation.held else (Said(did="held", why=why),)
            return Move(escalation=replace(escalation, held=True, due_at=max(maintenance_until, now)), said=said)
        case EscalationState.RUNNING:
            return _call(escalation, incident, now, why="nobody acknowledged it")
    return Move(escalation=replace(escalation, due_at=None))


def next_now(
    escalation: Escalation, incident: Incident, now: datetime, *, who: str, reason: str, place: str | None = None
) -> Move:
    """Take the next step at once, whatever it waits for: *who* asks for help, and saw it at *place*; None: anywhere.

    Raises:
        StaleVersion: that step was taken since, or is held back since.
        IllegalTransition: the incident is resolved.
        ReasonRequired: no reason was given.
    """
    why = _reason(reason, "Say what you need from whoever is called. Nothing changed.")
    if incident.state is IncidentState.RESOLVED:
        raise IllegalTransition(f"{incident.ref} is resolved: reopen it first. Nothing changed.")
    _fresh(escalation, place)
    if escalation.state in (EscalationState.EXHAUSTED, EscalationState.ENDED):
        escalation = replace(escalation, step=0, round=0, run=escalation.run + 1, state=EscalationState.RUNNING)
    move = _call(escalation, incident, now, why=f"{who} asked: {why}", by_hand=True)
    if escalation.state in (EscalationState.ACKNOWLEDGED, EscalationState.SUPPRESSED):
        after = replace(move.escalation, state=escalation.state, due_at=escalation.due_at)
        return replace(move, escalation=after)  # who has it still has it
    return move


def hand_over(escalation: Escalation, incident: Incident, now: datetime, *, who: str) -> Move | None:
    """*incident* was handed to its owner by *who*: they are called at once, whatever it waits for.

    Unless somebody acknowledges, the steps begin again after that. None: nobody is called for what it is.
    """
    if incident.owner is None or incident.severity not in escalation.policy.severities:
        return follow(escalation, incident, now)
    again = _again(escalation, now, "").escalation
    called = Called(
        number=0,
        of=len(escalation.policy.steps),
        round=0,
        run=again.run,
        targets=(person(incident.owner),),
        left_out=(),
        why=f"{who} handed it over",
        by_hand=True,
    )
    if escalation.state is EscalationState.SUPPRESSED:
        return Move(escalation=replace(again, state=escalation.state, due_at=escalation.due_at), called=called)
    return Move(escalation=replace(again, due_at=_in(now, again.first_wait_seconds)), called=called)


def suppress(
    escalation: Escalation, now: datetime, *, until: datetime, who: str, reason: str, place: str | None = None
) -> Move:
    """Call nobody until then, at most a day; it resumes by itself. *place*: where *who* saw it; None: anywhere.

    Raises:
        StaleVersion: it is somewhere else since.
        IllegalTransition: it calls nobody, or *until* is past or too far away.
        ReasonRequired: no reason was given.
    """
    why = _reason(reason, "Say why nobody is to be called. Nothing changed.")
    _fresh(escalation, place)
    if not escalation.live:
        raise IllegalTransition(f"The escalation is {escalation.state.value}: it calls nobody. Nothing changed.")
    if not now < until <= _in(now, LONGEST_SUPPRESSION_SECONDS):
        raise IllegalTransition(
            f"It can be suppressed for up to {duration_words(LONGEST_SUPPRESSION_SECONDS)} from now. Nothing changed."
        )
    quiet = replace(
        escalation, state=EscalationState.SUPPRESSED, due_at=until, suppressed_until=until, suppressed_by=who
    )
    return Move(escalation=quiet, said=(Said(did="suppressed", why=f"until {instant_words(until)}, by {who}: {why}"),))


def resume(escalation: Escalation, now: datetime, *, who: str, reason: str, place: str | None = None) -> Move:
    """Go on where it was suppressed. *place*: where *who* saw it; None: anywhere.

    Raises:
        StaleVersion: it is somewhere else since.
        IllegalTransition: it is not suppressed.
        ReasonRequired: no reason was given.
    """
    why = _reason(reason, "Say why people are to be called again. Nothing changed.")
    _fresh(escalation, place)
    if escalation.state is not EscalationState.SUPPRESSED:
        raise IllegalTransition(f"The escalation is {escalation.state.value}, not suppressed. Nothing changed.")
    going = replace(escalation, state=EscalationState.RUNNING, due_at=now, suppressed_until=None, suppressed_by=None)
    return Move(escalation=going, said=(Said(did="resumed", why=f"by {who}: {why}"),))


def _call(escalation: Escalation, incident: Incident, now: datetime, *, why: str, by_hand: bool = False) -> Move:
    policy, step = escalation.policy, escalation.policy.steps[escalation.step]
    reasons = [(target, target.left_out(incident.severity, now)) for target in step.targets]
    called = Called(
        number=escalation.step + 1,
        of=len(policy.steps),
        round=escalation.round,
        run=escalation.run,
        targets=tuple(target for target, reason in reasons if reason is None),
        left_out=tuple((target, reason) for target, reason in reasons if reason is not None),
        why=why,
        by_hand=by_hand,
    )
    after = replace(escalation, held=False)
    if escalation.step + 1 < len(policy.steps):
        due = _in(now, policy.steps[escalation.step + 1].after_seconds)
        return Move(escalation=replace(after, step=escalation.step + 1, due_at=due), called=called)
    if escalation.round < policy.repeat:
        due = _in(now, policy.repeat_after_seconds + policy.steps[0].after_seconds)
        return Move(escalation=replace(after, step=0, round=escalation.round + 1, due_at=due), called=called)
    # The last ones called get as long as anybody did before it is said that nobody came.
    through = replace(after, step=0, round=escalation.round + 1, state=EscalationState.EXHAUSTED, due_at=None)
    times = "once" if policy.repeat == 0 else f"{policy.repeat + 1} times"
    return Move(escalation=through, called=called, said=(Said(did="exhausted", why=f"every step was taken {times}"),))


def _taken(escalation: Escalation, incident: Incident, now: datetime, *, touched: bool) -> Move | None:
    patience = escalation.policy.ack_timeout_seconds
    due = None if patience is None else _in(now, patience)
    if escalation.state is EscalationState.ACKNOWLEDGED:
        return Move(escalation=replace(escalation, due_at=due)) if touched and patience is not None else None
    if escalation.state is EscalationState.ENDED:
        return None
    stopped = replace(
        escalation,
        state=EscalationState.ACKNOWLEDGED,
        due_at=due,
        held=False,
        suppressed_until=None,
        suppressed_by=None,
        lapsed_ack_at=None,
    )
    return Move(escalation=stopped, said=(Said(did="stopped", why=f"{incident.owner or 'somebody'} has it"),))


def _again(escalation: Escalation, now: datetime, why: str) -> Move:
    again = replace(
        escalation,
        state=EscalationState.RUNNING,
        step=0,
        round=0,
        run=escalation.run + 1,
        held=False,
        due_at=_in(now, escalation.policy.steps[0].after_seconds),
    )
    return Move(escalation=again, said=(Said(did="started", why=f"again: {why}"),))


def _end(escalation: Escalation, why: str) -> Move:
    over = replace(
        escalation, state=EscalationState.ENDED, due_at=None, held=False, suppressed_until=None, suppressed_by=None
    )
    return Move(escalation=over, said=(Said(did="ended", why=why),) if escalation.live else ())


def _in(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)


def _fresh(escalation: Escalation, place: str | None) -> None:
    if place is not None and place != escalation.place:
        raise StaleVersion("Calling people went on since you read it. Nothing changed; read it again.")


def _reason(given: str, missing: str) -> str:
    words = " ".join(given.split())
    if not words:
        raise ReasonRequired(missing)
    return words
