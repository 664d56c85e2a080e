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
"""Items that one process opens a minute: in an outage the incident speaks for all, and people read no thousand."""


class FollowUp:
    """Opens them in the transaction in which the events are kept. Called on the thread of `Refs` only.

    Args:
        context: asked for once something of a wanted integration was given up, when everything is defined.
    """

    def __init__(self, wanted: Callable[[], frozenset[str]], context: Callable[[], Context]) -> None:
        self._wanted = wanted
        self._context = context
        self._minute: datetime | None = None
        self._opened = 0

    def __call__(self, tx: Transaction, seen: Sequence[Sighted]) -> None:
        """Open one for each object of *seen* that needs somebody; told again, it is the same one."""
        wanted = self._wanted()
        mine = [one for one in seen if one.went_wrong and one.subject in wanted]
        if not mine:
            return
        context = self._context()
        for one in mine:
            reported: Reported | None = None
            with guarded("signals.refs.follow_up"):
                reported = follow_up(one, context.promises)
            if reported is not None and self._admit(one):
                by = Actor(kind=ActorClass.EXTERNAL, name=one.subject)
                ActionItems(context).open_within(tx, (reported,), by)

    def _admit(self, one: Sighted) -> bool:
        minute = one.seen_at.replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute, self._opened = minute, 0
        self._opened += 1
        return self._opened <= MOST_A_MINUTE
