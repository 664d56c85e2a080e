"""How a journey stands, from what was read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parapet.core.vocabulary import Severity
from parapet.slo.burn import BurnPolicy
from parapet.slo.evidence import enough_failures, fewest_events
from parapet.slo.state import Doubt, JourneyReading, JourneyState, judge

POLICY = BurnPolicy()
FINE = JourneyReading(
    good_ratio=0.9998,
    total=10_000,
    failed=2,
    burn=0.2,
    budget_left_ratio=0.88,
    firing=None,
    last_sample_age_seconds=12,
    up=True,
)
SILENT = replace(FINE, good_ratio=None, total=None, failed=None, burn=None, last_sample_age_seconds=None)


@pytest.mark.parametrize(
    ("reading", "state", "doubt"),
    [
        (FINE, JourneyState.GOOD, None),
        (replace(FINE, firing=Severity.PAGE), JourneyState.BURNING_PAGE, None),
        (replace(FINE, firing=Severity.TICKET), JourneyState.BURNING_TICKET, None),
        (replace(SILENT, firing=Severity.PAGE, up=False), JourneyState.BURNING_PAGE, None),
        (replace(SILENT, maintained=True), JourneyState.MAINTENANCE, None),
        (replace(FINE, maintained=True, firing=Severity.PAGE), JourneyState.BURNING_PAGE, None),
        (SILENT, JourneyState.STALE, Doubt.NEVER_HEARD),
        (replace(SILENT, up=False), JourneyState.STALE, Doubt.TARGET_DOWN),
        (replace(FINE, up=False), JourneyState.STALE, Doubt.TARGET_DOWN),
        (replace(FINE, frozen=True, total=0, good_ratio=None), JourneyState.STALE, Doubt.OLD_PAGE),
        (replace(FINE, last_sample_age_seconds=301), JourneyState.STALE, Doubt.OLD_SAMPLE),
        (replace(FINE, total=0, good_ratio=None, burn=None), JourneyState.NOT_ENOUGH_EVIDENCE, Doubt.IDLE),
        (replace(FINE, total=4), JourneyState.NOT_ENOUGH_EVIDENCE, Doubt.FEW_EVENTS),
        (
            replace(FINE, total=20, failed=1, good_ratio=0.95, burn=50),
            JourneyState.NOT_ENOUGH_EVIDENCE,
            Doubt.FEW_FAILURES,
        ),
        (replace(FINE, total=10_000, failed=500, good_ratio=0.95, burn=50), JourneyState.GOOD, None),
    ],
)
def test_a_reading_has_one_state(reading: JourneyReading, state: JourneyState, doubt: Doubt | None) -> None:
    """What fires comes first; then maintenance, silence, then too little; green needs evidence."""
    standing = judge(reading, policy=POLICY, objective=0.999)
    assert (standing.state, standing.doubt) == (state, doubt)


def test_the_facts_are_minutes_of_this_period() -> None:
    """26 of 43 minutes left, and at this burn gone in ten hours."""
    standing = judge(replace(FINE, budget_left_ratio=0.61, burn=42.2), policy=POLICY, objective=0.999)
    assert standing.budget_minutes == pytest.approx(43.2)
    assert standing.budget_left_minutes == pytest.approx(26.35, abs=0.01)
    assert standing.exhaustion_seconds == pytest.approx(10.4 * 3_600, rel=0.01)


def test_what_nobody_knows_stays_unknown() -> None:
    """No burn, no exhaustion; overspent is zero seconds away; a low burn lasts beyond the period."""
    assert judge(SILENT, policy=POLICY, objective=0.999).exhaustion_seconds is None
    assert judge(replace(FINE, budget_left_ratio=None), policy=POLICY, objective=0.999).budget_left_minutes is None
    assert judge(replace(FINE, budget_left_ratio=-2), policy=POLICY, objective=0.999).exhaustion_seconds == 0
    assert judge(replace(FINE, burn=0.5), policy=POLICY, objective=0.999).exhaustion_seconds is None


@given(
    total=st.integers(min_value=1, max_value=100_000),
    share=st.floats(min_value=0, max_value=1),
    threshold=st.floats(min_value=0.0001, max_value=0.94),
    burn=st.floats(min_value=1, max_value=14.4),
)
def test_one_failure_less_would_not_have_decided(total: int, share: float, threshold: float, burn: float) -> None:
    """Where the evidence is enough, there are five failures or more, and one fewer still exceeds the threshold."""
    failures = round(total * share)
    if enough_failures(failures, failures / total, threshold, threshold / burn):
        assert failures >= 5
        assert (failures - 1) / total > threshold


@given(threshold=st.floats(min_value=0.0001, max_value=0.94), burn=st.floats(min_value=1.1, max_value=14.4))
def test_the_fewest_events_are_those_that_could_raise_an_alert(threshold: float, burn: float) -> None:
    """All of them failing is enough; one event fewer never is."""
    fewest = fewest_events(threshold, threshold / burn)
    assert enough_failures(fewest + 1e-9, 1.0, threshold, threshold / burn)
    assert not enough_failures(fewest - 1, 1.0, threshold, threshold / burn)


def test_a_hundred_failures_are_proof_at_once() -> None:
    """4 % of two events a second at 99.9 %: what crosses the threshold is told then, and not minutes later."""
    assert enough_failures(105, 105 / 7_200, 0.0144, 0.001)
    assert not enough_failures(103, 103 / 7_200, 0.0144, 0.001)


@given(failures=st.integers(min_value=0, max_value=4), threshold=st.floats(min_value=0.0001, max_value=0.94))
def test_four_failures_are_never_enough(failures: int, threshold: float) -> None:
    """Not even if nothing else happened, nor if the counter's growth is rounded up by a tenth."""
    assert not enough_failures(failures * 1.1, 1.0, threshold, threshold)
