"""How one promise fared over the last day and over its period, for the page about it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TypeAlias

from parapet.core.errors import OutgoingError
from parapet.ops.prometheus import Prometheus
from parapet.slo import series
from parapet.slo.catalog import Catalog
from parapet.slo.slice import Slice

POINTS = 144
BURN_WINDOWS = 24
"""The burn is shown over so many of the policy's current windows: a day, by default."""
KEPT_SECONDS = 10.0
"""An answer serves every page for this long."""
NOT_CONFIGURED = "No Prometheus address is configured."

Points: TypeAlias = tuple[tuple[datetime, float], ...]
"""Values with their times, oldest first; where nothing was known there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One promise over time."""

    start: datetime
    """Of the period."""
    burn_start: datetime
    end: datetime
    step_seconds: float
    """Between two values of the budget."""
    burn_step_seconds: float
    burn: Points
    """The worst group's burn rate, lately."""
    budget_left: Points
    """The least group's share of the budget that was left, over the period."""
    problem: str | None
    """Why nothing is known, in words."""


class Courses:
    """Asks for courses, and keeps what it heard for a moment."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[str, Course] = {}

    def of(self, one: Slice, catalog: Catalog, prometheus: Prometheus | None, now: datetime) -> Course:
        """The course of *one* until *now*, at most ten seconds old. One reader asks, others wait."""
        with self._lock:
            kept = self._kept.get(one.name)
            if kept is None or not 0 <= (now - kept.end).total_seconds() < KEPT_SECONDS:
                kept = self._kept[one.name] = _asked(one, catalog, prometheus, now)
            return kept


def _asked(one: Slice, catalog: Catalog, prometheus: Prometheus | None, now: datetime) -> Course:
    period = catalog.policy_of(one).period_seconds
    lately = catalog.burn.current_window_seconds * BURN_WINDOWS
    start, burn_start = now - timedelta(seconds=period), now - timedelta(seconds=lately)
    step, burn_step = period / POINTS, lately / POINTS
    burn: Points = ()
    left: Points = ()
    problem = NOT_CONFIGURED if prometheus is None else None
    if prometheus is not None:
        worst = series.worst_query(series.CURRENT_BURN, catalog.service, one.name, {})
        least = series.least_query(series.BUDGET_REMAINING, catalog.service, one.name)
        try:
            burn = _points(prometheus, worst, burn_start, now, burn_step)
            left = _points(prometheus, least, start, now, step)
        except OutgoingError as error:
            problem = error.message
    return Course(
        start=start,
        burn_start=burn_start,
        end=now,
        step_seconds=step,
        burn_step_seconds=burn_step,
        burn=burn,
        budget_left=left,
        problem=problem,
    )


def _points(prometheus: Prometheus, query: str, start: datetime, end: datetime, step_seconds: float) -> Points:
    answered = prometheus.over(query, start=start, end=end, step_seconds=step_seconds)
    return tuple(
        (datetime.fromtimestamp(when, UTC), value)
        for sample in answered[:1]
        for when, value in sample.points
        if math.isfinite(value)
    )
