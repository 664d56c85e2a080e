"""What is kept of an incident when it is over: a value composed from evidence alone.

It decides nothing and judges nobody. What people add to it is kept beside it, never in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from parapet.core.codec import decode, encode
from parapet.core.errors import MalformedPayload
from parapet.core.types import ActorClass, JsonObject
from parapet.incidents.changes import Near, change_words, distance_words
from parapet.incidents.chronology import RESOLUTION_WORDS, merge, sentence
from parapet.incidents.durations import duration_words, instant_words
from parapet.incidents.gist import gist_of
from parapet.incidents.model import Entry, EntryKind, Episode, Incident, Severity
from parapet.incidents.triage import suspected_change, unknowns
from parapet.lessons.markdown import to_markdown
from parapet.lessons.memory import Action, Line, Moment, MomentName, NearbyChange, Retrospective, Span

__all__ = [
    "Action",
    "Line",
    "Moment",
    "MomentName",
    "NearbyChange",
    "Retrospective",
    "Span",
    "compose",
    "from_json",
    "to_json",
    "to_markdown",
]

FORMAT = 1
SLOW_DETECTION_SECONDS = 300.0


def compose(
    incident: Incident,
    entries: Sequence[Entry],
    changes_near: Sequence[Near],
    episodes: Sequence[Episode],
    *,
    now: datetime,
) -> Retrospective:
    """The retrospective of *incident* from all its *entries*, the changes near it and its *episodes*.

    Raises:
        MalformedPayload: the incident has no number yet, so it was never kept.
    """
    if incident.id is None:
        raise MalformedPayload("A retrospective needs an incident that was kept; this one has no number.")
    end = incident.resolved_at or now
    lasted_seconds = max(0.0, (end - incident.started_at).total_seconds())
    spans = _spans(episodes)
    fired_seconds = sum(((span.ended_at or end) - span.started_at).total_seconds() for span in spans)
    told = [
        entry
        for entry in entries
        if entry.kind in (EntryKind.ESCALATED, EntryKind.NOTIFIED, EntryKind.NOTIFICATION_FAILED)
    ]
    return Retrospective(
        incident_id=incident.id,
        ref=incident.ref,
        title=incident.title,
        service=incident.service,
        slice=incident.slice,
        severity=_worst(incident, entries, episodes),
        resolution=incident.resolution,
        resolution_text=RESOLUTION_WORDS[incident.resolution] if incident.resolution else "It is not resolved.",
        summary=_summary(incident, changes_near, spans, lasted_seconds, fired_seconds),
        composed_at=now,
        lasted_seconds=lasted_seconds,
        fired_seconds=max(0.0, fired_seconds),
        refired_count=incident.refired_count,
        owner=incident.owner,
        moments=_moments(incident, entries),
        spans=spans,
        changes=tuple(_nearby(one) for one in changes_near),
        actions=tuple(_action(entry) for entry in entries if _by_a_person(entry)),
        notifications=_lines(told, ()),
        chronology=_lines(entries, changes_near),
        open_questions=tuple(_open_questions(incident, entries, changes_near)),
        unknowns=tuple(_unknown(incident, entries, changes_near, episodes)),
    )


def to_json(retrospective: Retrospective) -> JsonObject:
    """*retrospective* as JSON that `from_json` reads back to an equal value."""
    document = encode(retrospective)
    return {"format": FORMAT, **document} if isinstance(document, dict) else {}


def from_json(document: JsonObject) -> Retrospective:
    """The retrospective that `to_json` wrote.

    Raises:
        MalformedPayload: it is another format, or a field is missing or of another type.
    """
    if document.get("format") != FORMAT:
        raise MalformedPayload(f"The retrospective has format {document.get('format')!r}; {FORMAT} was expected.")
    return decode(Retrospective, document)


def _moments(incident: Incident, entries: Sequence[Entry]) -> tuple[Moment, ...]:
    closed = [entry.occurred_at for entry in entries if entry.kind is EntryKind.RESOLVED]
    at = {
        MomentName.BEGAN: incident.started_at,
        MomentName.DETECTED: incident.detected_at,
        MomentName.ACKNOWLEDGED: incident.acknowledged_at,
        MomentName.QUIET: incident.quiet_since,
        MomentName.RESOLVED: (closed[-1] if closed else incident.resolved_at) if incident.resolved_at else None,
    }
    known = sorted((when, place, name) for place, (name, when) in enumerate(at.items()) if when is not None)
    moments: list[Moment] = []
    for when, _, name in known:
        since = (when - moments[-1].at).total_seconds() if moments else None
        moments.append(Moment(name=name, at=when, seconds_since_previous=since))
    return tuple(moments)


def _spans(episodes: Sequence[Episode]) -> tuple[Span, ...]:
    """When at least one alert fired: the episodes merged where they touch."""
    spans: list[Span] = []
    for episode in sorted(episodes, key=lambda one: one.started_at):
        last = spans[-1] if spans else None
        if last is None or (last.ended_at is not None and episode.started_at > last.ended_at):
            spans.append(Span(started_at=episode.started_at, ended_at=episode.ended_at))
        elif last.ended_at is not None:
            longer = None if episode.ended_at is None else max(last.ended_at, episode.ended_at)
            spans[-1] = Span(started_at=last.started_at, ended_at=longer)
    return tuple(spans)


def _worst(incident: Incident, entries: Sequence[Entry], episodes: Sequence[Episode]) -> Severity:
    seen = {incident.severity, *(episode.severity for episode in episodes)}
    paged = any(Severity.PAGE.value in (entry.payload.get("from"), entry.payload.get("to")) for entry in entries)
    return Severity.PAGE if paged else min(seen, key=lambda severity: severity.rank)


def _summary(
    incident: Incident, near: Sequence[Near], spans: Sequence[Span], lasted_seconds: float, fired_seconds: float
) -> str:
    what = f"{incident.service}, {incident.slice}" if incident.slice else incident.service
    began, lasted, fired = (
        instant_words(incident.started_at),
        duration_words(lasted_seconds),
        duration_words(fired_seconds),
    )
    whole = "firing all the while" if fired == lasted else f"of which it fired for {fired}"
    if incident.on_word_of:
        whole = "and no alert spoke of it"
    said = [f"{what}: began {began} and lasted {lasted}, {whole}."]
    if incident.refired_count:
        times = "once more" if incident.refired_count == 1 else f"{incident.refired_count} more times"
        said.append(f"It fired {times} after it had been quiet.")
    suspect = suspected_change(near)
    if suspect is not None:
        said.append(f"{change_words(suspect.change)} came {distance_words(suspect.seconds_from_onset)} onset.")
    if incident.owner is not None and incident.acknowledged_at is not None:
        took = (incident.acknowledged_at - incident.detected_at).total_seconds()
        soon = f"{duration_words(took)} after detection" if took >= 1 else "at once"
        said.append(f"{incident.owner} had it; it was acknowledged {soon}.")
    elif incident.merged_into_id is None:
        said.append("Nobody acknowledged it.")
    else:
        said.append(f"INC-{incident.merged_into_id} took it over.")
    return " ".join(said)


def _open_questions(incident: Incident, entries: Sequence[Entry], near: Sequence[Near]) -> list[str]:
    if incident.merged_into_id is not None:
        return []  # asked where it went on
    said: list[str] = []
    suspect = suspected_change(near)
    if suspect is not None:
        what, when = change_words(suspect.change), distance_words(suspect.seconds_from_onset)
        said.append(f"Did {what}, {when} onset, cause it?")
    elif not any(one.seconds_from_onset <= 0 for one in near):
        said.append("What changed before onset? Nothing was recorded.")
    detection_seconds = (incident.detected_at - incident.started_at).total_seconds()
    if detection_seconds > SLOW_DETECTION_SECONDS:
        said.append(f"Could it be detected sooner than {duration_words(detection_seconds)} after it began?")
    if incident.acknowledged_at is None and incident.severity is Severity.PAGE:
        said.append("Why did nobody acknowledge a page?")
    if incident.refired_count:
        said.append("Why did it fire again after it had been quiet?")
    if not any(entry.kind is EntryKind.NOTED for entry in entries):
        said.append("What helped? Nobody wrote a note.")
    return said


def _unknown(
    incident: Incident, entries: Sequence[Entry], near: Sequence[Near], episodes: Sequence[Episode]
) -> list[str]:
    said = unknowns(incident, near, gist_of(entries))
    unseen = sum(episode.ended_at is not None and episode.cleared_heard_at is None for episode in episodes)
    if unseen:
        said.append(
            f"When {'one alert' if unseen == 1 else f'{unseen} alerts'} ended: only the latest possible time is known."
        )
    failed = sum(entry.kind is EntryKind.NOTIFICATION_FAILED for entry in entries)
    if failed:
        messages = "one message" if failed == 1 else f"{failed} messages"
        said.append(f"Whether people heard of it in time: {messages} could not be delivered.")
    said.append("How many users were hurt: the evidence counts alerts, not people.")
    return said


def _by_a_person(entry: Entry) -> bool:
    return entry.actor.kind in (ActorClass.OPERATOR, ActorClass.AI)


def _action(entry: Entry) -> Action:
    reason = entry.payload.get("reason")
    without = {name: value for name, value in entry.payload.items() if name != "reason"}
    return Action(
        occurred_at=entry.occurred_at,
        actor=entry.actor.name,
        text=sentence(entry.kind, without),
        reason=reason if isinstance(reason, str) else "",
    )


def _nearby(near: Near) -> NearbyChange:
    change = near.change
    return NearbyChange(
        id=change.id,
        kind=change.kind,
        title=change.title,
        occurred_at=change.occurred_at,
        recorded_at=change.recorded_at,
        actor=change.actor.name,
        seconds_from_onset=near.seconds_from_onset,
        url=change.url,
    )


def _lines(entries: Sequence[Entry], near: Sequence[Near]) -> tuple[Line, ...]:
    return tuple(
        Line(occurred_at=row.occurred_at, recorded_at=row.recorded_at, actor=row.actor, text=row.text)
        for row in merge(entries, [one.change for one in near])
    )
