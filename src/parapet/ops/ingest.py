"""Takes alerts in: stored and committed first, understood second. Nothing that was accepted is lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from parapet.core import names
from parapet.core.errors import MalformedPayload, PayloadTooLarge
from parapet.core.guard import guarded
from parapet.core.types import ALERTMANAGER, IncidentId
from parapet.incidents.intake import Known, needs, take_in
from parapet.incidents.model import Decision, Incident
from parapet.incidents.payload import AlertReport, Delivery, parse
from parapet.incidents.routing import alert_route
from parapet.ops.context import Context
from parapet.store.inbox import InboxState
from parapet.store.store import Transaction

WATCHDOG = "watchdog"
"""The heartbeat of the whole way from Prometheus to us."""
MAX_BODY_BYTES = 16 * 1024 * 1024
KEPT_OF_REJECTED_BYTES = 64 * 1024
REPLAY_BATCH = 50
FIRST_RETRY_SECONDS = 5.0
"""Also how long the worker leaves a new body to whoever received it."""
LONGEST_RETRY_SECONDS = 900.0
MAX_ERROR_CHARACTERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of one body. It is safe with us, whatever the state."""

    inbox_id: int
    incident_ids: tuple[IncidentId, ...]
    reports: int
    state: str
    """`done`, or `stored`: kept, and taken in later by the worker."""


class Inbox:
    """The verbs of ingest, bound to one service's evidence."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def receive(self, body: bytes, *, source: str = "alertmanager") -> Receipt:
        """Store *body*, commit, then take it in.

        Raises:
            PayloadTooLarge: more than MAX_BODY_BYTES; not stored.
            MalformedPayload: it is no alert; kept with the reason, for a person to see.
            EvidenceUnavailable: the database does not answer; nothing was stored, the sender must try again.
        """
        if len(body) > MAX_BODY_BYTES:
            raise PayloadTooLarge(f"The body has {len(body)} bytes; at most {MAX_BODY_BYTES} are taken.")
        now = self._context.clock.now()
        with self._context.store.begin() as tx:
            due_at = now + timedelta(seconds=FIRST_RETRY_SECONDS)
            number = tx.inbox.add(source=source, body=body, received_at=now, due_at=due_at)
        try:
            delivery = parse(body)
        except MalformedPayload as error:
            self._reject(number, body, error)
            raise
        taken: tuple[IncidentId, ...] | None = None
        with guarded("ingest.take_in") as attempt:  # it is stored: whatever happens now, the worker tries again
            taken = self._take_in(number, source, now, delivery)
        if attempt.error is not None:
            self._postpone(number, attempts=0, error=attempt.error)
        return Receipt(
            inbox_id=number,
            incident_ids=taken or (),
            reports=len(delivery.reports),
            state="stored" if taken is None else "done",
        )

    def replay(self, limit: int = REPLAY_BATCH) -> tuple[int, int]:
        """Take in bodies that still wait, oldest first; how many were taken in, and how many failed again.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        now = self._context.clock.now()
        with self._context.store.read() as tx:
            due = tx.inbox.due(now, limit)
        taken = failed = 0
        for number in due:
            with self._context.store.read() as tx:
                received = tx.inbox.get_waiting(number)
            if received is None:
                continue  # another worker was faster
            with guarded("ingest.replay") as attempt:
                try:
                    delivery = parse(received.body)
                except MalformedPayload as error:  # it was stored, and the process died before it could say so
                    self._reject(received.id, received.body, error)
                else:
                    self._take_in(received.id, received.source, received.received_at, delivery)
            if attempt.error is not None:
                failed += 1
                self._postpone(received.id, attempts=received.attempts, error=attempt.error)
            else:
                taken += 1
        return taken, failed

    def _take_in(self, number: int, source: str, received_at: datetime, delivery: Delivery) -> tuple[IncidentId, ...]:
        return self._context.store.transact(lambda tx: self._apply(tx, number, source, received_at, delivery))

    def _apply(
        self, tx: Transaction, number: int, source: str, received_at: datetime, delivery: Delivery
    ) -> tuple[IncidentId, ...]:
        now = self._context.clock.now()
        if not tx.inbox.finish(number, InboxState.DONE, now=now):
            return ()  # somebody else took it in
        dogs = [report for report in delivery.reports if report.labels.get("alertname") == names.ALERT_WATCHDOG]
        if any(report.firing and self._is_ours(report) for report in dogs):
            tx.heartbeats.beat(WATCHDOG, now=received_at, took_seconds=0.0)
        delivery = replace(delivery, reports=tuple(one for one in delivery.reports if one not in dogs))
        wanted = needs(delivery, service=self._context.service, policy=self._context.policy)
        alerts = {alert_route(source, fingerprint) for fingerprint in wanted.fingerprints}
        before = tx.routes.all()
        tx.take_turns(wanted.keys | before.keys_of(before.concerned(wanted.keys, alerts)))
        routes = tx.routes.all()  # somebody may have merged or split while we waited for our turn
        concerned = routes.concerned(wanted.keys, alerts)
        known = Known(
            episodes=tx.episodes.known(source, wanted.fingerprints, wanted.keys, concerned),
            incidents=tx.incidents.latest(wanted.keys | routes.keys_of(concerned)),
            routes=routes,
        )
        intake = take_in(
            delivery,
            known,
            source=source,
            service=self._context.service,
            received_at=received_at,
            policy=self._context.policy,
        )
        kept = {decision.incident.key: self._keep(tx, decision, now) for decision in intake.decisions}
        opened = {d.incident.key: kept[d.incident.key] for d in intake.decisions if d.incident.id is None}
        tx.episodes.save(intake.episodes, opened)
        return tuple(incident.id for incident in kept.values() if incident.id is not None)

    def _is_ours(self, report: AlertReport) -> bool:
        return report.labels.get(names.SERVICE, self._context.service) == self._context.service

    def _keep(self, tx: Transaction, decision: Decision, now: datetime) -> Incident:
        return self._context.write_down(tx, decision, actor=ALERTMANAGER, verb="ingest", now=now)

    def _reject(self, number: int, body: bytes, error: MalformedPayload) -> None:
        now = self._context.clock.now()
        with self._context.store.begin() as tx:
            if tx.inbox.finish(number, InboxState.REJECTED, now=now, error=error.message):
                tx.inbox.cut(number, body[:KEPT_OF_REJECTED_BYTES])

    def _postpone(self, number: int, *, attempts: int, error: Exception) -> None:
        wait = min(FIRST_RETRY_SECONDS * 2**attempts, LONGEST_RETRY_SECONDS)
        with guarded("ingest.postpone"), self._context.store.begin() as tx:
            due_at = self._context.clock.now() + timedelta(seconds=wait)
            tx.inbox.postpone(number, due_at=due_at, error=f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARACTERS])
