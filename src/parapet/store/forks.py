"""No process forks in the middle of a SQLite transaction.

SQLite remembers in memory who locks a file. A child that was forked meanwhile would remember a writer that it does not
have, and could never write to that file itself.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE_SECONDS = 5.0
"""How long a fork waits for the transactions of other threads; then it happens all the same."""


class Forks:
    """Transactions hold up forks, and a fork holds up those that have not begun."""

    def __init__(self) -> None:
        self._calm = threading.Condition()
        self._busy: Counter[int] = Counter()
        self._forking = False

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """No other thread forks within the block, but for one that lost its patience."""
        me = threading.get_ident()
        with self._calm:
            self._calm.wait_for(lambda: not self._forking or me in self._busy, PATIENCE_SECONDS)
            self._busy[me] += 1
        try:
            yield
        finally:
            with self._calm:
                self._busy[me] -= 1
                self._busy += Counter()  # forget those at zero
                self._calm.notify_all()

    def begin(self) -> None:
        """A fork comes: wait until no other thread has a transaction."""
        me = threading.get_ident()
        self._calm.acquire()
        self._forking = True
        self._calm.wait_for(lambda: not self._busy.keys() - {me}, PATIENCE_SECONDS)

    def end(self) -> None:
        """It has happened, and this is the parent."""
        self._forking = False
        self._calm.notify_all()
        self._calm.release()

    def end_in_child(self) -> None:
        """It has happened, and this is the child: no other thread is left."""
        me = threading.get_ident()
        self._calm = threading.Condition()
        self._busy = Counter({me: self._busy[me]}) if self._busy[me] else Counter()
        self._forking = False


FORKS = Forks()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=FORKS.begin, after_in_parent=FORKS.end, after_in_child=FORKS.end_in_child)
