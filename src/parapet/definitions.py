"""What a host defines: journeys, deliveries, probes, promises. Signals and objectives meet only here, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, cast, overload

from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.core.vocabulary import Channel
from parapet.response.capability import Capability, E, Settings, named
from parapet.response.playbooks import runbook_from
from parapet.response.recoveries import RECOVERIES, runbook_of
from parapet.response.runbook import Runbook
from parapet.signals.ai import Ai
from parapet.signals.delivery import Delivery
from parapet.signals.journey import Journey
from parapet.signals.pipeline import LATE_AFTER_SECONDS, NO_PROVIDER, Pipeline
from parapet.signals.probes import Check, Probe, show
from parapet.signals.recorder import Recorder
from parapet.signals.refs import Refs
from parapet.signals.spanning import Spanning
from parapet.slo.burn import BurnPolicy
from parapet.slo.catalog import Catalog
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.maintenance import Maintenance, Window
from parapet.slo.pack import Guide, Pack, pack_of, refuse_clashes
from parapet.slo.packs.journeys import journey_slices
from parapet.slo.packs.parts import title_of
from parapet.slo.sli import LatencyRatio
from parapet.slo.slice import Slice

if TYPE_CHECKING:  # loaded when the doctor asks
    from parapet.signals.cardinality import FamilySize

C = TypeVar("C", bound=Check)

DEFINED_LABELS = (
    names.JOURNEY,
    names.INTEGRATION,
    names.PROBE,
    names.PIPELINE_STAGE,
    names.GUARDRAIL,
    names.TOOL,
    names.EVALUATION,
)
"""Labels whose values are all defined here, before anything happens."""
DEFINED_FAMILIES = (
    names.DELIVERY_OUTBOUND,
    names.DELIVERY_FEEDBACK,
    names.DELIVERY_WEBHOOK,
    names.ASYNC_STAGE,
    names.ASYNC_BACKLOG,
    names.ASYNC_CALLBACK,
    names.ASYNC_WORK,
    names.ASYNC_RUNNING,
    names.AI_GUARDRAIL,
    names.AI_TOOL,
    names.AI_EVALUATION,
    names.AI_APPROVAL,
    names.AI_APPROVAL_BACKLOG,
)
"""Families whose series are all shown by definitions, so that a slice over none of them is a mistake."""


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
        self.multiprocess_dir = None if multiprocess_dir is None else Path(multiprocess_dir)
        """What all processes of the service count into; None: each counts for itself."""
        self.recorder = Recorder(multiprocess_dir=multiprocess_dir)
        self.refs = Refs(self.recorder)
        """Exact identifiers on their way to durable evidence, or wherever the host wants: `parapet.refs.to(sink)`."""
        self.spanning = Spanning(self.recorder, refs=self.refs)
        """Journeys that end in another process than they began in: `parapet.spanning.keep_in(store)`."""
        self._probes: dict[str, Probe] = {}
        self._packs: list[Pack] = []
        self._maintenances: list[Maintenance] = []
        self.rests_by_hand = False
        self._journeys: dict[str, Journey] = {}
        self._runbooks: dict[str, Runbook] = {}
        self._capabilities: dict[str, Capability] = {}

    def journey(
        self,
        name: str,
        *,
        objective: float | None = None,
        title: str | None = None,
        latency: tuple[float, float] | None = None,
        routes: Sequence[str] = (),
        runbook: str | None = None,
    ) -> Journey:
        """Name a user journey, and promise something about it.

        Args:
            objective: share of attempts that must not fail, a ratio: 0.999; None: it is counted, and who promises
                something about it is a pack, such as `billing_pack(checkout=name)`.
            latency: (seconds, ratio): this share of the successful attempts ends within that time: (0.5, 0.99).
            routes: routes whose answers are the attempts, such as `POST /checkout`; handlers stay as they are.
            runbook: a runbook's name or an http(s) address; without one, general guidance is attached.

        Raises:
            ConfigurationError: the name is taken, an objective is no ratio, a route is malformed, or a latency bound
                is missing from a histogram that already counts.
        """
        if name in self._journeys:
            raise ConfigurationError(f"Journey {name!r} is defined twice. Give one of them another name.")
        shown = title or title_of(name)
        slices = journey_slices(name, objective=objective, title=shown, latency=latency, runbook=runbook)
        if slices:
            guide = Guide(name=f"journey-{name}", playbook="journey", title=shown)
            self.adopt(Pack(name=f"journey({name!r})", slices=slices, guides=(guide,)))
        journey = Journey(name, shown, self.recorder, self.spanning, self.refs)
        self.recorder.route_journey(name, routes)
        self._journeys[name] = journey
        self.__dict__.pop("catalog", None)
        return journey

    def delivery(self, name: str, *, provider: str, channel: Channel | str) -> Delivery:
        """Name a kind of message that somebody else delivers, once per provider.

        What holds over all of its providers is promised by a pack: `email_delivery_pack(name)`,
        `notifications_pack(name)`.

        Raises:
            ConfigurationError: a name cannot be used, or there is no such channel.
        """
        made = Delivery(self.recorder, self.refs, name, provider=provider, channel=channel)
        self.__dict__.pop("catalog", None)
        return made

    def pipeline(
        self,
        name: str,
        *,
        stages: Sequence[str],
        queue: str,
        provider: str = NO_PROVIDER,
        late_after_seconds: float = LATE_AFTER_SECONDS,
    ) -> Pipeline:
        """Name work that goes through stages. What holds of it is promised by `media_pipeline_pack(name)`.

        Args:
            provider: who calls back, if somebody does.
            late_after_seconds: what waits or comes later than that is delayed: 1, 30, 300 or 3600.

        Raises:
            ConfigurationError: a name cannot be used, or there is no stage.
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
        self.__dict__.pop("catalog", None)
        return made

    def ai(
        self,
        name: str,
        *,
        guardrails: Sequence[str] = (),
        tools: Sequence[str] = (),
        evaluations: Sequence[str] = (),
    ) -> Ai:
        """Name a use of models, such as an assistant. What holds of it is promised by `ai_pack(name)`.

        Args:
            guardrails: those that look at requests and answers; *tools*: what models may call; *evaluations*: what
                judges answers.

        Raises:
            ConfigurationError: a name cannot be used, or there are too many.
        """
        made = Ai(self.recorder, self.refs, name, guardrails=guardrails, tools=tools, evaluations=evaluations)
        self.__dict__.pop("catalog", None)
        return made

    def probe(
        self,
        name: str,
        check: Check | None = None,
        *,
        every_seconds: float = 60.0,
        timeout_seconds: float = 10.0,
        jitter_ratio: float = 0.1,
    ) -> Callable[[C], C]:
        """Have the worker try something regularly: `parapet.probe("home", http_check(url))`, or as a decorator.

        That it works is promised by `probes_pack()`.

        Args:
            check: looks once, sync or async; it fails by raising, or by returning False.
            jitter_ratio: by how much the interval varies, as a share of it.

        Raises:
            ConfigurationError: the name is taken or cannot be used, or a time cannot hold.
        """
        if name in self._probes:
            raise ConfigurationError(f"Probe {name!r} is defined twice. Give one of them another name.")

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

    def adopt(self, *adopted: Pack | Slice | Diagnostic) -> None:
        """Promise what packs, or slices of your own, say, and watch what diagnostics watch:
        `parapet.adopt(web_pack(), jobs_pack())`.

        Raises:
            ConfigurationError: a slice is promised twice, or a latency bound is missing from a histogram that already
                counts.
        """
        packs = [one if isinstance(one, Pack) else pack_of(one) for one in adopted]
        refuse_clashes((pack.name, one.name) for pack in (*self._packs, *packs) for one in pack.judged)
        for pack in packs:
            for label, values in pack.registers:
                self.recorder.register_values(label, values)
            for one in pack.judged:
                if isinstance(one.sli, LatencyRatio) and one.sli.source is None:
                    self.recorder.require_bound(one.sli.metric, one.sli.threshold_seconds)
        self._packs += packs
        self.__dict__.pop("catalog", None)

    def maintenance(self, name: str, *windows: Window, slices: Sequence[str] = (), reason: str = "") -> None:
        """Let nothing count at times: `parapet.maintenance("backup", weekly("Sunday 02:00-04:00 Europe/Berlin"))`.

        Args:
            windows: `weekly(...)` and `once(...)`. *slices*: by name; none: all of the service.

        Raises:
            ConfigurationError: the name is malformed, or there is no window.
        """
        self._maintenances.append(Maintenance(name=name, windows=windows, slices=tuple(slices), reason=reason))
        self.__dict__.pop("catalog", None)

    @property
    def routing_labels(self) -> frozenset[str]:
        """Labels of the slices' alerts that only say who hears of them."""
        return frozenset(label for one in self.slices for labels in one.alert_labels.values() for label in labels)

    def runbook(self, runbook: Runbook) -> Runbook:
        """Register a runbook; one of the same name is replaced."""
        self._runbooks[runbook.name] = runbook
        self.__dict__.pop("catalog", None)
        return runbook

    def playbooks(self, *wanted: str) -> tuple[Runbook, ...]:
        """Register prebuilt playbooks by name, or all of them: attached to fault planes and to the slices they fit.

        Raises:
            UnknownName: there is no such playbook.
        """
        judged = [*(one.name for one in self.slices), *(one.name for one in self.diagnostics)]
        return tuple(self.runbook(runbook_of(name, owner=self.owner, slices=judged)) for name in wanted or RECOVERIES)

    @overload
    def capability(self, capability: Capability, /) -> Capability: ...
    @overload
    def capability(self, capability: str, /, **settings: Unpack[Settings]) -> Callable[[E], E]: ...
    def capability(self, capability: Capability | str, /, **settings: Any) -> Capability | Callable[[E], E]:
        """Let people preview and run one named action of yours: a `Capability`, or as a decorator of what executes it:
        `@parapet.capability("retry-jobs", preview=dead_jobs, noun="job", max_targets=50)`.

        Raises:
            ConfigurationError: the name is taken or cannot be used, there is no preview, or a limit cannot hold.
        """
        if isinstance(capability, str):
            name = capability

            def register(function: E) -> E:
                self.capability(named(name, function, cast("Settings", settings)))
                return function

            return register
        if capability.name in self._capabilities:
            raise ConfigurationError(f"Capability {capability.name!r} is defined twice. Give one another name.")
        self._capabilities[capability.name] = capability
        return capability

    @property
    def capabilities(self) -> tuple[Capability, ...]:
        """Every capability, in the order in which they were registered."""
        return tuple(self._capabilities.values())

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
        judged: tuple[Slice | Diagnostic, ...] = (*self.slices, *self.diagnostics)
        books: dict[str, Runbook] = {}
        for guide in (guide for pack in self._packs for guide in pack.guides):
            attached = tuple(one.name for one in judged if one.runbook == guide.name)
            if attached:
                books[guide.name] = runbook_from(
                    guide.playbook, name=guide.name, title=guide.title, owner=self.owner, slices=attached
                )
        return tuple({**books, **self._runbooks}.values())

    @property
    def slices(self) -> tuple[Slice, ...]:
        """Every promise, in the order of adoption."""
        return tuple(replace(one, owner=one.owner or self.owner) for pack in self._packs for one in pack)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything that is watched without a promise, in the order of adoption."""
        return tuple(replace(one, owner=one.owner or self.owner) for pack in self._packs for one in pack.diagnostics)

    @cached_property
    def catalog(self) -> Catalog:
        """Every promise, checked together.

        Raises:
            ConfigurationError: two promises contradict each other, or one could not hold.
        """
        return Catalog(
            service=self.service,
            slices=self.slices,
            diagnostics=self.diagnostics,
            maintenances=tuple(self._maintenances),
            rests_by_hand=self.rests_by_hand,
            burn=self.burn,
            known={label: self.recorder.families.ceilings.admitted(label) for label in DEFINED_LABELS},
            shown={metric: tuple(self.recorder.families.shown(metric)) for metric in DEFINED_FAMILIES},
            runbooks=frozenset(book.name for book in self.runbooks),
        )
