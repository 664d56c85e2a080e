"""Delivers what waits in the outbox: taken by lease, told, and written down, whatever came of it.

Channels take turns, and whose last turn is longest ago is next: a slow one, or a flooded one, delays no other. One that
people read is paced: many messages become a digest, and it is left alone for a while.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from zlib import crc32

from parapet.core.errors import DeliveryFailed, DeliveryRejected, EvidenceError
from parapet.core.guard import guarded
from parapet.core.types import PARAPET, IncidentId, JsonObject
from parapet.incidents.model import Announcement, EntryKind, Incident, IncidentState, NewEntry
from parapet.notify.channel import Channel, Delivery, Sent
from parapet.notify.message import Message, digest_of, message_from
from parapet.ops.calling import calls_of
from parapet.ops.context import Context
from parapet.ops.stint import Stint
from parapet.response.escalation import EscalationState, somebody_has_it
from parapet.response.pace import held
from parapet.store.escalations import KeptEscalation
from parapet.store.outbox import CALLS, Notification, OutboxState, Settled
from parapet.store.store import Transaction

BATCH = 50
"""Claimed and settled together; each is told by itself, or all of them as a digest."""
LEASE_SECONDS = 60.0
CHANNEL_SECONDS = 1.0
"""After so long it is the next channel's turn."""
MAX_ATTEMPTS = 20
"""Together some three hours of trying."""
FIRST_RETRY_SECONDS = 2.0
LONGEST_RETRY_SECONDS = 900.0
JITTER_RATIO = 0.2
"""By how much a pause is shortened at most: what failed together does not come back together."""
LONGEST_ERROR = 500
ASKED = "the channel asked to be left alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What came of one that was claimed."""

    claimed: Notification
    state: OutboxState
    sent: Sent | None = None
    error: Exception | None = None
    why_not: str | None = None
    in_a_digest: bool = False


