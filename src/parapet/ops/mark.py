"""Shows when the system last changed, and which release runs, as signals: for charts to tell releases apart."""

from __future__ import annotations

from math import nan

from parapet.core import names
from parapet.ops.context import Context
from parapet.signals.recorder import Recorder

UNKNOWN_VERSION = "unknown"
"""What is shown as the version of a deploy whose version nobody told."""


class ChangeMarks:
    """The latest change of each kind and the release that runs, from the evidence of one service to its signals."""

    def __init__(self, context: Context, recorder: Recorder) -> None:
        self._context = context
        self._recorder = recorder
        self._release: tuple[str, str] | None = None

    def show(self) -> None:
        """Show what the evidence has now.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        with self._context.store.read() as tx:
            now = self._context.clock.now()
            latest = tx.changes.latest(self._context.service, now)
            release = tx.changes.release(self._context.service, now)
        for kind, when in latest.items():
            self._recorder.set(names.CHANGE_LAST, (kind.value,), when.timestamp())
        if release is not None:
            runs = (release.kind.value, release.version or UNKNOWN_VERSION)
            if self._release not in {None, runs}:
                self._recorder.set(names.RELEASE, self._release, nan)
            self._recorder.set(names.RELEASE, runs, release.occurred_at.timestamp())
            self._release = runs
