"""Who was told what, where, when and why, or why not; and whether a channel works at all."""

from __future__ import annotations

from collections.abc import Collection

from parapet.core.errors import MalformedPayload, NotFound, OutgoingError, UnknownName
from parapet.core.part import Part, Place
from parapet.core.types import Actor, IncidentId
from parapet.notify.channel import Askable, Asked, Channel, Delivery
from parapet.notify.message import Message
from parapet.ops.context import Context
from parapet.store.outbox import Notification, OutboxState


class Notices:
    """Reads the outbox, and tries channels."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def channels(self) -> Collection[str]:
        """The names of the channels there are."""
        return tuple(self._context.channels)

    def log(
        self,
        *,
        incident_id: IncidentId | None = None,
        state: str | None = None,
        before: Place | None = None,
        after: Place | None = None,
        limit: int = 50,
    ) -> Part[Notification]:
        """Notifications, newest first; those older, or newer, than the one of an id.

        Raises:
            MalformedPayload: there is no such place in this list.
            EvidenceUnavailable: the database does not answer.
        """
        wanted = OutboxState(state) if state in set(OutboxState) else None
        with self._context.store.read() as tx:
            for place in (before, after):
                if place is not None and tx.outbox.get(f"{place}") is None:
                    raise MalformedPayload(f"{f'{place}'[:80]!r} is no place in this list. Start from its beginning.")
            return tx.outbox.page(incident_id=incident_id, state=wanted, before=before, after=after, limit=limit)

    def test(self, channel: str, *, actor: Actor, to: str | None = None) -> str:
        """Tell *channel* now that this is a test; what it did, in its words.

        Raises:
            UnknownName: there is no such channel.
            DeliveryRejected: it refused.
            DeliveryFailed: it may work later.
            EvidenceUnavailable: the database does not answer.
        """
        context, now = self._context, self._context.clock.now()
        given = context.channels.get(channel)
        if given is None:
            raise UnknownName.of("channel", channel, context.channels)
        message = Message(
            ref="TEST",
            announcement="opened",
            severity="ticket",
            state="open",
            service=context.service,
            slice=None,
            title="A test: nothing is wrong",
            text=f"{actor.name} tries whether this channel works.",
            summary="",
            impact="Nobody is hurt.",
            next_step="Do nothing.",
            owner=actor.name,
            resolution=None,
            started_at=now.isoformat(),
            announced_at=now.isoformat(),
            changes=(),
            runbook=None,
            url=context.workbench_url,
        )
        outcome, said = "done", ""
        try:
            said = given.deliver(message, Delivery(id=context.ids.new(), to=to)).words
        except OutgoingError as error:
            outcome, said = "failed", error.message
            raise
        finally:
            with context.store.begin() as tx:
                tx.audit.add(
                    actor=actor, verb="notify.test", target=channel, outcome=outcome, now=now, details={"said": said}
                )
        return said

    def ask(self, channel: str) -> Asked | None:
        """Ask *channel* whether it would be told, telling nobody; None: it cannot be asked.

        Raises:
            UnknownName: there is no such channel.
            DeliveryRejected: it would refuse.
            DeliveryFailed: it does not answer, or asked to come back later.
        """
        given = self._context.channels.get(channel)
        if given is None:
            raise UnknownName.of("channel", channel, self._context.channels)
        return asked(given)

    def get(self, number: str) -> Notification:
        """One notification.

        Raises:
            NotFound: there is none of that id.
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            found = tx.outbox.get(number)
        if found is None:
            raise NotFound(f"There is no notification {number}.")
        return found


def asked(channel: Channel) -> Asked | None:
    """What *channel* answers when it is asked whether it would be told; None: it cannot be asked.

    Raises:
        DeliveryRejected: it would refuse.
        DeliveryFailed: it does not answer, or asked to come back later.
    """
    return channel.ask() if isinstance(channel, Askable) else None
