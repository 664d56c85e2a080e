"""One trouble seen as two, or two as one: what an operator merges and splits. Pure; the store moves the episodes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from parapet.core.errors import IllegalTransition, NotFound, ReasonRequired
from parapet.core.types import Actor, JsonObject
from parapet.incidents.effect import severity_of_now
from parapet.incidents.model import (
    Announcement,
    Decision,
    EntryKind,
    Episode,
    Incident,
    IncidentState,
    NewEntry,
    Resolution,
)
from parapet.incidents.news import MAX_TITLE_CHARACTERS, worst_of
from parapet.incidents.payload import clean
from parapet.incidents.routing import alert_route, key_route
from parapet.incidents.transitions import fresh, reason_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """One incident taken over by another."""

    gone: Decision
    into: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Some alerts of an incident on their own."""

    kept: Decision
    new: Decision
    moved: tuple[Episode, ...]
    """The episodes that go with them. Their incident is the new one, once it has a number."""
    routes: tuple[str, ...]
    """What is sent to the new incident from now on."""


def merge(gone: Incident, into: Incident, *, actor: Actor, reason: str, version: int, now: datetime) -> Merge:
    """*actor* says that *gone*, read at *version*, is part of *into*: it ends as superseded, its alerts go along.

    Raises:
        StaleVersion: *gone* moved since *version*.
        IllegalTransition: they are the same, or one of them is resolved.
        ReasonRequired: no reason was given.
    """
    fresh(gone, version)
    if gone.id == into.id:
        raise IllegalTransition(f"{gone.ref} cannot be merged into itself. Nothing changed.")
    for one in (gone, into):
        if one.state is IncidentState.RESOLVED:
            raise IllegalTransition(f"{one.ref} is resolved; only open incidents can be merged. Nothing changed.")
    why = reason_of(reason, "Say why they are one trouble. Nothing changed.")
    over = replace(
        gone,
        state=IncidentState.RESOLVED,
        resolution=Resolution.SUPERSEDED,
        resolved_at=now,
        merged_into_id=into.id,
        firing=0,
        version=gone.version + 1,
    )
    # What was said of the one that goes counts if its alerts come along, or if it is worse.
    said = gone.severity_set_at if gone.firing or gone.severity.rank < into.severity.rank else None
    judged = [when for when in (into.severity_set_at, said) if when is not None]
    # What fires counts, and what a person said; of two that are quiet, both.
    heard = [one for one in (into, gone) if one.firing or one.severity_set] or [into, gone]
    severity = min((one.severity for one in heard), key=lambda each: each.rank)
    firing = into.firing + gone.firing
    quiet = [one.quiet_since for one in (into, gone) if one.quiet_since is not None]
    ends = [one.last_ended_at for one in (into, gone) if one.last_ended_at is not None]
    whole = replace(
        into,
        firing=firing,
        severity=severity,
        severity_set=severity if judged else None,
        severity_set_at=max(judged, default=None),
        started_at=min(into.started_at, gone.started_at),
        detected_at=min(into.detected_at, gone.detected_at),
        last_heard_at=max(into.last_heard_at, gone.last_heard_at),
        last_fired_at=max(into.last_fired_at, gone.last_fired_at),
        last_ended_at=max(ends, default=None),
        quiet_since=None if firing else max(quiet, default=None),
        noticed_over=into.noticed_over and gone.noticed_over,
        repeats=into.repeats + gone.repeats,
        version=into.version + 1,
    )
    ended: JsonObject = {
        "resolution": Resolution.SUPERSEDED.value,
        "into": into.ref,
        "firing": gone.firing,
        "reason": why,
    }
    taken: JsonObject = {"from": gone.ref, "title": gone.title, "firing": gone.firing, "reason": why}
    entries = [NewEntry(kind=EntryKind.ABSORBED, occurred_at=now, actor=actor, payload=taken)]
    if severity is not into.severity:
        changed: JsonObject = {"from": into.severity.value, "to": severity.value, "reason": f"{gone.ref} joined it."}
        entries.append(NewEntry(kind=EntryKind.SEVERITY_CHANGED, occurred_at=now, actor=actor, payload=changed))
    return Merge(
        gone=Decision(
            incident=over,
            entries=(NewEntry(kind=EntryKind.RESOLVED, occurred_at=now, actor=actor, payload=ended),),
            announce=Announcement.RESOLVED,
        ),
        into=Decision(
            incident=whole,
            entries=tuple(entries),
            announce=Announcement.SEVERITY_RAISED if severity.rank < into.severity.rank else None,
        ),
    )


