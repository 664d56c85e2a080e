"""What a host defines: journeys, promises, runbooks. The one place where signals and objectives meet, by name only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.response.playbooks import journey_playbook, web_playbooks
from parapet.response.runbook import Runbook
from parapet.signals.journey import Journey
from parapet.signals.recorder import Recorder
from parapet.slo.burn import BurnPolicy
from parapet.slo.catalog import Catalog
from parapet.slo.packs.journeys import journey_slices
from parapet.slo.slice import LatencyRatio, Slice


class Definitions:
    """The journeys, slices and runbooks of one service, and the recorder that counts what they need.

    Raises:
        ConfigurationError: the service's name cannot be used.
    """

    def __init__(self, *, service: str, owner: str, burn: BurnPolicy) -> None:
        self.service = Catalog(service=service).service
        self.owner = owner
        self.burn = burn
        self.recorder = Recorder()
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
        journey = Journey(name, slices[0].title, self.recorder)
        self.recorder.route_journey(name, routes)
        self._journeys[name] = journey
        return journey

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

    def runbook(self, runbook: Runbook) -> Runbook:
        """Register a runbook; one of the same name is replaced."""
        self._runbooks[runbook.name] = runbook
        self.__dict__.pop("catalog", None)
        return runbook

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
            known={names.JOURNEY: frozenset(self._journeys)},
            runbooks=frozenset(self._runbooks),
        )
