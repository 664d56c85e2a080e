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
    EntryKind,
    Incident,
    IncidentState,
    NewEntry,
    Resolution,
)
from parapet.incidents.payload import clean
from parapet.incidents.policy import IncidentPolicy

MAX_TEXT_CHARACTERS = 4_000


def acknowledge(incident: Incident, *, actor: Actor, reason: str, version: int, now: datetime) -> Decision:
    """*actor* takes the incident, from nobody or from somebody else, and says why or what it will look at first.

    Its alerts stay attached, and the time of the first acknowledgement is kept.

    Raises:
        StaleVersion: it moved since *version*.
        IllegalTransition: it is resolved, or *actor* has it already.
        ReasonRequired: no reason was given.
        Refused: the reason is too long.
    """
    _fresh(incident, version)
    if incident.state is IncidentState.RESOLVED:
        raise IllegalTransition(f"{incident.ref} is resolved; there is nothing to take. A note is still possible.")
    if incident.owner == actor.name:
        raise IllegalTransition(f"{actor.name} has {incident.ref} already. Nothing changed.")
    why = _text(reason)
    if not why:
        raise ReasonRequired("Say why you take it, or what you will look at first. Nothing changed.")
    payload: JsonObject = {"reason": why}
    if incident.owner is not None:
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
    _fresh(incident, version)
    written = _text(text)
    if not written:
        raise ReasonRequired("The note is empty. Write what you saw or did. Nothing changed.")
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
    _fresh(incident, version)
    if incident.state is IncidentState.RESOLVED:
        raise IllegalTransition(f"{incident.ref} is resolved already. Nothing changed.")
    why = _text(reason)
    if not why:
        raise ReasonRequired("Say why it is over; the next person reads it. Nothing changed.")
    return _resolved(incident, how=Resolution.OPERATOR, actor=actor, ended_at=now, now=now, payload={"reason": why})


def settle(incident: Incident, *, now: datetime, policy: IncidentPolicy) -> Decision | None:
    """The incident closed by itself, when every alert has been quiet for the quiet period; None when it is not due.

    It ended when the last alert ended (`resolved_at` is `quiet_since`, event time); the entry happened *now*, when
    the quiet period was over and Parapet closed it.
    """
    if incident.state is IncidentState.RESOLVED or incident.firing > 0 or incident.quiet_since is None:
        return None
    quiet_seconds = (now - incident.quiet_since).total_seconds()
    if quiet_seconds < policy.quiet_period_seconds:
        return None
    payload: JsonObject = {"quiet_seconds": quiet_seconds, "quiet_period_seconds": policy.quiet_period_seconds}
    return _resolved(
        incident, how=Resolution.REPORTED, actor=PARAPET, ended_at=incident.quiet_since, now=now, payload=payload
    )


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
    return Decision(incident=over, entries=(entry,), announce=Announcement.RESOLVED)


def _fresh(incident: Incident, version: int) -> None:
    if version != incident.version:
        raise StaleVersion(
            f"{incident.ref} is at version {incident.version}; you read version {version}. "
            "Nothing changed; read what happened since, then decide again."
        )


def _text(given: str) -> str:
    stripped = given.replace("\r\n", "\n").strip()
    if len(stripped) > MAX_TEXT_CHARACTERS:
        raise Refused(f"The text has {len(stripped)} characters; {MAX_TEXT_CHARACTERS} at most. Nothing changed.")
    return clean(stripped, MAX_TEXT_CHARACTERS)
