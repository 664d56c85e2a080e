"""The strip: the first thing on an incident. Is it still happening, who has it, what happens next by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from parapet.incidents.model import Incident, IncidentState, Severity
from parapet.incidents.policy import IncidentPolicy
from parapet.web import text
from parapet.web.words import INCIDENT, RESOLUTION, SEVERITY, Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """One short truth with its icon."""

    icon: str
    strong: str
    words: str = ""
    """Follows at once: it brings its own comma or space."""
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """State, severity and title; then what is true now."""

    state: Word
    severity: Word
    title: str
    tone: str
    meta: tuple[Meta, ...]
    button: str
    """acknowledge, resolve or retrospective; empty when the reader may not act."""


def strip(incident: Incident, policy: IncidentPolicy, *, may_act: bool, now: datetime) -> Strip:
    """The strip of *incident*."""
    resolved = incident.state is IncidentState.RESOLVED
    loud = "page" if incident.severity is Severity.PAGE else "ticket"
    severity = SEVERITY[incident.severity]
    return Strip(
        state=INCIDENT[incident.state],
        severity=severity,
        title=text.capped(incident.title, text.LONGEST_TITLE) or "Untitled alert",
        tone="good" if resolved else loud,
        meta=_over(incident, now) if resolved else _going_on(incident, policy, loud, now),
        button="retrospective"
        if resolved
        else ""
        if not may_act
        else "acknowledge"
        if incident.state is IncidentState.OPEN
        else "resolve",
    )


def _going_on(incident: Incident, policy: IncidentPolicy, loud: str, now: datetime) -> tuple[Meta, ...]:
    if incident.firing:
        again = "Firing again for" if incident.refired_count else "Firing for"
        first = Meta(
            icon="burn",
            strong=f"{again} {text.between(incident.last_fired_at, now)}",
            words=f", {text.several(incident.firing, 'alert')}",
            tone=loud,
        )
    elif incident.quiet_since is None:
        first = Meta(icon="bell", strong="No alert speaks of it")
    else:
        words = f" for {text.between(incident.quiet_since, now)}"
        first = Meta(icon="bell", strong="Not reported any more", words=words)
    heard = Meta(icon="live", strong="", words=f"Last heard {text.between(incident.last_heard_at, now)} ago")
    if incident.on_word_of:
        heard = Meta(icon="note", strong="", words=f"Opened by {text.capped(incident.on_word_of, 60)}")
    elif incident.signal_stale_since is not None:
        since = text.stamp(incident.signal_stale_since, now)
        heard = Meta(icon="stale", strong=f"Signal stale since {since}", tone="stale")
    urgent = loud if incident.severity is Severity.PAGE else ""
    if incident.awaited:
        whom = text.capped(incident.awaited, 60)
        owner = Meta(icon="person", strong=f"Waits for {whom}", words=" to acknowledge it", tone=urgent)
    elif incident.owner:
        since = f", acknowledged {text.stamp(incident.acknowledged_at, now)}" if incident.acknowledged_at else ""
        owner = Meta(icon="person", strong="", words=f"{text.capped(incident.owner, 60)} has it{since}")
    else:
        owner = Meta(icon="person", strong="Nobody has it", tone=urgent)
    return (first, heard, owner, Meta(icon="clock", strong="", words=next_step(incident, policy, now)))


def _over(incident: Incident, now: datetime) -> tuple[Meta, ...]:
    end = incident.resolved_at or incident.last_heard_at
    word = RESOLUTION[incident.resolution] if incident.resolution else INCIDENT[incident.state]
    owner = text.capped(incident.owner, 60) if incident.owner else ""
    acknowledged = f", acknowledged {text.stamp(incident.acknowledged_at, now)}" if incident.acknowledged_at else ""
    still = (
        (Meta(icon="burn", strong=f"Still firing, {text.several(incident.firing, 'alert')}", tone="ticket"),)
        if incident.firing
        else ()
    )
    return (
        Meta(icon=word.icon, strong=word.text, words=f" {text.stamp(end, now)}", tone=word.tone),
        *still,
        Meta(icon="clock", strong="", words=f"Lasted {text.between(incident.started_at, end)}"),
        Meta(icon="person", strong="", words=f"{owner} had it{acknowledged}" if owner else "Nobody took it"),
        *(
            ()
            if incident.on_word_of
            else (Meta(icon="live", strong="", words=f"Last heard {text.between(incident.last_heard_at, now)} ago"),)
        ),
    )


def next_step(incident: Incident, policy: IncidentPolicy, now: datetime) -> str:
    """What happens next by itself."""
    wait = policy.quiet_needed_seconds(incident.refired_count)
    if incident.declared_by is not None or (not incident.firing and incident.quiet_since is None):
        return "A person opened it, so a person closes it"
    if incident.signal_stale_since is not None:
        return "Waits until alerts are heard again: quiet says nothing now"
    if incident.firing or incident.quiet_since is None:
        return f"Closes by itself after {text.span(wait)} of quiet"
    due = incident.quiet_since + timedelta(seconds=wait)
    if due <= now:
        return "Closes with the worker's next round"
    return f"Closes in {text.between(now, due)} if it stays quiet"
