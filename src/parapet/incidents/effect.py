"""What the alerts of one delivery mean for one incident: its net effect, decided once.

At most one transition and one announcement, however many alerts the delivery holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from parapet.core import names
from parapet.core.types import Actor, ActorClass, JsonObject
from parapet.incidents.correlation import Correlation
from parapet.incidents.episodes import StepKind
from parapet.incidents.model import (
    Announcement,
    Decision,
    EntryKind,
    Episode,
    Incident,
    IncidentState,
    NewEntry,
    Severity,
)
from parapet.incidents.news import News, lead_of, quoted, title_of, worst_of
from parapet.incidents.payload import http_url
from parapet.incidents.policy import IncidentPolicy

_NOTHING_NEW = frozenset({StepKind.REPEAT, StepKind.LATE_DUPLICATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything a decision about one incident rests on."""

    correlation: Correlation
    incident: Incident | None
    """The unresolved incident of the key, else the one resolved last."""
    news: Sequence[News]
    firing: Sequence[Episode]
    """Every open episode of the incident, or of the key, after the delivery."""
    over: Sequence[Episode] = ()
    """Ended episodes of the incident that are known; those that ended last, if an end in the delivery is no later."""
    source: str
    received_at: datetime
    truncated: int
    policy: IncidentPolicy

    @property
    def fired(self) -> list[News]:
        return [one for one in self.news if one.fired]

    @property
    def ended(self) -> list[News]:
        return [one for one in self.news if one.kind is StepKind.ENDED]

    @property
    def first_fired_at(self) -> datetime:
        return min(one.fired_at(self.received_at) for one in self.fired)

    @property
    def last_ended_at(self) -> datetime | None:
        """The latest end in this delivery, or the latest one known before."""
        ends = [end for one in self.news for end in one.ends]
        if self.incident is not None and self.incident.last_ended_at is not None:
            ends.append(self.incident.last_ended_at)
        return max(ends, default=None)

    def entry(self, kind: EntryKind, occurred_at: datetime, payload: JsonObject) -> NewEntry:
        """An entry by the sender of the delivery."""
        said: JsonObject = {**payload, "truncated": self.truncated} if self.truncated else payload
        return NewEntry(
            kind=kind, occurred_at=occurred_at, actor=Actor(kind=ActorClass.EXTERNAL, name=self.source), payload=said
        )


def decide(situation: Situation) -> Decision | None:
    """What the delivery does to the incident; None when there is none and nothing fired."""
    incident = situation.incident
    if incident is None:
        return _open(situation) if situation.fired else None
    # What is said again about a firing of an earlier incident is no news of this one.
    mine = [one for one in situation.news if one.fired or one.episode.incident_id in (None, incident.id)]
    situation = replace(situation, news=mine)
    if incident.state is not IncidentState.RESOLVED:
        return _carry_on(incident, situation)
    ended_at = incident.resolved_at or incident.last_heard_at
    # A flap or a whole firing from before the incident closed is part of it, and no reason to open it again.
    since = replace(
        situation, news=[one for one in situation.news if not (one.looks_back and one.episode.started_at <= ended_at)]
    )
    if not since.fired:
        return _afterwards(incident, situation)
    gap_seconds = (since.first_fired_at - ended_at).total_seconds()
    if incident.merged_into_id is None and gap_seconds <= situation.policy.reopen_window_seconds:
        return _reopen(incident, since)
    # What still fires of the same trouble comes along; what a person had put there stays.
    return _open(replace(since, firing=[one for one in situation.firing if one.key == situation.correlation.key]))


