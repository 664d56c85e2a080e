"""What Alertmanager lists now, against what we think fires: absences, silences, and alerts we never heard of.

Not listed is not resolved: an alert must be missed at two looks, and then its end is *unconfirmed*. Whoever could not
be asked has said nothing: while one is silent, nothing is missed. Pure; who asks, and when, is in `ops.reconcile`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from parapet.core.types import Actor, ActorClass, JsonObject
from parapet.incidents.effect import severity_of_now
from parapet.incidents.episodes import StepKind
from parapet.incidents.listing import Listed, Silence
from parapet.incidents.model import Decision, EntryKind, Episode, Incident, IncidentState, NewEntry
from parapet.incidents.news import News, quoted
from parapet.incidents.policy import IncidentPolicy

LISTED_BY = Actor(kind=ActorClass.EXTERNAL, name="alertmanager")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look at an incident's open episodes changed."""

    episodes: tuple[Episode, ...]
    """Those that changed."""
    decision: Decision | None
    """None: nothing to write down."""


def compare(
    incident: Incident,
    open_episodes: Sequence[Episode],
    listed: Mapping[str, Listed],
    silences: Mapping[str, Silence],
    *,
    now: datetime,
    policy: IncidentPolicy,
    everybody: bool = True,
) -> Look:
    """The open episodes of *incident* that were asked about, against what is *listed* now, by fingerprint.

    *everybody*: all peers answered; one that did not may be the one that lists what the others do not.

    *incident* is whose they are, resolved or not; episodes of other sources stay out of *open_episodes*, and count as
    firing through `incident.firing`.
    """
    after = [_looked_at(one, listed.get(one.fingerprint), now, policy, everybody) for one in open_episodes]
    lost = [one for one in after if one.ended_at is not None]
    changed = tuple(one for one, before in zip(after, open_episodes, strict=True) if one != before)
    entries = _silenced(open_episodes, after, silences, now)
    if not lost and not entries:
        return Look(episodes=changed, decision=None)
    firing = [one for one in after if one.ended_at is None]
    left = max(incident.firing - len(lost), 0)
    moved = replace(incident, firing=left, version=incident.version + 1)
    if lost and incident.state is not IncidentState.RESOLVED:
        quiet_since = max(one.ended_at for one in lost if one.ended_at is not None)
        moved = replace(
            moved,
            severity=severity_of_now(incident, firing) if left == len(firing) else incident.severity,
            quiet_since=None if left else max(quiet_since, incident.last_ended_at or quiet_since),
            ends_unconfirmed=not left,
        )
    if lost:
        news = [News(kind=StepKind.ENDED, episode=one) for one in lost]
        said: JsonObject = {**quoted(news), "firing": left, "seconds": policy.absence_seconds}
        entries.append(NewEntry(kind=EntryKind.LOST, occurred_at=now, actor=LISTED_BY, payload=said))
    return Look(episodes=changed, decision=Decision(incident=moved, entries=tuple(entries)))


def stale(incident: Incident, *, heard_at: datetime, now: datetime, policy: IncidentPolicy) -> Decision | None:
    """Say on *incident* that we stopped hearing, or hear again; *heard_at*: when the watchdog was last heard.

    None: there is nothing new to say.
    """
    silent = (now - heard_at).total_seconds() > policy.signal_stale_seconds
    if incident.state is IncidentState.RESOLVED or silent == (incident.signal_stale_since is not None):
        return None
    since = incident.signal_stale_since or heard_at
    kind = EntryKind.SIGNAL_STALE if silent else EntryKind.SIGNAL_BACK
    said: JsonObject = {
        "since": since.isoformat(),
        "seconds": max(0.0, ((now if silent else heard_at) - since).total_seconds()),
    }
    watchdog = Actor(kind=ActorClass.SYSTEM, name="watchdog")
    entry = NewEntry(kind=kind, occurred_at=heard_at, actor=watchdog, payload=said)
    marked = replace(incident, signal_stale_since=heard_at if silent else None, version=incident.version + 1)
    return Decision(incident=marked, entries=(entry,))


def _looked_at(
    episode: Episode, listed: Listed | None, now: datetime, policy: IncidentPolicy, everybody: bool
) -> Episode:
    if listed is not None:
        return replace(episode, absent_since=None, silenced_by=listed.silenced_by)
    if not everybody:
        return episode
    if episode.absent_since is None:
        return replace(episode, absent_since=now)
    if (now - episode.absent_since).total_seconds() < policy.absence_seconds:
        return episode
    return replace(episode, ended_at=max(episode.absent_since, episode.started_at), silenced_by=None)


def _silenced(
    before: Sequence[Episode], after: Sequence[Episode], silences: Mapping[str, Silence], now: datetime
) -> list[NewEntry]:
    begun: dict[str, list[Episode]] = {}
    over: dict[str, list[Episode]] = {}
    for was, is_now in zip(before, after, strict=True):
        if is_now.ended_at is not None or was.silenced_by == is_now.silenced_by:
            continue
        if is_now.silenced_by is not None:
            begun.setdefault(is_now.silenced_by, []).append(is_now)
        elif was.silenced_by is not None:
            over.setdefault(was.silenced_by, []).append(was)
    entries = []
    for number, episodes in begun.items():
        silence = silences.get(number)
        said: JsonObject = {"silence": number, "alert_count": len(episodes)}
        if silence is not None:
            said |= {"by": silence.created_by, "comment": silence.comment, "until": silence.ends_at.isoformat()}
        entries.append(NewEntry(kind=EntryKind.SILENCED, occurred_at=now, actor=LISTED_BY, payload=said))
    for number, episodes in over.items():
        said = {"silence": number, "alert_count": len(episodes)}
        entries.append(NewEntry(kind=EntryKind.SILENCE_ENDED, occurred_at=now, actor=LISTED_BY, payload=said))
    return entries
