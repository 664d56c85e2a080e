"""What we know about an incident and what we do not, each said as what it is: fact, hypothesis, unknown, advice.

Only from the alerts' labels and annotations, from timings and from changes; a title is never read for meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from parapet.core import names
from parapet.incidents.changes import Near, distance_words
from parapet.incidents.durations import duration_words, instant_words
from parapet.incidents.model import ChangeKind, Entry, EntryKind, Episode, Incident, IncidentState, Resolution
from parapet.incidents.payload import clean

SUSPECT_SECONDS = 3_600.0
"""A change this long before onset, or sooner, is named as a suspect."""
STRONG_SUSPECT_SECONDS = 900.0
MAX_QUOTE_CHARACTERS = 500
MAX_FACTS = 4
_NO_GROUP = frozenset({"alertname", names.SIGNAL, names.TARGET})
"""Labels of an incident that tell it apart, and name no group of users."""


class ClaimKind(StrEnum):
    """How sure a sentence is; never mixed up."""

    FACT = "fact"
    HYPOTHESIS = "hypothesis"
    RECOMMENDATION = "recommendation"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    """How far the facts carry the hypothesis."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One sentence, and what it is. May quote an alert: hostile text, capped here, escaped where shown."""

    kind: ClaimKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """The first read of an incident."""

    symptom: Claim
    impact: Claim
    plane: Claim
    """Where the likely origin is."""
    plane_name: str | None
    """The plane in one word, such as worker, as the definition of the slice names it; None when nothing names one."""
    facts: tuple[Claim, ...]
    """What stands behind the plane: four at most."""
    confidence: Confidence | None
    """None while there is no hypothesis. Never high: nothing here is measured beyond the alert."""
    unknowns: tuple[Claim, ...]
    last_time: Claim
    next_step: Claim


def triage(
    incident: Incident,
    near_changes: Sequence[Near],
    episodes: Sequence[Episode],
    entries: Sequence[Entry],
    *,
    previous: Incident | None = None,
) -> Triage:
    """The first read of *incident*; *previous* is the incident its `previous_id` names, if the caller has it."""
    suspect = suspected_change(near_changes)
    plane_name = _quote(incident.annotations.get(names.FAULT_PLANE, "")) or None
    impact = _quote(incident.annotations.get(names.DESCRIPTION, ""))
    plane, confidence = _plane(plane_name, suspect)
    return Triage(
        symptom=Claim(kind=ClaimKind.FACT, text=_symptom(incident)),
        impact=Claim(kind=ClaimKind.FACT, text=impact)
        if impact
        else Claim(kind=ClaimKind.UNKNOWN, text="The alert does not say who is hurt, or how many."),
        plane=plane,
        plane_name=plane_name,
        facts=tuple(Claim(kind=ClaimKind.FACT, text=text) for text in _facts(incident, near_changes, episodes)),
        confidence=confidence,
        unknowns=tuple(Claim(kind=ClaimKind.UNKNOWN, text=text) for text in unknowns(incident, near_changes, entries)),
        last_time=_last_time(incident, previous),
        next_step=Claim(kind=ClaimKind.RECOMMENDATION, text=_next_step(incident, suspect)),
    )


def suspected_change(near_changes: Sequence[Near]) -> Near | None:
    """The last change within an hour before onset, if any. Near is no proof."""
    before = [one for one in near_changes if -SUSPECT_SECONDS <= one.seconds_from_onset <= 0]
    return max(before, key=lambda one: one.seconds_from_onset, default=None)


def unknowns(incident: Incident, near_changes: Sequence[Near], entries: Sequence[Entry]) -> list[str]:
    """What the evidence cannot answer about *incident*, a sentence each."""
    said: list[str] = []
    match incident.resolution:
        case Resolution.SIGNAL_LOST:
            said.append("Whether it is over: we stopped hearing of it.")
        case Resolution.UNCONFIRMED:
            said.append("Whether it is over: the alert is gone, but nothing reported its end.")
        case Resolution.OPERATOR if incident.firing > 0:
            said.append(f"Whether it is over: {_alerts(incident.firing)} still fired when a person closed it.")
        case _ if incident.firing == 0 and (incident.resolution or incident.quiet_since is not None):
            said.append("Whether it is fixed: a cleared alert is not proof.")
    if not any(one.seconds_from_onset <= 0 for one in near_changes):
        said.append("What changed: nothing is recorded before onset, which does not mean that nothing changed.")
    left_out = max((_integer(entry.payload.get("truncated")) for entry in entries), default=0)
    if left_out:
        said.append(f"What {left_out} further alerts say: the sender left them out of its delivery.")
    if any(entry.kind is EntryKind.FLAPPED for entry in entries):
        said.append("When it was clear in between: it cleared and fired again between two reports.")
    if names.SIGNAL in incident.labels:
        said.append("Whether users succeed: nothing is heard that could tell.")
    elif incident.slice is None:
        said.append("Which promise to users it breaks: the alert belongs to no slice of the catalog.")
    return said


