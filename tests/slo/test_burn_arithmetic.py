"""Factors, order, reach and scale of the burn policy."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from parapet.core.errors import ConfigurationError, UnreachableAlert
from parapet.core.vocabulary import Severity
from parapet.slo.burn import DAY, PAIRS, BurnPolicy, WindowPair, budget_ratio_of, pair
from parapet.slo.reach import worst_case_seconds

OBJECTIVES = st.floats(min_value=0.5, max_value=0.9999)
DAYS = st.integers(min_value=3, max_value=400)
POLICIES = st.builds(
    lambda days, by: BurnPolicy().scaled_down(by).over(days * DAY), DAYS, st.sampled_from([1.0, 60.0, 300.0])
)
"""Every period from three days to more than a year, as it is and scaled down."""
TIERS = tuple(one.tier for one in PAIRS)


def test_the_table_of_thirty_days_comes_out_of_the_budget_shares() -> None:
    """Factors are derived: 14.4, 6, 3 and 1."""
    assert [t.factor for t in BurnPolicy().thresholds(0.999)] == pytest.approx([14.4, 6, 3, 1])
    assert [t.error_ratio for t in BurnPolicy().thresholds(0.999)] == pytest.approx([0.0144, 0.006, 0.003, 0.001])
    shorts = [t.short_seconds for t in BurnPolicy().thresholds(0.999)]
    assert shorts == [5 * 60, 30 * 60, 2 * 3_600, 6 * 3_600]


@given(policy=POLICIES, objective=OBJECTIVES)
def test_a_total_outage_crosses_every_threshold(policy: BurnPolicy, objective: float) -> None:
    """No pair is unreachable at any objective down to one half, and none asks for less than the budget itself."""
    for threshold in policy.thresholds(objective):
        assert 0 < threshold.error_ratio < 1
        assert threshold.factor * budget_ratio_of(objective) == pytest.approx(threshold.error_ratio)
        assert threshold.budget_share == pytest.approx(
            threshold.factor * threshold.long_seconds / policy.period_seconds
        )


@given(policy=POLICIES, objective=OBJECTIVES)
def test_louder_pairs_need_more_errors(policy: BurnPolicy, objective: float) -> None:
    """The order of the pairs survives the re-derivation."""
    for louder, quieter in pairwise(policy.thresholds(objective)):
        assert louder.error_ratio >= quieter.error_ratio
        assert louder.error_ratio > quieter.error_ratio or quieter.factor == 1


@given(policy=POLICIES, objective=OBJECTIVES)
def test_what_fires_ends_below_its_threshold_and_never_holds_who_keeps_the_promise(
    policy: BurnPolicy, objective: float
) -> None:
    """At half of it, or at a burn of 1, whichever is more."""
    for threshold in policy.thresholds(objective):
        assert (
            budget_ratio_of(objective)
            <= threshold.release_ratio
            <= max(threshold.error_ratio, budget_ratio_of(objective))
        )
        assert threshold.release_ratio >= threshold.error_ratio / 2


@given(policy=POLICIES, one=OBJECTIVES, other=OBJECTIVES)
def test_a_stricter_objective_never_needs_more_errors(policy: BurnPolicy, one: float, other: float) -> None:
    """Thresholds fall as objectives rise."""
    looser, stricter = sorted((one, other))
    for loose, strict in zip(policy.thresholds(looser), policy.thresholds(stricter), strict=True):
        assert strict.error_ratio <= loose.error_ratio


@given(policy=POLICIES, objective=OBJECTIVES)
def test_every_burn_that_breaks_the_promise_is_told(policy: BurnPolicy, objective: float) -> None:
    """Whatever the period, the slowest pair fires at a burn of 1, so no steady burn above it spends it in silence."""
    thresholds = policy.thresholds(objective)
    assert min(t.factor for t in thresholds) == 1
    slowest = thresholds[-1]
    least = max(3 * DAY, policy.period_seconds * policy.scale / 10)
    assert least - 1 <= slowest.long_seconds * policy.scale < least + 12 * policy.base_window_seconds * policy.scale + 1
    assert slowest.long_seconds == pytest.approx(12 * slowest.short_seconds)


@given(policy=POLICIES, objective=OBJECTIVES, severity=st.sampled_from(Severity))
def test_a_total_outage_is_told_within_the_long_window_of_the_loudest_pair(
    policy: BurnPolicy, objective: float, severity: Severity
) -> None:
    """At every objective and period, and more errors are never told later."""
    first = next(t for t in policy.thresholds(objective) if t.severity is severity)
    seconds = worst_case_seconds(policy, objective, 1.0, severity)
    assert seconds is not None
    assert seconds <= first.long_seconds + policy.base_window_seconds
    half = worst_case_seconds(policy, objective, 0.5, severity)
    assert half is None or half >= seconds


@given(
    policy=POLICIES,
    objective=OBJECTIVES,
    without=st.sets(st.sampled_from(TIERS), max_size=3),
    severities=st.sets(st.sampled_from(Severity), min_size=1),
)
def test_fewer_pairs_change_nothing_about_those_that_are_left(
    policy: BurnPolicy, objective: float, without: set[str], severities: set[Severity]
) -> None:
    """Opting out of a tier or a severity leaves thresholds, period and the windows that readers ask for as they are."""
    left = [t for t in policy.thresholds(objective) if t.severity in severities and t.tier not in without]
    assume(left)
    fewer = policy.only(severities, without)
    assert list(fewer.thresholds(objective)) == left
    assert fewer.current_window_seconds == policy.current_window_seconds
    assert fewer.period_seconds == policy.period_seconds
    assert BurnPolicy().scaled_down(policy.scale) == policy.over(30 * DAY)


@given(by=st.floats(min_value=0.5, max_value=300), objective=OBJECTIVES)
def test_scaling_down_keeps_every_threshold(by: float, objective: float) -> None:
    """Windows, base and period shrink together, so factors and thresholds stay."""
    small = BurnPolicy().scaled_down(by)
    for scaled, whole in zip(small.thresholds(objective), BurnPolicy().thresholds(objective), strict=True):
        assert scaled.error_ratio == pytest.approx(whole.error_ratio)
        assert scaled.long_seconds * by == pytest.approx(whole.long_seconds)
        assert scaled.rederived == whole.rederived


@given(policy=POLICIES, objective=OBJECTIVES)
def test_no_alert_speaks_of_a_burn_that_keeps_the_promise(policy: BurnPolicy, objective: float) -> None:
    """A factor below 1 would raise tickets for ever about a service that meets its objective."""
    assert all(threshold.factor >= 1 for threshold in policy.thresholds(objective))


def test_only_thresholds_near_certainty_are_bent() -> None:
    """At 99 % nothing changes; at 90 % the fast page, which would need 144 % errors, is re-derived."""
    assert not any(t.rederived for t in BurnPolicy().thresholds(0.99))
    fast, slow, *_ = BurnPolicy().thresholds(0.9)
    assert fast.rederived
    assert fast.budget_share < 0.02
    assert not slow.rederived


@pytest.mark.parametrize(("given_objective", "hint"), [(99.9, "0.999"), (99.5, "0.995"), (95, "0.95")])
def test_a_percentage_is_recognised(given_objective: float, hint: str) -> None:
    """99.9 is refused, and the ratio that was meant is named."""
    with pytest.raises(ConfigurationError, match=rf"Did you mean {hint}\?"):
        budget_ratio_of(given_objective)


@pytest.mark.parametrize("objective", [1.0, 0.4, 0.0, -1.0, 100.0, 1_000.0, float("nan")])
def test_what_is_no_objective_is_refused(objective: float) -> None:
    """Neither everything nor less than half can be promised."""
    with pytest.raises(ConfigurationError, match="expected a ratio"):
        budget_ratio_of(objective)


def test_the_budget_has_no_binary_noise() -> None:
    """1 - 0.999 is 0.001, so that generated files read as a person would write them."""
    assert [budget_ratio_of(o) for o in (0.999, 0.9995, 0.99, 0.95)] == [0.001, 0.0005, 0.01, 0.05]


def test_pairs_that_could_never_fire_first_are_refused() -> None:
    """A longer pair with a larger factor, or a page behind a ticket, is an error of the definition."""
    with pytest.raises(UnreachableAlert, match="never fires first"):
        BurnPolicy(pairs=(pair(Severity.PAGE, 3_600, 0.001), pair(Severity.PAGE, 7_200, 0.05)))
    with pytest.raises(UnreachableAlert, match="page comes after a ticket"):
        BurnPolicy(pairs=(pair(Severity.TICKET, 3_600, 0.02), pair(Severity.PAGE, 21_600, 0.05)))


def test_windows_that_do_not_fit_are_refused() -> None:
    """Shorter than the base window, longer than the period, or short longer than long."""
    with pytest.raises(ConfigurationError, match="do not fit"):
        BurnPolicy(pairs=(pair(Severity.PAGE, 600, 0.02),))
    with pytest.raises(ConfigurationError, match="do not fit"):
        BurnPolicy(period_seconds=86_400)
    with pytest.raises(
        ConfigurationError, match=r"A window of 320 s is not made of whole base windows.*Nearest: 300 s"
    ):
        BurnPolicy(pairs=(pair(Severity.PAGE, 3_840, 0.02),))
    with pytest.raises(ConfigurationError, match="short window"):
        WindowPair(severity=Severity.PAGE, long_seconds=60, short_seconds=60, budget_share=0.1)
    with pytest.raises(ConfigurationError, match="budget_share"):
        pair(Severity.PAGE, 3_600, 2)
    with pytest.raises(ConfigurationError, match="greater than 0"):
        BurnPolicy().scaled_down(0)
