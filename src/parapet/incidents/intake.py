"""One delivery against what is known: the net effect on episodes and incidents, applied once.

Reads and writes nothing; the caller loads what `needs` names and keeps what `take_in` returns, in one transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from parapet.core.types import IncidentId
from parapet.incidents.correlation import Correlation, correlate, severity_of
from parapet.incidents.effect import Situation, decide
from parapet.incidents.episodes import EpisodeStep, StepKind, follow
from parapet.incidents.model import Decision, Episode, Incident, IncidentState
from parapet.incidents.news import FIRED, News
from parapet.incidents.payload import AlertReport, Delivery
from parapet.incidents.policy import IncidentPolicy
from parapet.incidents.routing import Routes

_Group: TypeAlias = "IncidentId | str"
"""What is decided together: an incident's number, or the key of one that is not there yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What must be loaded before a delivery can be taken in."""

    ends_from: datetime | None
    """The earliest end that it reports; None: it reports none."""
    fingerprints: frozenset[str]
    """Every episode of these alerts, open or ended."""
    keys: frozenset[str]
    """Per key the unresolved incident, else the one resolved last; and every open episode of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known before a delivery: exactly what `needs` named."""

    episodes: tuple[Episode, ...] = ()
    """Also those that ended last of the incidents whose `last_ended_at` is not before `ends_from`."""
    incidents: Mapping[str, Incident] = field(default_factory=dict)
    """By key."""
    holders: Mapping[IncidentId, Incident] = field(default_factory=dict)
    """The incidents that open ones of *episodes* belong to, by number."""
    routes: Routes = field(default_factory=Routes)
    """What operators sent elsewhere, with every open episode of the incidents concerned among *episodes*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What a delivery changes."""

    episodes: tuple[Episode, ...]
    """New (id None) or changed. One whose incident is new has incident_id None and names it by key."""
    decisions: tuple[Decision, ...]
    """At most one per incident key. A new incident has id None."""
    relieved: tuple[Incident, ...] = ()
    """Resolved incidents of which an alert fires no more because it joined another one: their count, and no more."""


def needs(delivery: Delivery, *, service: str, policy: IncidentPolicy) -> Needs:
    """What to load before *delivery* is taken in; *service* stands in for alerts that name none."""
    return Needs(
        ends_from=min((one.ended_at for one in delivery.reports if one.ended_at is not None), default=None),
        fingerprints=frozenset(report.fingerprint for report in delivery.reports),
        keys=frozenset(_meaning(report, service, policy).key for report in delivery.reports),
    )


def take_in(
    delivery: Delivery,
    known: Known,
    *,
    source: str,
    service: str,
    received_at: datetime,
    policy: IncidentPolicy,
    received_as: int | None = None,
) -> Intake:
    """The net effect of *delivery*, received at *received_at* from *source*, on what is *known*.

    *received_as*: its number in the inbox, by which reports are ordered where the clocks of nodes disagree.

    The order of the alerts within the delivery does not matter. An alert that is absent from it is not touched.
    """
    desk = _Desk(known.episodes)
    steps: dict[_Group, list[tuple[EpisodeStep, bool]]] = {}
    meanings: dict[_Group, Correlation] = {}
    incidents: dict[_Group, Incident | None] = {}
    placed: dict[int | None, _Group] = {}

    def home(episode: Episode, *, joins: bool) -> _Group:
        held = known.holders.get(episode.incident_id) if episode.incident_id is not None else None
        if held is None or (joins and held.state is IncidentState.RESOLVED):
            sent = known.routes.target(
                source=episode.source,
                fingerprint=episode.fingerprint,
                key=episode.key,
                received_at=received_at,
                policy=policy,
            )
            held = sent or known.incidents.get(episode.key)
        group: _Group = episode.key if held is None or held.id is None else held.id
        incidents.setdefault(group, held)
        return group

    for report in delivery.reports:
        meaning = _meaning(report, service, policy)
        step = desk.keep(
            follow(
                desk.of(source, report.fingerprint),
                report,
                source=source,
                key=meaning.key,
                severity=severity_of(report.labels),
                received_at=received_at,
                policy=policy,
                received_as=received_as,
                listed=delivery.listed,
            )
        )
        before = (*step.beside, step.episode)[0]  # a flap that nobody saw is of the incident that its firing was of
        whose = replace(before, key=meaning.key)
        held = known.holders.get(before.incident_id) if before.incident_id is not None else None
        # A whole firing after a person closed what fired before: nobody knew of it.
        unheard = step.kind is StepKind.ENDED and bool(step.beside) and _is_over(held)
        group = placed[step.episode.id] = home(whose, joins=unheard or step.kind in FIRED)
        meanings.setdefault(group, meaning)
        steps.setdefault(group, []).append((step, unheard or step.kind is StepKind.PASSED))
    decisions = []
    firing: dict[_Group, list[Episode]] = {}
    over = desk.over()
    for episode in desk.open():
        group = placed[episode.id] if episode.id in placed else home(episode, joins=False)
        firing.setdefault(group, []).append(episode)
    for group, meaning in meanings.items():
        situation = Situation(
            correlation=meaning,
            incident=incidents[group],
            news=[_news(step, belated, desk) for step, belated in steps[group]],
            firing=firing.get(group, ()),
            over=over.get(group, ()),
            source=source,
            received_at=received_at,
            truncated=delivery.truncated,
            policy=policy,
        )
        decision = decide(situation)
        if decision is not None:
            decisions.append(decision)
            desk.attach(situation, decision)
    decided = {decision.incident.id for decision in decisions}
    moved = desk.moved()
    relieved = tuple(
        replace(one, firing=one.firing + moved[number])
        for number, one in known.holders.items()
        if moved[number] and number not in decided
    )
    return Intake(episodes=desk.changed(), decisions=tuple(decisions), relieved=relieved)


