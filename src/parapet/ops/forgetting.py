"""What the worker forgets at the end of a round: what has been kept for long enough, a bounded part at a time."""

from __future__ import annotations

from datetime import datetime, timedelta

from parapet.core.part import Place
from parapet.incidents.changes import near
from parapet.incidents.model import ChangeKind
from parapet.ops.context import Context
from parapet.ops.sightings import FORGET_EVERY_SECONDS, forget
from parapet.store.store import Transaction

INBOX_TURN = "inbox"
CHANGES_TURN = "changes"
CHANGES_EVERY_SECONDS = 3_600.0
CHANGES_AT_ONCE = 500
MOST_NEAR = 5_000
"""Incidents around that many changes; where there are more, the changes stay."""


class Forgetting:
    """The forgetting of one service's evidence. Chronologies, and what they refer to, are never forgotten."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._place: Place | None = None
        """Changes behind it are looked at next."""

    def step(self, tx: Transaction, now: datetime) -> None:
        """Forget what is due, in this transaction."""
        policy = self._context.policy
        forget(self._context, tx, now=now)
        if tx.heartbeats.turn(INBOX_TURN, now=now, every=timedelta(seconds=FORGET_EVERY_SECONDS)):
            tx.inbox.forget(now - timedelta(seconds=policy.inbox_kept_seconds))
            tx.looks.forget(now - timedelta(seconds=policy.looks_kept_seconds))
        if tx.heartbeats.turn(CHANGES_TURN, now=now, every=timedelta(seconds=CHANGES_EVERY_SECONDS)):
            self._forget_changes(tx, now)
        tx.routes.forget(now - timedelta(seconds=policy.reopen_window_seconds))

    def _forget_changes(self, tx: Transaction, now: datetime) -> None:
        """Those that are old, near no incident, and not what later ones of their kind are told apart from."""
        context, policy = self._context, self._context.policy
        before = now - timedelta(seconds=policy.changes_kept_seconds)
        old = tx.changes.oldest(context.service, before, CHANGES_AT_ONCE, behind=self._place)
        self._place = old.next
        if not old.rows:
            return
        incidents = tx.incidents.touching(
            context.service,
            old[0].occurred_at - timedelta(seconds=policy.change_lookahead_seconds),
            old[-1].occurred_at + timedelta(seconds=policy.change_lookback_seconds),
            MOST_NEAR,
        )
        if len(incidents) == MOST_NEAR:
            return
        kept = {each.change.id for one in incidents for each in near(one, old, policy=policy, now=now)}
        stays_from = {kind: tx.changes.stays_from(context.service, kind) for kind in {one.kind for one in old}}
        tx.changes.drop(
            [
                one.id
                for one in old
                if one.id not in kept
                and one.kind is not ChangeKind.PROVIDER  # of which every service may have an incident
                and (first := stays_from[one.kind]) is not None
                and one.occurred_at < first
            ]
        )
