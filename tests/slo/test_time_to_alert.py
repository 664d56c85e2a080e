"""The worst case until somebody is told, against the recorded windows themselves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parapet.core.vocabulary import Severity
from parapet.slo.burn import BurnPolicy
from parapet.slo.reach import seconds_until_weight, weight_after, worst_case_seconds

POLICY = BurnPolicy()
OBJECTIVES = st.floats(min_value=0.5, max_value=0.9999)
ERRORS = st.floats(min_value=0.001, max_value=1)
WHOLE = [300.0, 1_800.0, 3_600.0, 7_200.0, 21_600.0]


def recorded_share(window_seconds: float, elapsed_seconds: int) -> float:
    """The share of a window that lies after an onset, added up as the rules do: base windows, one after the other."""
    base = int(POLICY.base_window_seconds)
    ends = range(elapsed_seconds, elapsed_seconds - int(window_seconds), -base)
    return sum(min(max(end, 0), base) for end in ends) / window_seconds


@pytest.mark.parametrize("window_seconds", WHOLE)
def test_the_formula_is_what_the_recorded_series_do(window_seconds: float) -> None:
    """The closed form agrees with adding up the base windows, at every moment of an outage."""
    for elapsed in range(0, int(window_seconds) + 600, 60):
        expected = recorded_share(window_seconds, elapsed)
        assert weight_after(POLICY, window_seconds, elapsed) == pytest.approx(expected)


@given(window_seconds=st.sampled_from([*WHOLE, 86_400.0, 259_200.0]), weight=st.floats(min_value=0, max_value=1))
def test_weight_and_time_are_inverse(window_seconds: float, weight: float) -> None:
    """Solving for time and weighing again gives the weight back."""
    seconds = seconds_until_weight(POLICY, window_seconds, weight)
    assert weight_after(POLICY, window_seconds, seconds) == pytest.approx(weight, abs=1e-9)


@given(objective=OBJECTIVES)
def test_a_total_outage_pages_within_the_fast_window(objective: float) -> None:
    """At every objective down to one half, in at most an hour."""
    seconds = worst_case_seconds(POLICY, objective, 1.0)
    assert seconds is not None
    assert seconds <= 3_600


@given(objective=OBJECTIVES, one=ERRORS, other=ERRORS, severity=st.sampled_from(Severity))
def test_more_errors_never_fire_later(objective: float, one: float, other: float, severity: Severity) -> None:
    """Worse trouble is told at least as soon."""
    fewer, more = sorted((one, other))
    later = worst_case_seconds(POLICY, objective, fewer, severity)
    sooner = worst_case_seconds(POLICY, objective, more, severity)
    assert later is None or (sooner is not None and sooner <= later + 1e-6)


@given(one=OBJECTIVES, other=OBJECTIVES, error_ratio=ERRORS)
def test_a_stricter_objective_never_fires_later(one: float, other: float, error_ratio: float) -> None:
    """The same errors are told at least as soon where more was promised."""
    looser, stricter = sorted((one, other))
    later = worst_case_seconds(POLICY, looser, error_ratio)
    sooner = worst_case_seconds(POLICY, stricter, error_ratio)
    assert later is None or (sooner is not None and sooner <= later + 1e-6)


@settings(max_examples=30)
@given(objective=OBJECTIVES, error_ratio=ERRORS, by=st.sampled_from([2.0, 60.0, 300.0]))
def test_time_scales_with_the_policy(objective: float, error_ratio: float, by: float) -> None:
    """An hour made a minute is told sixty times as soon."""
    whole = worst_case_seconds(POLICY, objective, error_ratio)
    small = worst_case_seconds(POLICY.scaled_down(by), objective, error_ratio)
    assert (small is None) == (whole is None)
    if whole is not None and small is not None:
        assert small * by == pytest.approx(whole)


def test_known_figures() -> None:
    """99.9 %: a total outage in a minute, a tenth in nine, 2 % within an hour; 99 %: 2 % never pages."""
    seconds = [worst_case_seconds(POLICY, 0.999, ratio) for ratio in (1.0, 0.1, 0.02)]
    assert seconds == pytest.approx([51.84, 518.4, 2_592.0])
    assert worst_case_seconds(POLICY, 0.99, 0.02) is None
    assert worst_case_seconds(POLICY, 0.99, 0.02, Severity.TICKET) == pytest.approx(129_900)
