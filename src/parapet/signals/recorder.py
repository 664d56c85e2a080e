"""The recorder: everything that one Parapet counts. One per Parapet; nothing is global, nothing is stored."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Container, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from weakref import ref

from parapet.core import contract, guard, names, vocabulary
from parapet.core.clock import Clock
from parapet.core.errors import ConfigurationError
from parapet.signals import exemplars, reading
from parapet.signals.admission import Admission
from parapet.signals.ceilings import Ceilings
from parapet.signals.cells import Labels
from parapet.signals.exemplars import Exemplar, Where
from parapet.signals.exposition import Scrape, scrape
from parapet.signals.families import WRONG_LABELS, Families
from parapet.signals.histogram import HistogramSnapshot
from parapet.signals.layout import Place
from parapet.signals.locks import OneLock
from parapet.signals.numbers import NumberSnapshot
from parapet.signals.rounds import Rounds
from parapet.signals.series import Series, duration
from parapet.signals.templates import template_of
from parapet.signals.text import Format, Text

if TYPE_CHECKING:  # loaded when a host asks for a collector
    from parapet.signals.collector import RecorderCollector
    from parapet.signals.shared import SharedDirectory

log = logging.getLogger("parapet")

_OUTCOMES = frozenset(vocabulary.LABELS[names.JOURNEY_DURATION][names.OUTCOME] or ())
_LONGEST_NAME = 100
_COUNTED_BY_US = frozenset({names.JOURNEY_DURATION, names.REJECTED, names.SWALLOWED})  # bounded by our own code

UNKNOWN_METRIC = "metric"

AtScrape: TypeAlias = Callable[["Recorder"], None]


class Recorder:
    """Counts requests, journeys and every other family of the vocabulary in bounded series.

    Args:
        max_routes: how many route templates get series of their own; the others share the route `other`.
        max_series: how many label sets each family may make; for requests, over all routes, methods and classes.
        ceilings: label -> how many values it may have, where that differs from `contract.CEILINGS`.

        multiprocess_dir: a directory that all processes of the service count into, made if it is missing; whichever
            is scraped then reports all of them. Each process opens its files when it first counts, so an application
            may be loaded before its server forks. Where it is emptied between two runs of the service, counts start
            at zero, as after any restart; never empty it while the service runs.

    Raises:
        ConfigurationError: a ceiling is no number of values, or there is no writing in the directory.
    """

    def __init__(
        self,
        *,
        max_routes: int = 200,
        max_series: int = 2_000,
        ceilings: Mapping[str, int] | None = None,
        multiprocess_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        self._lock = OneLock()
        self.clock: Clock | None = None
        self._at_scrape: list[AtScrape] = []
        self._rounds = Rounds(self._tell)
        self._shared = None if multiprocess_dir is None else self._share(Path(multiprocess_dir))
        self.families = Families(
            Ceilings(ceilings or {}, self._lock), max_series, self.reject, lock=self._lock, shared=self._shared
        )
        self.http = self.families.histogram(names.HTTP_DURATION)
        self.journeys = self.families.histogram(names.JOURNEY_DURATION)
        self.admission = Admission(self.http, self._lock, max_routes=max_routes, max_series=max_series)
        self._rejected = self.families.counter(names.REJECTED)
        self._swallowed = self.families.counter(names.SWALLOWED)
        if self._shared is not None:
            guard.listen(self)
        self._registered: set[str] = set()
        self._by_route: Mapping[str, frozenset[tuple[str, str]]] = {}  # replaced, never changed: scrapes read it
        self._by_job: Mapping[str, frozenset[reading.Job]] = {}  # the same
        self._served: frozenset[tuple[str, str]] | None = None
        self._text = Text()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_in_child(ref(self)))

    def observe(self, metric: str, values: Labels, seconds: float) -> None:
        """Count a duration in the histogram *metric*. Never raises.

        What is outside its vocabulary or beyond its ceiling is counted as `other`, and as rejected; a duration that
        is no finite number of seconds, 0 or more, as 0.
        """
        try:
            series: Series | None = self.families.found(metric, values)
        except (KeyError, TypeError):
            series = self._first(metric, values)
        if series is not None:
            series.observe(seconds)

    def add(self, metric: str, values: Labels, amount: float = 1) -> None:
        """Add *amount*, 0 or more, to the counter *metric*. Never raises."""
        try:
            series: Series | None = self.families.found(metric, values)
        except (KeyError, TypeError):
            series = self._first(metric, values)
        if series is not None:
            series.add(amount)

    def set(self, metric: str, values: Labels, value: float) -> None:
        """Say what the gauge *metric* stands at now; NaN: nobody knows, so it is not shown. Never raises."""
        try:
            series: Series | None = self.families.found(metric, values)
        except (KeyError, TypeError):
            series = self._first(metric, values)
        if series is not None:
            series.set(value)

    def bind(self, metric: str, values: Labels) -> Series:
        """A handle on one series, for those who record often: looked up once, valid on any thread, never raises.

        Values outside their vocabulary or ceiling become `other` here, and are counted as rejected once.

        Raises:
            UnknownName: no such family.
            ConfigurationError: the family has more or fewer labels.
        """
        return self.families.series(metric, values)

    def declare(self, metric: str, values: Labels) -> None:
        """Show one series at zero from now on, so that the first event is a step and no new series.

        Raises:
            UnknownName: no such family.
            ConfigurationError: the family has more or fewer labels.
        """
        self.families.series(metric, values, declaring=True)

    def register_values(self, label: str, values: Iterable[str]) -> None:
        """Admit values of a label that the host decides, such as its providers, before others take their places.

        Raises:
            UnknownName: no family has this label.
            ConfigurationError: its values are a closed set, or they are more than the ceiling allows.
        """
        self.families.register(label, values)

    def collect_at_scrape(self, tell: AtScrape) -> None:
        """Call *tell* with this recorder whenever it is read, to set gauges that nobody follows in between.

        It must be quick. What it raises is counted and goes no further. Where processes share a directory, it is also
        called every few seconds from a thread of its own, because the scrape may reach another process.
        """
        self._at_scrape.append(tell)
        self._go_round()

    def register_journey(self, name: str) -> None:
        """Show the journey *name* with every outcome, at zero. Doing it again changes nothing.

        Raises:
            ConfigurationError: the name is empty, too long, or has space around it, or there are too many.
        """
        if not name or name != name.strip() or len(name) > _LONGEST_NAME:
            raise ConfigurationError(f"{name!r} is no name for a journey. Use a short one, such as 'checkout'.")
        self.families.ceilings.register(names.JOURNEY, (name,))
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
            self._match_jobs()
        for method, template in wanted:
            self.admission.reserve(method, template)

    def job_journey(self, name: str, task: str, queue: str | None = None) -> None:
        """Measure the journey *name* by the runs of *task*, in one *queue* or in all. Derived when read, as by routes.

        A run that succeeded is a success, one that failed for good or that nobody ran is a failure, and one that was
        called off is abandoned; a run that will be tried again is no end. The time is that of the last run.

        Raises:
            ConfigurationError: there are too many tasks, or a bucket bound of journeys is missing from the jobs', and
                jobs are counted already.
        """
        self.register_journey(name)
        self.families.register(names.TASK, (task,))
        self._by_job = {**self._by_job, name: self._by_job.get(name, frozenset()) | {(task, queue)}}
        self._match_jobs()

    def require_bound(self, metric: str, seconds: float) -> None:
        """Make sure that *metric* has a bucket that ends exactly at *seconds*, so that an objective can use it.

        Once a journey is measured by its routes, both families have the same bounds; once one is measured by a job,
        jobs have those of journeys.

        Raises:
            UnknownName: no such histogram.
            ConfigurationError: *seconds* is no duration, or the bound is missing and the family already counts.
        """
        wanted = self.families.histogram(metric)
        shared = (self.http, self.journeys) if self._by_route else ()
        for family in shared if wanted in shared else (wanted,):
            family.require_bound(seconds)
        self._match_jobs()

    def record(self, journey: str, outcome: vocabulary.Outcome | str, duration_seconds: float) -> None:
        """Count one attempt at a journey. Never raises.

        An unknown outcome is counted as `other`, which burns no budget; a duration that is no finite number of
        seconds, 0 or more, as 0; both are also counted as rejected.
        """
        with guard.guarded("signals.record"):
            seconds = duration_seconds
            if type(seconds) is not float or not 0.0 <= seconds < math.inf:
                seconds = duration(seconds, self._reject_journey)
            name = _known(journey, self._registered)
            if name is None:
                self.reject(reading.JOURNEY, reading.UNKNOWN_JOURNEY)
            ended = _known(outcome, _OUTCOMES)
            self.journeys.observe((name or vocabulary.OTHER, ended or vocabulary.OTHER), seconds)

    def reject(self, family: str, reason: str) -> None:
        """Count a value that could not be kept as it was."""
        self._rejected.cells((family, reason))[0] += 1

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
        """Requests, and journeys with those measured by their routes or jobs, as they stand."""
        requests = self.http.snapshot()
        journeys = reading.with_routes(requests, self.journeys.snapshot(), self._by_route)
        if self._by_job:
            journeys = reading.with_jobs(self.families.histogram(names.JOB_DURATION).snapshot(), journeys, self._by_job)
        return requests, journeys

    def counters(self, requests: HistogramSnapshot, journeys: HistogramSnapshot) -> tuple[NumberSnapshot, ...]:
        """What was rejected and what was swallowed, given the histograms of the same reading."""
        counted = self._rejected.snapshot().series
        swallowed = guard.swallowed if self._shared is None else self._swallowed.snapshot().series
        return reading.rejections(requests, journeys, counted), reading.swallowed(swallowed)

    def read(self) -> list[HistogramSnapshot | NumberSnapshot]:
        """Every family that has something to show, as it stands."""
        self._tell()
        if self.clock is not None:
            with guard.guarded("heartbeat"):  # a clock of the host's may break, and a scrape may not
                self.set(names.HEARTBEAT, (), self.clock.now().timestamp())
        return [*(told := self.histograms()), *self.families.snapshots(), *self.counters(*told)]

    def exemplars(self) -> dict[Where, Exemplar]:
        """Which traces the observations of each bucket belonged to, over all processes that share a directory."""
        found: dict[Where, Exemplar] = {}
        for family in self.families.histograms():
            found.update(family.exemplars.kept())
        if self._shared is not None:
            for where, one in exemplars.read(self._shared.gathered.notes()).items():
                if where not in found or found[where].at < one.at:
                    found[where] = one
        return found

    def render(self, form: Format = Format.PLAIN) -> bytes:
        """Everything as text; exemplars in OpenMetrics only."""
        return self._text.write(self.read(), form, self.exemplars() if form is Format.OPENMETRICS else None)

    def expose(self, *, accept: str | None = None, accept_encoding: str | None = None) -> Scrape:
        """The answer to a scrape, in the format and encoding that its headers of these names like best."""
        return scrape(self, accept=accept, accept_encoding=accept_encoding)

    def collector(self) -> RecorderCollector:
        """All this as a collector, for the registry of a host that already serves /metrics."""
        from parapet.signals.collector import RecorderCollector

        return RecorderCollector(self.read)

    def _first(self, metric: str, values: Labels) -> Series | None:
        with guard.guarded("signals.labels"):
            if metric not in vocabulary.LABELS:
                self.reject(vocabulary.OTHER, UNKNOWN_METRIC)
                return None
            count = len(vocabulary.LABELS[metric])
            if type(values) is not tuple or len(values) != count:
                self.reject(contract.SIGNALS.get(metric, metric), WRONG_LABELS)
                values = (vocabulary.OTHER,) * count
            return self.families.series(metric, values)
        return None

    def _match_jobs(self) -> None:
        """Give jobs every bound that journeys have, so that their runs can be sorted into the buckets of journeys."""
        for bound in self.journeys.bounds_seconds if self._by_job else ():
            self.families.histogram(names.JOB_DURATION).require_bound(bound)

    def _reject_journey(self, reason: str) -> None:
        self.reject(reading.JOURNEY, reason)

    def heard(self, where: str, error: str) -> None:
        """Count an exception that the guard swallowed, where other processes can read it."""
        self._swallowed.cells((where, error))[0] += 1

    def _tell(self) -> None:
        for tell in list(self._at_scrape):
            with guard.guarded("signals.at_scrape"):
                tell(self)

    def _go_round(self) -> None:
        if self._at_scrape and self._shared is not None and self._shared.has_seat:
            self._rounds.begin()

    def _share(self, directory: Path) -> SharedDirectory:
        from parapet.signals.shared import SharedDirectory

        return SharedDirectory(directory, self._lock, self._take_over, self._go_round)

    def _take_over(self, place: Place, left: int) -> None:
        with guard.guarded("signals.take_over"):
            if place.metric == self.http.name:
                pairs = dict(place.labels)
                self.admission.take_over(tuple(pairs[label] for label in self.http.label_names))
            elif place.metric not in _COUNTED_BY_US:
                self.families.take_over(place, left)

    def _forget_parent(self) -> None:
        self._lock.renew()
        self._rounds.forget_parent()
        if self._shared is not None:
            self._shared.forget_parent()
        self.families.forget_parent()


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
    path = template_of(path.strip())
    if method.upper() not in vocabulary.METHODS or not path.startswith("/"):
        raise ConfigurationError(
            f"{route!r} is no route. Write its method and its template, such as 'POST /checkout/{{cart}}'."
        )
    return method.upper(), path
