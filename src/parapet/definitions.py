"""What a host defines: journeys, deliveries, probes, promises. Signals and objectives meet only here, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, TypeVar

from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.core.vocabulary import Channel
from parapet.response.async_playbooks import delivery_playbook, pipeline_playbook, probe_playbook
from parapet.response.playbooks import journey_playbook, web_playbooks
from parapet.response.runbook import Runbook
from parapet.signals.delivery import Delivery
from parapet.signals.journey import Journey
from parapet.signals.pipeline import LATE_AFTER_SECONDS, NO_PROVIDER, Pipeline
from parapet.signals.probes import Check, Probe, show
from parapet.signals.recorder import Recorder
from parapet.signals.refs import Refs
from parapet.signals.spanning import Spanning
from parapet.slo.burn import BurnPolicy
from parapet.slo.catalog import Catalog
from parapet.slo.packs.delivery import delivery_slices
from parapet.slo.packs.journeys import journey_slices
from parapet.slo.packs.pipeline import pipeline_slices
from parapet.slo.packs.probes import probe_slice
from parapet.slo.slice import LatencyRatio, Slice

if TYPE_CHECKING:  # loaded when the doctor asks
    from parapet.signals.cardinality import FamilySize

C = TypeVar("C", bound=Check)
Playbook = Callable[..., Runbook]


class Definitions:
    """The journeys, slices and runbooks of one service, and the recorder that counts what they need.

    Raises:
        ConfigurationError: the service's name or the directory cannot be used.
    """

    def __init__(
        self, *, service: str, owner: str, burn: BurnPolicy, multiprocess_dir: str | PathLike[str] | None = None
    ) -> None:
        self.service = Catalog(service=service).service
        self.owner = owner
        self.burn = burn
        self.recorder = Recorder(multiprocess_dir=multiprocess_dir)
        self.refs = Refs(self.recorder)
        """Exact identifiers of deliveries and pipelines, on their way to durable evidence: `parapet.refs.to(sink)`."""
        self.spanning = Spanning(self.recorder)
        """Journeys that end in another process than they began in: `parapet.spanning.keep_in(store)`."""
        self._integrations: set[str] = set()
        self._probes: dict[str, Probe] = {}
        self._slices: list[Slice] = []
        self._journeys: dict[str, Journey] = {}
        self._runbooks: dict[str, Runbook] = {book.name: book for book in web_playbooks(owner=owner)}

    def journey(
        self,
        name: str,
        *,
        objective: float,
        title: str | None = None,
        latency: tuple[float, float] | None = None,
        routes: Sequence[str] = (),
        runbook: str | None = None,
    ) -> Journey:
        """Name a user journey and promise something about it.

        Args:
            objective: share of attempts that must not fail, a ratio: 0.999.
            latency: (seconds, ratio): this share of the successful attempts ends within that time: (0.5, 0.99).
            routes: routes whose answers are the attempts, such as `POST /checkout`; handlers stay as they are.
            runbook: a runbook's name or an http(s) address; without one, general guidance is attached.

        Raises:
            ConfigurationError: the name is taken, an objective is no ratio, a route is malformed, or a latency bound
                is missing from a histogram that already counts.
        """
        if name in self._journeys:
            raise ConfigurationError(f"Journey {name!r} is defined twice. Give one of them another name.")
        slices = journey_slices(
            name, objective=objective, title=title, latency=latency, runbook=runbook, owner=self.owner
        )
        self.adopt(slices)
        if runbook is None:
            names = tuple(one.name for one in slices)
            self.runbook(journey_playbook(name, slices[0].title, owner=self.owner, slices=names))
        journey = Journey(name, slices[0].title, self.recorder, self.spanning)
        self.recorder.route_journey(name, routes)
        self._journeys[name] = journey
        return journey

    def delivery(
        self,
        name: str,
        *,
        provider: str,
        channel: Channel | str,
        handover: float | None = None,
        delivered: float | None = None,
        callbacks: float | None = None,
        title: str | None = None,
        runbook: str | None = None,
    ) -> Delivery:
        """Name a kind of message that somebody else delivers, and perhaps promise something about it.

        Call it once per provider; give the objectives, which hold over all of them, once.

        Args:
            handover: share that the provider accepts; *delivered*: share that arrives, by what the provider says;
                *callbacks*: share of its callbacks that come within five minutes. Ratios.
            runbook: a runbook's name or an http(s) address; without one, general guidance is attached.

        Raises:
            ConfigurationError: a name or an objective cannot be used, or a promise is made twice.
        """
        made = Delivery(self.recorder, self.refs, name, provider=provider, channel=channel)
        self._integrations.add(name)
        if (handover, delivered, callbacks) != (None, None, None):
            slices = delivery_slices(
                name,
                handover=handover,
                delivered=delivered,
                callbacks=callbacks,
                title=title,
                runbook=runbook,
                owner=self.owner,
            )
            self._promise(name, slices, title, None if runbook else delivery_playbook)
        return made

    def pipeline(
        self,
        name: str,
        *,
        stages: Sequence[str],
        queue: str,
        provider: str = NO_PROVIDER,
        late_after_seconds: float = LATE_AFTER_SECONDS,
        completed: float | None = None,
        backlog: float | None = None,
        callbacks: float | None = None,
        title: str | None = None,
        runbook: str | None = None,
    ) -> Pipeline:
        """Name work that goes through stages, and perhaps promise something about it.

        Args:
            provider: who calls back, if somebody does.
            late_after_seconds: what waits or comes later than that is delayed: 1, 30, 300 or 3600.
            completed: share of the stages that end which succeed; *backlog*: share of the looks at the queue at which
                nothing is late; *callbacks*: share of the awaited answers that come in time. Ratios.
            runbook: a runbook's name or an http(s) address; without one, general guidance is attached.

        Raises:
            ConfigurationError: a name or an objective cannot be used, or a promise is made twice.
        """
        made = Pipeline(
            self.recorder,
            self.refs,
            name,
            stages=stages,
            queue=queue,
            provider=provider,
            late_after_seconds=late_after_seconds,
        )
        self._integrations.add(name)
        if (completed, backlog, callbacks) != (None, None, None):
            slices = pipeline_slices(
                name,
                completed=completed,
                backlog=backlog,
                callbacks=callbacks,
                title=title,
                runbook=runbook,
                owner=self.owner,
            )
            self._promise(name, slices, title, None if runbook else pipeline_playbook)
        return made

    def probe(
        self,
        name: str,
        check: Check | None = None,
        *,
        every_seconds: float = 60.0,
        timeout_seconds: float = 10.0,
        jitter_ratio: float = 0.1,
        objective: float | None = None,
        title: str | None = None,
        runbook: str | None = None,
    ) -> Callable[[C], C]:
        """Have the worker try something regularly: `parapet.probe("home", http_check(url))`, or as a decorator.

        Args:
            check: looks once, sync or async; it fails by raising, or by returning False.
            jitter_ratio: by how much the interval varies, as a share of it.
            objective: share of the runs that must succeed, a ratio; None: it is counted, and nothing is promised.

        Raises:
            ConfigurationError: the name is taken or cannot be used, or a time or the objective cannot hold.
        """
        if name in self._probes:
            raise ConfigurationError(f"Probe {name!r} is defined twice. Give one of them another name.")
        if objective is not None:
            slices = (probe_slice(name, objective=objective, title=title, runbook=runbook, owner=self.owner),)
            self._promise(name, slices, title, None if runbook else probe_playbook)

        def register(function: C) -> C:
            made = Probe(
                name=name,
                check=function,
                every_seconds=every_seconds,
                timeout_seconds=timeout_seconds,
                jitter_ratio=jitter_ratio,
            )
            show(self.recorder, name)
            self._probes[name] = made
            self.__dict__.pop("catalog", None)
            return function

        if check is not None:
            register(check)
        return register

    @property
    def probes(self) -> tuple[Probe, ...]:
        """Every probe, in the order they were defined."""
        return tuple(self._probes.values())

    def _promise(self, name: str, slices: Sequence[Slice], title: str | None, playbook: Playbook | None) -> None:
        self.adopt(slices)
        if playbook is not None:
            shown = title or name.replace("_", " ").replace("-", " ").capitalize()
            self.runbook(playbook(name, shown, owner=self.owner, slices=tuple(one.name for one in slices)))

    def adopt(self, slices: Iterable[Slice]) -> None:
        """Promise what *slices* say; packs come as such a list.

        Raises:
            ConfigurationError: a latency bound is missing from a histogram that already counts.
        """
        mine = tuple(slices)
        for one in mine:
            if isinstance(one.sli, LatencyRatio) and one.sli.source is None:
                self.recorder.require_bound(one.sli.metric, one.sli.threshold_seconds)
        self._slices += mine
        self.__dict__.pop("catalog", None)

    @property
    def routing_labels(self) -> frozenset[str]:
        """Labels of the slices' alerts that only say who hears of them."""
        return frozenset(label for one in self._slices for labels in one.alert_labels.values() for label in labels)

    def runbook(self, runbook: Runbook) -> Runbook:
        """Register a runbook; one of the same name is replaced."""
        self._runbooks[runbook.name] = runbook
        self.__dict__.pop("catalog", None)
        return runbook

    def cardinality(self, scraped: str | None = None) -> tuple[FamilySize, ...]:
        """How many series every family has and may have, worst first; *scraped*: what a running application exports.

        Raises:
            MalformedPayload: *scraped* is not in the Prometheus text format.
        """
        from parapet.signals.cardinality import sizes

        return sizes(self.recorder, scraped)

    @property
    def runbooks(self) -> tuple[Runbook, ...]:
        """Every runbook, those that come with the packs included."""
        return tuple(self._runbooks.values())

    @cached_property
    def catalog(self) -> Catalog:
        """Every promise, checked together.

        Raises:
            ConfigurationError: two promises contradict each other, or one could not hold.
        """
        return Catalog(
            service=self.service,
            slices=tuple(self._slices),
            burn=self.burn,
            known={
                names.JOURNEY: frozenset(self._journeys),
                names.INTEGRATION: frozenset(self._integrations),
                names.PROBE: frozenset(self._probes),
            },
            runbooks=frozenset(self._runbooks),
        )
