"""Shows when the system last changed, as a signal: so that charts of metrics can mark deploys and flags."""

from __future__ import annotations

from parapet.core import names
from parapet.ops.context import Context
from parapet.signals.recorder import Recorder


class ChangeMarks:
    """The latest change of each kind, from the evidence of one service to its signals."""

    def __init__(self, context: Context, recorder: Recorder) -> None:
        self._context = context
        self._recorder = recorder

    def show(self) -> None:
        """Show what the evidence has now.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            latest = tx.changes.latest(self._context.service, self._context.clock.now())
        for kind, when in latest.items():
            self._recorder.set(names.CHANGE_LAST, (kind.value,), when.timestamp())
