"""What every verb needs, in one value; and the one way in which a decision is written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from parapet.core.clock import Clock
from parapet.core.errors import NotFound
from parapet.core.ids import Ids
from parapet.core.types import PARAPET, Actor, ActorClass, IncidentId, JsonObject
from parapet.incidents.changes import Near, near
from parapet.incidents.firings import Alerts
from parapet.incidents.gist import Gist
from parapet.incidents.measured import moments
from parapet.incidents.model import Announcement, Decision, Entry, EntryKind, Incident, IncidentState, NewEntry
from parapet.incidents.policy import IncidentPolicy
from parapet.incidents.promise import Promise
from parapet.incidents.triage import triage
from parapet.incidents.words import words_of
from parapet.lessons.retrospective import compose, to_json
from parapet.notify.channel import Channel, channel_name
from parapet.notify.message import Message, compose_message
from parapet.ops.calling import Caller, Moved
from parapet.response.escalating import begin, follow, hand_over
from parapet.response.maintenance import PlannedMaintenance, until
from parapet.response.pace import Pace
from parapet.response.roster import Roster
from parapet.response.runbook import Runbook, runbooks_for, subject_of
from parapet.store.outbox import Notification
from parapet.store.store import Store, Transaction

MOST_WINDOWS_IN_A_ROW = 50
OPENINGS = frozenset({EntryKind.OPENED, EntryKind.DECLARED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The evidence of one service, and how it is kept.

    Raises:
        ConfigurationError: a channel has no name, or too long a one.
    """

    store: Store
    clock: Clock
    ids: Ids
    policy: IncidentPolicy
    service: str
    channels: Mapping[str, Channel] = field(default_factory=dict)
    """Where announcements go, by name."""
    workbench_url: str = ""
    """Public address of the workbench, for links."""
    promises: Mapping[str, Promise] = field(default_factory=dict)
    """What the catalog says of each slice and diagnostic, by name."""
    runbooks: Mapping[str, Runbook] = field(default_factory=dict)
    """By name: those of one incident are in force for it from when it opens."""
    journeys: Mapping[str, str] = field(default_factory=dict)
    """The journey of each slice that speaks of one."""
    measures: bool = False
    """Whether there is a Prometheus to ask for the burn around an incident."""
    pace: Pace = field(default_factory=Pace)
    """How fast people are told."""
    roster: Roster = field(default_factory=Roster)
    """Who is called, if nobody takes an incident."""
    resting: Callable[[str, datetime], datetime | None] = field(default=lambda name, now: None)
    """Until when a slice is under maintenance that is so at that moment; None: it is not."""

    def __post_init__(self) -> None:
        for name in self.channels:
            channel_name(name)
        self.roster.check_channels(self.channels)

    def write_down(
        self, tx: Transaction, decision: Decision, *, actor: Actor, verb: str, now: datetime, reason: str | None = None
    ) -> Incident:
        """Keep what was decided, all of it in this transaction: state, entries, audit, announcements, retrospective.

        Raises:
            Conflict: somebody else changed the incident at the same moment.
        """
        incident = decision.incident
        if incident.id is None:
            incident = replace(incident, id=tx.incidents.add(incident))
        else:
            tx.incidents.save(incident)
        number = numbered(incident)
        if not decision.entries:
            return incident  # a repeat: counted, and nothing more to tell
        tx.entries.append(number, decision.entries, recorded_at=now)
        tx.words.add(number, words_of(incident, decision.entries))
        tx.audit.add(
            actor=actor,
            verb=verb,
            target=incident.ref,
            outcome="done",
            now=now,
            reason=reason,
            details=_details(incident, decision),
        )
        self._follow_up(tx, [(incident, decision)], now)
        return incident

    def write_down_all(
        self, tx: Transaction, decisions: Sequence[Decision], *, actor: Actor, verb: str, now: datetime
    ) -> dict[str, Incident]:
        """The same for many decisions, each about another incident; those that open one share their statements.

        The incidents, by key.

        Raises:
            Conflict: somebody else changed one of them at the same moment.
        """
        new = [one for one in decisions if one.incident.id is None and one.entries]
        numbers = tx.incidents.add_all([one.incident for one in new])
        opened = [(replace(one.incident, id=number), one) for number, one in zip(numbers, new, strict=True)]
        tx.entries.begin({numbered(it): one.entries for it, one in opened}, recorded_at=now)
        tx.words.begin({numbered(it): words_of(it, one.entries) for it, one in opened})
        tx.audit.add_done({it.ref: _details(it, one) for it, one in opened}, actor=actor, verb=verb, now=now)
        self._follow_up(tx, opened, now)
        kept = {it.key: it for it, _ in opened}
        for one in decisions:
            if one.incident.key not in kept:
                kept[one.incident.key] = self.write_down(tx, one, actor=actor, verb=verb, now=now)
        return kept

    def _follow_up(self, tx: Transaction, written: Sequence[tuple[Incident, Decision]], now: datetime) -> None:
        """What is to be done about decisions that were written down: measure, and tell people."""
        if self.measures:
            ours = [(it, one) for it, one in written if it.slice is not None and it.service == self.service]
            wanted = [(numbered(it), it.version, moment) for it, one in ours for moment in moments(one.entries)]
            tx.measurements.want(wanted, now=now)
        if self.runbooks:
            opened = {numbered(it): self.runbooks_for(it, one.entries) for it, one in written if _opens(one)}
            tx.runbooks.put_in_force(opened, now=now)
        for incident, decision in written:
            if decision.announce is not None:
                self._announce(tx, incident, decision, decision.announce, now)
            self._escalate(tx, incident, decision, now)

    def maintenance_until(
        self, incident: Incident, planned: Sequence[PlannedMaintenance], now: datetime
    ) -> datetime | None:
        """Until when what *incident* is about is under maintenance, by the code or as *planned*; None: it is not."""
        if not incident.slice or incident.service != self.service:
            return None
        return self.rests_until(incident.slice, planned, now)

    def rested(self, tx: Transaction, incident: Incident) -> bool:
        """Whether what *incident* is about was under maintenance when its last alert ended."""
        ended = incident.quiet_since
        if ended is None:
            return False
        return self.maintenance_until(incident, tx.maintenances.covering(self.service, ended), ended) is not None

    def rests_until(self, name: str, planned: Sequence[PlannedMaintenance], now: datetime) -> datetime | None:
        """When what goes on at *now* for a slice is over, windows that follow each other taken together."""
        end: datetime | None = None
        for _ in range(MOST_WINDOWS_IN_A_ROW):
            ends = [self.resting(name, end or now), until(planned, name, end or now)]
            if not any(ends):
                break
            end = max(one for one in ends if one is not None)
        return end

    def write_moves(self, tx: Transaction, moved: Sequence[Moved], *, now: datetime, actor: Actor = PARAPET) -> None:
        """Keep what escalations decided: how they stand, whom they call, and why, in this transaction.

        Raises:
            Conflict: somebody else moved one of them at the same moment.
        """
        near = self._near_each(tx, [one.incident for one in moved if one.move.called is not None], now=now)

        def compose(incident: Incident, announcement: Announcement, text: str) -> Message:
            return self._message(incident, announcement, near[numbered(incident)], now, text)

        Caller(self.roster, self.channels, self.ids).write(tx, moved, now=now, compose=compose, actor=actor)

    def _escalate(self, tx: Transaction, incident: Incident, decision: Decision, now: datetime) -> None:
        """What the decision means for calling people: it begins, stops or ends in the same commit."""
        begun = decision.incident.id is None
        kept = None if begun else tx.escalations.of(numbered(incident))
        given = next((one for one in decision.entries if one.kind is EntryKind.HANDED_OVER), None)
        if kept is None:
            move = begin(self.roster.policies, incident, now)
        elif given is not None:
            move = hand_over(kept.escalation, incident, now, who=given.actor.name)
        else:
            by_hand = any(entry.actor.kind is ActorClass.OPERATOR for entry in decision.entries)
            move = follow(kept.escalation, incident, now, touched=by_hand)
        if move is not None and kept is None and given is not None:
            move = hand_over(move.escalation, incident, now, who=given.actor.name)
        if move is not None:
            moved = Moved(incident=incident, number=numbered(incident), kept=kept, move=move)
            self.write_moves(tx, [moved], now=now)

    def runbooks_for(self, incident: Incident, entries: Sequence[NewEntry | Entry]) -> tuple[Runbook, ...]:
        """The runbooks that belong to *incident* now; *entries* name the alerts that opened it."""
        alerts = [name for entry in entries for name in _alert_names(entry.payload)]
        journey = self.journeys.get(incident.slice or "") if incident.service == self.service else None
        return runbooks_for(subject_of(incident, journey=journey, alerts=alerts), self.runbooks.values())

    def compose_retrospective(self, tx: Transaction, incident: Incident, *, now: datetime) -> None:
        """Compose and keep the retrospective of a resolved incident, in this transaction.

        Its episodes must have been saved before.
        """
        number = numbered(incident)
        if incident.state is IncidentState.RESOLVED:
            entries, episodes = tx.entries.of(number), tx.episodes.of(number)
            made = compose(incident, entries, self.near_changes(tx, incident, now=now), episodes, now=now)
            tx.retrospectives.keep(number, incident.version, to_json(made), now=now)

    def near_changes(self, tx: Transaction, incident: Incident, *, now: datetime) -> tuple[Near, ...]:
        """The changes near an incident, oldest first."""
        return self._near_each(tx, [incident], now=now)[numbered(incident)]

    def _near_each(
        self, tx: Transaction, incidents: Sequence[Incident], *, now: datetime
    ) -> dict[IncidentId, tuple[Near, ...]]:
        """The same for many that began about the same time: one look for each service."""
        found: dict[IncidentId, tuple[Near, ...]] = {}
        for service in sorted({one.service for one in incidents}):
            ours = [one for one in incidents if one.service == service]
            start = min(one.started_at for one in ours) - timedelta(seconds=self.policy.change_lookback_seconds)
            end = max(one.resolved_at or now for one in ours) + timedelta(seconds=self.policy.change_lookahead_seconds)
            changes = tx.changes.between(service, start, max(start, end))
            found |= {numbered(one): near(one, changes, policy=self.policy, now=now) for one in ours}
        return found

    def _announce(
        self, tx: Transaction, incident: Incident, decision: Decision, announcement: Announcement, now: datetime
    ) -> None:
        if not self.channels:
            return
        about = next((one.payload for one in decision.entries if "capability" in one.payload), None)
        near_changes = self.near_changes(tx, incident, now=now)
        message = self._message(incident, announcement, near_changes, now, about=about)
        tx.outbox.add_all(
            [
                Notification(
                    id=self.ids.new(),
                    dedupe_key=f"{incident.ref}/{incident.version}/{announcement.value}/{channel}",
                    incident_id=numbered(incident),
                    channel=channel,
                    announcement=announcement,
                    message=message.document(),
                    created_at=now,
                    due_at=now,
                )
                for channel in self.channels
            ]
        )

    def _message(
        self,
        incident: Incident,
        announcement: Announcement,
        near_changes: tuple[Near, ...],
        now: datetime,
        text: str | None = None,
        about: JsonObject | None = None,
    ) -> Message:
        promise = self.promises.get(incident.slice or "") if incident.service == self.service else None
        return compose_message(
            incident,
            announcement,
            near_changes,
            triage(incident, near_changes, Alerts(), Gist(), promise=promise),
            now=now,
            workbench_url=self.workbench_url,
            text=text,
            about=about,
        )


def _opens(decision: Decision) -> bool:
    return any(entry.kind in OPENINGS for entry in decision.entries)


def _alert_names(payload: JsonObject) -> list[str]:
    alerts = payload.get("alerts")
    named = [one.get("name") for one in alerts if isinstance(one, dict)] if isinstance(alerts, list) else []
    return [name for name in named if isinstance(name, str)]


def _details(incident: Incident, decision: Decision) -> JsonObject:
    return {"version": incident.version, "entries": [entry.kind.value for entry in decision.entries]}


def numbered(incident: Incident) -> IncidentId:
    """The number of an incident that was kept.

    Raises:
        ValueError: it was not.
    """
    if incident.id is None:
        raise ValueError("the incident was not kept yet")
    return incident.id


def existing(tx: Transaction, incident_id: IncidentId) -> Incident:
    """The incident of that number.

    Raises:
        NotFound: there is none.
    """
    incident = tx.incidents.get(incident_id)
    if incident is None:
        raise NotFound(f"There is no incident INC-{incident_id}.")
    return incident