class Deliverer:
    """Delivers for one worker, *owner*, who holds the leases."""

    def __init__(self, context: Context, owner: str) -> None:
        self._context = context
        self._owner = owner
        self._turns = count(1)
        self._last_turn: dict[str, int] = {}
        self._calling: set[str] = set()

    def deliver(self, stint: Stint, *, channel_seconds: float = CHANNEL_SECONDS) -> list[OutboxState]:
        """Deliver what is due, during the *stint* of deliveries; what became of each.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            channels = tx.outbox.due_channels(now := self._context.clock.now())
            self._calling = tx.outbox.calling_channels(now)
        channels.sort(key=lambda name: self._last_turn.get(name, 0))
        outcomes: list[OutboxState] = []
        while channels:
            name = channels.pop(0)
            self._last_turn[name] = next(self._turns)
            states: list[OutboxState] = []
            with guarded("worker.deliver.channel") as attempt:  # what is wrong with one channel keeps no other waiting
                states = self._turn(name, Stint(channel_seconds))
            if isinstance(attempt.error, EvidenceError):
                raise attempt.error
            if attempt.error is not None:
                states = [OutboxState.WAITING]  # until its leases end
            outcomes += states
            if stint.over:
                break
            if states and OutboxState.WAITING not in states:
                channels.append(name)  # one that does not answer is asked once a round
        return outcomes

    def _turn(self, name: str, stint: Stint) -> list[OutboxState]:
        """Tell one channel some of what is due for it; none: nothing may be told now, or somebody else does."""
        context, now = self._context, self._context.clock.now()
        channel = context.channels.get(name)
        with context.store.begin() as tx:
            digests = channel is not None and _digests(channel)
            if (until := tx.outbox.held_until(name, ASKED, now)) is not None:
                tx.outbox.hold(name, until=until, why=ASKED, but=[], now=now)
                return []
            if digests and not self._may_be_told(tx, name, now):
                return []
            claimed = self._claim(tx, name, now, digests)
            called_off = _called_off(tx, claimed)
            threads = {one.id: tx.threads.of(one.incident_id, name, one.recipient) for one in claimed if digests}
        told = [
            _Told(claimed=one, state=OutboxState.WITHHELD, why_not=called_off[one.id])
            for one in claimed
            if one.id in called_off
        ]
        messages: list[tuple[Notification, Message]] = []
        for one in claimed:
            if one.id in called_off:
                continue
            with guarded("worker.deliver.read") as attempt:  # another version wrote it: perhaps that one can tell it
                messages.append((one, message_from(one.message)))
            if attempt.error is not None:
                told.append(_Told(claimed=one, state=self._state(one, attempt.error), error=attempt.error))
        if digests and len(messages) >= context.pace.digest_from:
            told += self._tell_together(channel, messages)
        else:
            told += self._tell_each(channel, messages, threads, stint)
        if not told and not claimed:
            return []
        context.store.insist(lambda tx: self._conclude(tx, name, claimed, told))  # or all of them are told again
        return [one.state for one in told]

    def _may_be_told(self, tx: Transaction, name: str, now: datetime) -> bool:
        """Whether the ladder lets a channel be told now; what waits is held back, and says why. Calls always may."""
        pace = self._context.pace
        sent = tx.outbox.sent_at(name, now - timedelta(seconds=pace.remembers_seconds), pace.most)
        wait = held(pace, sent, now)
        if wait is not None:
            tx.outbox.hold(name, until=wait.until, why=wait.why, but=[one.value for one in CALLS], now=now)
        return wait is None or tx.outbox.is_due(name, now)

    def _claim(self, tx: Transaction, name: str, now: datetime, digests: bool) -> list[Notification]:
        until = now + timedelta(seconds=LEASE_SECONDS)
        claimed: list[Notification] = []
        if name in self._calling:  # calls first; asked once a round, for that looks at all that waits
            claimed = tx.outbox.claim_due(name, owner=self._owner, now=now, until=until, limit=BATCH, calls=True)
        if not claimed:
            self._calling.discard(name)
            claimed = tx.outbox.claim_due(name, owner=self._owner, now=now, until=until, limit=BATCH)
        if not digests or not claimed:
            return claimed
        first = claimed[0].recipient  # a digest is for one reader
        mine = [one for one in claimed if one.recipient == first]
        if len(mine) < self._context.pace.digest_from:
            mine = mine[:1]  # one by one: whoever dies in between repeats one message at most
        tx.outbox.release([one.id for one in claimed if one not in mine], owner=self._owner)
        return mine

    def _tell_together(self, channel: Channel | None, messages: Sequence[tuple[Notification, Message]]) -> list[_Told]:
        first = messages[0][0]
        digest = digest_of([message for _, message in messages], self._context.workbench_url)
        sent, error = self._tell(channel, first, digest, {})
        state = self._state(first, error)
        words = None if sent is None else Sent(words=f"{sent.words}, in a digest of {len(messages)}")
        return [_Told(claimed=one, state=state, sent=words, error=error, in_a_digest=True) for one, _ in messages]

    def _tell_each(
        self,
        channel: Channel | None,
        messages: Sequence[tuple[Notification, Message]],
        threads: dict[str, JsonObject],
        stint: Stint,
    ) -> list[_Told]:
        told: list[_Told] = []
        for one, message in messages:
            if told and (told[-1].state is OutboxState.WAITING or stint.over):
                break  # the others are given back
            sent, error = self._tell(channel, one, message, threads.get(one.id, {}))
            told.append(_Told(claimed=one, state=self._state(one, error), sent=sent, error=error))
        return told

    def _tell(
        self, channel: Channel | None, claimed: Notification, message: Message, thread: JsonObject
    ) -> tuple[Sent | None, Exception | None]:
        sent: Sent | None = None
        with guarded("worker.deliver") as attempt:
            if channel is None:
                raise DeliveryRejected(f"There is no channel {claimed.channel!r} any more.")
            sent = channel.deliver(message, Delivery(id=claimed.id, to=claimed.recipient, thread=thread))
        return sent, attempt.error

    def _state(self, claimed: Notification, error: Exception | None) -> OutboxState:
        if error is None:
            return OutboxState.DELIVERED
        final = isinstance(error, DeliveryRejected) or claimed.attempts >= MAX_ATTEMPTS
        return OutboxState.DEAD if final else OutboxState.WAITING

    def _conclude(self, tx: Transaction, name: str, claimed: Sequence[Notification], told: Sequence[_Told]) -> None:
        """Write down what came of each; what was not begun is given back."""
        now = self._context.clock.now()
        begun = {one.claimed.id for one in told}
        tx.outbox.release([one.id for one in claimed if one.id not in begun], owner=self._owner)
        settled = tx.outbox.settle_all([_settled(one, now) for one in told], owner=self._owner, now=now)
        entries: dict[IncidentId, list[NewEntry]] = {}
        for one in told:
            if one.claimed.id not in settled:
                continue  # the lease ran out, and somebody else has it
            number = one.claimed.incident_id
            if one.sent is not None and one.sent.thread and not one.in_a_digest:
                tx.threads.keep(number, name, one.claimed.recipient, one.sent.thread)
            if one.state is not OutboxState.WAITING:
                entries.setdefault(number, []).append(_entry(one, now))
        tx.entries.append_all(entries, recorded_at=now)
        asked = max(
            (one.error.retry_after_seconds or 0.0 for one in told if isinstance(one.error, DeliveryFailed)), default=0.0
        )
        if asked:
            until = now + timedelta(seconds=asked)
            tx.outbox.hold(name, until=until, why=ASKED, but=[], now=now)


def pause_seconds(delivery_id: str, attempts: int, error: Exception | None) -> float:
    """How long until the next attempt: ever longer, never sooner than the receiver asked.

    By how much it is shortened comes from the delivery's id: the same wherever it is computed.
    """
    jitter = crc32(f"{delivery_id}/{attempts}".encode()) / 2**32
    wait: float = min(FIRST_RETRY_SECONDS * 2 ** (attempts - 1), LONGEST_RETRY_SECONDS) * (1 - JITTER_RATIO * jitter)
    asked = error.retry_after_seconds if isinstance(error, DeliveryFailed) else None
    return max(wait, asked or 0.0)


def _digests(channel: Channel) -> bool:
    """Whether people read it, so that many messages may become one."""
    return bool(getattr(channel, "digests", False))


def _called_off(tx: Transaction, claimed: Sequence[Notification]) -> dict[str, str]:
    """Why calls are not made any more, by their ids: the incident was taken after they were decided."""
    calls = [one for one in claimed if one.announcement in CALLS]
    if not calls:
        return {}
    numbers = {one.incident_id for one in calls}
    kept, incidents = tx.escalations.of_all(numbers), tx.incidents.get_all(numbers)
    said = {one.id: _why_not(one, kept.get(one.incident_id), incidents[one.incident_id]) for one in calls}
    return {number: why for number, why in said.items() if why is not None}


def _why_not(claimed: Notification, kept: KeptEscalation | None, incident: Incident) -> str | None:
    """Why a call is not made any more; None: it is."""
    if kept is None or incident.state is IncidentState.RESOLVED:
        return "it was resolved meanwhile"
    if claimed.person is not None and claimed.person == incident.owner and somebody_has_it(incident):
        return f"{claimed.person} has it by now"
    asked = claimed.announcement is Announcement.CALLED
    earlier = not claimed.dedupe_key.startswith(calls_of(incident, kept.escalation.run))
    if earlier and (not asked or incident.awaited is not None):
        return "calling people began again since"
    if asked:
        return None  # a person wants it, whoever has the incident
    said = {
        EscalationState.ACKNOWLEDGED: f"{incident.owner or 'somebody'} has it by now",
        EscalationState.SUPPRESSED: f"{kept.escalation.suppressed_by} suppressed it meanwhile",
        EscalationState.ENDED: "it is not for calling people any more",
    }
    return said.get(kept.escalation.state)


def _settled(one: _Told, now: datetime) -> Settled:
    again = one.state is OutboxState.WAITING
    pause = pause_seconds(one.claimed.id, one.claimed.attempts, one.error) if again else 0.0
    return Settled(
        id=one.claimed.id,
        state=one.state,
        due_at=now + timedelta(seconds=pause),
        error=None if one.error is None else f"{one.error}"[:LONGEST_ERROR],
        said=one.why_not or (None if one.sent is None else one.sent.words),
    )


def _entry(one: _Told, now: datetime) -> NewEntry:
    claimed = one.claimed
    if one.state is OutboxState.WITHHELD:
        whom = claimed.person or claimed.channel
        why = f"{whom} was not called by {claimed.channel}: {one.why_not}"
        payload: JsonObject = {"did": "called_off", "why": why}
        return NewEntry(kind=EntryKind.ESCALATION, occurred_at=now, actor=PARAPET, payload=payload)
    payload = {
        "channel": claimed.channel,
        "announcement": claimed.announcement.value,
        "attempts": claimed.attempts,
        "error": None if one.error is None else f"{one.error}"[:LONGEST_ERROR],
    }
    if claimed.person is not None:
        payload["person"] = claimed.person
    if one.sent is not None:
        payload["said"] = one.sent.words
    kind = EntryKind.NOTIFIED if one.state is OutboxState.DELIVERED else EntryKind.NOTIFICATION_FAILED
    return NewEntry(kind=kind, occurred_at=now, actor=PARAPET, payload=payload)
