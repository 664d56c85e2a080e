"""Asks Prometheus how every promise stands now. What it cannot know it says; it never fills a gap with green."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Lock

from parapet.core import names
from parapet.core.clock import Clock
from parapet.core.errors import EvidenceError, OutgoingError
from parapet.core.vocabulary import Severity
from parapet.ops.course import Course, Courses
from parapet.ops.prometheus import Prometheus, Sample
from parapet.ops.promises import as_maintenances
from parapet.ops.sparks import Budgets, Steps, Values
from parapet.response.maintenance import PlannedMaintenance
from parapet.slo import series
from parapet.slo.catalog import Catalog
from parapet.slo.durations import spoken
from parapet.slo.maintenance import Maintenance, ends_at
from parapet.slo.sli import families_of
from parapet.slo.slice import Slice
from parapet.slo.state import Doubt, JourneyReading, JourneyState, judge

SPARK_POINTS = 48
SPARK_WINDOWS = 24
"""The small chart covers this many of the policy's current windows: a day, by default."""
KEPT_SECONDS = 1.0
"""An answer serves every page for this long, so that many readers are one load on Prometheus."""
FAILURE_KEPT_SECONDS = 5.0
"""A server that hangs is asked again only after this time: pages must not queue behind its time-outs."""

NOT_CONFIGURED = (
    "No Prometheus address is configured, so nobody can know here how users fare. Set prometheus_url in Wiring."
)
NOTES = {
    Doubt.NEVER_HEARD: "Prometheus has no sample of it. Are the recording rules loaded?",
    Doubt.TARGET_DOWN: "Prometheus cannot scrape the service. Nobody knows how users fare.",
    Doubt.OLD_PAGE: "What answers is an old page, from a cache or a gateway. Nobody knows how users fare.",
    Doubt.OLD_SAMPLE: "The newest sample is old.",
    Doubt.IDLE: "Idle, not dead: the target answers, nobody tries.",
    Doubt.FEW_EVENTS: "Too few attempts to judge.",
    Doubt.FEW_FAILURES: "A few failures; one more or less would decide.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyCard:
    """One slice as it stands now. None: not known. Ratios are of 1, times in the unit of their name."""

    name: str
    title: str
    slice: str
    journey: str | None
    state: JourneyState
    doubt: Doubt | None
    good_ratio: float | None
    total: float | None
    failed: float | None
    objective: float
    burn: float | None
    budget_left_ratio: float | None
    budget_left_minutes: float | None
    budget_minutes: float
    exhaustion_seconds: float | None
    spark: Values = ()
    """Burn over the last windows."""
    budget_spark: Values = ()
    """Share of the budget that was left, over the policy's period."""
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sky:
    """Every slice now, journeys first, and whether that can be known."""

    readings: tuple[JourneyCard, ...]
    heard_at: datetime | None
    """When Prometheus answered; None if it did not."""
    problem: str | None
    """Why nothing is known, in words."""
    spark_seconds: float = 0.0
    """How far back the small charts of the burn reach; 0: nothing is drawn."""
    budget_seconds: float = 0.0
    """How far back those of the budget do."""


class Observatory:
    """Reads the slices of *catalog* from Prometheus; without one it says so."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        prometheus: Prometheus | None,
        clock: Clock,
        planned: Callable[[], Sequence[PlannedMaintenance]] | None = None,
    ) -> None:
        self.catalog = catalog
        self._slices = sorted(catalog, key=lambda one: one.journey is None)
        """What users do comes first, in the catalog's order; then the machinery."""
        self.prometheus = prometheus
        self._planned = planned
        self.clock = clock
        self._lock = Lock()
        self._kept: Sky | None = None
        self._asked_at: datetime | None = None
        self._courses = Courses()
        self._budgets = Budgets()

    def journeys(self) -> Sky:
        """How every slice stands now; at most a second old, a failure at most five. One reader asks, others wait."""
        with self._lock:
            kept, asked_at = self._kept, self._asked_at
            if kept is not None and asked_at is not None:
                age_seconds = (self.clock.now() - asked_at).total_seconds()
                if 0 <= age_seconds < (KEPT_SECONDS if kept.problem is None else FAILURE_KEPT_SECONDS):
                    return kept
            sky = self._read()
            self._kept, self._asked_at = sky, self.clock.now()
            return sky

    def course(self, slice_name: str) -> Course:
        """How one slice fared over the last day and over its period; at most ten seconds old.

        Raises:
            UnknownName: there is no such slice.
        """
        one = self.catalog.slice(slice_name)
        return self._courses.of(one, self.catalog, self.prometheus, self.clock.now())

    def _read(self) -> Sky:
        if self.prometheus is None:
            return Sky(readings=self._unknown(), heard_at=None, problem=NOT_CONFIGURED)
        now = self.clock.now()
        try:
            answers = _ask(self.prometheus, self.catalog, now)
        except OutgoingError as error:
            return Sky(readings=self._unknown(), heard_at=None, problem=error.message)
        budgets = self._budgets.of(self.catalog, self.prometheus, now)
        planned = as_maintenances(self._rests())
        cards = tuple(
            replace(
                _card(one, _reading(one, answers, now), self.catalog, now, planned),
                spark=answers.spark.get(one.name, ()),
                budget_spark=budgets.get(one.name, ()),
            )
            for one in self._slices
        )
        policy = self.catalog.burn
        span = policy.current_window_seconds * SPARK_WINDOWS
        return Sky(readings=cards, heard_at=now, problem=None, spark_seconds=span, budget_seconds=policy.period_seconds)

    def _rests(self) -> Sequence[PlannedMaintenance]:
        """What people let rest; nothing where the evidence cannot be asked: the page has other news then."""
        if self._planned is None:
            return ()
        try:
            return self._planned()
        except EvidenceError:
            return ()

    def _unknown(self) -> tuple[JourneyCard, ...]:
        silence = JourneyReading(
            good_ratio=None,
            total=None,
            failed=None,
            burn=None,
            budget_left_ratio=None,
            firing=None,
            last_sample_age_seconds=None,
            up=None,
        )
        return tuple(_card(one, silence, self.catalog, None) for one in self._slices)


@dataclass(frozen=True, slots=True)
class _Answers:
    up: tuple[Sample, ...]
    frozen: tuple[Sample, ...]
    total: tuple[Sample, ...]
    failed: tuple[Sample, ...]
    good: tuple[Sample, ...]
    burn: tuple[Sample, ...]
    left: tuple[Sample, ...]
    firing: tuple[Sample, ...]
    newest: tuple[Sample, ...]
    spark: Mapping[str, Values]


def _ask(prometheus: Prometheus, catalog: Catalog, now: datetime) -> _Answers:
    service, policy = catalog.service, catalog.burn
    steps = Steps.within(policy.current_window_seconds * SPARK_WINDOWS, SPARK_POINTS, now)
    return _Answers(
        up=prometheus.now(series.up_query(service)),
        frozen=prometheus.now(series.frozen_query(service)),
        total=prometheus.now(series.events_query(service, policy)),
        failed=prometheus.now(series.bad_events_query(service, policy)),
        good=prometheus.now(series.good_ratio_query(service, policy)),
        burn=prometheus.now(series.current_burn_query(service)),
        left=prometheus.now(series.budget_remaining_query(service)),
        firing=prometheus.now(series.firing_query(service)),
        newest=prometheus.now(series.last_sample_query(service, policy)),
        spark=steps.values(steps.asked(prometheus, series.current_burn_query(service)), max),
    )


def _reading(one: Slice, answers: _Answers, now: datetime) -> JourneyReading:
    total, failed = _of(one, answers.total), _of(one, answers.failed)
    newest = _of(one, answers.newest)
    firing = [
        Severity(sample.labels[names.SEVERITY])
        for sample in answers.firing
        if sample.labels.get(names.SLICE) == one.name
    ]
    return JourneyReading(
        good_ratio=min(_of(one, answers.good), default=None),
        total=sum(total) if total else None,
        failed=sum(failed) if failed else None,
        burn=max(_of(one, answers.burn), default=None),
        budget_left_ratio=min(_of(one, answers.left), default=None),
        firing=min(firing, key=lambda severity: severity.rank, default=None),
        last_sample_age_seconds=now.timestamp() - max(newest) if newest else None,
        up=any(sample.value > 0 for sample in answers.up) if answers.up else None,
        frozen=any(sample.value > 0 for sample in answers.frozen)
        and all(family.job is None for family in families_of(one.sli)),
    )


def _card(
    one: Slice,
    reading: JourneyReading,
    catalog: Catalog,
    now: datetime | None,
    planned: Sequence[Maintenance] = (),
) -> JourneyCard:
    """*now*: when Prometheus answered; None if it did not, and then maintenance explains nothing."""
    resting = _rests(one, catalog, planned, now) if now is not None else ""
    standing = judge(replace(reading, maintained=bool(resting)), policy=catalog.policy_of(one), objective=one.objective)
    return JourneyCard(
        name=one.journey or one.name,
        title=one.title,
        slice=one.name,
        journey=one.journey,
        state=standing.state,
        doubt=standing.doubt,
        good_ratio=reading.good_ratio,
        total=reading.total,
        failed=reading.failed,
        objective=one.objective,
        burn=reading.burn,
        budget_left_ratio=reading.budget_left_ratio,
        budget_left_minutes=standing.budget_left_minutes,
        budget_minutes=standing.budget_minutes,
        exhaustion_seconds=standing.exhaustion_seconds,
        note=resting if standing.state is JourneyState.MAINTENANCE else NOTES[standing.doubt] if standing.doubt else "",
    )


def _rests(one: Slice, catalog: Catalog, planned: Sequence[Maintenance], now: datetime) -> str:
    """Why the events of a slice do not count now, in words; empty if they do."""
    maintenances = (*catalog.maintenances_of(one), *(each for each in planned if each.concerns(one.name)))
    end = ends_at(maintenances, now)
    if end is not None:
        return f"Until {_moment(end, now)}, nothing counts and nobody is told."
    base_seconds = catalog.burn.base_window_seconds
    ended = ends_at(maintenances, now - timedelta(seconds=base_seconds))
    return "" if ended is None else f"Over since {_moment(ended, now)}; counts again within {spoken(base_seconds)}."


def _moment(when: datetime, now: datetime) -> str:
    when, today = when.astimezone(UTC), now.astimezone(UTC).date()
    return f"{when:%H:%M} UTC" if when.date() == today else f"{when:%-d %b %H:%M} UTC"


def _of(one: Slice, samples: Iterable[Sample]) -> list[float]:
    return [
        sample.value
        for sample in samples
        if sample.labels.get(names.SLICE) == one.name and not math.isnan(sample.value)
    ]
