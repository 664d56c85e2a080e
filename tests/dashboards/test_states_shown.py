"""What dashboards show as a promise's state is what the rules recorded, by promtool."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml
from tests.artifacts.servers import installed

from parapet.artifacts.dashboards.queries import state
from parapet.slo import series
from parapet.slo.state import StateNumber

pytestmark = pytest.mark.real

LOGIN = '{service="shop",slice="login"}'
EUROPE = '{service="shop",slice="login",region="eu"}'
NO_REGION = '{service="shop",slice="login",region=""}'


@pytest.mark.parametrize(
    ("labels", "recorded"),
    [
        (EUROPE, StateNumber.GOOD),
        (EUROPE, StateNumber.BURNING_PAGE),
        (LOGIN, StateNumber.STALE),
        (LOGIN, StateNumber.MAINTENANCE),
    ],
)
def test_a_state_is_shown_as_it_was_recorded(labels: str, recorded: StateNumber, tmp_path: Path) -> None:
    """Also where a group was chosen, and the promise as a whole is not heard, or rests: that has no groups."""
    asked = f"max(\n{state(EUROPE, whole=NO_REGION)}\n)"
    expected = [{"labels": "{}", "value": int(recorded)}]
    test = {
        "input_series": [{"series": f"{series.STATE}{labels}", "values": f"{recorded:d}x2"}],
        "promql_expr_test": [{"expr": asked, "eval_time": "1m", "exp_samples": expected}],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump({"rule_files": [], "tests": [test]}))
    promtool = installed("prometheus", "promtool")
    done = subprocess.run([promtool, "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
