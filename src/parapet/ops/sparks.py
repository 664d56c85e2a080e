"""The values of the small charts: every slice over one stretch of time, at even steps. A gap stays a gap."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from parapet.core import names
from parapet.core.errors import OutgoingError
from parapet.core.guard import note
from parapet.ops.prometheus import Prometheus, Sample
from parapet.slo import series
from parapet.slo.catalog import Catalog

BUDGET_POINTS = 60
BUDGET_KEPT_SECONDS = 60.0
"""A step of that chart lasts hours: its answer, or that there was none, serves every page for this long."""

Values: TypeAlias = tuple[float | None, ...]
"""At even steps, oldest first; None where there was no sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """So many even steps that end at a moment."""

    end: datetime
    step_seconds: float
    count: int

    @classmethod
    def within(cls, seconds: float, count: int, end: datetime) -> Steps:
        """The last *seconds* in *count* steps, of whole milliseconds: Prometheus is asked for no finer ones."""
        return cls(end=end, step_seconds=math.floor(seconds / count * 1_000) / 1_000, count=count)

    @property
    def start(self) -> datetime:
        """When the first one begins."""
        return self.end - timedelta(seconds=self.step_seconds * self.count)

    def asked(self, prometheus: Prometheus, query: str) -> tuple[Sample, ...]:
        """What *prometheus* knows at each of them.

        Raises:
            OutgoingError: it does not answer, or refuses.
        """
        return prometheus.over(query, start=self.start, end=self.end, step_seconds=self.step_seconds)

    def values(self, samples: Iterable[Sample], worse: Callable[[float, float], float]) -> dict[str, Values]:
        """By slice, the worst group's value at each step; nothing of a slice without any."""
        rows: dict[str, dict[int, float]] = {}
        for sample in samples:
            row = rows.setdefault(sample.labels.get(names.SLICE, ""), {})
            for when, value in sample.points:
                place = self.count - round((self.end.timestamp() - when) / self.step_seconds)
                if math.isfinite(value):
                    row[place] = worse(value, row.get(place, value))
        return {name: tuple(row.get(place) for place in range(self.count + 1)) for name, row in rows.items() if row}


class Budgets:
    """What was left of every budget over the policy's period, asked seldom. Its owner lets one reader in at a time."""

    def __init__(self) -> None:
        self._kept: Mapping[str, Values] = {}
        self._asked_at: datetime | None = None

    def of(self, catalog: Catalog, prometheus: Prometheus, now: datetime) -> Mapping[str, Values]:
        """By slice, the least group's share that was left; nothing where Prometheus could not say."""
        if self._asked_at is None or not 0 <= (now - self._asked_at).total_seconds() < BUDGET_KEPT_SECONDS:
            self._asked_at = now
            steps = Steps.within(catalog.burn.period_seconds, BUDGET_POINTS, now)
            try:
                samples = steps.asked(prometheus, series.budget_remaining_query(catalog.service))
            except OutgoingError as error:
                note("journeys.budgets", error)
                samples = ()
            self._kept = steps.values(samples, min)
        return self._kept
