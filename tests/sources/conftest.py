"""What real exporters say after the same traffic, and the real Prometheus to judge rules over it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.artifacts.judged import EVERY_SLICE, dumped, unit_tests_hold
from tests.environments import python_of

from parapet.artifacts.bundle import build
from parapet.artifacts.files import write
from parapet.core.settings import Wiring
from parapet.slo.catalog import Catalog
from parapet.slo.sli import families_of

ROOT = Path(__file__).parents[2]
HOSTS = Path(__file__).parent / "hosts"
SECONDS = 300

Scrape = Callable[[str], str]
Judge = Callable[..., dict[str, float]]


@pytest.fixture(scope="session")
def peers_python() -> str:
    """The interpreter of the environment in which the exporters are installed; made if it is not there."""
    return python_of("peers")


@pytest.fixture(scope="session")
def scrape(peers_python: str) -> Scrape:
    """What the exporter of a host says after the traffic; each is asked once."""
    kept: dict[str, str] = {}

    def get(host: str) -> str:
        if host not in kept:
            done = subprocess.run(
                [peers_python, str(HOSTS / f"{host}_host.py")],
                capture_output=True,
                text=True,
                timeout=SECONDS,
                env={**os.environ, "OTEL_SEMCONV_STABILITY_OPT_IN": "http"},
            )
            assert done.returncode == 0, done.stderr[-2_000:]
            kept[host] = done.stdout
        return kept[host]

    return get


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Generate the rules of a catalog, have promtool check them, and evaluate them over a text.

    The generated tests are run by `make slices`, or where they are to be *tested*.

    The text is what a first scrape at zero and then that text would have been. Returns slice -> error ratio.
    """
    if shutil.which("promtool") is None:
        said = "promtool is not installed (Debian: prometheus)"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)

    def run(catalog: Catalog, text: str, *, tested: bool = EVERY_SLICE) -> dict[str, float]:
        write(tmp_path, build(catalog, Wiring()))
        rules = tmp_path / "prometheus"
        assert "SUCCESS" in promtool(rules, "check", "rules", "recording.yml", "alerts.yml")
        if tested:
            unit_tests_hold(catalog, tmp_path / "tested")
        found: dict[str, float] = {}
        for one in catalog:
            job = families_of(one.sli)[0].job or catalog.service
            expr = f"parapet:slo_error_ratio:over_5m{{slice={json.dumps(one.name)}}}"
            found[one.name] = evaluated(rules, expr, samples(text, job))
        return found

    return run


def samples(text: str, job: str) -> list[dict[str, str]]:
    """The counters of an exposition as input series: zero for a while, then what they are."""
    series = []
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if family.type in {"counter", "histogram"} and not sample.name.endswith("_created"):
                labels = {"job": job, **sample.labels}
                pairs = ",".join(f"{name}={json.dumps(value)}" for name, value in labels.items())
                series.append({"series": f"{sample.name}{{{pairs}}}", "values": f"0x3 {sample.value:g}x10"})
    return series


def evaluated(rules: Path, expr: str, series: list[dict[str, str]]) -> float:
    """The one value of *expr* after five minutes. promtool tells it when it is told to expect another."""
    asked = {"expr": expr, "eval_time": "5m", "exp_samples": []}
    document = {
        "rule_files": ["recording.yml"],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": series, "promql_expr_test": [asked]}],
    }
    (rules / "scraped.yml").write_text(dumped(document))
    done = subprocess.run(
        ["promtool", "test", "rules", "scraped.yml"], cwd=rules, capture_output=True, text=True, timeout=120
    )
    said = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
    got = [line for line in said if line.startswith(("{", "got:")) or "E+" in line]
    assert got, f"the rules select nothing of what was scraped:\n{done.stdout}{done.stderr}"
    return float(got[-1].rsplit(" ", 1)[-1].strip('"[]'))


def promtool(folder: Path, *arguments: str) -> str:
    """What promtool says; it must agree."""
    done = subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