def _open(situation: Situation) -> Decision:
    correlation, previous, fired = situation.correlation, situation.incident, situation.fired
    lead = lead_of(one.episode for one in fired)
    # An end that was withdrawn long after the last incident closed begins a new one now, not back then.
    begun = min(one.fired_at(situation.received_at) if previous else one.began_at for one in fired)
    ends = [one.episode.ended_at for one in fired if one.episode.ended_at is not None]
    quiet_since = None if situation.firing else max(ends, default=begun)
    incident = Incident(
        id=None,
        key=correlation.key,
        service=correlation.service,
        slice=correlation.slice,
        labels=correlation.labels,
        title=title_of(lead, correlation),
        state=IncidentState.OPEN,
        severity=worst_of(situation.firing or [one.episode for one in fired]),
        started_at=begun,
        detected_at=min(one.heard_first(situation.received_at, None) for one in fired),
        last_heard_at=max([situation.received_at, *(one.episode.last_heard_at for one in fired)]),
        firing=len(situation.firing),
        quiet_since=quiet_since,
        noticed_over=not situation.firing,
        last_fired_at=max(begun, situation.first_fired_at),
        last_ended_at=max(ends, default=None),
        previous_id=previous.id if previous else None,
        runbook=runbook_of(lead.annotations),
        annotations=lead.annotations,
    )
    said: JsonObject = {**quoted(fired), "severity": incident.severity.value}
    if previous is not None:
        said["previous"] = previous.ref
    entries = [situation.entry(EntryKind.OPENED, begun, said)]
    if quiet_since is not None:
        entries.append(situation.entry(EntryKind.QUIET, quiet_since, _quiet(incident, situation)))
    # What is over by the time we hear of it is written down; nobody is called for it.
    announce = Announcement.OPENED if situation.firing else None
    return Decision(incident=incident, entries=tuple(entries), announce=announce)


def _carry_on(incident: Incident, situation: Situation) -> Decision:
    was_firing, firing, received_at = incident.firing > 0, situation.firing, situation.received_at
    fired = [one for one in situation.fired if one.kind is not StepKind.HIDDEN_FLAP]
    flapped = [one for one in situation.news if one.kind is StepKind.HIDDEN_FLAP]
    ended = situation.ended
    entries: list[NewEntry] = []
    after = _heard(incident, situation)
    announce: Announcement | None = None
    # An alert that began before the quiet did was held back, such as a ticket by its page: it never was quiet.
    withdrawn = any(one.kind is StepKind.UNRESOLVED for one in fired)
    quiet_since = incident.quiet_since
    held_back = bool(fired and quiet_since and not withdrawn and situation.first_fired_at <= quiet_since)
    if not was_firing and quiet_since is not None and firing and fired and not held_back:
        entry, after, announce = _refired(incident, after, situation)
        entries.append(entry)
    elif fired:
        first = min(one.fired_at(received_at) for one in fired)
        entries.append(
            situation.entry(
                EntryKind.ALERT_FIRED, first, _fired(fired, firing, held_back and not incident.noticed_over)
            )
        )
    if was_firing and flapped:
        begun = min(one.episode.started_at for one in flapped)
        entries.append(situation.entry(EntryKind.FLAPPED, begun, {**quoted(flapped), "firing": len(firing)}))
        if len(firing) == len(flapped):
            after = replace(after, last_fired_at=max(after.last_fired_at, begun))
    if not firing and (was_firing or fired) and after.quiet_since is not None:
        entries.append(situation.entry(EntryKind.QUIET, after.quiet_since, _quiet(after, situation)))
    elif ended and firing:
        last = max(one.episode.ended_at or received_at for one in ended)
        entries.append(situation.entry(EntryKind.ALERT_CLEARED, last, {**quoted(ended), "firing": len(firing)}))
    if after.severity is not incident.severity:
        entries.append(_severity_changed(incident, after, situation))
        if after.severity.rank < incident.severity.rank:
            announce = Announcement.SEVERITY_RAISED
    if incident.noticed_over and firing:  # it is not over after all, and nobody was told of it
        announce = Announcement.OPENED
    return _decision(after, entries, announce)


