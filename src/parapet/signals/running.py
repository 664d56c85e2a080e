"""What runs right now in this process, and since when: a run that never ends is seen while it does not."""

from __future__ import annotations

import os
from collections.abc import Callable
from time import perf_counter
from weakref import ref


class Running:
    """Runs by what they are runs of. A forked child forgets those of its parent."""

    __slots__ = ("__weakref__", "_began")

    def __init__(self) -> None:
        self._began: dict[str, dict[int, float]] = {}
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_in_child(ref(self)))

    def begin(self, what: str, run: object) -> None:
        """*run* begins now."""
        self._began.setdefault(what, {})[id(run)] = perf_counter()

    def end(self, what: str, run: object) -> None:
        """*run* is over."""
        self._began.get(what, {}).pop(id(run), None)

    def oldest(self) -> dict[str, float]:
        """For everything that ever ran here: how long its oldest run has taken so far, in seconds; 0 if none runs."""
        now = perf_counter()
        return {what: now - min(list(runs.values()), default=now) for what, runs in list(self._began.items())}

    def forget(self) -> None:
        """As if nothing had run."""
        self._began = {}


def _in_child(running: ref[Running]) -> Callable[[], None]:
    def forget() -> None:
        alive = running()
        if alive is not None:
            alive.forget()

    return forget
