"""Maintenance as rules, judged by promtool: by every clock, and with nothing counted and nobody told meanwhile."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.artifacts.judged import dumped, read, unit_tests_hold
from tests.artifacts.kinds import slice_of

from parapet.artifacts.bundle import build
from parapet.artifacts.files import write
from parapet.artifacts.maintenance import maintenance_groups
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.core.vocabulary import Severity
from parapet.slo import series
from parapet.slo.catalog import Catalog
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.maintenance import Maintenance, Window, offsets, once, weekly
from parapet.slo.packs.journeys import journey_slices
from parapet.slo.state import StateNumber

pytestmark = pytest.mark.real

Tool = Callable[..., str]
Scenario = Callable[[Catalog, list[object]], str]

WINDOWS: dict[str, tuple[Window, ...]] = {
    "berlin": (weekly("Sunday 02:00-04:00 Europe/Berlin"),),
    "new-york": (weekly("Saturday 23:30-01:15 America/New_York"),),
    "half-an-hour": (weekly("Sunday 01:30-02:10 Australia/Lord_Howe"),),
    "week-end": (weekly("Sunday 20:00-06:00 Asia/Kathmandu"), weekly("Monday 05:00-07:00 UTC")),
    "by-the-moon": (weekly("Sunday 02:00-04:00 Africa/Casablanca"),),
    "one-night": (once("2026-12-01 22:00", "2026-12-02 02:00", "Europe/Berlin"),),
}


def moments() -> list[datetime]:
    """Around every time that a clock is set in two years, at the edges of windows, and anywhere."""
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
    zones = {window.zone for windows in WINDOWS.values() for window in windows if hasattr(window, "zone")}
    switches = [at for zone in sorted(zones) for at, _ in offsets(zone)[1:] if start <= at < end]
    near = [
        at + timedelta(minutes=m) for at in switches for m in (-61, -1, 0, 1, 29, 31, 59, 60, 61, 119, 121, 179, 180)
    ]
    edges = [
        edge + timedelta(seconds=s)
        for edge in (datetime(2026, 12, 1, 21, tzinfo=UTC), datetime(2026, 12, 2, 1, tzinfo=UTC))
        for s in (-1, 0)
    ]
    chance = random.Random(20260101)
    anywhere = [start + timedelta(seconds=chance.randrange(int((end - start).total_seconds()))) for _ in range(150)]
    return sorted({*near, *edges, *anywhere})


def test_the_rules_know_every_clock(tool: Tool, tmp_path: Path) -> None:
    """What PromQL computes from the time is what the time zone database says, to the second, over two years."""
    maintenances = tuple(Maintenance(name=name, windows=windows) for name, windows in WINDOWS.items())
    (group,) = maintenance_groups(Catalog(service="shop", maintenances=maintenances), Wiring())
    inlined = {
        f'scalar({rule.record}{{service="shop",zone="{rule.labels[names.ZONE]}"}})': f"scalar({rule.expr})"
        for rule in group.rules
        if rule.record == series.UTC_OFFSET
    }
    asked = []
    for rule in group.rules:
        if rule.record != series.MAINTENANCE:
            continue
        expr = rule.expr
        for recorded, computed in inlined.items():
            expr = expr.replace(recorded, computed)
        windows = WINDOWS[rule.labels[names.MAINTENANCE]]
        for moment in moments():
            active = any(window.covers(moment) for window in windows)
            asked.append(
                {
                    "expr": expr,
                    "eval_time": f"{int(moment.timestamp())}s",
                    "exp_samples": [{"labels": "{}", "value": int(active)}],
                }
            )
    assert sum(one["exp_samples"][0]["value"] for one in asked) > 100  # type: ignore[index]
    document = {"evaluation_interval": "3650d", "tests": [{"interval": "3650d", "promql_expr_test": asked}]}
    (tmp_path / "clocks.yml").write_text(dumped(document))
    assert "SUCCESS" in tool("promtool", "test", "rules", "clocks.yml", cwd=tmp_path)


def fed(name: str, values: str, **labels: str) -> dict[str, str]:
    """One input series."""
    pairs = ",".join(f'{label}="{value}"' for label, value in {"job": "shop", **labels}.items())
    return {"series": f"{name}{{{pairs}}}", "values": values}


def asked(expr: str, at: str, *samples: tuple[str, float]) -> dict[str, object]:
    """A question and its exact answer."""
    return {"expr": expr, "eval_time": at, "exp_samples": [{"labels": labels, "value": v} for labels, v in samples]}


def minutes(start: int, end: int) -> Window:
    """A window at the beginning of the time that promtool knows."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return once(epoch + timedelta(minutes=start), epoch + timedelta(minutes=end))