def _refired(
    incident: Incident, after: Incident, situation: Situation
) -> tuple[NewEntry, Incident, Announcement | None]:
    fired_at = situation.first_fired_at
    count = incident.refired_count + 1
    said: JsonObject = {
        **quoted(situation.fired),
        "quiet_seconds": _seconds(incident.quiet_since, fired_at),
        "end_withdrawn": any(one.kind is StepKind.UNRESOLVED for one in situation.fired),
        "count": count,
        "flapping": count >= situation.policy.flapping_after,
    }
    # The first, second, fourth, eighth, ... is told: flapping is shown each time, and does not call each time.
    announce = Announcement.REFIRED if count & (count - 1) == 0 else None
    after = replace(after, refired_count=count, last_fired_at=fired_at)
    return situation.entry(EntryKind.REFIRED, fired_at, said), after, announce


def _reopen(incident: Incident, situation: Situation) -> Decision:
    fired_at, firing = situation.first_fired_at, situation.firing
    ended_at = incident.resolved_at or incident.last_heard_at
    heard = _heard(incident, situation)
    after = replace(
        heard,
        state=IncidentState.OPEN,  # whoever had it may have gone home
        resolved_at=None,
        resolution=None,
        refired_count=incident.refired_count + 1,
        last_fired_at=max(fired_at, incident.last_fired_at),
        severity=worst_of(firing) if firing else heard.severity,
        severity_set=None,
        severity_set_at=None,
    )
    said: JsonObject = {
        **quoted(situation.fired),
        "quiet_seconds": _seconds(incident.quiet_since or ended_at, fired_at),
        "resolution": incident.resolution.value if incident.resolution else None,
        "resolved_at": ended_at.isoformat(),
        "count": after.refired_count,
    }
    # An alert that began before a person closed the incident reopens it when it is heard.
    occurred_at = fired_at if fired_at >= ended_at else situation.received_at
    entries = [situation.entry(EntryKind.REOPENED, occurred_at, said)]
    if not firing and after.quiet_since is not None:
        entries.append(situation.entry(EntryKind.QUIET, after.quiet_since, _quiet(after, situation)))
    if after.severity is not incident.severity:
        entries.append(_severity_changed(incident, after, situation))
    return _decision(after, entries, Announcement.REOPENED if firing else None)


def _afterwards(incident: Incident, situation: Situation) -> Decision:
    """A resolved incident stays resolved: repeats are counted, and alerts that end after it are written down."""
    ended = situation.ended
    after = _heard(incident, situation)
    after = replace(after, severity=incident.severity)
    entries: list[NewEntry] = []
    if ended:
        last = max(one.episode.ended_at or situation.received_at for one in ended)
        said: JsonObject = {**quoted(ended), "firing": len(situation.firing), "after_resolution": True}
        entries.append(situation.entry(EntryKind.ALERT_CLEARED, last, said))
    return _decision(after, entries, None)


def _heard(incident: Incident, situation: Situation) -> Incident:
    """*incident* with what a delivery always updates: counts, times of event, severity, the newest texts."""
    firing, fired = situation.firing, situation.fired
    onsets = [one.began_at for one in situation.news if _is_part(incident, one, situation.policy)]
    last_ended_at = situation.last_ended_at
    speaks = firing or _ended_last(incident, situation, last_ended_at)
    lead = lead_of(speaks) if speaks else None
    earlier = [
        one for one in situation.news if one.heard_first(situation.received_at, incident.id) < incident.detected_at
    ]
    # Whoever was heard first gives the name, unless a person did.
    named = bool(earlier) and incident.declared_by is None and incident.key == situation.correlation.key
    # A person opened it again while nothing fired: what ended before is no reason to close it.
    known = all(one.kind in _NOTHING_NEW or one.kind is StepKind.END_MOVED for one in situation.news)
    waits = not incident.firing and incident.quiet_since is None and known and not fired
    return replace(
        incident,
        title=title_of(lead_of(one.episode for one in earlier), situation.correlation) if named else incident.title,
        severity=severity_of_now(incident, speaks),
        started_at=min([incident.started_at, *onsets]),
        detected_at=min(
            [incident.detected_at, *(one.heard_first(situation.received_at, incident.id) for one in earlier)]
        ),
        last_heard_at=max(
            [incident.last_heard_at, situation.received_at, *(one.episode.last_heard_at for one in situation.news)]
        ),
        repeats=incident.repeats + sum(one.kind in _NOTHING_NEW and not one.belated for one in situation.news),
        firing=len(firing),
        quiet_since=None if firing or waits else last_ended_at or incident.quiet_since,
        noticed_over=incident.noticed_over and not firing,
        ends_unconfirmed=incident.ends_unconfirmed and not firing and not any(one.ended for one in situation.news),
        last_ended_at=last_ended_at,
        annotations=lead.annotations if lead else incident.annotations,
        runbook=(runbook_of(lead.annotations) if lead else None) or incident.runbook,
    )


