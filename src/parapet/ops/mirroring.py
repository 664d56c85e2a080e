"""Tells audit sinks of the ledger, line by line, in order. The cursor moves once a line was taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from parapet.core.guard import guarded
from parapet.notify.sinks import Sink
from parapet.ops.context import Context
from parapet.response.acted_document import line_object

BATCH = 100
LEASE_SECONDS = 60.0
LONGEST_REST_SECONDS = 300.0


class Mirroring:
    """What is due of the audit sinks. The worker calls it."""

    def __init__(self, context: Context, sinks: Sequence[Sink]) -> None:
        self._context = context
        self._sinks = sinks

    def tell(self) -> int:
        """Tell every sink what it does not have yet; how many lines were taken."""
        return sum(self._tell(sink) for sink in self._sinks)

    def _tell(self, sink: Sink) -> int:
        context, owner = self._context, self._context.ids.new()
        now = context.clock.now()
        until = now + timedelta(seconds=LEASE_SECONDS)
        cursor = context.store.transact(lambda tx: tx.mirrors.claim(sink.name, owner=owner, now=now, until=until))
        if cursor is None:
            return 0
        with context.store.read() as tx:
            lines = tx.runs.lines(context.service, after=cursor, limit=BATCH)
            mirror = tx.mirrors.get(sink.name)
        taken, error = 0, None
        for line in lines:
            with guarded(f"sink.{sink.name}", words=False) as attempt:
                sink.tell(line_object(line))
            if attempt.error is not None:
                error = type(attempt.error).__name__
                break
            if not self._moved(sink.name, owner, line.id):
                return taken  # the lease ran out, and somebody else has it
            taken += 1
        failed = 0 if mirror is None or taken else mirror.attempts
        rest = min(2.0**failed, LONGEST_REST_SECONDS) if error is not None else 0.0
        due_at = context.clock.now() + timedelta(seconds=rest)
        context.store.transact(lambda tx: tx.mirrors.rest(sink.name, owner=owner, due_at=due_at, error=error))
        return taken

    def _moved(self, name: str, owner: str, number: int) -> bool:
        context = self._context
        longer = context.clock.now() + timedelta(seconds=LEASE_SECONDS)
        return context.store.transact(lambda tx: tx.mirrors.move(name, owner=owner, to=number, until=longer))
