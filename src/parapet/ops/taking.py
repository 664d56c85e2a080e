"""What stored bodies mean for episodes and incidents, in one transaction: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from parapet.core import names
from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.incidents.intake import Known, Needs, needs, take_in
from parapet.incidents.model import Episode, Incident
from parapet.incidents.payload import AlertReport, Delivery
from parapet.incidents.routing import alert_route
from parapet.incidents.sources import Source, name_of
from parapet.ops.context import Context
from parapet.store.inbox import InboxState, Received
from parapet.store.store import Transaction

WATCHDOG = "watchdog"
TEST_PREFIX = "test/"
"""Before the key of a test alert, among the signs of life."""
LONGEST_KEY = 100
SIGNS = frozenset({names.ALERT_WATCHDOG, names.ALERT_TEST})
"""Alerts that say nothing but that alerts arrive."""
"""The heartbeat of the whole way from Prometheus to us."""


class Taking:
    """Applies deliveries to one service's evidence."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def take_in(self, together: Sequence[tuple[Received, Delivery]]) -> dict[int, tuple[IncidentId, ...]]:
        """Take in bodies of one sender and one moment, no alert twice, as if they were one body.

        Per inbox number, the incidents that its alerts belong to; those that somebody else took in are left out.

        Raises:
            EvidenceError: it could not be written; nothing of it was.
        """
        return self._context.store.transact(lambda tx: self._apply(tx, together))

    def _apply(
        self, tx: Transaction, together: Sequence[tuple[Received, Delivery]]
    ) -> dict[int, tuple[IncidentId, ...]]:
        now = self._context.clock.now()
        mine = tx.inbox.finish([one.id for one, _ in together], InboxState.DONE, now=now)
        ours = [(one, delivery) for one, delivery in together if one.id in mine]
        if not ours:
            return {}  # somebody else took them in
        first, _ = ours[0]
        if first.source == Source.ALERTMANAGER:
            ours = [(one, self._without_signs(tx, one, delivery)) for one, delivery in ours]
        source = name_of(first.source, ours[0][1])
        merged = replace(
            ours[0][1],
            reports=tuple(report for _, delivery in ours for report in delivery.reports),
            truncated=sum(delivery.truncated for _, delivery in ours),
        )
        homes = self._take_in(tx, source, first, now, merged)
        return {one.id: _of(delivery, homes) for one, delivery in ours}

    def _take_in(
        self, tx: Transaction, source: str, first: Received, now: datetime, delivery: Delivery
    ) -> Mapping[str, IncidentId]:
        """The incident of every alert that belongs to one now, by fingerprint."""
        context = self._context
        wanted = needs(delivery, service=context.service, policy=context.policy)
        alerts = {alert_route(source, fingerprint) for fingerprint in wanted.fingerprints}
        before = tx.routes.all()
        tx.take_turns(wanted.keys | before.keys_of(before.concerned(wanted.keys, alerts)))
        routes = tx.routes.all()  # somebody may have merged or split while we waited for our turn
        concerned = routes.concerned(wanted.keys, alerts)
        episodes = tx.episodes.known(source, wanted.fingerprints, wanted.keys, concerned)
        incidents = tx.incidents.latest(wanted.keys | routes.keys_of(concerned))
        episodes += tx.episodes.ended_last(_ended_later(wanted, incidents.values()), without=episodes)
        known = Known(
            episodes=episodes, incidents=incidents, holders=_holders(tx, episodes, incidents.values()), routes=routes
        )
        intake = take_in(
            delivery,
            known,
            source=source,
            service=context.service,
            received_at=first.received_at,
            policy=context.policy,
            received_as=first.id,
        )
        actor = Actor(kind=ActorClass.EXTERNAL, name=source)
        kept = context.write_down_all(tx, intake.decisions, actor=actor, verb="ingest", now=now)
        for incident in intake.relieved:
            tx.incidents.save(incident)
        opened = {d.incident.key: kept[d.incident.key] for d in intake.decisions if d.incident.id is None}
        tx.episodes.save(intake.episodes, opened)
        homes: dict[str, IncidentId] = {}
        for episode in sorted(intake.episodes, key=lambda one: one.started_at):
            home = opened.get(episode.key)
            number = episode.incident_id or (home.id if home else None)
            if number is not None and episode.source == source:
                homes[episode.fingerprint] = number
        return homes

    def _without_signs(self, tx: Transaction, one: Received, delivery: Delivery) -> Delivery:
        """*delivery* without the watchdog and test alerts: that they were heard is kept, and they are no trouble."""
        signs = [report for report in delivery.reports if report.labels.get("alertname") in SIGNS]
        for report in signs:
            if report.firing and self._is_ours(report):
                key = report.labels.get(names.TEST_KEY, "")[:LONGEST_KEY]
                name = WATCHDOG if report.labels["alertname"] == names.ALERT_WATCHDOG else f"{TEST_PREFIX}{key}"
                tx.heartbeats.beat(name, now=one.received_at, took_seconds=0.0)
        return replace(delivery, reports=tuple(report for report in delivery.reports if report not in signs))

    def _is_ours(self, report: AlertReport) -> bool:
        return report.labels.get(names.SERVICE, self._context.service) == self._context.service


def _ended_later(wanted: Needs, incidents: Iterable[Incident]) -> list[IncidentId]:
    """Of which *incidents* something ended no earlier than what is reported to have ended."""
    if wanted.ends_from is None:
        return []
    return [
        one.id
        for one in incidents
        if one.id is not None and one.last_ended_at is not None and one.last_ended_at >= wanted.ends_from
    ]


def _holders(tx: Transaction, episodes: Iterable[Episode], known: Iterable[Incident]) -> dict[IncidentId, Incident]:
    """The incidents that open *episodes* belong to; those that are not *known* are read."""
    held = {one.incident_id for one in episodes if one.ended_at is None and one.incident_id is not None}
    found = {IncidentId(one.id): one for one in known if one.id in held}
    missing = held - found.keys()
    return found | tx.incidents.get_all(missing) if missing else found


def _of(delivery: Delivery, homes: Mapping[str, IncidentId]) -> tuple[IncidentId, ...]:
    found = (homes.get(report.fingerprint) for report in delivery.reports)
    return tuple(dict.fromkeys(number for number in found if number is not None))
