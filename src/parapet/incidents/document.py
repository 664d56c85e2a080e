"""Incidents, entries and episodes as JSON: the same words for every script, wherever it asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from parapet.core.types import Json, JsonObject
from parapet.incidents.changes import Near, Told
from parapet.incidents.chronology import sentence
from parapet.incidents.items import ActionItem
from parapet.incidents.model import Change, Entry, Episode, Incident
from parapet.incidents.past import Past, past_object
from parapet.incidents.sightings import Objects, Sighted
from parapet.incidents.triage import Triage


def incident_object(incident: Incident) -> JsonObject:
    """An incident; times are UTC in ISO 8601, the title is what the alert or a person said."""
    return {
        "id": incident.id,
        "ref": incident.ref,
        "service": incident.service,
        "slice": incident.slice,
        "labels": dict(incident.labels),
        "title": incident.title,
        "state": incident.state.value,
        "severity": incident.severity.value,
        "firing": incident.firing,
        "owner": incident.owner,
        "declared_by": incident.declared_by,
        "started_at": instant(incident.started_at),
        "detected_at": instant(incident.detected_at),
        "acknowledged_at": instant(incident.acknowledged_at),
        "last_fired_at": instant(incident.last_fired_at),
        "last_heard_at": instant(incident.last_heard_at),
        "quiet_since": instant(incident.quiet_since),
        "resolved_at": instant(incident.resolved_at),
        "resolution": incident.resolution.value if incident.resolution else None,
        "refired_count": incident.refired_count,
        "repeats": incident.repeats,
        "previous_id": incident.previous_id,
        "merged_into_id": incident.merged_into_id,
        "runbook": incident.runbook,
        "version": incident.version,
    }


def entry_object(entry: Entry) -> JsonObject:
    """An entry of the chronology: its facts, and the sentence they make."""
    return {
        "seq": entry.seq,
        "kind": entry.kind.value,
        "occurred_at": instant(entry.occurred_at),
        "recorded_at": instant(entry.recorded_at),
        "actor": {"kind": entry.actor.kind.value, "name": entry.actor.name},
        "says": sentence(entry.kind, entry.payload),
        "payload": entry.payload,
        "hash": entry.hash,
    }


def episode_object(episode: Episode) -> JsonObject:
    """One firing of one alert."""
    return {
        "fingerprint": episode.fingerprint,
        "source": episode.source,
        "severity": episode.severity.value,
        "labels": dict(episode.labels),
        "started_at": instant(episode.started_at),
        "ended_at": instant(episode.ended_at),
        "repeats": episode.repeats,
    }


def triage_object(triage: Triage) -> JsonObject:
    """The first read: each claim with what it is."""
    claims = {
        "symptom": triage.symptom,
        "impact": triage.impact,
        "plane": triage.plane,
        "last_time": triage.last_time,
        "next_step": triage.next_step,
        **({"promise": triage.promise} if triage.promise else {}),
        **({"helped": triage.helped} if triage.helped else {}),
    }
    said: JsonObject = {name: {"kind": claim.kind.value, "text": claim.text} for name, claim in claims.items()}
    return {
        **said,
        "about": triage.kind.value,
        "plane_name": triage.plane_name,
        "confidence": triage.confidence.value if triage.confidence else None,
        "facts": [claim.text for claim in triage.facts],
        "unknowns": [claim.text for claim in triage.unknowns],
    }


def sighted_object(one: Sighted) -> JsonObject:
    """One event that concerned exact objects."""
    return {
        "seen_at": instant(one.seen_at),
        "signal": one.signal,
        "refs": dict(one.refs),
        "fields": dict(one.fields),
    }


def file_object(
    incident: Incident,
    entries: Sequence[Entry],
    episodes: Sequence[Episode],
    triage: Triage,
    past: Past,
    items: Sequence[ActionItem],
    objects: Objects | None = None,
    near_changes: Sequence[Near] = (),
) -> JsonObject:
    """Everything about one incident."""
    return {
        **incident_object(incident),
        "triage": triage_object(triage),
        "memory": past_object(past),
        "action_items": [item_object(item) for item in items],
        "objects": [sighted_object(one) for one in objects.shown] if objects else [],
        "changes": [near_object(one) for one in near_changes],
        "alerts": [episode_object(episode) for episode in episodes],
        "chronology": [entry_object(entry) for entry in entries],
    }


def item_object(item: ActionItem) -> JsonObject:
    """An action item."""
    return {
        "id": item.id,
        "ref": item.ref,
        "kind": item.kind,
        "object_id": item.object_id,
        "incident_id": item.incident_id,
        "slice": item.slice,
        "title": item.title,
        "url": item.url,
        "details": item.details,
        "state": item.state.value,
        "opened_at": instant(item.opened_at),
        "opened_by": item.opened_by,
        "told": item.told,
        "last_told_at": instant(item.last_told_at),
        "closed_at": instant(item.closed_at),
        "closed_by": item.closed_by,
        "reason": item.reason,
        "version": item.version,
    }


def change_object(change: Change) -> JsonObject:
    """A change to the system."""
    return {
        "id": change.id,
        "kind": change.kind.value,
        "title": change.title,
        "version": change.version,
        "occurred_at": instant(change.occurred_at),
        "recorded_at": instant(change.recorded_at),
        "by": change.actor.name,
        "url": change.url,
        "details": change.details,
    }


def near_object(one: Near) -> JsonObject:
    """A change near an incident; seconds are negative before its onset, and before it last fired again."""
    return {
        **change_object(one.change),
        "seconds_from_onset": one.seconds_from_onset,
        "seconds_from_last_firing": one.seconds_from_last_firing,
    }


def told_object(one: Told) -> JsonObject:
    """A change, and the incidents that it lies near."""
    near: list[Json] = [
        {"id": incident.id, "ref": incident.ref, "title": incident.title, "seconds_from_onset": seconds}
        for incident, seconds in one.near
    ]
    return {**change_object(one.change), "incidents": near}


class Verified(Protocol):
    """What an examination of the chains found."""

    @property
    def incidents(self) -> int: ...
    @property
    def entries(self) -> int: ...
    @property
    def checkpoint(self) -> str: ...
    @property
    def broken(self) -> Broken | None: ...


class Broken(Protocol):
    """A link that does not hold."""

    @property
    def incident_id(self) -> int: ...
    @property
    def seq(self) -> int: ...
    @property
    def flaw(self) -> str: ...


class Body(Protocol):
    """A body of the inbox."""

    @property
    def id(self) -> int: ...
    @property
    def source(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def received_at(self) -> datetime: ...
    @property
    def processed_at(self) -> datetime | None: ...
    @property
    def due_at(self) -> datetime: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def attempts(self) -> int: ...
    @property
    def error(self) -> str | None: ...


def body_object(one: Body) -> JsonObject:
    """A body that was handed in, without what is in it."""
    return {
        "id": one.id,
        "source": one.source,
        "state": f"{one.state}",
        "received_at": instant(one.received_at),
        "processed_at": instant(one.processed_at),
        "due_at": instant(one.due_at) if one.state == "waiting" else None,
        "size_bytes": one.size_bytes,
        "attempts": one.attempts,
        "error": one.error,
    }


def verified_object(found: Verified, checkpoint: str | None = None) -> JsonObject:
    """What an examination found; with *checkpoint*, also whether that one still holds."""
    broken = found.broken
    said: JsonObject = {
        "whole": broken is None,
        "incidents": found.incidents,
        "entries": found.entries,
        "checkpoint": found.checkpoint,
        "broken": None
        if broken is None
        else {"incident": f"INC-{broken.incident_id}", "seq": broken.seq, "flaw": f"{broken.flaw}"},
    }
    return said if checkpoint is None else {**said, "checkpoint_holds": checkpoint == found.checkpoint}


def instant(when: datetime | None) -> str | None:
    """*when* in ISO 8601, in UTC with a Z; None stays None."""
    return None if when is None else when.isoformat().replace("+00:00", "Z")
