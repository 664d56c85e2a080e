"""What workers do, as signals: what waits and how long, what became of it, how long turns take, the last beat."""

from __future__ import annotations

from datetime import datetime

from parapet.core import names
from parapet.core.work import Work, WorkOutcome, WorkState
from parapet.ops.kinds import Counts
from parapet.signals.recorder import Recorder
from parapet.store.store import Transaction

OUTCOMES = {
    "failed": WorkOutcome.FAILED,
    "stuck": WorkOutcome.FAILED,
    "dead": WorkOutcome.GIVEN_UP,
    "withheld": WorkOutcome.CALLED_OFF,
}
"""What became of what a turn counted; of all else: done."""


class Standing:
    """Shows how the work of one service stands, as one of its workers sees it."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def told(self, work: Work, took_seconds: float, counts: Counts) -> None:
        """Note a turn."""
        self._recorder.observe(names.WORKER_TURN, (work.value,), took_seconds)
        for name, count in counts.items():
            if count:
                outcome = OUTCOMES.get(name, WorkOutcome.DONE)
                self._recorder.add(names.WORKER_DONE, (work.value, outcome.value), count)

    def show(self, tx: Transaction, now: datetime) -> None:
        """Show what waits at the end of a whole round, and that there was one."""
        found = {
            Work.BODY: tx.backlogs.bodies(now),
            Work.CALL: tx.backlogs.calls(now),
            Work.NOTIFICATION: tx.backlogs.notifications(now),
            Work.MEASUREMENT: tx.backlogs.measurements(now),
        }
        for work, backlog in found.items():
            waits = 0.0 if backlog.since is None else (now - backlog.since).total_seconds()
            self._recorder.set(names.WORKER_ITEMS, (work.value, WorkState.DUE.value), backlog.count)
            self._recorder.set(names.WORKER_LAG, (work.value,), max(0.0, waits))
        claimed = tx.backlogs.told_now(now)
        self._recorder.set(names.WORKER_ITEMS, (Work.NOTIFICATION.value, WorkState.CLAIMED.value), claimed)
        self._recorder.set(names.WORKER_BEAT, (), now.timestamp())
