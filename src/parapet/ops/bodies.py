"""What a person may do with the bodies of the inbox: look at them, have one taken in again, give one up."""

from __future__ import annotations

from parapet.core.errors import IllegalTransition, NotFound, ReasonRequired
from parapet.core.part import Part, Place
from parapet.core.types import Actor
from parapet.ops.context import Context
from parapet.ops.ingest import Inbox, Receipt
from parapet.store.inbox import InboxState, Received, Shelf
from parapet.store.store import Transaction

LARGEST_PAGE = 200


class Bodies:
    """The verbs on bodies, bound to one service's evidence."""

    def __init__(self, context: Context, inbox: Inbox) -> None:
        self._context = context
        self._inbox = inbox

    def page(
        self,
        shelf: str = Shelf.WAITING,
        *,
        before: Place | None = None,
        after: Place | None = None,
        limit: int = 50,
    ) -> Part[Received]:
        """Bodies of one shelf, newest first, without what is in them. An unknown shelf shows the waiting ones.

        *before*, *after*: those older, or newer, than a number of the inbox.

        Raises:
            MalformedPayload: there is no such place in this list.
            EvidenceUnavailable: the database does not answer.
        """
        wanted = Shelf(shelf) if shelf in set(Shelf) else Shelf.WAITING
        with self._context.store.read() as tx:
            return tx.inbox.page(wanted, before=before, after=after, limit=min(limit, LARGEST_PAGE))

    def counts(self) -> dict[str, int]:
        """How many bodies wait, fail, were refused, were given up.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            return {shelf.value: tx.inbox.count(shelf) for shelf in Shelf if shelf is not Shelf.DONE}

    def get(self, number: int) -> Received:
        """One body, as it came.

        Raises:
            NotFound: the inbox has none of that number.
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            return _existing(tx, number)

    def replay(self, number: int, *, actor: Actor) -> Receipt:
        """Take one in now that waits, or that was refused as no alert and may be one to this version.

        Raises:
            NotFound: the inbox has none of that number.
            Refused: it was taken in already, was given up, or only its beginning was kept.
            EvidenceUnavailable: the database does not answer.
        """
        now = self._context.clock.now()

        def work(tx: Transaction) -> Received:
            body = _existing(tx, number)
            if not body.whole:
                raise IllegalTransition(
                    f"Of body {number} only the first {len(body.body):,} of {body.size_bytes:,} bytes were kept: it "
                    "cannot be taken in. The sender has the rest. Nothing changed."
                )
            self._move(tx, body, InboxState.WAITING)
            tx.audit.add(actor=actor, verb="inbox.replay", target=_target(number), outcome="done", now=now)
            return body

        (receipt,) = self._inbox.take_in([self._context.store.transact(work)])
        return receipt

    def drop(self, number: int, *, actor: Actor, reason: str) -> Received:
        """Give one up that waits or was refused: nobody tries it again. It stays for as long as bodies are kept.

        Raises:
            NotFound: the inbox has none of that number.
            Refused: it was taken in or given up already, or no reason was given.
            EvidenceUnavailable: the database does not answer.
        """
        now = self._context.clock.now()
        if not reason.strip():
            raise ReasonRequired("Say why nobody needs it. Nothing changed.")

        def work(tx: Transaction) -> Received:
            body = _existing(tx, number)
            self._move(tx, body, InboxState.DROPPED)
            tx.audit.add(
                actor=actor, verb="inbox.drop", target=_target(number), outcome="done", now=now, reason=reason.strip()
            )
            return _existing(tx, number)

        return self._context.store.transact(work)

    def _move(self, tx: Transaction, body: Received, to: InboxState) -> None:
        if not tx.inbox.move(body.id, to, now=self._context.clock.now()):
            what = "given up" if body.state is InboxState.DROPPED else "taken in"
            raise IllegalTransition(f"Body {body.id} was {what} already. Nothing changed.")


def _existing(tx: Transaction, number: int) -> Received:
    body = tx.inbox.get(number)
    if body is None:
        raise NotFound(f"There is no body {number} in the inbox.")
    return body


def _target(number: int) -> str:
    return f"inbox/{number}"
