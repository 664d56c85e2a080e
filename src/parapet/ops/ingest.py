"""Takes alerts in: stored and committed first, understood second. Nothing that was accepted is lost.

Bodies that are handed in together share two transactions: one that stores them, one that takes them in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from parapet.core.errors import MalformedPayload, PayloadTooLarge
from parapet.core.guard import guarded
from parapet.core.types import IncidentId
from parapet.incidents.payload import Delivery
from parapet.incidents.sources import Source, name_of, read
from parapet.ops.context import Context
from parapet.ops.stint import Stint
from parapet.ops.taking import Taking
from parapet.store.inbox import InboxState, Received

MAX_BODY_BYTES = 16 * 1024 * 1024
KEPT_OF_REJECTED_BYTES = 64 * 1024
REPLAY_BATCH = 256
MOST_BYTES_TOGETHER = 8 * 1024 * 1024
FIRST_RETRY_SECONDS = 5.0
"""Also how long the worker leaves a new body to whoever received it."""
LONGEST_RETRY_SECONDS = 900.0
MAX_ERROR_CHARACTERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of one body. It is safe with us, whatever the state."""

    inbox_id: int
    incident_ids: tuple[IncidentId, ...]
    """Empty while it is only stored, or when somebody else took it in."""
    reports: int
    state: str
    """`done`; `stored`: kept, and taken in later by the worker; `rejected`: kept, and no alert."""
    error: str | None = None
    """Why it is no alert."""


class Inbox:
    """The verbs of ingest, bound to one service's evidence."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._taking = Taking(context)

    def receive(self, body: bytes, *, source: str = Source.ALERTMANAGER) -> Receipt:
        """Store *body*, commit, then take it in.

        Raises:
            PayloadTooLarge: more than MAX_BODY_BYTES; not stored.
            MalformedPayload: it is no alert; kept with the reason, for a person to see.
            EvidenceUnavailable: the database does not answer; nothing was stored, the sender must try again.
        """
        (stored,) = self.store([(source, body)])
        (receipt,) = self.take_in([stored])
        if receipt.error is not None:
            raise MalformedPayload(receipt.error)
        return receipt

    def store(self, handed: Sequence[tuple[str, bytes]]) -> list[Received]:
        """Store bodies that came together, each with its source, in one commit; in the order given.

        From then on they are safe: `take_in` may follow, or the worker does it.

        Raises:
            PayloadTooLarge: one has more than MAX_BODY_BYTES; none is stored.
            EvidenceUnavailable: the database does not answer; none is stored, the senders must try again.
        """
        for _, body in handed:
            if len(body) > MAX_BODY_BYTES:
                raise PayloadTooLarge(f"The body has {len(body)} bytes; at most {MAX_BODY_BYTES} are taken.")
        now = self._context.clock.now()
        due_at = now + timedelta(seconds=FIRST_RETRY_SECONDS)
        with self._context.store.begin() as tx:
            numbers = tx.inbox.add(handed, received_at=now, due_at=due_at)
        return [
            Received(
                id=number,
                source=source,
                received_at=now,
                body=body,
                size_bytes=len(body),
                state=InboxState.WAITING,
                attempts=0,
                error=None,
                due_at=due_at,
                processed_at=None,
            )
            for number, (source, body) in zip(numbers, handed, strict=True)
        ]

    def take_in(self, stored: Sequence[Received]) -> list[Receipt]:
        """Take in what was stored, in as few transactions as it needs; what became of each, in the order given.

        One that fails waits for the worker, and takes none of the others down.
        """
        receipts: dict[int, Receipt] = {}
        readable: list[tuple[Received, Delivery]] = []
        for one in stored:
            with guarded("ingest.read") as attempt:
                try:
                    readable.append((one, read(one.source, one.body)))
                except MalformedPayload as error:
                    self._reject(one, error)
                    receipts[one.id] = _receipt(one, state="rejected", error=error.message)
            if attempt.error is not None:
                self._postpone(one, attempt.error)
        for together in _apart(readable):
            receipts |= self._take_in_together(together)
        return [receipts.get(one.id) or _receipt(one, state="stored") for one in stored]

    def replay(self, limit: int = REPLAY_BATCH, *, stint: Stint | None = None) -> tuple[int, int]:
        """Take in bodies that still wait, oldest first, during the *stint* of bodies; without one, all of them.

        How many were taken in, and how many failed again.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        now = self._context.clock.now()
        with self._context.store.read() as tx:
            due = tx.inbox.due(now, limit)
        taken = failed = 0
        while due:
            with self._context.store.read() as tx:  # those that another worker was faster with wait no more
                together, due = tx.inbox.waiting(due, MOST_BYTES_TOGETHER)
            receipts = self.take_in(together)
            failed += sum(receipt.state == "stored" for receipt in receipts)
            taken += sum(receipt.state != "stored" for receipt in receipts)
            if stint is not None and stint.over:
                break
        return taken, failed

    def _take_in_together(self, together: Sequence[tuple[Received, Delivery]]) -> dict[int, Receipt]:
        taken: dict[int, tuple[IncidentId, ...]] = {}
        with guarded("ingest.take_in") as attempt:  # they are stored: whatever happens now, the worker tries again
            taken = self._taking.take_in(together)
        if attempt.error is not None and len(together) > 1:
            alone = [self._take_in_together([one]) for one in together]
            return {number: receipt for one in alone for number, receipt in one.items()}
        if attempt.error is not None:
            one, delivery = together[0]
            self._postpone(one, attempt.error)
            return {one.id: _receipt(one, state="stored", reports=len(delivery.reports))}
        return {
            one.id: _receipt(one, state="done", incident_ids=taken.get(one.id, ()), reports=len(delivery.reports))
            for one, delivery in together
        }

    def _reject(self, one: Received, error: MalformedPayload) -> None:
        now = self._context.clock.now()
        with self._context.store.begin() as tx:
            if tx.inbox.finish([one.id], InboxState.REJECTED, now=now, error=error.message):
                tx.inbox.cut(one.id, one.body[:KEPT_OF_REJECTED_BYTES])

    def _postpone(self, one: Received, error: Exception) -> None:
        wait = min(FIRST_RETRY_SECONDS * 2**one.attempts, LONGEST_RETRY_SECONDS)
        with guarded("ingest.postpone"), self._context.store.begin() as tx:
            due_at = self._context.clock.now() + timedelta(seconds=wait)
            tx.inbox.postpone(one.id, due_at=due_at, error=f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARACTERS])


def _apart(readable: Iterable[tuple[Received, Delivery]]) -> list[list[tuple[Received, Delivery]]]:
    """*readable* in groups that may be taken in as one delivery each: of one sender and moment, no alert twice."""
    groups: list[list[tuple[Received, Delivery]]] = []
    alerts: set[str] = set()
    current = None
    for one, delivery in readable:
        mine = {report.fingerprint for report in delivery.reports}
        kind = (name_of(one.source, delivery), one.received_at, delivery.listed)
        if kind != current or mine & alerts:
            groups.append([])
            alerts, current = set(), kind
        groups[-1].append((one, delivery))
        alerts |= mine
    return groups


def _receipt(
    one: Received,
    *,
    state: str,
    incident_ids: tuple[IncidentId, ...] = (),
    reports: int = 0,
    error: str | None = None,
) -> Receipt:
    return Receipt(inbox_id=one.id, incident_ids=incident_ids, reports=reports, state=state, error=error)
