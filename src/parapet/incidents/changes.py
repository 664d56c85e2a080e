"""Which changes lie near an incident, and how far from its onset. Nearness is no proof of cause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from parapet.incidents.durations import duration_words
from parapet.incidents.model import Change, ChangeKind, Incident
from parapet.incidents.policy import IncidentPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A change near an incident. Seconds are negative before, positive after."""

    change: Change
    seconds_from_onset: float
    seconds_from_last_firing: float | None = None
    """Distance to when it last fired again; None while it never did."""


def near(incident: Incident, changes: Iterable[Change], *, policy: IncidentPolicy, now: datetime) -> tuple[Near, ...]:
    """Those of *changes* that lie near *incident*, oldest first.

    Near is from the look-back before onset to the look-ahead after its end (or after *now*, while it is open), for
    changes of the same service, and provider incidents of any service.
    """
    end = max(incident.resolved_at or now, incident.started_at)
    found: list[Near] = []
    for change in changes:
        from_onset = (change.occurred_at - incident.started_at).total_seconds()
        after_end = (change.occurred_at - end).total_seconds()
        ours = change.service == incident.service or change.kind is ChangeKind.PROVIDER
        if ours and -policy.change_lookback_seconds <= from_onset and after_end <= policy.change_lookahead_seconds:
            fired_again = incident.refired_count > 0
            from_firing = (change.occurred_at - incident.last_fired_at).total_seconds() if fired_again else None
            found.append(Near(change=change, seconds_from_onset=from_onset, seconds_from_last_firing=from_firing))
    return tuple(sorted(found, key=lambda one: (one.change.occurred_at, one.change.id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A change, and the incidents that it lies near."""

    change: Change
    near: tuple[tuple[Incident, float], ...]
    """Each with the seconds of the change from its onset: negative before, positive after."""


def told_of(change: Change, incidents: Iterable[Incident], *, policy: IncidentPolicy, now: datetime) -> Told:
    """*change* with those of *incidents* that it lies near, in the order given."""
    held = [(one, near(one, (change,), policy=policy, now=now)) for one in incidents]
    return Told(change=change, near=tuple((one, it[0].seconds_from_onset) for one, it in held if it))


def change_words(change: Change) -> str:
    """*change* as a sentence names it: Deploy 1.8.2; what somebody wrote stands in quotes."""
    return change.title if change.kind in {ChangeKind.DEPLOY, ChangeKind.ROLLBACK} else f"“{change.title}”"


def distance_words(seconds: float) -> str:
    """*seconds* from a moment, in words: '4 min before', '33 s after', 'at the same second'."""
    if abs(seconds) < 0.5:
        return "at the same second"
    return f"{duration_words(abs(seconds))} {'before' if seconds < 0 else 'after'}"
