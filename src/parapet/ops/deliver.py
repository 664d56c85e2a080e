"""Delivers what waits in the outbox: taken by lease, told, and written down, whatever came of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from time import perf_counter
from zlib import crc32

from parapet.core.errors import DeliveryFailed, DeliveryRejected
from parapet.core.guard import guarded
from parapet.core.types import PARAPET, JsonObject
from parapet.incidents.model import Announcement, EntryKind, IncidentState, NewEntry
from parapet.notify.channel import Delivery, Sent
from parapet.notify.message import message_from
from parapet.ops.context import Context
from parapet.response.escalation import EscalationState
from parapet.store.outbox import Notification, OutboxState
from parapet.store.store import Transaction

BATCH = 50
LEASE_SECONDS = 60.0
DELIVERY_SECONDS = 20.0
"""No delivery is begun later than this in a round: bodies and quiet incidents wait behind it."""
MAX_ATTEMPTS = 20
"""Together some three hours of trying."""
FIRST_RETRY_SECONDS = 2.0
LONGEST_RETRY_SECONDS = 900.0
JITTER_RATIO = 0.2
"""By how much a pause is shortened at most: what failed together does not come back together."""
LONGEST_ERROR = 500
CALLS = frozenset({Announcement.ESCALATED, Announcement.CALLED})


class Deliverer:
    """Delivers for one worker, *owner*, who holds the leases."""

    def __init__(self, context: Context, owner: str) -> None:
        self._context = context
        self._owner = owner

    def deliver(self) -> list[OutboxState]:
        """Deliver what is due, for a while; what became of each.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        now = self._context.clock.now()
        with self._context.store.read() as tx:
            queues = [tx.outbox.due(now, BATCH, channel=channel) for channel in tx.outbox.due_channels(now)]
        began, outcomes = perf_counter(), list[OutboxState]()
        while queues and perf_counter() - began < DELIVERY_SECONDS:
            queue = queues.pop(0)
            state = self._deliver_one(queue.pop(0))
            if state is not None:
                outcomes.append(state)
            if queue and state is not OutboxState.WAITING:
                queues.append(queue)  # channels take turns; one that does not answer is asked once a round
        return outcomes

    def _deliver_one(self, number: str) -> OutboxState | None:
        context, now = self._context, self._context.clock.now()
        with context.store.begin() as tx:
            until = now + timedelta(seconds=LEASE_SECONDS)
            claimed = tx.outbox.claim(number, owner=self._owner, now=now, until=until)
            if claimed is None:
                return None
            if (why := self._called_off(tx, claimed)) is not None:
                return self._withhold(tx, claimed, why, now)
            thread = tx.threads.of(claimed.incident_id, claimed.channel, claimed.recipient)
        sent: Sent | None = None
        with guarded("worker.deliver") as attempt:
            channel = context.channels.get(claimed.channel)
            if channel is None:
                raise DeliveryRejected(f"There is no channel {claimed.channel!r} any more.")
            delivery = Delivery(id=claimed.id, to=claimed.recipient, thread=thread)
            sent = channel.deliver(message_from(claimed.message), delivery)
        return context.store.transact(lambda tx: self._conclude(tx, claimed, sent, attempt.error))

    def _called_off(self, tx: Transaction, claimed: Notification) -> str | None:
        """Why a call is not made any more: the incident was taken after it was decided; None: it is made."""
        if claimed.announcement not in CALLS:
            return None
        kept, incident = tx.escalations.of(claimed.incident_id), tx.incidents.get(claimed.incident_id)
        if kept is None or incident is None or incident.state is IncidentState.RESOLVED:
            return "it was resolved meanwhile"
        if claimed.announcement is Announcement.CALLED:
            return None  # a person asked for it
        said = {
            EscalationState.ACKNOWLEDGED: f"{incident.owner or 'somebody'} has it by now",
            EscalationState.SUPPRESSED: f"{kept.escalation.suppressed_by} suppressed it meanwhile",
            EscalationState.ENDED: "it is not for calling people any more",
        }
        return said.get(kept.escalation.state)

    def _withhold(self, tx: Transaction, claimed: Notification, why: str, now: datetime) -> OutboxState:
        state = OutboxState.WITHHELD
        tx.outbox.settle(claimed.id, owner=self._owner, state=state, now=now, due_at=now, error=None, said=why)
        whom = claimed.person or claimed.channel
        payload: JsonObject = {"did": "called_off", "why": f"{whom} was not called by {claimed.channel}: {why}"}
        entry = NewEntry(kind=EntryKind.ESCALATION, occurred_at=now, actor=PARAPET, payload=payload)
        tx.entries.append(claimed.incident_id, (entry,), recorded_at=now)
        return state

    def _conclude(
        self, tx: Transaction, claimed: Notification, sent: Sent | None, error: Exception | None
    ) -> OutboxState | None:
        now = self._context.clock.now()
        state = OutboxState.DELIVERED
        if error is not None:
            final = isinstance(error, DeliveryRejected) or claimed.attempts >= MAX_ATTEMPTS
            state = OutboxState.DEAD if final else OutboxState.WAITING
        settled = tx.outbox.settle(
            claimed.id,
            owner=self._owner,
            state=state,
            now=now,
            due_at=now + timedelta(seconds=pause_seconds(claimed.id, claimed.attempts, error)),
            error=None if error is None else f"{error}"[:LONGEST_ERROR],
            said=None if sent is None else sent.words,
        )
        if not settled:
            return None  # the lease ran out, and somebody else has it
        if sent is not None and sent.thread:
            tx.threads.keep(claimed.incident_id, claimed.channel, claimed.recipient, sent.thread)
        if state is not OutboxState.WAITING:
            tx.entries.append(claimed.incident_id, (_entry(claimed, state, sent, error, now=now),), recorded_at=now)
        return state


def pause_seconds(delivery_id: str, attempts: int, error: Exception | None) -> float:
    """How long until the next attempt: ever longer, never sooner than the receiver asked.

    By how much it is shortened comes from the delivery's id: the same wherever it is computed.
    """
    jitter = crc32(f"{delivery_id}/{attempts}".encode()) / 2**32
    wait: float = min(FIRST_RETRY_SECONDS * 2 ** (attempts - 1), LONGEST_RETRY_SECONDS) * (1 - JITTER_RATIO * jitter)
    asked = error.retry_after_seconds if isinstance(error, DeliveryFailed) else None
    return max(wait, asked or 0.0)


def _entry(
    claimed: Notification, state: OutboxState, sent: Sent | None, error: Exception | None, *, now: datetime
) -> NewEntry:
    payload: JsonObject = {
        "channel": claimed.channel,
        "announcement": claimed.announcement.value,
        "attempts": claimed.attempts,
        "error": None if error is None else f"{error}"[:LONGEST_ERROR],
    }
    if claimed.person is not None:
        payload["person"] = claimed.person
    if sent is not None:
        payload["said"] = sent.words
    kind = EntryKind.NOTIFIED if state is OutboxState.DELIVERED else EntryKind.NOTIFICATION_FAILED
    return NewEntry(kind=kind, occurred_at=now, actor=PARAPET, payload=payload)
