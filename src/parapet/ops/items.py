"""Opens and closes action items. Reported by however many processes, an object has one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from parapet.core.errors import NotFound, Refused
from parapet.core.part import Place
from parapet.core.types import Actor, ActorClass, IncidentId, JsonObject
from parapet.incidents.items import ActionItem, ItemState, Reported, close, item_of, told_again
from parapet.incidents.model import EntryKind, NewEntry
from parapet.incidents.words import words_of
from parapet.ops.context import Context, existing
from parapet.store.rows import as_kept
from parapet.store.store import Transaction

MOST_NAMED = 20
"""Objects that one entry of the chronology names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPage:
    """A page of action items."""

    items: tuple[ActionItem, ...]
    open: int
    """How many are open."""
    next: Place | None
    """What to ask for to get the page after it; None at the end."""
    previous: Place | None
    """And the page before it; None at the beginning."""


class ActionItems:
    """The verbs of action items, bound to one service's evidence. Every one raises EvidenceUnavailable."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def open(
        self,
        kind: str,
        object_id: str,
        *,
        title: str,
        incident_id: IncidentId | None = None,
        slice_name: str | None = None,
        url: str | None = None,
        details: JsonObject | None = None,
        by: str | Actor = "application",
    ) -> ActionItem:
        """Say that one object needs somebody: it has one item, however often it is told.

        Told again, a resolved item is open again and a dismissed one stays dismissed.

        Args:
            kind: what sort of object, such as `suppressed_delivery`.
            object_id: what its own system calls it.
            incident_id: the incident it belongs to; or *slice_name*, the promise.
            by: the integration or the person that says so.

        Raises:
            MalformedPayload: a part is missing or too long to tell objects apart.
            NotFound: there is no such incident.
        """
        reported = Reported(
            kind=kind,
            object_id=object_id,
            title=title,
            incident_id=incident_id,
            slice=slice_name,
            url=url,
            details=details or {},
        )
        return self.open_all((reported,), by=by)[0]

    def open_all(self, reported: Sequence[Reported], *, by: str | Actor = "application") -> tuple[ActionItem, ...]:
        """The same for many objects at once, in one transaction: an incident's chronology says it in one entry.

        Raises:
            NotFound: there is no such incident. Nothing was opened.
        """
        actor = by if isinstance(by, Actor) else Actor(kind=ActorClass.EXTERNAL, name=by)
        return self._context.store.transact(lambda tx: self.open_within(tx, reported, actor))

    def open_within(self, tx: Transaction, reported: Sequence[Reported], by: Actor) -> tuple[ActionItem, ...]:
        """The same within a transaction of the caller's.

        Raises:
            NotFound: there is no such incident.
        """
        actor, service = as_kept(by), self._context.service
        tx.take_turns({f"item/{service}/{one.kind}/{one.object_id}" for one in reported})
        kept: list[ActionItem] = []
        fresh: dict[IncidentId, list[ActionItem]] = {}
        for one in reported:
            item, new = self._tell(tx, one, actor)
            kept.append(item)
            if new and item.incident_id is not None:
                fresh.setdefault(item.incident_id, []).append(item)
        for number, items in fresh.items():
            self._write(tx, number, EntryKind.ITEMS_OPENED, actor, _payload(items))
        return tuple(kept)

    def resolve(self, number: int, *, actor: Actor, reason: str, version: int) -> ActionItem:
        """Somebody looked after it.

        Raises:
            Refused: it does not exist, moved since *version*, is not open, or no reason was given.
        """
        return self._close(number, ItemState.RESOLVED, actor, reason, version)

    def dismiss(self, number: int, *, actor: Actor, reason: str, version: int) -> ActionItem:
        """Nobody needs to look after it, also if it is told again.

        Raises:
            Refused: it does not exist, moved since *version*, is not open, or no reason was given.
        """
        return self._close(number, ItemState.DISMISSED, actor, reason, version)

    def get(self, number: int) -> ActionItem:
        """One item.

        Raises:
            NotFound: there is no such item.
        """
        with self._context.store.read() as tx:
            return _existing(tx, number)

    def page(
        self,
        state: str = ItemState.OPEN,
        *,
        kinds: Collection[str] = (),
        limit: int = 50,
        before: Place | None = None,
        after: Place | None = None,
    ) -> ItemPage:
        """A page of items, latest first. An unknown state shows the open ones.

        Raises:
            MalformedPayload: there is no such place in this list.
        """
        wanted = ItemState(state) if state in set(ItemState) else ItemState.OPEN
        with self._context.store.read() as tx:
            found = tx.items.page(wanted, kinds=kinds, limit=limit, before=before, after=after)
            waiting = tx.items.count(ItemState.OPEN)
        return ItemPage(items=found.rows, open=waiting, next=found.next, previous=found.previous)

    def _tell(self, tx: Transaction, reported: Reported, actor: Actor) -> tuple[ActionItem, bool]:
        now, service = self._context.clock.now(), self._context.service
        incident = None if reported.incident_id is None else existing(tx, reported.incident_id)
        slice_name = reported.slice if incident is None else incident.slice
        known = tx.items.find(service, reported, slice_name)
        if known is not None:
            again = told_again(known, reported, now=now)
            tx.items.save(again, known)
            return again, again.version != known.version
        item = item_of(reported, service=service, by=actor.name, now=now)
        item = replace(item, id=tx.items.add(item))
        tx.audit.add(actor=actor, verb="open_item", target=item.ref, outcome="done", now=now)
        return item, True

    def _close(self, number: int, state: ItemState, actor: Actor, reason: str, version: int) -> ActionItem:
        context, now, actor = self._context, self._context.clock.now(), as_kept(actor)
        verb = f"{state.value}_item"

        def work(tx: Transaction) -> ActionItem:
            item = _existing(tx, number)
            closed = close(item, state, by=actor.name, reason=reason, version=version, now=now)
            tx.items.save(closed, item)
            tx.audit.add(actor=actor, verb=verb, target=item.ref, outcome="done", now=now, reason=closed.reason)
            if closed.incident_id is not None:
                payload = {**_payload([closed]), "as": state.value, "reason": closed.reason}
                self._write(tx, closed.incident_id, EntryKind.ITEM_CLOSED, actor, payload)
            return closed

        try:
            return context.store.transact(work)
        except Refused as refusal:
            with context.store.begin() as tx:
                details: JsonObject = {"refusal": type(refusal).__name__, "said": refusal.message}
                tx.audit.add(
                    actor=actor,
                    verb=verb,
                    target=f"ACT-{number}",
                    outcome="refused",
                    now=now,
                    reason=reason,
                    details=details,
                )
            raise

    def _write(self, tx: Transaction, number: IncidentId, kind: EntryKind, actor: Actor, payload: JsonObject) -> None:
        now = self._context.clock.now()
        entry = NewEntry(kind=kind, occurred_at=now, actor=actor, payload=payload)
        tx.entries.append(number, (entry,), recorded_at=now)
        incident = tx.incidents.get(number)
        if incident is not None:
            tx.words.add(number, words_of(incident, (entry,)))


def _existing(tx: Transaction, number: int) -> ActionItem:
    item = tx.items.get(number)
    if item is None:
        raise NotFound(f"There is no action item ACT-{number}.")
    return item


def _payload(items: Sequence[ActionItem]) -> JsonObject:
    """What an entry says of *items*: how many, and the first of them by name."""
    return {
        "item_count": len(items),
        "items": [
            {"ref": one.ref, "kind": one.kind, "object_id": one.object_id, "title": one.title}
            for one in items[:MOST_NAMED]
        ],
    }