def split(
    incident: Incident,
    episodes: Sequence[Episode],
    *,
    fingerprints: Collection[str],
    sent_here: Collection[str],
    title: str,
    actor: Actor,
    reason: str,
    version: int,
    now: datetime,
) -> Split:
    """*actor* says that the alerts *fingerprints* of *incident* are another trouble. *episodes*: all of the incident.

    Alerts of these fingerprints go to the new incident from now on; a correlation key that a merge sent here
    (*sent_here*) goes with its last alert.

    Raises:
        StaleVersion: it moved since *version*.
        NotFound: one of the alerts is not part of it.
        IllegalTransition: it is resolved, or nothing would be left of it.
        ReasonRequired: no alert, no title or no reason was given.
    """
    fresh(incident, version)
    if incident.state is IncidentState.RESOLVED:
        raise IllegalTransition(f"{incident.ref} is resolved. Reopen it first. Nothing changed.")
    if not fingerprints:
        raise ReasonRequired("Name at least one alert that is another trouble. Nothing changed.")
    if missing := sorted(set(fingerprints) - {one.fingerprint for one in episodes}):
        raise NotFound(f"{incident.ref} has no alert {missing[0]!r}. Nothing changed.")
    moved = tuple(one for one in episodes if one.fingerprint in fingerprints)
    left = tuple(one for one in episodes if one.fingerprint not in fingerprints)
    if not left and incident.declared_by is None:
        raise IllegalTransition(f"No alert would be left in {incident.ref}. Nothing changed.")
    named = clean(" ".join(title.split()), MAX_TITLE_CHARACTERS)
    if not named:
        raise ReasonRequired("Give the new incident a title. Nothing changed.")
    why = reason_of(reason, "Say why it is another trouble. Nothing changed.")
    gone_keys = ({one.key for one in moved} - {one.key for one in left}) & set(sent_here)
    new = _on_its_own(incident, moved, title=named, key=f"{incident.key}~{incident.version}", actor=actor, now=now)
    firing = [one for one in left if one.ended_at is None]
    rest = replace(
        incident,
        firing=len(firing),
        severity=severity_of_now(incident, firing),
        quiet_since=None if firing or not left else _last_end(left, incident.last_heard_at),
        last_ended_at=_last_end(left, None),
        version=incident.version + 1,
    )
    alerts = len({one.fingerprint for one in moved})
    split_off: JsonObject = {"title": named, "alert_count": alerts, "firing": len(firing), "reason": why}
    opened: JsonObject = {"title": named, "severity": new.severity.value, "from": incident.ref, "reason": why}
    return Split(
        kept=Decision(
            incident=rest,
            entries=(NewEntry(kind=EntryKind.SPLIT, occurred_at=now, actor=actor, payload=split_off),),
        ),
        new=Decision(
            incident=new,
            entries=(NewEntry(kind=EntryKind.DECLARED, occurred_at=new.started_at, actor=actor, payload=opened),),
        ),
        moved=moved,
        routes=(
            *sorted(key_route(key) for key in gone_keys),
            *sorted({alert_route(one.source, one.fingerprint) for one in moved}),
        ),
    )


def _on_its_own(
    incident: Incident, moved: Sequence[Episode], *, title: str, key: str, actor: Actor, now: datetime
) -> Incident:
    firing = [one for one in moved if one.ended_at is None]
    lead = min(firing or moved, key=lambda one: (one.severity.rank, one.started_at))
    return replace(
        incident,
        id=None,
        key=key,
        title=title,
        state=incident.state,
        severity=worst_of(firing or moved),
        severity_set=None,
        severity_set_at=None,
        started_at=min(one.started_at for one in moved),
        detected_at=min(one.first_heard_at for one in moved),
        last_heard_at=max(one.last_heard_at for one in moved),
        last_fired_at=max(one.started_at for one in moved),
        last_ended_at=_last_end(moved, None) if any(one.ended_at for one in moved) else None,
        firing=len(firing),
        quiet_since=None if firing else _last_end(moved, now),
        refired_count=0,
        repeats=0,
        declared_by=None,
        previous_id=None,
        annotations=lead.annotations,
        version=1,
    )


def _last_end(episodes: Sequence[Episode], otherwise: datetime | None) -> datetime | None:
    return max((one.ended_at for one in episodes if one.ended_at is not None), default=otherwise)
