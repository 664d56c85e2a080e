"""Labels that are closed to new values: what the runs of their capabilities say holds in every process.

A process asks whenever it is scraped, and every few seconds where another one is scraped for it; counting asks nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

from parapet.core.guard import guarded
from parapet.response.run import UndoState
from parapet.signals.recorder import Recorder
from parapet.store.store import Store, Transaction

LATEST = 50
"""Runs of each capability that are looked at."""


class Labels:
    """Closes and opens the labels of *recorder*, as the evidence of *service* says.

    Args:
        store: opens the evidence, once somebody asks.
    """

    def __init__(self, store: Callable[[], Store], service: str, recorder: Recorder) -> None:
        self._store = store
        self._service = service
        self._ceilings = recorder.families.ceilings
        self._followed: dict[str, dict[str, bool]] = {}
        self._thread: Thread | None = None
        recorder.collect_at_scrape(self._soon)

    def follow(self, label: str, capability: str, *, closes: bool) -> None:
        """Let runs of *capability* close *label*, or open it again."""
        self._followed.setdefault(label, {})[capability] = closes

    def admitted(self, label: str) -> frozenset[str]:
        """The values that *label* has so far in this process."""
        return self._ceilings.admitted(label)

    def closed(self, label: str) -> bool:
        """Whether no further value of *label* is admitted anywhere.

        Raises:
            EvidenceUnavailable: that could not be asked.
        """
        self.refresh()
        return self._ceilings.closed(label)

    def close(self, label: str) -> None:
        """Admit no further value in this process; the others follow once the run is written down as done."""
        self._ceilings.close(label)

    def reopen(self, label: str) -> None:
        """Admit further values in this process; the others follow."""
        self._ceilings.reopen(label)

    def refresh(self) -> None:
        """Take over what the runs say now.

        Raises:
            EvidenceUnavailable: that could not be asked; everything stays as it is.
        """
        with self._store().read() as tx:
            found = {label: self._found(tx, by) for label, by in self._followed.items()}
        for label, closed in found.items():
            if closed is not None:
                (self._ceilings.close if closed else self._ceilings.reopen)(label)

    def _found(self, tx: Transaction, by: dict[str, bool]) -> bool | None:
        """Whether the latest run that holds closes; None: one is under way or unknown, so nothing changes."""
        pages = (tx.runs.page(self._service, capability=name, limit=LATEST) for name in by)
        for run in sorted((run for page in pages for run in page), key=lambda run: run.id or 0, reverse=True):
            if run.pending:
                return None
            if run.done_count and run.undo is not UndoState.UNDONE:
                return by[run.capability]
        return False

    def _soon(self, recorder: Recorder) -> None:
        """Ask in a thread of its own: a scrape never waits for the evidence."""
        if self._followed and (self._thread is None or not self._thread.is_alive()):
            self._thread = Thread(target=self._ask, name="parapet-labels", daemon=True)
            self._thread.start()

    def _ask(self) -> None:
        with guarded("labels.closed"):
            self.refresh()
