"""The comparison with peers runs, in short; and what the page about alerts says of Parapet is so."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.alerts.compare import CONTESTANTS, kept
from benchmarks.alerts.page import PAGE, PICTURE, marked, part
from benchmarks.alerts.picture import BUDGETS, PAGED, QUIET, picture
from benchmarks.alerts.samples import FEW, measured
from benchmarks.alerts.scenarios import played
from tests.scenarios.contestants import PARAPET
from tests.scenarios.corpus import corpus
from tests.scenarios.span import BRIEF

from parapet.slo.burn import HOUR

pytestmark = pytest.mark.real


def test_one_failure_of_a_quiet_service_wakes_nobody_here(tmp_path: Path) -> None:
    """A request in ten minutes, one of which fails: silent with our rules, a page with those of the peers."""
    scenarios = [one for one in corpus(BRIEF) if one.name == "1-in-10-minutes-one-fails"]
    ours, *theirs = played(CONTESTANTS, scenarios, tmp_path, lambda _: None)
    assert ours.words == "silent"
    assert all("false page" in one.words for one in theirs)


def test_only_the_base_grows_with_the_input(tmp_path: Path) -> None:
    """As a real Prometheus counts: twice the input is less than twice as dear. Peers read more, and all of it twice."""
    few, many = FEW, 2 * FEW
    ours, *theirs = measured(CONTESTANTS, tmp_path, lambda _: None, period_seconds=HOUR, many=many)
    assert 1 < ours.many / ours.few < 0.9 * many / few
    for one in theirs:
        assert one.many / one.few == pytest.approx(many / few, rel=0.1)
        assert one.few > ours.few


def test_the_page_and_its_picture_say_what_was_found() -> None:
    """Both are written from the same results, by `make alerts-docs`."""
    results = kept()
    assert marked(PAGE.read_text()) == part(results.found, results.reads)
    assert PICTURE.read_text() == picture(results.found)
    assert {one.scenario for one in results.found} >= {*PAGED, *QUIET, *BUDGETS}
    assert {one.contestant for one in results.found} == {one.name for one in CONTESTANTS}
    assert PARAPET.name == results.reads[0].contestant
