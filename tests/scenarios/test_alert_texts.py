"""What a page says when it fires, as Prometheus renders it: overspent budgets, and gaps."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from tests.artifacts.judged import evaluation_order

from parapet.artifacts.bundle import build
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.slo.catalog import Catalog
from parapet.slo.packs.journeys import journey_slices

pytestmark = pytest.mark.real

Rendered = Callable[..., str]
METRIC = f"{names.JOURNEY_DURATION}_count"


@pytest.fixture
def rendered(tmp_path: Path) -> Rendered:
    """What promtool renders of the page of login at 99.9 %, whose failures come as *bad* says, at a time."""

    def render(bad: str, at: str, *, without_period: bool = False) -> str:
        slices = journey_slices("login", objective=0.999)
        catalog = Catalog(service="shop", slices=slices, runbooks=("journey-login",))
        files = build(catalog, Wiring())
        recording = yaml.safe_load(files["prometheus/recording.yml"])
        if without_period:
            recording["groups"] = [one for one in recording["groups"] if not one["name"].endswith(":period")]
        (tmp_path / "recording.yml").write_text(yaml.safe_dump(recording))
        (tmp_path / "alerts.yml").write_text(files["prometheus/alerts.yml"])
        where = f'job="shop",{names.JOURNEY}="login"'
        test = {
            "interval": "1m",
            "input_series": [
                {"series": f'{METRIC}{{{where},outcome="success"}}', "values": "0+100x150"},
                {"series": f'{METRIC}{{{where},outcome="failure"}}', "values": bad},
            ],
            "alert_rule_test": [{"alertname": names.ALERT_PAGE, "eval_time": at, "exp_alerts": []}],
        }
        rules = ["recording.yml", "alerts.yml"]
        document = {
            "rule_files": rules,
            "group_eval_order": evaluation_order(*((tmp_path / name).read_text() for name in rules)),
            "evaluation_interval": "1m",
            "tests": [test],
        }
        (tmp_path / "test.yml").write_text(yaml.safe_dump(document))
        done = subprocess.run(["promtool", "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True)
        return done.stdout + done.stderr

    return render


def test_an_overspent_budget_says_by_how_much(rendered: Rendered) -> None:
    """In percent without a sign, in minutes and failures below zero; and that nothing is left to be used up."""
    said = rendered("0x30 100+100x120", "150m")
    overspent = r"Budget of 30 days: overspent by \d+(\.\d+)?% \(-\d+\.\d of 43\.2 minutes, -\d+ failures\)\."
    assert re.search(overspent, said)
    assert "The budget is used up." in said


def test_what_nobody_recorded_is_unknown(rendered: Rendered) -> None:
    """Without the budget series, the page still fires, and says what it does not know."""
    said = rendered("0x30 100+100x300", "60m", without_period=True)
    assert "Budget of 30 days: unknown (unknown of 43.2 minutes, unknown failures)." in said
    assert "When the budget is used up is unknown, or later than in 30 days." in said
    assert "times the rate it can bear" in said