def _meaning(report: AlertReport, service: str, policy: IncidentPolicy) -> Correlation:
    return correlate(report.labels, service=service, routing=policy.routing_labels)


def _is_over(incident: Incident | None) -> bool:
    return incident is not None and incident.state is IncidentState.RESOLVED


def _news(step: EpisodeStep, belated: bool, desk: _Desk) -> News:
    beside = tuple(map(desk.now, step.beside))
    return News(kind=step.kind, episode=desk.now(step.episode), beside=beside, belated=belated)


class _Desk:
    """The episodes under work. New ones carry a negative number until they leave."""

    def __init__(self, known: tuple[Episode, ...]) -> None:
        self._before = {episode.id: episode for episode in known}
        self._episodes = dict(self._before)
        self._alerts: dict[tuple[str, str], list[int | None]] = {}
        for episode in known:
            self._alerts.setdefault((episode.source, episode.fingerprint), []).append(episode.id)
        self._new = 0

    def of(self, source: str, fingerprint: str) -> list[Episode]:
        return [self._episodes[number] for number in self._alerts.get((source, fingerprint), ())]

    def now(self, episode: Episode) -> Episode:
        return self._episodes[episode.id]

    def open(self) -> list[Episode]:
        """Every episode that has not ended."""
        return [episode for episode in self._episodes.values() if episode.ended_at is None]

    def over(self) -> Mapping[_Group, list[Episode]]:
        """The episodes that have ended, by the incident that they belong to."""
        found: dict[_Group, list[Episode]] = {}
        for episode in self._episodes.values():
            if episode.ended_at is not None and episode.incident_id is not None:
                found.setdefault(episode.incident_id, []).append(episode)
        return found

    def moved(self) -> Counter[IncidentId]:
        """How many more alerts fire, by incident, than before; fewer are less than nothing."""
        moved: Counter[IncidentId] = Counter()
        for number, episode in self._episodes.items():
            for one, step in ((self._before.get(number), -1), (episode, 1)):
                if one is not None and one.ended_at is None and one.incident_id is not None:
                    moved[one.incident_id] += step
        return moved

    def keep(self, step: EpisodeStep) -> EpisodeStep:
        beside = tuple(map(self._kept, step.beside))
        return EpisodeStep(kind=step.kind, episode=self._kept(step.episode), beside=beside)

    def _kept(self, episode: Episode) -> Episode:
        if episode.id is None:
            self._new -= 1
            episode = replace(episode, id=self._new)
            self._alerts.setdefault((episode.source, episode.fingerprint), []).append(episode.id)
        self._episodes[episode.id] = episode
        return episode

    def attach(self, situation: Situation, decision: Decision) -> None:
        """Name the incident on the episodes that now stand behind it."""
        incident = decision.incident
        joined = {one.episode.id for one in situation.news if one.fired}
        joined |= {each.id for one in situation.news for each in one.about if each.incident_id is None}
        joined |= {one.id for one in situation.firing if incident.id is not None or one.key == incident.key}
        for number in joined:
            if self._episodes[number].incident_id != incident.id:
                self._episodes[number] = replace(self._episodes[number], incident_id=incident.id)

    def changed(self) -> tuple[Episode, ...]:
        return tuple(
            replace(episode, id=None) if number is not None and number < 0 else episode
            for number, episode in self._episodes.items()
            if self._before.get(number) != episode
        )