def _ended_last(incident: Incident, situation: Situation, last_ended_at: datetime | None) -> list[Episode]:
    """The alerts that speak for an incident of which nothing fires; empty: nothing is new about them."""
    if not incident.firing and all(one.kind in _NOTHING_NEW and not one.belated for one in situation.news):
        return []
    known = {episode.id: episode for episode in situation.over}
    known |= {each.id: each for one in situation.news for each in one.about}
    return [one for one in known.values() if one.ended_at == last_ended_at and one.cleared_heard_at is not None]


def runbook_of(annotations: Mapping[str, str]) -> str | None:
    """The address of the runbook that an alert names; where it names none, rules of ours lead to the workbench."""
    url = http_url(annotations.get(names.RUNBOOK_URL, ""))
    return None if url == http_url(annotations.get(names.WORKBENCH_URL, "")) else url


def severity_of_now(incident: Incident, firing: Sequence[Episode]) -> Severity:
    """The worst that fires, or that fired last. What a person said stands instead, until a later alert is worse."""
    if not firing:
        return incident.severity
    if incident.severity_set is None or incident.severity_set_at is None:
        return worst_of(firing)
    later = [episode.severity for episode in firing if episode.started_at > incident.severity_set_at]
    return min([incident.severity_set, *later], key=lambda severity: severity.rank)


def _is_part(incident: Incident, one: News, policy: IncidentPolicy) -> bool:
    """Whether an episode may move the onset: one that was over when it was heard counts only shortly before it."""
    if one.kind is StepKind.REPEAT:
        return False
    if one.belated or one.kind is StepKind.LATE_DUPLICATE:
        ended_at = one.episode.ended_at or incident.started_at
        return (incident.started_at - ended_at).total_seconds() <= policy.quiet_period_seconds
    return one.episode.incident_id in (incident.id, None)


def _severity_changed(before: Incident, after: Incident, situation: Situation) -> NewEntry:
    raised = after.severity.rank < before.severity.rank
    if raised:
        causes = [n.fired_at(situation.received_at) for n in situation.fired if n.episode.severity is after.severity]
        occurred_at = min(causes, default=situation.received_at)
    else:
        occurred_at = max((n.episode.ended_at or situation.received_at for n in situation.ended), default=None) or (
            situation.received_at
        )
    said: JsonObject = {"from": before.severity.value, "to": after.severity.value}
    return situation.entry(EntryKind.SEVERITY_CHANGED, occurred_at, said)


def _decision(after: Incident, entries: Sequence[NewEntry], announce: Announcement | None) -> Decision:
    version = after.version + (1 if entries else 0)
    return Decision(incident=replace(after, version=version), entries=tuple(entries), announce=announce)


def _seconds(start: datetime | None, end: datetime) -> float | None:
    return None if start is None else max(0.0, (end - start).total_seconds())


def _fired(fired: Sequence[News], firing: Sequence[Episode], held_back: bool) -> JsonObject:
    return {**quoted(fired), "firing": len(firing), "held_back": held_back}


def _quiet(incident: Incident, situation: Situation) -> JsonObject:
    return {
        **quoted([one for one in situation.news if one.episode.ended_at is not None]),
        "firing": 0,
        "quiet_period_seconds": situation.policy.quiet_needed_seconds(incident.refired_count),
    }
