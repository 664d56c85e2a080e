"""The less frequent verbs of an incident, each a form: severity, hand over, give up, merge, split, reopen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parapet.incidents.model import Episode, Incident, IncidentState
from parapet.web import text
from parapet.web.words import INCIDENT, SEVERITY, Word

MOST_ALERTS = 40
"""Shown to be split off; a form has only so many fields. The terminal takes any number."""
MOST_OTHERS = 50
LONGEST_LABELS = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertChoice:
    """One alert that could leave."""

    field: str
    fingerprint: str
    name: str
    labels: str
    firing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherIncident:
    """One that could take this one over."""

    number: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkView:
    """The whole page."""

    id: int
    ref: str
    title: str
    state: Word
    severity: Word
    over: bool
    refusal: str
    """Why the reader may not act; empty when they may."""
    version: int
    seen: int
    owner: str
    has_it: str
    """Who has it, in words."""
    people: tuple[str, ...]
    """Who can be called, by name."""
    calls: bool
    """Whether people are called for it."""
    other_severity: str
    """What the severity could be changed to."""
    others: tuple[OtherIncident, ...]
    alerts: tuple[AlertChoice, ...]
    alerts_left_out: int
    has_alerts: bool
    merged_into: int | None


def work_view(
    incident: Incident,
    episodes: Sequence[Episode],
    others: Sequence[Incident],
    *,
    seen: int,
    refusal: str | None,
    people: Sequence[str] = (),
    calls: bool = False,
) -> WorkView:
    """The forms for *incident*; *others* are open, and could take it over. *calls*: *people* are called for it."""
    latest = {one.fingerprint: one for one in sorted(episodes, key=lambda each: each.started_at)}
    alerts = sorted(latest.values(), key=lambda one: (one.ended_at is not None, one.started_at, one.fingerprint))
    return WorkView(
        id=int(incident.id or 0),
        ref=incident.ref,
        title=text.capped(incident.title, text.LONGEST_TITLE) or "Untitled alert",
        state=INCIDENT[incident.state],
        severity=SEVERITY[incident.severity],
        over=incident.state is IncidentState.RESOLVED,
        refusal=refusal or "",
        version=incident.version,
        seen=seen,
        owner=text.capped(incident.owner or "", 60),
        has_it=text.who_has(incident) if incident.owner else "Nobody has it",
        people=tuple(text.capped(one, 60) for one in people if one != incident.owner),
        calls=calls,
        other_severity="ticket" if incident.severity.value == "page" else "page",
        others=tuple(_other(one) for one in others if one.id != incident.id)[:MOST_OTHERS],
        alerts=tuple(_choice(place, one) for place, one in enumerate(alerts[:MOST_ALERTS])) if len(alerts) > 1 else (),
        has_alerts=bool(latest),
        alerts_left_out=max(0, len(alerts) - MOST_ALERTS),
        merged_into=None if incident.merged_into_id is None else int(incident.merged_into_id),
    )


def _other(incident: Incident) -> OtherIncident:
    words = f"{incident.ref}, {incident.severity.value}: {text.capped(incident.title, 80)}"
    return OtherIncident(number=int(incident.id or 0), words=words)


def _choice(place: int, episode: Episode) -> AlertChoice:
    labels = ", ".join(f"{name} {value}" for name, value in sorted(episode.labels.items()) if name != "alertname")
    return AlertChoice(
        field=f"alert{place}",
        fingerprint=episode.fingerprint,
        name=text.capped(episode.labels.get("alertname", "Alert"), 80) or "Alert",
        labels=text.capped(labels, LONGEST_LABELS),
        firing=episode.ended_at is None,
    )
