"""The lock of one recorder."""

from __future__ import annotations

from threading import RLock
from types import TracebackType


class OneLock:
    """One for everything of a recorder, so that no two can wait for each other.

    Held when a thread first sees a label set and when a family is read, never while counting; re-entrant because a
    garbage collection callback or a signal handler may record in the middle of either. Whoever locks the directory of
    many processes holds it too: a thread that waits for the directory must be the only one that others wait for.
    """

    def __init__(self) -> None:
        self._lock = RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def renew(self) -> None:
        """In a forked child: whoever held it is not here."""
        self._lock = RLock()
