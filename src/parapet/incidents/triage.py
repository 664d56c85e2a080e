"""What we know about an incident and what we do not, each said as what it is: fact, hypothesis, unknown, advice.

Only from the alerts' labels and annotations, from timings and from changes; a title is never read for meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from parapet.core import names
from parapet.core.vocabulary import FaultPlane
from parapet.incidents.changes import Near, change_words, distance_words
from parapet.incidents.durations import instant_words
from parapet.incidents.firings import Alerts
from parapet.incidents.gist import Gist, Selection
from parapet.incidents.measured import value_words
from parapet.incidents.model import ChangeKind, EntryKind, Incident, IncidentState, Resolution
from parapet.incidents.past import Past, last_time, what_helped
from parapet.incidents.payload import clean
from parapet.incidents.promise import LOOP_ALERTS, READINGS, SIGNAL_PLANE, Kind, Promise, kind_of

SUSPECT_SECONDS = 3_600.0
"""A change this long before onset, or sooner, is named as a suspect."""
STRONG_SUSPECT_SECONDS = 900.0
MAX_QUOTE_CHARACTERS = 500
MAX_FACTS = 4
MOST_BESIDE = 3
"""Incidents beside it that are named."""
MOST_COUNTED_BESIDE = 20
IF_IT_FITS: Mapping[ChangeKind, str] = MappingProxyType(
    {
        ChangeKind.DEPLOY: "roll that one deploy back, and mark the rollback",
        ChangeKind.ROLLBACK: "do not go forward again yet: find out what the earlier version lacks",
        ChangeKind.FLAG: "turn that one flag back, and mark it",
        ChangeKind.CONFIG: "set that one thing back, and mark it",
        ChangeKind.MIGRATION: "do not undo it on your own: what was written since may be lost. Ask who wrote it",
        ChangeKind.AI_MODEL: "go back to the model before it, and mark that",
        ChangeKind.PROVIDER: "the repair is theirs: retry nothing in bulk, and mark what you turn off or around it",
        ChangeKind.MAINTENANCE: "ask whoever works there to stop",
    }
)
"""What is safe to do about the change that came before onset; complete."""
MIGRATED = "A migration came with it: ask first whether the version before can live with that."
_NO_GROUP = frozenset({"alertname", names.SIGNAL, names.TARGET})
"""Labels of an incident that tell it apart, and name no group of users."""
_FLAPPED = Selection(kinds=frozenset({EntryKind.FLAPPED}))


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

    kind: Kind
    """What the incident is about."""
    symptom: Claim
    promise: Claim | None
    """What was promised, and what breaks it; None where nothing was."""
    impact: Claim
    plane: Claim
    """Where the likely origin is."""
    plane_name: str | None
    """The plane in one word, such as worker: as the slice names it, else where its kind usually fails; None: none."""
    facts: tuple[Claim, ...]
    """What stands behind the plane: four at most."""
    confidence: Confidence | None
    """None while there is no hypothesis. Never high: nothing here is measured beyond the alert."""
    unknowns: tuple[Claim, ...]
    last_time: Claim
    helped: Claim | None
    """What people wrote then; None when there was no last time."""
    next_step: Claim


def triage(
    incident: Incident,
    near_changes: Sequence[Near],
    alerts: Alerts,
    gist: Gist,
    *,
    promise: Promise | None = None,
    past: Past | None = None,
    beside: Sequence[Incident] = (),
) -> Triage:
    """The first read of *incident*.

    *alerts*: behind it; *gist*: of its chronology; *promise*: what the catalog says of its slice; *past*: the same
    trouble before; *beside*: other incidents that began about when it did, and are not over.
    """
    suspects = _suspects(near_changes)
    suspect = suspected_change(near_changes)
    kind, past = kind_of(incident, promise), past or Past()
    reading = READINGS[kind]
    named = _named(incident)
    plane, confidence = _plane(kind, named, suspect, beside)
    facts = _facts(incident, near_changes, alerts, gist, beside)
    return Triage(
        kind=kind,
        symptom=Claim(kind=ClaimKind.FACT, text=_symptom(incident, kind, gist)),
        promise=None if promise is None else _fact(f"{promise.said} What breaks it: {promise.bad}."),
        impact=_impact(incident, kind),
        plane=plane,
        plane_name=named or reading.plane,
        facts=tuple(map(_fact, facts)),
        confidence=confidence,
        unknowns=tuple(Claim(kind=ClaimKind.UNKNOWN, text=text) for text in unknowns(incident, near_changes, gist)),
        last_time=_last_time(incident, past),
        helped=_helped(past),
        next_step=Claim(kind=ClaimKind.RECOMMENDATION, text=_next_step(incident, kind, suspect, suspects)),
    )


def suspected_change(near_changes: Sequence[Near]) -> Near | None:
    """The last change within an hour before onset, if any. Near is no proof."""
    return max(_suspects(near_changes), key=lambda one: one.seconds_from_onset, default=None)


def _suspects(near_changes: Sequence[Near]) -> list[Near]:
    return [one for one in near_changes if -SUSPECT_SECONDS <= one.seconds_from_onset <= 0]


def unknowns(incident: Incident, near_changes: Sequence[Near], gist: Gist) -> list[str]:
    """What the evidence cannot answer about *incident*, a sentence each."""
    said: list[str] = []
    match incident.resolution:
        case Resolution.SIGNAL_LOST:
            said.append("Whether it is over: we stopped hearing of it.")
        case Resolution.UNCONFIRMED:
            said.append("Whether it is over: the alert is gone, but nothing reported its end.")
        case Resolution.MAINTENANCE:
            said.append("Whether it is over: maintenance silenced the alert.")
        case Resolution.OPERATOR if incident.firing > 0:
            said.append(f"Whether it is over: {_alerts(incident.firing)} still fired when a person closed it.")
        case Resolution.SUPERSEDED:
            said.append(f"Whether it is over: INC-{incident.merged_into_id} says, which took it over.")
        case _ if incident.on_word_of:
            pass  # no alert cleared
        case _ if incident.firing == 0 and (incident.resolution or incident.quiet_since is not None):
            said.append("Whether it is fixed: a cleared alert is not proof.")
    if not any(one.seconds_from_onset <= 0 for one in near_changes):
        said.append("What changed: nothing is recorded before onset, which does not mean that nothing changed.")
    if gist.left_out:
        said.append(f"What {gist.left_out} further alerts say: the sender left them out of its delivery.")
    if gist.count(_FLAPPED):
        said.append("When it was clear in between: it cleared and fired again between two reports.")
    if names.SIGNAL in incident.labels:
        said.append("Whether users succeed: nothing is heard that could tell.")
    elif incident.slice is None and incident.labels.get("alertname") not in LOOP_ALERTS:
        spoke = "the alert belongs to none" if incident.declared_by is None else "whoever opened it named none"
        said.append(f"Which promise to users it breaks: {spoke}.")
    return said


def _fact(text: str) -> Claim:
    return Claim(kind=ClaimKind.FACT, text=text)


def _symptom(incident: Incident, kind: Kind, gist: Gist) -> str:
    summary = _quote(incident.annotations.get(names.SUMMARY, ""))
    if summary:
        return summary
    if incident.declared_by is not None:
        because = _quote(gist.opened_because)
        return f"{_quote(incident.title)}." + (f" “{because}”" if because else "")
    if kind is Kind.TARGET_GONE:
        return f"{incident.service}: nothing of {_quote(incident.labels.get(names.TARGET, '')) or 'it'} is reached."
    if kind is Kind.METRIC_GONE:
        return f"{incident.service}: {incident.slice} is not measured any more."
    if kind is Kind.DIAGNOSTIC:
        return f"{incident.service}: {incident.slice} is worth a look."
    if incident.slice is not None:
        return f"{incident.service}: the objective {incident.slice} is not held."
    return f"{incident.service}: alert {_quote(incident.labels.get('alertname', '')) or 'without a name'} fires."


def _impact(incident: Incident, kind: Kind) -> Claim:
    told = incident.annotations.get(names.DESCRIPTION, "")
    said = _quote(told.partition(names.WORKBENCH_POINTER)[0])  # it points here
    if said:
        return _fact(f"The alert said: {said}")
    reading = READINGS[kind]
    return Claim(kind=ClaimKind.FACT if reading.known else ClaimKind.UNKNOWN, text=reading.hurt)


def _plane(
    kind: Kind, named: str | None, suspect: Near | None, beside: Sequence[Incident]
) -> tuple[Claim, Confidence | None]:
    """Where the fault may lie, and how far the facts carry that: what points the same way adds up, never to high."""
    usual = READINGS[kind].plane
    where = ""
    if named:
        where = f"What is promised names the {named} as where it usually fails."
    elif usual == SIGNAL_PLANE:
        where = "What tells of the service failed; whether the service did is not known."
    elif usual:
        where = f"Trouble of this kind usually lies with the {usual}."
    shared = [one for one in beside if named and _named(one) == named]
    if suspect is not None:
        strong = suspect.seconds_from_onset >= -STRONG_SUSPECT_SECONDS
        said = f"{_change(suspect)} may have caused it: it came {distance_words(suspect.seconds_from_onset)} onset."
        text = f"{said} {where}".strip()
        return Claim(kind=ClaimKind.HYPOTHESIS, text=text), Confidence.MEDIUM if strong else Confidence.LOW
    if where:
        confidence = Confidence.MEDIUM if shared else Confidence.LOW
        also = f" {shared[0].ref} began about then, and names it too." if shared else ""
        return Claim(kind=ClaimKind.HYPOTHESIS, text=where + also), confidence
    return Claim(kind=ClaimKind.UNKNOWN, text="Nothing points to one part of the system yet."), None


def _named(incident: Incident) -> str | None:
    """Where its slice says that the fault may lie. The application is what a slice says that names nothing."""
    said = _quote(incident.annotations.get(names.FAULT_PLANE, ""))
    return said if said not in {"", FaultPlane.APPLICATION.value} else None


def _facts(
    incident: Incident,
    near_changes: Sequence[Near],
    alerts: Alerts,
    gist: Gist,
    beside: Sequence[Incident],
) -> list[str]:
    said = [_firing(incident)]
    group = {name: value for name, value in incident.labels.items() if name not in _NO_GROUP}
    if group:
        said.append(f"Only where {', '.join(f'{_quote(name)} is {_quote(value)}' for name, value in group.items())}.")
    before = [one for one in near_changes if one.seconds_from_onset <= 0]
    during = [one for one in near_changes if one.seconds_from_onset > 0]
    said += [f"{_change(one)} came {distance_words(one.seconds_from_onset)} onset." for one in before[-1:]]
    said += [f"{_change(one)} came {distance_words(one.seconds_from_onset)} onset." for one in during[-1:]]
    if beside:
        others = ", ".join(one.ref for one in beside[:MOST_BESIDE])
        others += " and more" if len(beside) > MOST_BESIDE else ""
        many = f"More than {MOST_COUNTED_BESIDE}" if len(beside) > MOST_COUNTED_BESIDE else f"{len(beside)}"
        said.append(f"{many} other {'incident' if len(beside) == 1 else 'incidents'} began about then: {others}.")
    said += _peak(incident, gist)
    if incident.refired_count:
        times = "once" if incident.refired_count == 1 else f"{incident.refired_count} times"
        said.append(f"It fired again {times}, last at {_at(incident, incident.last_fired_at)}.")
    if alerts.distinct > 1:
        said.append(f"{alerts.distinct} alerts spoke of it, in {len(alerts.firings)} episodes.")
    return said[:MAX_FACTS]


def _firing(incident: Incident) -> str:
    if incident.firing:
        return f"{_alerts(incident.firing).capitalize()} firing since {_at(incident, incident.last_fired_at)}."
    if incident.quiet_since is not None:
        return f"Not reported any more since {_at(incident, incident.quiet_since)}."
    return f"{_quote(incident.declared_by or 'A person')} says so; no alert speaks of it."


def _peak(incident: Incident, gist: Gist) -> list[str]:
    """The worst that was measured."""
    peaks = [(one.peak[1], one.peak[0], one.unit) for one in gist.series if one.peak is not None]
    if not peaks:
        return []
    value, when, unit = max(peaks, key=lambda each: (each[0], each[1]))
    return [f"At its worst it was {value_words(unit, value)}, at {_at(incident, when)}."]


def _last_time(incident: Incident, past: Past) -> Claim:
    said = last_time(incident, past)
    if said is not None:
        return _fact(said)
    return Claim(kind=ClaimKind.UNKNOWN, text="No earlier incident of the same trouble is known.")


def _helped(past: Past) -> Claim | None:
    if past.last is None:
        return None
    said = what_helped(past)
    return _fact(said) if said else Claim(kind=ClaimKind.UNKNOWN, text="Nobody wrote down what helped.")


def _next_step(incident: Incident, kind: Kind, suspect: Near | None, suspects: Sequence[Near]) -> str:
    step = READINGS[kind].step
    if incident.state is IncidentState.RESOLVED:
        return "Try it once yourself, the way a user would, and write down what helped."
    if incident.firing == 0 and incident.quiet_since is None:
        return READINGS[Kind.DECLARED].step
    if incident.firing == 0:
        return "Try it yourself, the way a user would. If it works, wait: the incident closes when it stays quiet."
    if READINGS[kind].plane == SIGNAL_PLANE:
        return step
    if suspect is not None:
        said = f"Compare onset with {_change(suspect)}. If it fits, {IF_IT_FITS[suspect.change.kind]}."
        migrated = any(one.change.kind is ChangeKind.MIGRATION for one in suspects)
        return f"{said} {MIGRATED}" if migrated and suspect.change.kind is ChangeKind.DEPLOY else said
    if incident.runbook or incident.annotations.get(names.RUNBOOK):
        return f"{step} Then follow the runbook, first step first, one thing at a time; mark what you change."
    return step


def _change(near: Near) -> str:
    return _quote(change_words(near.change))


def _alerts(count: int) -> str:
    return "1 alert" if count == 1 else f"{count} alerts"


def _at(incident: Incident, at: datetime) -> str:
    return instant_words(at, beside=incident.started_at)


def _quote(text: str) -> str:
    return clean(" ".join(text.split()), MAX_QUOTE_CHARACTERS)
