"""Budgets and durations, as people and Prometheus read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parapet.core.errors import ConfigurationError
from parapet.slo.budget import budget_events, exhaustion_seconds, in_words, percent
from parapet.slo.durations import prometheus_duration, spoken

DAY = 86_400.0


@pytest.mark.parametrize(
    ("objective", "period_days", "says"),
    [
        (0.999, 30, "99.9 % = 43.2 minutes in 30 days"),
        (0.995, 30, "99.5 % = 3.6 hours in 30 days"),
        (0.99, 7, "99 % = 101 minutes in 7 days"),
    ],
)
def test_a_promise_is_a_sentence(objective: float, period_days: float, says: str) -> None:
    """In the unit that a person would choose."""
    assert in_words(objective, period_days * DAY) == says


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(300, "5m"), (3_600, "1h"), (DAY, "1d"), (30 * DAY, "30d"), (90, "90s"), (1.5, "1500ms"), (0.25, "250ms")],
)
def test_durations_are_written_as_prometheus_reads_them(seconds: float, written: str) -> None:
    """In one unit, milliseconds where it must be."""
    assert prometheus_duration(seconds) == written


@given(milliseconds=st.integers(min_value=1, max_value=10**11))
def test_a_written_duration_is_exact(milliseconds: int) -> None:
    """Reading it back gives the same milliseconds."""
    written = prometheus_duration(milliseconds / 1_000)
    sizes = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
    digits = written.rstrip("dhms")
    assert int(digits) * sizes[written[len(digits) :]] == milliseconds


def test_a_duration_too_short_to_say_is_refused() -> None:
    """Prometheus knows no microseconds."""
    with pytest.raises(ConfigurationError, match="shorter than"):
        prometheus_duration(0.0001)


def test_people_hear_round_units() -> None:
    """One hour, not 60 minutes."""
    assert [spoken(s) for s in (5, 60, 176.4, 3_600, DAY, 3 * DAY)] == [
        "5 s",
        "1 minute",
        "2.94 minutes",
        "1 hour",
        "1 day",
        "3 days",
    ]
    assert percent(0.999) == "99.9 %"


def test_budget_in_events_and_until_exhaustion() -> None:
    """A thousandth of the events; half a budget at burn two lasts a quarter of the period."""
    assert budget_events(0.999, 1_000_000) == pytest.approx(1_000)
    assert exhaustion_seconds(0.5, 2, 30 * DAY) == pytest.approx(7.5 * DAY)
    assert exhaustion_seconds(0.5, 0, 30 * DAY) is None
    assert exhaustion_seconds(0, 3, 30 * DAY) == 0
