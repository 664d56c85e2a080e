"""Base windows follow each other without gap or overlap, wherever in them events happen and scrapes are."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml
from tests.artifacts.servers import installed
from tests.scenarios.contestants import BAD, COUNTED, GOOD, METRIC, PARAPET

from parapet.slo import series

pytestmark = pytest.mark.real

PHASES = 20
"""Scrapes in a base window."""
BASE_SECONDS = 300
LATER = (0, 5, 10)
"""Seconds from an evaluation to the next scrape."""


@pytest.mark.parametrize("so_far", [0, 1_000])
@pytest.mark.parametrize("later", LATER)
def test_each_event_is_counted_once(later: int, so_far: int, tmp_path: Path) -> None:
    """A failure every 21 scrapes, so each time a scrape later in the window; the first one ever counts as much."""
    scrapes = (PHASES + 1) * (PHASES + 2)
    quiet = [so_far] * PHASES
    failures = [*quiet, *(so_far + scrape // (PHASES + 1) for scrape in range(scrapes))]
    values = " ".join(f"{'_ ' * (later // 5)}{failed}{' _' * (2 - later // 5)}" for failed in failures)
    until = scrapes * 15 // BASE_SECONDS * BASE_SECONDS
    bad = f'{series.BAD_EVENTS}{{slice="login"}}'
    asked = {
        f"sum(count_over_time(({bad} > 0)[{until}s:5m]))": PHASES + 1,
        f"sum(max_over_time({bad}[{until}s:5m]))": 1,
        f"sum(sum_over_time({bad}[{until}s:5m]))": PHASES + 1,
    }
    test = {
        "interval": "5s",
        "input_series": [
            {"series": f'{METRIC}{{{COUNTED},outcome="{outcome}"}}', "values": values} for outcome in (GOOD, BAD)
        ],
        "promql_expr_test": [
            {
                "expr": f"round({expr}, 0.000001)",
                "eval_time": f"{until + BASE_SECONDS}s",
                "exp_samples": [{"labels": "{}", "value": value}],
            }
            for expr, value in asked.items()
        ],
    }
    rules = yaml.safe_load(PARAPET.files(0.999)["recording.yml"])
    base = [rule for group in rules["groups"] for rule in group["rules"] if rule["record"].endswith(":increase_base")]
    (tmp_path / "recording.yml").write_text(yaml.safe_dump({"groups": [{"name": "base", "rules": base}]}))
    document = {"rule_files": ["recording.yml"], "evaluation_interval": "1m", "tests": [test]}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(document))
    promtool = installed("prometheus", "promtool")
    done = subprocess.run([promtool, "test", "rules", "test.yml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
