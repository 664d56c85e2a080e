"""Catalogs to generate from, and promtool and amtool to judge what was generated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.artifacts.judged import RULES_AND_TESTS, depended_on, dumped, evaluation_order, put, tool
from tests.artifacts.kinds import SLIS, slice_of

from parapet.artifacts.bundle import build
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.core.vocabulary import Severity
from parapet.slo.burn import DAY, BurnPolicy
from parapet.slo.catalog import Catalog
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.family import native_histogram
from parapet.slo.maintenance import Maintenance, weekly
from parapet.slo.packs import web_pack
from parapet.slo.packs.journeys import journey_slices
from parapet.slo.sli import LatencyRatio

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


def kinds() -> Catalog:
    """Slices that are told apart by what they measure, one with a period of its own; a diagnostic; maintenance."""
    own = replace(
        slice_of("raw", 0.95),
        period_seconds=90 * DAY,
        without_tiers=("page-fast",),
        alert_labels={Severity.TICKET: {"team": "search"}},
    )
    parsing = native_histogram("parse_seconds", {"region": None})
    slow = LatencyRatio(metric=parsing.name, source=parsing, threshold_seconds=0.5)
    native = replace(slice_of("latency"), name="native", sli=slow, group_by=("region",))
    return Catalog(
        service="kinds",
        slices=(*(slice_of(name) for name in ("good-by-region", "two-counters", "jobs", "backups")), native, own),
        diagnostics=(Diagnostic(name="watched", title="Watched", sli=SLIS["by-route"][0], threshold_ratio=0.2),),
        maintenances=(
            Maintenance(name="backup", windows=(weekly("Sunday 02:00-04:00 Europe/Berlin"),), slices=("native",)),
        ),
    )


BUNDLES = {
    "default": (shop(BurnPolicy()), Wiring()),
    "demo": (
        shop(BurnPolicy().scaled_down(60)),
        Wiring(scrape_interval_seconds=1, evaluation_interval_seconds=1, dashboards=False),
    ),
    "kinds": (kinds(), Wiring(dashboards=False)),
}


@pytest.fixture(params=sorted(BUNDLES))
def bundle(request: pytest.FixtureRequest) -> tuple[str, dict[str, str]]:
    """A name and its generated files: the default policy, one where an hour is a minute, and every kind of slice."""
    catalog, wiring = BUNDLES[request.param]
    return request.param, build(catalog, wiring)


@pytest.fixture
def shop_catalog() -> Catalog:
    """The shop with the default burn policy."""
    return shop(BurnPolicy())


@pytest.fixture(scope="session", name="tool")
def program() -> Tool:
    """Runs a program and returns what it printed; fails with its output if it does not exit with 0."""
    return tool


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    """Runs hand-written promtool tests over the generated rules of a catalog, a minute a step."""

    def run(catalog: Catalog, tests: list[object], evaluated: str = "1m") -> str:
        files = build(catalog, Wiring(), RULES_AND_TESTS)
        rules = {name: files[f"prometheus/{name}"] for name in ("recording.yml", "alerts.yml")}
        told = [{"interval": "1m", **test} for test in tests if isinstance(test, dict)]
        if not any("alert_rule_test" in test for test in told):  # which reads texts
            rules = depended_on(rules, (one["expr"] for test in told for one in test["promql_expr_test"]))
        document = {
            "rule_files": [*rules],
            "group_eval_order": evaluation_order(*rules.values()),
            "evaluation_interval": evaluated,
            "tests": told,
        }
        put(tmp_path / "judged", {**rules, "scenario.yml": dumped(document)})
        return tool("promtool", "test", "rules", "scenario.yml", cwd=tmp_path / "judged")

    return run
