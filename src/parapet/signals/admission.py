"""Which label values a request may have: methods and status classes of a closed set, and so many routes, no more."""

from __future__ import annotations

from collections.abc import Iterable

from parapet.core import vocabulary
from parapet.signals.cells import Labels
from parapet.signals.histogram import Histogram
from parapet.signals.locks import OneLock

DISCONNECTED = -1
"""Stands for the status of a request whose client left before we answered."""
NO_ANSWER = 0
"""Stands for the status of a request that the application never answered."""
FIRST_STATUS, LAST_STATUS = 100, 599

_METHODS = frozenset(vocabulary.METHODS)
_FAILED = "5xx"


class Admission:
    """Turns what a request was into a label set of the HTTP family, which it keeps within its ceilings.

    A route beyond `max_routes`, or a new label set beyond `max_series`, is counted as the route `other`. What the
    application declares, or a journey is measured by, is let in even when `max_series` is reached.
    """

    def __init__(self, family: Histogram, lock: OneLock, *, max_routes: int, max_series: int) -> None:
        self.max_routes = max_routes
        self.max_series = max_series
        self._family = family
        self._routes: set[str] = set()
        self._lock = lock

    def labels(self, method: object, template: str, status: object) -> Labels:
        """The label set of one request. The first success of a route also shows its failures, at zero."""
        verb = method if isinstance(method, str) and method in _METHODS else vocabulary.OTHER
        status_class = class_of(status) or _FAILED
        labels = (verb, template, status_class)
        if labels in self._family:
            return labels
        self._family.open()
        if not self._admits(template) or len(self._family) >= self.max_series:
            labels = (verb, vocabulary.OTHER, status_class)
        self._family.declare(labels)
        if status != 405:  # a method that the route refuses has no failures of its own
            self._family.declare((*labels[:2], _FAILED))
        return labels

    def declare(self, method: str, template: str, status_classes: Iterable[str] = ("2xx", _FAILED)) -> bool:
        """Show a route that the application serves, at zero; says whether it was within the ceiling."""
        if not self._admits(template):
            return False
        for status_class in status_classes:
            self._family.declare((method, template, status_class))
        return True

    def reserve(self, method: str, template: str) -> None:
        """Show a route that a journey is measured by, ceiling or not."""
        self._routes.add(template)
        self.declare(method, template, vocabulary.STATUS_CLASSES)

    def take_over(self, labels: Labels) -> None:
        """Let in what a process before this one let in, as far as the ceilings go."""
        if len(self._family) < self.max_series and self._admits(labels[1]):
            self._family.declare(labels)

    def _admits(self, template: str) -> bool:
        if template in self._routes or template == vocabulary.UNMATCHED:
            return True
        with self._lock:
            if len(self._routes) >= self.max_routes:
                return False
            self._routes.add(template)
            return True


def class_of(status: object) -> str | None:
    """The status class of an HTTP status or one of its stand-ins; None for what is no status."""
    if status == DISCONNECTED:
        return "disconnected"
    if status == NO_ANSWER:
        return _FAILED
    if isinstance(status, int) and FIRST_STATUS <= status <= LAST_STATUS:
        return f"{status // 100}xx"
    return None
