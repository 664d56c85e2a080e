"""Opens action items for exact objects that were given up, for the integrations of which the host wants it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from parapet.core.guard import guarded
from parapet.core.types import Actor, ActorClass
from parapet.incidents.follow_up import follow_up
from parapet.incidents.items import Reported
from parapet.incidents.sightings import Sighted
from parapet.ops.context import Context
from parapet.ops.items import ActionItems
from parapet.store.store import Transaction

MOST_A_MINUTE = 60
"""Objects that one process opens items for in a minute: in an outage the incident speaks for all."""


class FollowUp:
    """Says which to open, and opens them in the transaction in which the events are kept. Called on the thread of
    `Refs` only.

    Args:
        context: asked for once something of a wanted integration was given up, when everything is defined.
    """

    def __init__(self, wanted: Callable[[], frozenset[str]], context: Callable[[], Context]) -> None:
        self._wanted = wanted
        self._context = context
        self._minute: datetime | None = None
        self._said: set[tuple[str, str]] = set()

    def chosen(self, seen: Sequence[Sighted]) -> tuple[tuple[Reported, Actor], ...]:
        """What to open for *seen*: each object that needs somebody once a minute, and no more than people can read."""
        wanted = self._wanted()
        mine = [one for one in seen if one.went_wrong and one.subject in wanted]
        found: list[tuple[Reported, Actor]] = []
        for one in mine:
            with guarded("signals.refs.follow_up"):
                reported = follow_up(one, self._context().promises)
                if reported is not None and self._admit(one, reported):
                    found.append((reported, Actor(kind=ActorClass.EXTERNAL, name=one.subject)))
        return tuple(found)

    def open(self, tx: Transaction, chosen: Sequence[tuple[Reported, Actor]]) -> None:
        """Open them; an object that has an item is told again."""
        for reported, by in chosen:
            ActionItems(self._context()).open_within(tx, (reported,), by)

    def _admit(self, one: Sighted, reported: Reported) -> bool:
        minute = one.seen_at.replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute = minute
            self._said.clear()
        which = reported.kind, reported.object_id
        if which in self._said or len(self._said) >= MOST_A_MINUTE:
            return False
        self._said.add(which)
        return True
