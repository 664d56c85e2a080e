"""What an operator, or the passing of time, may do to an incident. Pure: the time is an argument.

Every command carries the version its author read; a command on an incident that moved since is refused.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from parapet.core.errors import IllegalTransition, ReasonRequired, Refused, StaleVersion
from parapet.core.types import PARAPET, Actor, JsonObject
from parapet.incidents.model import (
    Announcement,
    Decision,
    Entry,
    EntryKind,
    Incident,
    IncidentState,
    NewEntry,
    Resolution,
    Severity,
)
from parapet.incidents.news import MAX_TITLE_CHARACTERS
from parapet.incidents.payload import clean
from parapet.incidents.policy import IncidentPolicy

MAX_TEXT_CHARACTERS = 4_000
MAX_NAME_CHARACTERS = 128


def acknowledge(incident: Incident, *, actor: Actor, reason: str, version: int, now: datetime) -> Decision:
    """*actor* takes the incident, from nobody or from somebody else, and says why or what it will look at first.

    Its alerts stay attached, and the time of the first acknowledgement is kept.

    Raises:
        StaleVersion: it moved since *version*.
        IllegalTransition: it is resolved, or *actor* has it already.
        ReasonRequired: no reason was given.
        Refused: the reason is too long.
    """
    fresh(incident, version)
    if incident.state is IncidentState.RESOLVED:
        raise IllegalTransition(f"{incident.ref} is resolved; there is nothing to take. A note is still possible.")
    mine = incident.owner == actor.name and incident.awaited is None
    if mine and incident.acknowledged_at is not None:
        raise IllegalTransition(f"{actor.name} has {incident.ref} already. Nothing changed.")
    why = reason_of(reason, "Say why you take it, or what you will look at first. Nothing changed.")
    payload: JsonObject = {"reason": why}
    if incident.owner not in (None, actor.name):
        payload["previous_owner"] = incident.owner
    taken = replace(
        incident,
        state=IncidentState.INVESTIGATING,
        owner=actor.name,
        acknowledged_at=incident.acknowledged_at or now,
        version=incident.version + 1,
    )
    entry = NewEntry(kind=EntryKind.ACKNOWLEDGED, occurred_at=now, actor=actor, payload=payload)
    return Decision(incident=taken, entries=(entry,), announce=Announcement.ACKNOWLEDGED)


def note(incident: Incident, *, actor: Actor, text: str, version: int, now: datetime) -> Decision:
    """*actor* writes *text* into the chronology, in whatever state the incident is.

    Raises:
        StaleVersion: it moved since *version*; this also makes a form sent twice harmless.
        ReasonRequired: the text is empty.
        Refused: the text is too long.
    """
    fresh(incident, version)
    written = reason_of(text, "The note is empty. Write what you saw or did. Nothing changed.")
    entry = NewEntry(kind=EntryKind.NOTED, occurred_at=now, actor=actor, payload={"text": written})
    return Decision(incident=replace(incident, version=incident.version + 1), entries=(entry,))


def resolve(incident: Incident, *, actor: Actor, reason: str, version: int, now: datetime) -> Decision:
    """*actor* says it is over, perhaps while alerts still fire; the entry says how many did.

    Raises:
        StaleVersion: it moved since *version*.
        IllegalTransition: it is resolved already.
        ReasonRequired: no reason was given.
        Refused: the reason is too long.
    """
    fresh(incident, version)
    if incident.state is IncidentState.RESOLVED:
        raise IllegalTransition(f"{incident.ref} is resolved already. Nothing changed.")
    why = reason_of(reason, "Say why it is over; the next person reads it. Nothing changed.")
    return _resolved(incident, how=Resolution.OPERATOR, actor=actor, ended_at=now, now=now, payload={"reason": why})


def declare(
    *,
    key: str,
    service: str,
    title: str,
    severity: Severity,
    actor: Actor,
    reason: str,
    now: datetime,
    slice_name: str | None = None,
    started_at: datetime | None = None,
) -> Decision:
    """*actor* opens an incident that no alert speaks of yet; alerts with the same *key* will join it.

    Raises:
        ReasonRequired: the title is empty, or no reason was given.
        Refused: a text is too long, or it began in the future.
    """
    named = reason_of(title, "Give the incident a title: what users cannot do. Nothing changed.")
    why = reason_of(reason, "Say what you saw, so that the next person can look too. Nothing changed.")
    begun = started_at or now
    if begun > now:
        raise Refused("It cannot have begun in the future. Nothing changed.")
    incident = Incident(
        id=None,
        key=key,
        service=service,
        slice=slice_name,
        labels={},
        title=clean(" ".join(named.split()), MAX_TITLE_CHARACTERS),
        state=IncidentState.OPEN,
        severity=severity,
        started_at=begun,
        detected_at=now,
        last_heard_at=now,
        last_fired_at=begun,
        declared_by=actor.name,
        severity_set=severity,
        severity_set_at=now,
    )
    entry = NewEntry(
        kind=EntryKind.DECLARED,
        occurred_at=begun,
        actor=actor,
        payload={"title": incident.title, "severity": severity.value, "reason": why},
    )
    return Decision(incident=incident, entries=(entry,), announce=Announcement.OPENED)


def hand_over(incident: Incident, *, to: str, actor: Actor, reason: str, version: int, now: datetime) -> Decision:
    """*actor* gives the incident to *to*, who has still to acknowledge it. Given to oneself, it is acknowledged.

    Raises:
        StaleVersion: it moved since *version*.
        IllegalTransition: it is resolved, or *to* has it already.
        ReasonRequired: nobody is named, or no reason was given.
        Refused: a text is too long.
    """
    fresh(incident, version)
    _unresolved(incident)
    name = clean(" ".join(reason_of(to, "Say who gets it. Nothing changed.").split()), MAX_NAME_CHARACTERS)
    if incident.owner == name and (incident.awaited is None or name != actor.name):
        raise IllegalTransition(f"{name} has {incident.ref} already. Nothing changed.")
    if name == actor.name:
        return acknowledge(incident, actor=actor, reason=reason, version=version, now=now)
    why = reason_of(reason, "Say why, or what is known so far: the next person starts from there. Nothing changed.")
    payload: JsonObject = {"to": name, "from": incident.owner, "reason": why}
    given = replace(incident, owner=name, state=IncidentState.OPEN, version=incident.version + 1)
    return Decision(incident=given, entries=(_by(actor, EntryKind.HANDED_OVER, payload, now),))


def release(incident: Incident, *, actor: Actor, reason: str, version: int, now: datetime) -> Decision:
    """*actor* takes the owner off the incident: nobody has it, and it says so.

    Raises:
        StaleVersion: it moved since *version*.
        IllegalTransition: it is resolved, or nobody has it.
        ReasonRequired: no reason was given.
        Refused: the reason is too long.
    """
    fresh(incident, version)
    _unresolved(incident)
    if incident.owner is None:
        raise IllegalTransition(f"Nobody has {incident.ref}. Nothing changed.")
    why = reason_of(reason, "Say why nobody works on it now. Nothing changed.")
    free = replace(incident, owner=None, state=IncidentState.OPEN, version=incident.version + 1)
    payload: JsonObject = {"from": incident.owner, "reason": why}
    return Decision(incident=free, entries=(_by(actor, EntryKind.RELEASED, payload, now),))


def set_severity(
    incident: Incident, *, severity: Severity, actor: Actor, reason: str, version: int, now: datetime
) -> Decision:
    """*actor* says how bad it is; that holds until an alert that began later is worse.

    Raises:
        StaleVersion: it moved since *version*.
        IllegalTransition: it is resolved, or has that severity already.
        ReasonRequired: no reason was given.
        Refused: the reason is too long.
    """
    fresh(incident, version)
    _unresolved(incident)
    if incident.severity is severity:
        raise IllegalTransition(f"{incident.ref} is a {severity} already. Nothing changed.")
    why = reason_of(reason, "Say what makes it worse, or less bad. Nothing changed.")
    judged = replace(
        incident, severity=severity, severity_set=severity, severity_set_at=now, version=incident.version + 1
    )
    payload: JsonObject = {"from": incident.severity.value, "to": severity.value, "reason": why}
    raised = severity.rank < incident.severity.rank
    return Decision(
        incident=judged,
        entries=(_by(actor, EntryKind.SEVERITY_CHANGED, payload, now),),
        announce=Announcement.SEVERITY_RAISED if raised else None,
    )


def reopen(incident: Incident, *, actor: Actor, reason: str, version: int, now: datetime) -> Decision:
    """*actor* says it is not over. A person closes it then, unless an alert fires and clears again.

    Whoever else had it has still to say that they have it again.

    Raises:
        StaleVersion: it moved since *version*.
        IllegalTransition: it is not resolved, or another incident took it over.
        ReasonRequired: no reason was given.
        Refused: the reason is too long.
    """
    fresh(incident, version)
    if incident.state is not IncidentState.RESOLVED:
        raise IllegalTransition(f"{incident.ref} is not resolved. Nothing changed.")
    if incident.merged_into_id is not None:
        raise IllegalTransition(f"INC-{incident.merged_into_id} took {incident.ref} over: open that. Nothing changed.")
    why = reason_of(reason, "Say what you saw that shows it is not over. Nothing changed.")
    again = replace(
        incident,
        state=IncidentState.INVESTIGATING if incident.owner == actor.name else IncidentState.OPEN,
        resolution=None,
        resolved_at=None,
        quiet_since=None,
        version=incident.version + 1,
    )
    payload: JsonObject = {
        "by_hand": True,
        "reason": why,
        "resolution": incident.resolution.value if incident.resolution else None,
        "resolved_at": incident.resolved_at.isoformat() if incident.resolved_at else None,
    }
    return Decision(
        incident=again,
        entries=(_by(actor, EntryKind.REOPENED, payload, now),),
        announce=Announcement.REOPENED,
    )


def redact(incident: Incident, entry: Entry, *, actor: Actor, reason: str, version: int, now: datetime) -> Decision:
    """*actor* has the words of *entry* taken out; that they were said, when and by whom remains.

    Raises:
        StaleVersion: it moved since *version*.
        IllegalTransition: they were taken out before, or the entry says that others were.
        ReasonRequired: no reason was given.
        Refused: the reason is too long.
    """
    fresh(incident, version)
    if entry.kind is EntryKind.REDACTED or entry.payload.get("redacted") is True:
        raise IllegalTransition(f"There is nothing to take out of entry {entry.seq}. Nothing changed.")
    why = reason_of(reason, "Say why the words must go, without repeating them. Nothing changed.")
    payload: JsonObject = {"seq": entry.seq, "kind": entry.kind.value, "reason": why}
    after = replace(incident, version=incident.version + 1)
    return Decision(incident=after, entries=(_by(actor, EntryKind.REDACTED, payload, now),))


def settle(incident: Incident, *, now: datetime, policy: IncidentPolicy, rested: bool = False) -> Decision | None:
    """The incident closed by itself, when every alert has been quiet for long enough; None when it is not due.

    A flapping incident waits longer, and what a person opened only a person closes. While the signal is stale, quiet
    says nothing: it waits, and closes as signal lost when that stays so.
    It ended when the last alert ended (`resolved_at` is `quiet_since`, event time); the entry happened *now*, when
    the quiet period was over and Parapet closed it.

    Args:
        rested: whether what it is about was under maintenance when the last alert ended, which says nothing then.
    """
    if incident.state is IncidentState.RESOLVED or incident.firing > 0 or incident.quiet_since is None:
        return None
    if incident.declared_by is not None:
        return None
    quiet_seconds = (now - incident.quiet_since).total_seconds()
    needed_seconds = policy.quiet_needed_seconds(incident.refired_count)
    if quiet_seconds < needed_seconds:
        return None
    how = Resolution.UNCONFIRMED if incident.ends_unconfirmed else Resolution.REPORTED
    if rested:
        how = Resolution.MAINTENANCE
    if incident.signal_stale_since is not None:
        if (now - incident.signal_stale_since).total_seconds() < policy.signal_lost_seconds:
            return None
        how = Resolution.SIGNAL_LOST
    payload: JsonObject = {"quiet_seconds": quiet_seconds, "quiet_period_seconds": needed_seconds}
    return _resolved(incident, how=how, actor=PARAPET, ended_at=incident.quiet_since, now=now, payload=payload)


def _resolved(
    incident: Incident, *, how: Resolution, actor: Actor, ended_at: datetime, now: datetime, payload: JsonObject
) -> Decision:
    said: JsonObject = {
        "resolution": how.value,
        "firing": incident.firing,
        "quiet_since": incident.quiet_since.isoformat() if incident.quiet_since else None,
        **payload,
    }
    over = replace(
        incident,
        state=IncidentState.RESOLVED,
        resolution=how,
        resolved_at=ended_at,
        version=incident.version + 1,
    )
    entry = NewEntry(kind=EntryKind.RESOLVED, occurred_at=now, actor=actor, payload=said)
    # Nobody is told the end of what nobody was told of.
    return Decision(incident=over, entries=(entry,), announce=None if incident.noticed_over else Announcement.RESOLVED)


def _by(actor: Actor, kind: EntryKind, payload: JsonObject, now: datetime) -> NewEntry:
    return NewEntry(kind=kind, occurred_at=now, actor=actor, payload=payload)


def _unresolved(incident: Incident) -> None:
    if incident.state is IncidentState.RESOLVED:
        raise IllegalTransition(f"{incident.ref} is resolved. Reopen it first. Nothing changed.")


def fresh(incident: Incident, version: int) -> None:
    """Refuse a command whose author read another version.

    Raises:
        StaleVersion: *incident* moved since *version*.
    """
    if version != incident.version:
        raise StaleVersion(
            f"{incident.ref} is at version {incident.version}; you read version {version}. "
            "Nothing changed; read what happened since, then decide again."
        )


def reason_of(given: str, missing: str) -> str:
    """What a person wrote, trimmed; *missing* is what they hear if that is nothing.

    Raises:
        ReasonRequired: it is empty.
        Refused: it is too long.
    """
    stripped = given.replace("\r\n", "\n").strip()
    if len(stripped) > MAX_TEXT_CHARACTERS:
        raise Refused(f"The text has {len(stripped)} characters; {MAX_TEXT_CHARACTERS} at most. Nothing changed.")
    text = clean(stripped, MAX_TEXT_CHARACTERS)
    if not text:
        raise ReasonRequired(missing)
    return text
