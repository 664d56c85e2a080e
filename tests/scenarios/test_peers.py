"""The comparison with peers runs: the same scenario, three sets of rules, one table."""

from __future__ import annotations

import pytest
from benchmarks.alerts.scenarios import compared
from tests.scenarios.corpus import BRIEF, corpus

pytestmark = pytest.mark.real


def test_one_failure_of_a_quiet_service_wakes_nobody_here() -> None:
    """A request in ten minutes, one of which fails: silent with our rules, a page with those of the peers."""
    scenarios = [one for one in corpus(BRIEF) if one.name == "1-in-10-minutes-one-fails"]
    header, _, row = compared(scenarios).splitlines()
    assert header == "| scenario | Parapet | Sloth | Pyrra |"
    _, _, ours, *theirs, _ = (cell.strip() for cell in row.split("|"))
    assert ours == "silent"
    assert all("false page" in cell for cell in theirs)
