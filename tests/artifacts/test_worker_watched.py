"""The alerts about the worker, judged by promtool: a dead one is missed for a day, one that never was is not."""

from __future__ import annotations

from pathlib import Path

import yaml
from tests.artifacts.judged import tool

from parapet.artifacts.render import rules_document
from parapet.artifacts.watchdog import watchdog_group
from parapet.core import names
from parapet.core.settings import Wiring

BEAT = f'{names.WORKER_BEAT}{{job="shop",instance="worker:9101"}}'
SILENT, BEHIND = names.ALERT_WORKER_SILENT, names.ALERT_WORKER_BEHIND


def lag(work: str, values: str) -> dict[str, str]:
    """How far behind a kind of work is, a value each minute."""
    return {"series": f'{names.WORKER_LAG}{{job="shop",instance="worker:9101",work="{work}"}}', "values": values}


def case(series: list[dict[str, str]], *asked: tuple[str, str, bool]) -> dict[str, object]:
    """A test of promtool: at which time which alert fires, or not."""
    expr = "ALERTS{{alertname='{0}',alertstate='firing'}}"
    return {
        "interval": "1m",
        "input_series": series,
        "promql_expr_test": [
            {
                "expr": f"count({expr.format(alert)})",
                "eval_time": at,
                "exp_samples": [{"labels": "{}", "value": 1}] if fires else [],
            }
            for at, alert, fires in asked
        ],
    }


def test_a_dead_worker_and_one_that_is_far_behind_are_alerts(tmp_path: Path) -> None:
    """Whether it stops being scraped or its last beat is shown for ever; and only for what somebody waits for."""
    (tmp_path / "watchdog.yml").write_text(rules_document((watchdog_group("shop", Wiring()),)))
    beats = "0+60x30"
    tests = {
        "rule_files": ["watchdog.yml"],
        "evaluation_interval": "1m",
        "tests": [
            case([], ("20m", SILENT, False), ("20m", BEHIND, False)),
            case(
                [{"series": BEAT, "values": beats}],
                ("34m", SILENT, False),
                ("37m", SILENT, True),
                ("9h", SILENT, True),
                ("25h", SILENT, False),
            ),
            case([{"series": BEAT, "values": f"{beats} 1800x60"}], ("34m", SILENT, False), ("50m", SILENT, True)),
            case(
                [{"series": BEAT, "values": beats}, {"series": BEAT.replace("worker:", "w2:"), "values": "0+60x60"}],
                ("50m", SILENT, False),
            ),
            case(
                [lag("call", "0x10 400x10 0x10")], ("9m", BEHIND, False), ("15m", BEHIND, True), ("25m", BEHIND, False)
            ),
            case([lag("measurement", "9000x30")], ("20m", BEHIND, False)),
        ],
    }
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(tests))
    assert "SUCCESS" in tool("promtool", "test", "rules", "tests.yml", cwd=tmp_path)
