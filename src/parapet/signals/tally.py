"""Where hosts that know their own routes find the series of a request: by route, method and status, per thread.

Knows nothing of WSGI or of any framework: whoever counts brings the route's template.
"""

from __future__ import annotations

from collections.abc import Hashable
from threading import local
from typing import TypeAlias

from parapet.core import vocabulary
from parapet.core.guard import guarded
from parapet.signals import reading
from parapet.signals.admission import NO_ANSWER, class_of
from parapet.signals.histogram import Cells
from parapet.signals.recorder import Recorder

Fast: TypeAlias = dict[Hashable, dict[str, dict[Hashable, Cells]]]
"""What tells a route from others -> method -> what tells a status from others -> the current thread's cells."""

MOST_ROUTES = 4_096


class Tally:
    """Finds cells, and remembers them where that is safe. Never raises."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.here = local()
        """`fast` of the current thread, once it has seen something. Not a class of its own: those are slower."""
        recorder.http.cached_in(self.here)

    def cells(self, method: object, template: str, status: int, *, key: Hashable, status_key: Hashable) -> Cells:
        """The current thread's cells of a request.

        Args:
            status: an HTTP status, or one of the stand-ins of `parapet.signals.admission`.
            key: under what to remember the route; None: not at all.
            status_key: under what to remember the status.
        """
        recorder = self._recorder
        with guarded("signals.request"):
            known = class_of(status) is not None
            if not known:
                recorder.reject(reading.HTTP_REQUEST, reading.UNKNOWN_STATUS)
            cells = recorder.http.cells(recorder.admission.labels(method, template, status))
            if known and key is not None and status != NO_ANSWER and method in vocabulary.METHODS:
                self._remember(key, str(method), status_key, cells)
            return cells
        return recorder.http.empty()

    def _remember(self, key: Hashable, method: str, status_key: Hashable, cells: Cells) -> None:
        fast: Fast | None = getattr(self.here, "fast", None)
        if fast is None:
            fast = self.here.fast = {}
        if key not in fast and len(fast) >= MOST_ROUTES:  # a host that makes routes without end starts us anew
            fast.clear()
        fast.setdefault(key, {}).setdefault(method, {})[status_key] = cells