def journeys(*maintenances: Maintenance) -> Catalog:
    """A shop with two journeys."""
    slices = (*journey_slices("login", objective=0.999), *journey_slices("checkout", objective=0.999))
    return Catalog(
        service="shop",
        slices=slices,
        maintenances=maintenances,
        runbooks=[one.runbook or "" for one in slices],
    )


def attempts(journey: str, outcome: str, values: str) -> dict[str, str]:
    """The attempts at a journey that ended so."""
    return fed(f"{names.JOURNEY_DURATION}_count", values, journey=journey, outcome=outcome)


OUTAGE = [
    attempts(journey, outcome, values)
    for journey in ("login", "checkout")
    for outcome, values in (("success", "0+100x60 6000x59 6100+100x119"), ("failure", "0x60 100+100x59 6000x119"))
]
"""An hour of health, an hour in which everything fails, two hours of health."""


def test_nothing_counts_and_nobody_is_told_during_maintenance(scenario: Scenario) -> None:
    """An outage within its window neither pages nor costs budget; beside it, the same outage of another slice does."""
    backup = Maintenance(name="backup", windows=(minutes(60, 120),), slices=("login",))
    ever = "max by (slice) (max_over_time(ALERTS{alertstate='firing',slice!=''}[1d]))"
    left = f"round({series.BUDGET_REMAINING}, 0.001)"
    mine, other = '{service="shop", slice="login"}', '{service="shop", slice="checkout"}'
    events = "round(sum by (slice) (sum_over_time(parapet:slo_events:increase_base[4h:5m])), 100)"
    test = {
        "input_series": OUTAGE,
        "promql_expr_test": [
            asked(f"{series.UNCOUNTED}", "59m", (f"{series.UNCOUNTED}{mine}", 0)),
            asked(f"{series.UNCOUNTED}", "90m", (f"{series.UNCOUNTED}{mine}", 1)),
            asked(f"{series.UNCOUNTED}", "124m", (f"{series.UNCOUNTED}{mine}", 1)),
            asked(f"{series.UNCOUNTED}", "126m", (f"{series.UNCOUNTED}{mine}", 0)),
            asked("parapet:slo_events:increase_base{slice='login'} > 0", "90m"),
            asked(f"{left} < bool 1", "238m", (mine, 0), (other, 1)),
            asked(f"{left} == 1", "238m", (mine, 1)),
            asked(ever, "238m", ('{slice="checkout"}', 1)),
            # 100 a minute, counted at 235 minutes: the hour of maintenance is in no number, and no minute more.
            asked(events, "239m", ('{slice="login"}', 17_500), ('{slice="checkout"}', 23_500)),
        ],
    }
    assert "SUCCESS" in scenario(journeys(backup), [test])


def test_an_alert_that_fires_is_silent_during_maintenance_and_comes_back(scenario: Scenario) -> None:
    """Who repairs is not woken meanwhile; who has not repaired it hears of it after a few minutes."""
    repair = Maintenance(name="repair", windows=(minutes(70, 90),))
    traffic = [
        attempts("login", "success", "0+100x60 6000x180"),
        attempts("login", "failure", "0x60 100+100x179"),
    ]
    pages = "max by (slice) (ALERTS{alertstate='firing',severity='page'})"
    login = ('{slice="login"}', 1)
    test = {
        "input_series": traffic,
        "promql_expr_test": [
            asked(pages, "69m", login),
            asked(pages, "72m"),
            asked(series.STATE, "80m", *(stands(name, StateNumber.MAINTENANCE) for name in ("login", "checkout"))),
            asked(pages, "94m"),
            asked(pages, "102m", login),
            asked(
                series.STATE, "102m", stands("login", StateNumber.BURNING_PAGE), stands("checkout", StateNumber.STALE)
            ),
        ],
    }
    assert "SUCCESS" in scenario(journeys(repair), [test])


