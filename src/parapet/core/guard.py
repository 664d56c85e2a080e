"""The one place that swallows foreign exceptions, and counts what it swallowed.

Recording must never break a request, so every call into objects we do not own goes through here.
"""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from threading import RLock
from typing import Protocol
from weakref import ref

log = logging.getLogger("parapet")

_lock = RLock()
_seen: set[tuple[str, str]] = set()
swallowed: Counter[tuple[str, str]] = Counter()
"""How often each (where, exception class) was swallowed in this process. Shown as a metric."""


class Listener(Protocol):
    """Somebody who counts what is swallowed in a place of their own."""

    def heard(self, where: str, error: str) -> None:
        """An exception of the class *error* was swallowed at *where*. Must not raise."""
        ...


_listeners: tuple[ref[Listener], ...] = ()


def listen(listener: Listener) -> None:
    """Tell *listener* what is swallowed from now on, as long as somebody else keeps it alive."""
    global _listeners
    with _lock:
        _listeners = (*(one for one in _listeners if one() is not None), ref(listener))


def note(where: str, error: BaseException, *, words: bool = True, logs: bool = True) -> None:
    """Count *error*; log it the first time it is seen at *where*, without what it says unless *words*."""
    key = (where, type(error).__name__)
    swallowed[key] += 1
    for one in _listeners:
        listener = one()
        if listener is not None:
            listener.heard(*key)
    if logs and key not in _seen:
        with _lock:
            _seen.add(key)
        if words:
            log.warning("%s failed and was ignored (further ones are only counted)", where, exc_info=error)
        else:
            frames = traceback.extract_tb(error.__traceback__)
            calls = "\n".join(f"  {each.filename}:{each.lineno} in {each.name}" for each in frames)
            said = (
                "%s failed with %s; what it said is left out, for it may hold a secret (further ones are counted)\n%s"
            )
            log.warning(said, where, type(error).__name__, calls)


class guarded:  # reads as a phrase: with guarded("django"):
    """Run foreign code: an exception is counted under *where* and goes no further.

    Cancellation, interrupts and system exit pass through. Without *words*, what the exception says is not logged;
    without *logs*, nothing is: whoever asked for it tells a person.
    """

    __slots__ = ("_logs", "_words", "error", "where")

    def __init__(self, where: str, *, words: bool = True, logs: bool = True) -> None:
        self.where = where
        self._words = words
        self._logs = logs
        self.error: Exception | None = None
        """What was swallowed, once the block has ended."""

    def __enter__(self) -> guarded:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, Exception):
            return False
        self.error = error
        note(self.where, error, words=self._words, logs=self._logs)
        return True
