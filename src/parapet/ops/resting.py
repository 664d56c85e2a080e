"""Tells of maintenance: that it began or ended becomes a change, a line in open incidents, and a signal for rules."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from parapet.core import names
from parapet.core.types import PARAPET, Actor, JsonObject
from parapet.incidents.durations import instant_words
from parapet.incidents.model import Change, ChangeKind, EntryKind, NewEntry
from parapet.ops.context import Context
from parapet.response.maintenance import PlannedMaintenance, until
from parapet.signals.recorder import Recorder
from parapet.store.store import Transaction

MOST_TOLD = 500
"""Open incidents whose chronology hears of one maintenance."""
BATCH = 20


class Rests:
    """What rests now, from the evidence of one service to its signals, its changes and its incidents.

    Args:
        slices: every promise of the service, by name.
    """

    def __init__(self, context: Context, recorder: Recorder, slices: Collection[str]) -> None:
        self._context = context
        self._recorder = recorder
        self._slices = slices
        self._shown: dict[str, float] = {}

    def look(self) -> int:
        """Tell what has begun or ended since, and show what rests now; how many were told.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        context, now = self._context, self._context.clock.now()
        with context.store.read() as tx:
            due = bool(tx.maintenances.untold(context.service, now, 1))
            live = tx.maintenances.live(context.service, now)
        told = context.store.transact(lambda tx: self._tell(tx, now)) if due else 0
        for name in self._slices:
            end = until(live, name, now)
            shown = 0.0 if end is None else end.timestamp()
            if shown != self._shown.get(name, 0.0):
                self._recorder.set(names.MAINTENANCE_UNTIL, (name,), shown)
                self._shown[name] = shown
        return told

    def _tell(self, tx: Transaction, now: datetime) -> int:
        due = tx.maintenances.untold(self._context.service, now, BATCH)
        for one in due:
            begun = one if one.begun else tell_begun(self._context, tx, one, now=now)
            if begun.end <= now:
                tell_over(self._context, tx, begun, now=now)
        return len(due)


def tell_begun(
    context: Context, tx: Transaction, one: PlannedMaintenance, *, now: datetime, actor: Actor = PARAPET
) -> PlannedMaintenance:
    """Write down, in this transaction, that *one* began.

    Raises:
        Conflict: somebody else told of it at the same moment.
    """
    told = replace(one, begun=True)
    tx.maintenances.save(one, told)
    until = instant_words(one.end, beside=now, brief=True)
    said: JsonObject = {"did": "began", "until": until, "by": one.by, "reason": one.reason}
    title = f"{one.what} rests until {until}: {one.reason}"
    _tell(context, tx, one, said, title, at=one.start, now=now, actor=actor)
    return told


def tell_over(
    context: Context, tx: Transaction, one: PlannedMaintenance, *, now: datetime, actor: Actor = PARAPET
) -> PlannedMaintenance:
    """Write down, in this transaction, that *one* is over; what it held back is due.

    Raises:
        Conflict: somebody else told of it at the same moment.
    """
    told = replace(one, over=True)
    tx.maintenances.save(one, told)
    said: JsonObject = {"did": "ended", "by": one.ended_by, "reason": one.ended_because}
    because = f": {one.ended_because}" if one.ended_because else ""
    _tell(context, tx, one, said, f"{one.what} counts again{because}", at=one.end, now=now, actor=actor)
    tx.escalations.wake(tx.incidents.open_of(context.service, one.slices, MOST_TOLD), now)
    return told


def _tell(
    context: Context,
    tx: Transaction,
    one: PlannedMaintenance,
    said: JsonObject,
    title: str,
    *,
    at: datetime,
    now: datetime,
    actor: Actor,
) -> None:
    change = Change(
        id=context.ids.new(),
        kind=ChangeKind.MAINTENANCE,
        service=context.service,
        title=" ".join(title.split())[:300],
        occurred_at=at,
        recorded_at=now,
        actor=actor,
    )
    tx.changes.add(change, f"{context.service}/maintenance/{one.number}/{said['did']}")
    entry = NewEntry(
        kind=EntryKind.MAINTENANCE, occurred_at=at, actor=actor, payload={"ref": one.ref, "what": one.what, **said}
    )
    for number in tx.incidents.open_of(context.service, one.slices, MOST_TOLD):
        tx.entries.append(number, (entry,), recorded_at=now)
