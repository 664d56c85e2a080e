"""How a journey stands now, judged from what was read. Pure: no clock, no queries, no words for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from parapet.slo.budget import budget_seconds, exhaustion_seconds
from parapet.slo.burn import BurnPolicy, Severity, budget_ratio_of
from parapet.slo.evidence import enough_failures, fewest_events


class JourneyState(StrEnum):
    """How a journey stands. The first that holds, in this order, is the state."""

    BURNING_PAGE = "burning_page"  # a page fires
    BURNING_TICKET = "burning_ticket"  # a ticket fires
    MAINTENANCE = "maintenance"  # what happens now does not count, and nobody is told of it
    STALE = "stale"  # we do not hear from it: neither good nor bad
    NOT_ENOUGH_EVIDENCE = "not_enough_evidence"  # we hear, and too little happened to judge
    GOOD = "good"  # users succeed, and there is evidence


class Doubt(StrEnum):
    """Why a state is not a judgement of good or bad."""

    NEVER_HEARD = "never_heard"  # no sample at all
    TARGET_DOWN = "target_down"  # Prometheus cannot scrape the service
    OLD_PAGE = "old_page"  # what answers in the service's stead is always the same page
    OLD_SAMPLE = "old_sample"  # the newest sample is too old
    IDLE = "idle"  # reachable, and nobody tried
    FEW_EVENTS = "few_events"  # even a total failure of these could not raise an alert
    FEW_FAILURES = "few_failures"  # the ratio is high, and one failure more or less would decide it


class StateNumber(IntEnum):
    """A state as it is recorded, for dashboards and queries: the worse, the larger."""

    GOOD = 0
    MAINTENANCE = 1  # nothing counts, whatever happens
    IDLE = 2  # we hear, and nobody tried
    NOT_ENOUGH_EVIDENCE = 3
    STALE = 4
    BURNING_TICKET = 5
    BURNING_PAGE = 6


class Silence(IntEnum):
    """Whether anything is heard of a slice, as it is recorded."""

    HEARD = 0
    METRIC_GONE = 1  # the target answers, without the metric
    TARGET_GONE = 2  # no target answers, or none is known
    FROZEN = 3  # what answers is an old page: a cache, or a gateway that nobody pushes to any more


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyReading:
    """What was read about one slice. None: there is no such sample."""

    good_ratio: float | None
    """In the policy's current window."""
    total: float | None
    """Events in that window."""
    failed: float | None
    """Bad events in that window."""
    burn: float | None
    """Now: 1 uses exactly the budget within the period."""
    budget_left_ratio: float | None
    firing: Severity | None
    """The loudest alert that fires."""
    last_sample_age_seconds: float | None
    up: bool | None
    """Whether Prometheus could scrape the service; None if it knows no such target."""
    frozen: bool = False
    """Whether what answers is an old page, of which every sample only looks new."""
    maintained: bool = False
    """Whether its events do not count now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The judgement, and the facts for the sentences around it."""

    state: JourneyState
    doubt: Doubt | None
    budget_minutes: float
    """Of the whole period."""
    budget_left_minutes: float | None
    """Below 0 when overspent."""
    exhaustion_seconds: float | None
    """Until the budget is used up at this burn; 0 if it is; None if it will last, or nobody knows."""


SHORTEST_PATIENCE_SECONDS = 15.0
"""A sample is not now once it is older than a base window; with scaled down windows, than this."""


def judge(reading: JourneyReading, *, policy: BurnPolicy, objective: float) -> Standing:
    """How the slice with this *objective* (a ratio) stands.

    Raises:
        ConfigurationError: the objective is no ratio in [0.5, 1).
    """
    state, doubt = _state(reading, policy, objective)
    minutes = budget_seconds(objective, policy.period_seconds) / 60
    left = reading.budget_left_ratio
    known = left is not None and reading.burn is not None
    return Standing(
        state=state,
        doubt=doubt,
        budget_minutes=minutes,
        budget_left_minutes=None if left is None else left * minutes,
        exhaustion_seconds=exhaustion_seconds(left or 0.0, reading.burn or 0.0, policy.period_seconds)
        if known
        else None,
    )


def _state(reading: JourneyReading, policy: BurnPolicy, objective: float) -> tuple[JourneyState, Doubt | None]:
    if reading.firing is Severity.PAGE:
        return JourneyState.BURNING_PAGE, None
    if reading.firing is Severity.TICKET:
        return JourneyState.BURNING_TICKET, None
    if reading.maintained:
        return JourneyState.MAINTENANCE, None
    silence = _silence(reading, policy)
    if silence is not None:
        return JourneyState.STALE, silence
    lack = _lack(reading, policy, objective)
    if lack is not None:
        return JourneyState.NOT_ENOUGH_EVIDENCE, lack
    return JourneyState.GOOD, None


def _silence(reading: JourneyReading, policy: BurnPolicy) -> Doubt | None:
    if reading.last_sample_age_seconds is None:
        return Doubt.TARGET_DOWN if reading.up is False else Doubt.NEVER_HEARD
    if reading.up is False:
        return Doubt.TARGET_DOWN
    if reading.frozen:
        return Doubt.OLD_PAGE
    if reading.last_sample_age_seconds > max(policy.base_window_seconds, SHORTEST_PATIENCE_SECONDS):
        return Doubt.OLD_SAMPLE
    return None


def _lack(reading: JourneyReading, policy: BurnPolicy, objective: float) -> Doubt | None:
    loudest, budget_ratio = policy.thresholds(objective)[0], budget_ratio_of(objective)
    if not reading.total or reading.good_ratio is None:
        return Doubt.IDLE
    if reading.total < fewest_events(loudest.error_ratio, budget_ratio):
        return Doubt.FEW_EVENTS
    bad_ratio = 1 - reading.good_ratio
    if bad_ratio > loudest.error_ratio and not enough_failures(
        reading.failed or 0.0, bad_ratio, loudest.error_ratio, budget_ratio
    ):
        return Doubt.FEW_FAILURES
    return None