def test_what_people_let_rest_does_not_count_until_the_time_they_said(scenario: Scenario) -> None:
    """Only the promise they named; it counts again when its time is over, even if nobody tells any more."""
    ever = "max by (slice) (max_over_time(ALERTS{alertstate='firing',slice!=''}[1d]))"
    left = f"round({series.BUDGET_REMAINING}, 0.001)"
    mine, other = '{service="shop", slice="login"}', '{service="shop", slice="checkout"}'
    # Told from minute 60 on, that it ends at minute 120; then the one that tells stands still.
    told = fed(names.MAINTENANCE_UNTIL, "_x59 7200x180", slice="login")
    test = {
        "input_series": [*OUTAGE, told],
        "promql_expr_test": [
            asked(series.UNCOUNTED, "90m", (f"{series.UNCOUNTED}{other}", 0), (f"{series.UNCOUNTED}{mine}", 1)),
            asked(series.UNCOUNTED, "126m", (f"{series.UNCOUNTED}{other}", 0), (f"{series.UNCOUNTED}{mine}", 0)),
            asked(f"{left} < bool 1", "238m", (mine, 0), (other, 1)),
            asked(ever, "238m", ('{slice="checkout"}', 1)),
            asked(f"{series.STATE}{{slice='login'}}", "90m", stands("login", StateNumber.MAINTENANCE)),
        ],
    }
    assert "SUCCESS" in scenario(replace(journeys(), rests_by_hand=True), [test])


def stands(name: str, state: StateNumber) -> tuple[str, float]:
    """The recorded state of a journey."""
    return f'{series.STATE}{{service="shop", slice="{name}"}}', float(state)


@pytest.mark.parametrize("slices", [(), ("login",)])
def test_targets_are_missed_unless_everything_rests(scenario: Scenario, slices: tuple[str, ...]) -> None:
    """Who takes a service down for maintenance expects its targets to be gone, if all that they measure is under it."""
    repair = Maintenance(name="repair", windows=(minutes(30, 90),), slices=slices)
    gone = f"max by (target) (ALERTS{{alertname='{names.ALERT_STALE}',alertstate='firing',signal='target_gone'}})"
    missed = ('{target="shop"}', 1)
    test = {
        "input_series": [{"series": 'up{job="shop"}', "values": "1x30 0x150"}],
        "promql_expr_test": [
            asked(gone, "60m", *([missed] if slices else [])),
            asked(gone, "110m", missed),
        ],
    }
    assert "SUCCESS" in scenario(journeys(repair), [test])


def test_every_kind_and_diagnostics_are_masked(tool: Tool, tmp_path: Path) -> None:
    """Rules hold for whatever is measured, and the generated unit tests are not disturbed by weekly windows."""
    everything = Maintenance(
        name="weekly", windows=(weekly("Thursday 00:00-24:00 UTC"), weekly("Friday 00:00-24:00 Europe/Berlin"))
    )
    kinds = ("by-route", "good-of-total", "latency", "jobs", "nightly", "raw", "two-counters")
    watched = Diagnostic(name="watched", title="Watched", sli=slice_of("by-route").sli, threshold_ratio=0.2)
    catalog = Catalog(
        service="shop",
        slices=tuple(slice_of(name) for name in kinds),
        diagnostics=(replace(watched, group_by=(names.ROUTE,)),),
        maintenances=(everything,),
    )
    write(tmp_path, build(catalog, Wiring()))
    rules = tmp_path / "prometheus"
    assert "SUCCESS" in tool("promtool", "check", "rules", "recording.yml", "alerts.yml", cwd=rules)
    judged = tuple(one for one in catalog if one.name in {"by-route", "nightly", "raw"})
    unit_tests_hold(replace(catalog, slices=judged), tmp_path / "judged")
    recorded = [r for g in read((rules / "recording.yml").read_text())["groups"] for r in g["rules"]]
    based = [r for r in recorded if r["record"].endswith(":increase_base")]
    assert len(based) == 2 * (len(kinds) + 1)
    assert all(f"(1 - {series.UNCOUNTED}" in rule["expr"] for rule in based)
    alerts = [r for g in read((rules / "alerts.yml").read_text())["groups"] for r in g["rules"]]
    of_slices = [rule for rule in alerts if names.SLICE in rule["labels"]]
    assert len(of_slices) == (len(Severity) + 1) * len(kinds) + 1
    assert all("unless on (service, slice)" in rule["expr"] for rule in of_slices)
    of_targets = [rule for rule in alerts if names.TARGET in rule["labels"]]
    assert of_targets
    assert all("unless on ()" in rule["expr"] for rule in of_targets)


def test_without_maintenance_the_rules_know_nothing_of_it() -> None:
    """Who has none pays for none."""
    files = build(journeys(), Wiring())
    rules = [text for name, text in files.items() if name.startswith("prometheus/")]
    assert not any(series.MAINTENANCE in text or series.UNCOUNTED in text for text in rules)
