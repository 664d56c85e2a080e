"""Catalogs to generate from, and promtool and amtool to judge what was generated."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from parapet.artifacts.bundle import build
from parapet.artifacts.files import write
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.slo.burn import BurnPolicy
from parapet.slo.catalog import Catalog
from parapet.slo.packs import web_pack
from parapet.slo.packs.journeys import journey_slices

RUNBOOKS = ("web-availability", "web-latency", "journey-login", "journey-checkout")

Tool = Callable[..., str]
Scenario = Callable[[Catalog, list[object]], str]


def shop(burn: BurnPolicy) -> Catalog:
    """The web pack and two journeys, one of them with a latency promise."""
    return Catalog(
        service="shop",
        slices=(
            *web_pack(owner="Platform"),
            *journey_slices("login", objective=0.999, owner="Identity"),
            *journey_slices("checkout", objective=0.999, latency=(1, 0.95), owner="Payments"),
        ),
        burn=burn,
        known={names.JOURNEY: ("login", "checkout")},
        runbooks=RUNBOOKS,
    )


BUNDLES = {
    "default": (BurnPolicy(), Wiring()),
    "demo": (
        BurnPolicy().scaled_down(60),
        Wiring(scrape_interval_seconds=1, evaluation_interval_seconds=1, dashboards=False),
    ),
}


@pytest.fixture(params=sorted(BUNDLES))
def bundle(request: pytest.FixtureRequest) -> tuple[str, dict[str, str]]:
    """A name and its generated files: the default policy, and one where an hour is a minute."""
    burn, wiring = BUNDLES[request.param]
    return request.param, build(shop(burn), wiring)


@pytest.fixture
def shop_catalog() -> Catalog:
    """The shop with the default burn policy."""
    return shop(BurnPolicy())


@pytest.fixture(scope="session")
def tool() -> Tool:
    """Runs a program and returns what it printed; fails with its output if it does not exit with 0."""

    def run(*command: str, cwd: Path) -> str:
        if shutil.which(command[0]) is None:
            message = f"{command[0]} is not installed (Debian: prometheus, prometheus-alertmanager)"
            if os.environ.get("CI"):
                pytest.fail(message)
            pytest.skip(message)
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    return run


@pytest.fixture
def scenario(tool: Tool, tmp_path: Path) -> Scenario:
    """Runs hand-written promtool tests over the generated rules of a catalog, a minute a step."""

    def run(catalog: Catalog, tests: list[object]) -> str:
        write(tmp_path, build(catalog, Wiring()))
        rules = tmp_path / "prometheus"
        document = {
            "rule_files": ["recording.yml", "alerts.yml"],
            "evaluation_interval": "1m",
            "tests": [{"interval": "1m", **test} for test in tests if isinstance(test, dict)],
        }
        (rules / "scenario.yml").write_text(yaml.safe_dump(document, sort_keys=False))
        return tool("promtool", "test", "rules", "scenario.yml", cwd=rules)

    return run