def _symptom(incident: Incident) -> str:
    summary = _quote(incident.annotations.get(names.SUMMARY, ""))
    if summary:
        return summary
    if incident.declared_by is not None:
        return f"{_quote(incident.title)}."
    if incident.slice is not None:
        return f"{incident.service}: the objective {incident.slice} is not held."
    return f"{incident.service}: alert {_quote(incident.labels.get('alertname', '')) or 'without a name'} fires."


def _plane(plane_name: str | None, suspect: Near | None) -> tuple[Claim, Confidence | None]:
    declared = f"The slice names {plane_name} as its likely plane." if plane_name else ""
    if suspect is not None:
        strong = suspect.seconds_from_onset >= -STRONG_SUSPECT_SECONDS
        said = f"{_change(suspect)} may have caused it: it came {distance_words(suspect.seconds_from_onset)} onset."
        text = f"{said} {declared}".strip()
        return Claim(kind=ClaimKind.HYPOTHESIS, text=text), Confidence.MEDIUM if strong else Confidence.LOW
    if declared:
        return Claim(kind=ClaimKind.HYPOTHESIS, text=declared), Confidence.LOW
    return Claim(kind=ClaimKind.UNKNOWN, text="Nothing points to one part of the system yet."), None


def _facts(incident: Incident, near_changes: Sequence[Near], episodes: Sequence[Episode]) -> list[str]:
    said = [_firing(incident)]
    if incident.refired_count:
        times = "once" if incident.refired_count == 1 else f"{incident.refired_count} times"
        said.append(f"It fired again {times}, last at {_at(incident, incident.last_fired_at)}.")
    group = {name: value for name, value in incident.labels.items() if name not in _NO_GROUP}
    if group:
        said.append(f"Only where {', '.join(f'{_quote(name)} is {_quote(value)}' for name, value in group.items())}.")
    before = [one for one in near_changes if one.seconds_from_onset <= 0]
    during = [one for one in near_changes if one.seconds_from_onset > 0]
    said += [f"{_change(one)} came {distance_words(one.seconds_from_onset)} onset." for one in before[-1:]]
    said += [f"{_change(one)} came {distance_words(one.seconds_from_onset)} onset." for one in during[-1:]]
    alerts = {episode.fingerprint for episode in episodes}
    if len(alerts) > 1:
        said.append(f"{len(alerts)} alerts spoke of it, in {len(episodes)} episodes.")
    return said[:MAX_FACTS]


def _firing(incident: Incident) -> str:
    if incident.firing:
        return f"{_alerts(incident.firing).capitalize()} firing since {_at(incident, incident.last_fired_at)}."
    if incident.quiet_since is not None:
        return f"Not reported any more since {_at(incident, incident.quiet_since)}."
    return f"{_quote(incident.declared_by or 'A person')} says so; no alert speaks of it."


def _last_time(incident: Incident, previous: Incident | None) -> Claim:
    if previous is not None:
        lasted = ((previous.resolved_at or previous.last_heard_at) - previous.started_at).total_seconds()
        ended = previous.resolution.value.replace("_", " ") if previous.resolution else "not resolved"
        text = f"{previous.ref}, {instant_words(previous.started_at)}: lasted {duration_words(lasted)}, ended: {ended}."
        return Claim(kind=ClaimKind.FACT, text=text)
    if incident.previous_id is not None:
        return Claim(kind=ClaimKind.FACT, text=f"INC-{incident.previous_id} was the same trouble.")
    return Claim(kind=ClaimKind.UNKNOWN, text="No earlier incident of the same trouble is linked.")


def _next_step(incident: Incident, suspect: Near | None) -> str:
    if incident.state is IncidentState.RESOLVED:
        return "Try it once yourself, the way a user would, and write down what helped."
    if incident.firing == 0 and incident.quiet_since is None:
        return "Find out who is hurt, and whether a promise covers it: an alert should have told you. Then close it."
    if incident.firing == 0:
        return "Try it yourself, the way a user would. If it works, wait: the incident closes when it stays quiet."
    if names.SIGNAL in incident.labels:
        return "Try it yourself, the way a user would: nothing else can tell. Then find out why nothing is heard."
    if suspect is not None:
        undo = "undo" if suspect.change.kind is not ChangeKind.PROVIDER else "do not work against"
        return f"Compare onset with {_change(suspect)}. If it fits, {undo} that one thing, and mark it as a change."
    if incident.runbook:
        return "Follow the runbook, first step first. Change one thing at a time, and mark it."
    return "Find out who is hurt: look at what fails since onset. Change nothing before that."


def _change(near: Near) -> str:
    return _quote(near.change.title)


def _alerts(count: int) -> str:
    return "1 alert" if count == 1 else f"{count} alerts"


def _at(incident: Incident, at: datetime) -> str:
    return instant_words(at, beside=incident.started_at)


def _integer(value: object) -> int:
    return value if isinstance(value, int) else 0


def _quote(text: str) -> str:
    return clean(" ".join(text.split()), MAX_QUOTE_CHARACTERS)
