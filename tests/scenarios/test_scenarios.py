"""What the generated rules make of every scenario, by promtool: pages in time, none that is false, right budgets."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.alerts.compare import kept
from tests.scenarios.contestants import PARAPET
from tests.scenarios.corpus import OBJECTIVES, corpus, error_rates, shown
from tests.scenarios.model import Scenario, Series, Stretch, Target, notation, samples
from tests.scenarios.promtool import Outcome, ask, run
from tests.scenarios.span import BRIEF, FULL

from parapet.slo import series
from parapet.slo.state import StateNumber

pytestmark = pytest.mark.real

EVERY = corpus(BRIEF)
AT_LENGTH = {
    "errors-50",
    "errors-5",
    "errors-1-5",
    *(f"outage-at-{shown(one)}" for one in set(OBJECTIVES) - set(OBJECTIVES[::3])),
    "slow-burn-0-2",
    "4-percent-at-2-a-second",
    "1-in-2-hours-all-fail",
    "bad-minute",
    "gone-during-an-outage",
    "down-while-healthy",
    "frozen-while-healthy",
    "wavering-by-chance",
    "budget-outage-by-day",
    "budget-outage-by-night",
    "budget-restart",
}
"""Played by `make scenarios`; the others are of every kind, and harder, or at other objectives."""
CORPUS = [one for one in EVERY if os.environ.get("PARAPET_SCENARIOS") == "all" or one.name not in AT_LENGTH]
BUDGET_TOLERANCE = 0.001


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Outcome]:
    """Every scenario, put through the rules once."""
    if shutil.which("promtool") is None:
        message = "promtool is not installed (Debian: prometheus)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return run(PARAPET, CORPUS, tmp_path_factory.mktemp("scenarios"))


@pytest.mark.parametrize("scenario", CORPUS, ids=lambda one: one.name)
def test_what_must_follow_follows(scenario: Scenario, outcomes: Mapping[str, Outcome]) -> None:
    """Pages and tickets in time, never a false one; they hold while the trouble lasts, and clear after it."""
    outcome = outcomes[scenario.name]
    assert outcome.false_pages == 0
    assert outcome.false_tickets == 0
    if scenario.never_pages:
        assert outcome.pages == ()
    if scenario.never_tickets:
        assert outcome.tickets == ()
    if scenario.pages_within is not None:
        assert outcome.page_after is not None
        assert outcome.page_after <= scenario.pages_within
    if scenario.tickets_within is not None:
        assert outcome.ticket_after is not None
        assert outcome.ticket_after <= scenario.tickets_within
    if scenario.keeps_firing:
        assert outcome.lapses == 0
    if scenario.stale_within is not None:
        assert outcome.stale_after is not None
        assert outcome.stale_after <= scenario.stale_within
    if all(one.target is Target.UP for one in scenario.stretches):
        assert outcome.stale == ()
    if scenario.clears_within is not None:
        assert outcome.clear_after is not None
        assert outcome.clear_after <= scenario.clears_within


@pytest.mark.parametrize("scenario", [one for one in CORPUS if one.judges_budget], ids=lambda one: one.name)
def test_the_budget_is_what_arithmetic_says(scenario: Scenario, outcomes: Mapping[str, Outcome]) -> None:
    """By day and by night, after twenty idle minutes, without any error series, across a restart."""
    outcome = outcomes[scenario.name]
    assert outcome.budget_error is not None
    assert outcome.budget_error <= BUDGET_TOLERANCE


def test_a_past_that_nobody_saw_changes_nothing(
    outcomes: Mapping[str, Outcome], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After one healthy hour or after six, the page comes at the same minute, but for one evaluation."""
    whole = next(one for one in error_rates(FULL) if one.name == "errors-2")
    longer = replace(whole, stretches=whole.stretches[:2], clears_within=None)
    found = run(PARAPET, [longer], tmp_path_factory.mktemp("past"))[longer.name].page_after
    expected = outcomes[longer.name].page_after
    assert found is not None
    assert expected is not None
    assert abs(found - expected) <= 1


def test_the_page_about_alerts_says_what_follows(outcomes: Mapping[str, Outcome]) -> None:
    """Its figures, kept with a longer past, are those of today's rules, but for two evaluations and two requests."""
    for told in kept().found:
        outcome = outcomes.get(told.scenario)
        if told.contestant != PARAPET.name or outcome is None:
            continue
        rarest = min(events for one in outcome.scenario.stretches if (events := one.good + one.bad) > 0)
        slack = 2 * outcome.scenario.evaluated_seconds / 60 + 2 / rarest
        for said, follows in ((told.page_after, outcome.page_after), (told.clear_after, outcome.clear_after)):
            assert (said is None) is (follows is None), told
            assert said == pytest.approx(follows, abs=slack), told


@pytest.mark.parametrize(
    ("name", "minutes", "expected"),
    [
        ("recovery", (15, 25), {15: StateNumber.GOOD, 25: StateNumber.BURNING_PAGE}),
        ("idle-night", (100, 300), {100: StateNumber.GOOD, 300: StateNumber.IDLE}),
        ("1-in-10-minutes-one-fails", (100, 195), {100: StateNumber.GOOD, 195: StateNumber.NOT_ENOUGH_EVIDENCE}),
        ("gone-while-healthy", (15, 50), {15: StateNumber.GOOD, 50: StateNumber.STALE}),
        ("frozen-while-healthy", (15, 50), {15: StateNumber.GOOD, 50: StateNumber.STALE}),
        ("unmeasured", (15, 50), {15: StateNumber.GOOD, 50: StateNumber.STALE}),
        ("down-during-an-outage", (150,), {150: StateNumber.BURNING_PAGE}),
    ],
)
def test_the_recorded_state_says_what_can_be_known(
    name: str, minutes: Sequence[int], expected: Mapping[int, StateNumber], tmp_path: Path
) -> None:
    """Good, burning, too little to judge, idle and unheard are five different numbers, one at a time."""
    scenario = next(one for one in EVERY if one.name == name)
    until = replace(scenario, stretches=tuple(one for begin, _, one in scenario.spans() if begin < max(minutes)))
    answers = ask(PARAPET.files(scenario.objective), until, [(series.STATE, at * 60) for at in minutes], tmp_path)
    assert {at // 60: value for (_, at), value in answers.items()} == expected


def test_scenarios_have_names_of_their_own() -> None:
    """Results are kept by name."""
    names = {one.name for one in EVERY}
    assert len(names) == len(EVERY)
    assert names > AT_LENGTH


def test_samples_are_those_of_a_counter() -> None:
    """Whole numbers that grow; gone while nobody sees the target; from zero again after a restart."""
    scenario = Scenario(
        name="example",
        title="example",
        stretches=(
            Stretch(minutes=4, good=1.5, bad=0.5),
            Stretch(minutes=3, target=Target.DOWN),
            Stretch(minutes=2, good=2, restarts=True),
        ),
    )
    assert notation(samples(scenario, Series.GOOD)) == "0+1x1 3+1x1 6 stale _x2 2+2x1"
    assert notation(samples(scenario, Series.BAD)) == "0+0x1 1+0x1 2 stale _x2 0+0x1"
    assert notation(samples(scenario, Series.UP)) == "1+0x4 0+0x2 1+0x1"
    lazy = replace(scenario, errors_exist=False)
    assert notation(samples(lazy, Series.BAD)) == "_x2 1+0x1 2 stale _x4"
    gone = replace(scenario, stretches=(Stretch(minutes=1), Stretch(minutes=2, target=Target.GONE)))
    assert notation(samples(gone, Series.UP)) == "1+0x1 stale _"
