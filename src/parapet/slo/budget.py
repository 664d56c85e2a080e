"""What an objective allows, in minutes and in events: 99.9 % is 43 minutes in 30 days."""

from __future__ import annotations

from parapet.slo.burn import budget_ratio_of
from parapet.slo.durations import spoken


def budget_seconds(objective: float, period_seconds: float) -> float:
    """Seconds of total outage, at average traffic, that *objective* (a ratio) allows in a period.

    Raises:
        ConfigurationError: the objective is no ratio in [0.5, 1).
    """
    return budget_ratio_of(objective) * period_seconds


def budget_events(objective: float, events: float) -> float:
    """Bad events that *objective* allows among *events*.

    Raises:
        ConfigurationError: the objective is no ratio in [0.5, 1).
    """
    return budget_ratio_of(objective) * events


def exhaustion_seconds(remaining_ratio: float, burn: float, period_seconds: float) -> float | None:
    """Seconds until the budget is used up if the burn stays; 0 if it is, None if it will not be within a period."""
    if remaining_ratio <= 0:
        return 0.0
    if burn <= 0:
        return None
    seconds = remaining_ratio * period_seconds / burn
    return seconds if seconds <= period_seconds else None


def in_words(objective: float, period_seconds: float) -> str:
    """The promise as a sentence: '99.9 % = 43.2 minutes in 30 days'.

    Raises:
        ConfigurationError: the objective is no ratio in [0.5, 1).
    """
    allowed = spoken(budget_seconds(objective, period_seconds))
    return f"{percent(objective)} = {allowed} in {spoken(period_seconds)}"


def one_in(objective: float) -> str:
    """How many of many may be bad: '1 in 1,000' for 0.999, '3 in 100' for 0.97.

    Raises:
        ConfigurationError: the objective is no ratio in [0.5, 1).
    """
    each = 1 / budget_ratio_of(objective)
    if abs(each - round(each)) < 1e-6:
        return f"1 in {round(each):,}"
    return f"{budget_ratio_of(objective) * 100:.4g} in 100"


def percent(ratio: float) -> str:
    """A ratio for people: 0.999 is '99.9 %'."""
    return f"{ratio * 100:.10g} %"
