"""Bodies that arrive together share their transactions: whoever is first carries for all that wait.

Threads and memory are bounded, whatever arrives. Under pressure a sender is answered as soon as its body is stored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import anyio

from parapet.core.errors import EvidenceError
from parapet.web.lanes import Lane
from parapet.web.reads import Inbox, Receipt, Stored
from parapet.web.threads import in_thread

T = TypeVar("T")

MOST_TOGETHER = 256
"""Bodies in one transaction."""
MOST_BYTES_TOGETHER = 8 * 1024 * 1024
ENOUGH_WAITING = 32
"""With so many waiting to be stored, or to be taken in, the next are answered as stored; the worker takes them in."""
LARGE_BYTES = 512 * 1024
"""So is a body of more than this: to take it in would hold this process, which is the host's, for seconds."""


@dataclass(slots=True, eq=False, kw_only=True)
class _Mail:
    """One body on its way."""

    source: str
    body: bytes
    stored: Stored | None = None
    carried: bool = False
    """Somebody took it in, or tried to."""
    receipt: Receipt | None = None
    error: EvidenceError | None = None


class Funnel:
    """Stores and takes in what is handed in at the same time, in as few transactions as it needs."""

    def __init__(self, inbox: Callable[[], Inbox]) -> None:
        self._inbox = inbox
        self._unstored: deque[_Mail] = deque()
        self._untaken: deque[_Mail] = deque()
        self._storing = anyio.Lock()
        self._taking = anyio.Lock()

    async def hand_in(self, source: str, body: bytes) -> tuple[Stored, Receipt | None]:
        """Store *body* with what else has arrived, then take it in; no receipt, when too many wait for that.

        Raises:
            EvidenceError: it could not be stored; the sender must try again.
        """
        mail = _Mail(source=source, body=body)
        self._unstored.append(mail)
        try:
            async with self._storing:  # first come, first served: the oldest that waits carries
                if mail.stored is None and mail.error is None:
                    together = _some(self._unstored)
                    await in_thread(Lane.HOOKS, lambda: self._store(together))
        finally:
            if mail.stored is None and mail.error is None and mail in self._unstored:
                self._unstored.remove(mail)  # the sender left: nobody was told that it is safe
        if mail.error is not None:
            raise mail.error
        if mail.stored is None:
            raise EvidenceError("The body could not be stored.")
        waiting = max(len(self._unstored), len(self._untaken))
        if waiting >= ENOUGH_WAITING or len(body) > LARGE_BYTES:
            return mail.stored, None
        self._untaken.append(mail)
        async with self._taking:
            if not mail.carried:
                together = _some(self._untaken)
                await in_thread(Lane.HOOKS, lambda: self._take_in(together))
        return mail.stored, mail.receipt

    def _store(self, together: Sequence[_Mail]) -> None:
        try:
            stored = self._inbox().store([(one.source, one.body) for one in together])
        except EvidenceError as error:
            for one in together:
                one.error = error
            return
        for one, kept in zip(together, stored, strict=True):
            one.stored = kept

    def _take_in(self, together: Sequence[_Mail]) -> None:
        for one in together:
            one.carried = True
        waiting = [one for one in together if one.stored is not None]
        receipts = self._inbox().take_in([one.stored for one in waiting if one.stored is not None])
        for one, receipt in zip(waiting, receipts, strict=True):
            one.receipt = receipt


def _some(waiting: deque[_Mail]) -> list[_Mail]:
    """The oldest of *waiting*, as many as go together; they wait no more."""
    taken: list[_Mail] = []
    size = 0
    while waiting and len(taken) < MOST_TOGETHER and (not taken or size + len(waiting[0].body) <= MOST_BYTES_TOGETHER):
        one = waiting.popleft()
        size += len(one.body)
        taken.append(one)
    return taken
