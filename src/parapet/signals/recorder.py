"""The recorder: everything that one Parapet counts. One per Parapet; nothing is global, nothing is stored."""

from __future__ import annotations

import logging
import math
import os
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from threading import Lock
from typing import TYPE_CHECKING
from weakref import ref

from parapet.core import guard, names, vocabulary
from parapet.core.errors import ConfigurationError, UnknownName
from parapet.signals import reading
from parapet.signals.admission import Admission
from parapet.signals.histogram import Histogram, HistogramSnapshot, Labels
from parapet.signals.text import CounterSnapshot, HistogramText, write_counter

if TYPE_CHECKING:  # loaded when a host asks for a collector
    from parapet.signals.collector import RecorderCollector

log = logging.getLogger("parapet")

_OUTCOMES = frozenset(vocabulary.LABELS[names.JOURNEY_DURATION][names.OUTCOME] or ())
_CONVERTOR = re.compile(r"{([^{}:]+):[^{}]*}")
_LONGEST_NAME = 100


class Recorder:
    """Counts requests and journeys in bounded series.

    Args:
        max_routes: how many route templates get series of their own; the others share the route `other`.
        max_series: how many label sets requests may make, over all routes, methods and status classes.
    """

    def __init__(self, *, max_routes: int = 200, max_series: int = 2_000) -> None:
        self.http = _family(
            names.HTTP_DURATION, "Time from a request to the last part of its answer, by route, in seconds."
        )
        self.journeys = _family(
            names.JOURNEY_DURATION, "Time that attempts at a user journey took, by how they ended, in seconds."
        )
        self.admission = Admission(self.http, max_routes=max_routes, max_series=max_series)
        self._registered: set[str] = set()
        self._by_route: Mapping[str, frozenset[tuple[str, str]]] = {}  # replaced, never changed: scrapes read it
        self._served: frozenset[tuple[str, str]] | None = None
        self._rejected: Counter[Labels] = Counter()
        self._lock = Lock()
        self._texts = (HistogramText(), HistogramText())
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_in_child(ref(self)))

    def register_journey(self, name: str) -> None:
        """Show the journey *name* with every outcome, at zero. Doing it again changes nothing.

        Raises:
            ConfigurationError: the name is empty, too long, or has space around it.
        """
        if not name or name != name.strip() or len(name) > _LONGEST_NAME:
            raise ConfigurationError(f"{name!r} is no name for a journey. Use a short one, such as 'checkout'.")
        self._registered.add(name)
        for outcome in sorted(_OUTCOMES):
            self.journeys.declare((name, outcome))

    def route_journey(self, name: str, routes: Iterable[str]) -> None:
        """Measure the journey *name* by the answers of *routes*, each written as `POST /checkout/{cart}`.

        Costs nothing while requests are served: the journey's series are derived from the routes' when read.
        1xx to 3xx are successes, 4xx user errors, 5xx failures; a client that left abandoned it. What is recorded
        explicitly under the same name is added.

        Raises:
            ConfigurationError: a route is not a known method and a path, or the two families' bucket bounds differ
                and one of them already counts.
        """
        wanted = [_parsed(route) for route in routes]
        self.register_journey(name)
        if wanted:
            for bound in {*self.http.bounds_seconds, *self.journeys.bounds_seconds}:
                self.http.require_bound(bound)
                self.journeys.require_bound(bound)
            self._by_route = {**self._by_route, name: self._by_route.get(name, frozenset()) | frozenset(wanted)}
        for method, template in wanted:
            self.admission.reserve(method, template)

    def require_bound(self, metric: str, seconds: float) -> None:
        """Make sure that *metric* has a bucket that ends exactly at *seconds*, so that an objective can use it.

        Once a journey is measured by its routes, both families have the same bounds.

        Raises:
            UnknownName: no such histogram.
            ConfigurationError: *seconds* is no duration, or the bound is missing and the family already counts.
        """
        families = {self.http.name: self.http, self.journeys.name: self.journeys}
        if metric not in families:
            raise UnknownName.of("histogram", metric, families)
        for family in families.values() if self._by_route else (families[metric],):
            family.require_bound(seconds)

    def record(self, journey: str, outcome: vocabulary.Outcome | str, duration_seconds: float) -> None:
        """Count one attempt at a journey. Never raises.

        An unknown outcome is counted as `other`, which burns no budget; a duration that is no finite number of
        seconds, 0 or more, as 0; both are also counted as rejected.
        """
        with guard.guarded("signals.record"):
            seconds = duration_seconds
            if type(seconds) is not float or not 0.0 <= seconds < math.inf:
                seconds = self._seconds(seconds)
            name = _known(journey, self._registered)
            if name is None:
                self.reject(reading.JOURNEY, reading.UNKNOWN_JOURNEY)
            ended = _known(outcome, _OUTCOMES)
            self.journeys.observe((name or vocabulary.OTHER, ended or vocabulary.OTHER), seconds)

    def reject(self, family: str, reason: str) -> None:
        """Count a value that could not be kept as it was."""
        with self._lock:
            self._rejected[family, reason] += 1

    def declare_routes(self, served: Iterable[tuple[str, str]]) -> None:
        """Show every (method, template) that the application serves, at zero: a first error is a step from 0.

        Says in the log which routes are beyond the ceiling, and which journeys wait at a route that is not there.
        """
        found = frozenset(served)
        if found == self._served:
            return
        beyond = sorted({template for method, template in found if not self.admission.declare(method, template)})
        if beyond:
            log.warning(
                "The application has more than %d routes; %d of them are measured together as 'other', such as %s.",
                self.admission.max_routes,
                len(beyond),
                beyond[0],
            )
        if self._served is None:
            for name, method, template in self.missing_routes(found):
                log.warning("Journey %r is measured at %s %s, which is not served here.", name, method, template)
        self._served = found

    def missing_routes(self, served: Iterable[tuple[str, str]]) -> list[tuple[str, str, str]]:
        """The (journey, method, template) that are measured at a route which is not among those *served*."""
        here = frozenset(served)
        return sorted((name, *at) for name, routes in self._by_route.items() for at in routes if at not in here)

    def histograms(self) -> tuple[HistogramSnapshot, HistogramSnapshot]:
        """Requests, and journeys with those measured by their routes, as they stand."""
        requests = self.http.snapshot()
        return requests, reading.with_routes(requests, self.journeys.snapshot(), self._by_route)

    def counters(self, requests: HistogramSnapshot, journeys: HistogramSnapshot) -> tuple[CounterSnapshot, ...]:
        """What was rejected and what was swallowed, given the histograms of the same reading."""
        with self._lock:
            rejected = dict(self._rejected)
        return reading.rejections(requests, journeys, rejected), reading.swallowed(guard.swallowed)

    def render(self) -> bytes:
        """Everything in the Prometheus text format, version 0.0.4."""
        histograms = self.histograms()
        out: list[str] = []
        for text, snapshot in zip(self._texts, histograms, strict=True):
            out += text.write(snapshot)
        for counter in self.counters(*histograms):
            out += write_counter(counter)
        return "".join(out).encode("utf-8", "replace")

    def collector(self) -> RecorderCollector:
        """All this as a collector, for the registry of a host that already serves /metrics."""
        from parapet.signals.collector import RecorderCollector

        return RecorderCollector(self.histograms, self.counters)

    def _seconds(self, duration: object) -> float:
        with guard.guarded("signals.duration"):
            if not isinstance(duration, str | bytes | bool):
                seconds = float(duration)  # type: ignore[arg-type]  # whatever converts itself, such as a Decimal
                if 0.0 <= seconds < math.inf:
                    return seconds
        self.reject(reading.JOURNEY, reading.BAD_DURATION)
        return 0.0

    def _forget_parent(self) -> None:
        self._lock = Lock()
        self._rejected = Counter()
        self.http.forget_parent()
        self.journeys.forget_parent()


def _family(name: str, help_text: str) -> Histogram:
    return Histogram(name, help_text, tuple(vocabulary.LABELS[name]), vocabulary.BUCKETS_SECONDS[name])


def _known(value: object, values: Container[str]) -> str | None:
    """*value* as a plain string, if it is one of *values*."""
    return str(value) if isinstance(value, str) and value in values else None


def _in_child(recorder: ref[Recorder]) -> Callable[[], None]:
    """What a forked child does first; holds no recorder alive."""

    def forget() -> None:
        alive = recorder()
        if alive is not None:
            alive._forget_parent()

    return forget


def _parsed(route: str) -> tuple[str, str]:
    method, _, path = route.strip().partition(" ")
    path = _CONVERTOR.sub(r"{\1}", path.strip())
    if method.upper() not in vocabulary.METHODS or not path.startswith("/"):
        raise ConfigurationError(
            f"{route!r} is no route. Write its method and its template, such as 'POST /checkout/{{cart}}'."
        )
    return method.upper(), path
