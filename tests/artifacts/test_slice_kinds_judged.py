"""Every kind of measurement, turned into rules and judged by promtool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from tests.artifacts.judged import EVERY_SLICE, run_tests, unit_tests_hold
from tests.artifacts.kinds import RAW, SLIS, slice_of

from parapet.artifacts.batches import in_batches
from parapet.artifacts.bundle import build
from parapet.artifacts.files import write
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.slo import series
from parapet.slo.catalog import Catalog
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.family import native_histogram
from parapet.slo.selector import equals
from parapet.slo.sli import EventRatio, LastSuccess, LatencyRatio
from parapet.slo.slice import Slice

pytestmark = pytest.mark.real

Tool = Callable[..., str]
Scenario = Callable[..., str]

RAW_TEXTS = ("bad", "total", "bad_example", "good_example")
PAGES = "max by (slice) (ALERTS{alertstate='firing',severity='page'})"
EVER = "max by (slice) (max_over_time(ALERTS{alertstate='firing',slice!=''}[7d]))"


def fed(name: str, values: str, job: str = "shop", **labels: str) -> dict[str, str]:
    """One input series."""
    pairs = ",".join(f'{label}="{value}"' for label, value in {"job": job, **labels}.items())
    return {"series": f"{name}{{{pairs}}}", "values": values}


def asked(expr: str, at: str, *samples: tuple[str, float]) -> dict[str, object]:
    """A question and its exact answer."""
    return {"expr": expr, "eval_time": at, "exp_samples": [{"labels": labels, "value": v} for labels, v in samples]}


def only(name: str, objective: float = 0.99) -> Catalog:
    """A shop with one slice of that kind."""
    return Catalog(service="shop", slices=(slice_of(name, objective),))


def ratio(window: str = "5m") -> str:
    """The error ratio that is recorded, rounded."""
    return f"round(parapet:slo_error_ratio:over_{window}, 0.01)"


def test_generated_unit_tests_hold_for_every_kind(tmp_path: Path) -> None:
    """Calm is silent, an outage pages in time, recovery clears, a vanished target does not.

    Those of kinds that packs have are run there; `make slices` runs all of them, and at another objective.
    """
    of = None if EVERY_SLICE else {"by-route", "good-by-region", "two-counters", "raw"}
    for objective in (0.9999, 0.9) if EVERY_SLICE else (0.9999,):
        catalog = Catalog(service="shop", slices=tuple(slice_of(name, objective) for name in SLIS))
        unit_tests_hold(catalog, tmp_path / f"{objective:g}", of=of)


def test_what_cannot_be_tested_is_said(tool: Tool, tmp_path: Path) -> None:
    """Native histograms and raw PromQL without examples have rules, and a comment instead of tests."""
    native = native_histogram("upload_seconds", {"region": None})
    slow = LatencyRatio(metric=native.name, source=native, threshold_seconds=0.5)
    slices = (
        replace(slice_of("latency"), name="native", sli=slow, group_by=("region",)),
        replace(slice_of("raw"), sli=replace(RAW, bad_example="", good_example="")),
        slice_of("probe"),
    )
    write(tmp_path, build(Catalog(service="shop", slices=slices), Wiring()))
    tests = (tmp_path / "prometheus" / "tests.yml").read_text()
    assert "native: not tested here, because promtool cannot be fed with native histograms." in tests
    assert "raw: not tested here, because its raw PromQL has no examples." in tests
    assert "SUCCESS" in tool("promtool", "check", "rules", "recording.yml", "alerts.yml", cwd=tmp_path / "prometheus")
    run_tests(tmp_path / "prometheus")


def test_raw_slices_over_other_metrics_are_tested_beside_each_other() -> None:
    """So that many of them do not make tests of each under the rules of all; who reads the same is apart."""

    def raw(name: str, metric: str) -> Slice:
        texts = {field: getattr(RAW, field).replace("raw_", f"{metric}_") for field in RAW_TEXTS}
        return replace(slice_of("raw"), name=name, sli=replace(RAW, **texts))

    nameless = replace(slice_of("raw"), name="any", sli=replace(RAW, total='sum(increase({job="shop"}[$window]))'))
    slices = [*(raw(f"raw-{n}", f"raw{n}") for n in range(50)), raw("again", "raw7"), nameless, slice_of("latency")]
    first, second, third = in_batches(slices)
    assert len(first) == 50 + 1
    assert [one.name for one in (*second, *third)] == ["again", "any"]


def test_what_was_never_good_is_bad(scenario: Scenario) -> None:
    """A good series that never existed counts as zero: every upload fails, and that pages."""
    traffic = [fed("uploads_total", "0+100x60", status="error")]
    test = {
        "input_series": traffic,
        "promql_expr_test": [
            asked(ratio(), "20m", ('{service="shop", slice="good-of-total"}', 1)),
            asked(PAGES, "20m", ('{slice="good-of-total"}', 1)),
        ],
    }
    assert "SUCCESS" in scenario(only("good-of-total"), [test])


def test_bad_events_of_another_counter_are_counted(scenario: Scenario) -> None:
    """One region of two breaks a tenth of its uploads; a region that never broke one is healthy, not unknown."""
    traffic = [
        fed("uploads_total", "0+100x60", status="ok", region="eu"),
        fed("uploads_total", "0+100x60", status="ok", region="us"),
        fed("broken_uploads_total", "0+10x60", region="us"),
    ]
    test = {
        "input_series": traffic,
        "promql_expr_test": [
            asked(
                ratio(),
                "30m",
                ('{service="shop", slice="two-counters", region="us"}', 0.1),
                ('{service="shop", slice="two-counters", region="eu"}', 0),
            )
        ],
    }
    assert "SUCCESS" in scenario(only("two-counters"), [test])


def test_lost_workers_are_bad_runs(scenario: Scenario) -> None:
    """Once, as the failed runs that they are counted as; who runs them again has lost nothing: a retried run has not
    ended, and a revoked one does not count."""
    runs = f"{names.JOB_DURATION}_count"
    traffic = [
        fed(runs, "0+80x60", task="send", queue="mail", state="succeeded"),
        fed(runs, "0+10x60", task="send", queue="mail", state="discarded"),
        fed(runs, "0+10x60", task="send", queue="mail", state="failed"),
        fed(runs, "0+50x60", task="send", queue="mail", state="retried"),
        fed(runs, "0+50x60", task="send", queue="mail", state="revoked"),
        fed(runs, "0+50x60", task="send", queue="other", state="failed"),
        fed(names.JOB_LOST, "0+30x60", task="send", queue="mail"),  # 10 of them failed, 20 are retried
        fed(runs, "0+7x60", task="charge", queue="mail", state="failed"),
        fed(names.JOB_LOST, "0+7x60", task="charge", queue="mail"),
    ]
    test = {
        "input_series": traffic,
        "promql_expr_test": [
            asked(
                ratio(),
                "30m",
                ('{service="shop", slice="jobs", task="charge"}', 1),
                ('{service="shop", slice="jobs", task="send"}', 0.2),
            )
        ],
    }
    assert "SUCCESS" in scenario(only("jobs"), [test])


def test_a_delay_that_nobody_knows_is_not_counted(scenario: Scenario) -> None:
    """Later than five minutes is bad; `other` is neither."""
    counted = {"provider": "ses", "integration": "mail", "outcome": "delivered"}
    traffic = [
        fed(names.DELIVERY_WEBHOOK, "0+60x60", delay_bucket="under_5m", **counted),
        fed(names.DELIVERY_WEBHOOK, "0+20x60", delay_bucket="under_1h", **counted),
        fed(names.DELIVERY_WEBHOOK, "0+20x60", delay_bucket="over_1h", **counted),
        fed(names.DELIVERY_WEBHOOK, "0+100x60", delay_bucket="other", **counted),
    ]
    test = {
        "input_series": traffic,
        "promql_expr_test": [asked(ratio(), "30m", ('{service="shop", slice="freshness", provider="ses"}', 0.4))],
    }
    assert "SUCCESS" in scenario(only("freshness"), [test])


def test_a_job_that_dies_with_its_gauge_grows_stale_and_is_forgotten_in_the_end(scenario: Scenario) -> None:
    """The last success is remembered when the target is gone: too old after ten minutes, forgotten a day later."""
    gauge = "backup_last_success_timestamp_seconds"
    traffic = [
        fed(gauge, "60+60x29 _x2000", job="backups", disk="a"),
        fed(gauge, "60+60x2000", job="backups", disk="b"),
        fed(gauge, "0x2000", job="backups", disk="never"),
    ]
    disk = '{{service="shop", slice="backups", disk="{}"}}'
    test = {
        "input_series": traffic,
        "promql_expr_test": [
            asked(ratio(), "35m", (disk.format("b"), 0), (disk.format("a"), 0)),
            asked(ratio(), "50m", (disk.format("a"), 1), (disk.format("b"), 0)),
            asked(ratio(), "1400m", (disk.format("a"), 1), (disk.format("b"), 0)),
            asked(ratio(), "1490m", (disk.format("b"), 0)),
            asked("max by (disk) (ALERTS{alertstate='firing',severity='page'})", "60m", ('{disk="a"}', 1)),
            asked("max by (disk) (ALERTS{alertstate='firing',severity='page'})", "1990m"),
        ],
    }
    assert "SUCCESS" in scenario(only("backups"), [test], "5m")


def test_the_latest_success_of_all_processes_counts(scenario: Scenario) -> None:
    """A restarted process that never ran the job does not make it stale."""
    slow = Slice(
        name="nightly",
        title="Nightly",
        sli=LastSuccess(within_seconds=600),
        objective=0.99,
        runbook="https://x.example",
    )
    labels = {"task": "nightly", "queue": "default"}
    traffic = [
        fed(names.JOB_LAST_SUCCESS, "60+60x100", instance="a", **labels),
        fed(names.JOB_LAST_SUCCESS, "60x100", instance="b", **labels),
        fed(names.JOB_LAST_SUCCESS, "0x100", instance="c", **labels),
    ]
    catalog = Catalog(service="shop", slices=(slow,))
    test = {"input_series": traffic, "promql_expr_test": [asked(EVER, "99m")]}
    assert "SUCCESS" in scenario(catalog, [test])


def test_raw_promql_that_is_no_number_is_no_event(scenario: Scenario) -> None:
    """Nothing that a raw expression divides by zero may poison a budget."""
    by_rounds = "sum(increase(rounds_total[$window]))"
    sli = replace(
        RAW,
        bad=f"sum(increase(raw_bad_total[$window])) / {by_rounds}",
        total=f"sum(increase(raw_total[$window])) / {by_rounds}",
    )
    one = replace(slice_of("raw"), sli=sli, group_by=())
    traffic = [fed("raw_total", "0+100x60"), fed("raw_bad_total", "0+50x60"), fed("rounds_total", "0x20 0+1x30 29x20")]
    test = {
        "input_series": traffic,
        "promql_expr_test": [
            asked(f"count({series.EVENTS} != {series.EVENTS})", "10m"),
            asked(f"count({series.EVENTS} != {series.EVENTS})", "60m"),
            asked(ratio(), "45m", ('{service="shop", slice="raw"}', 0.5)),
        ],
    }
    assert "SUCCESS" in scenario(Catalog(service="shop", slices=(one,)), [test])


def test_a_group_that_vanishes_ends_and_the_others_go_on(scenario: Scenario) -> None:
    """A retired route keeps no alert once its hour is over and poisons no budget; the worst route is seen till then."""
    count = f"{names.HTTP_DURATION}_count"
    traffic = [
        fed(count, "0+100x300", route="/kept", status_class="2xx"),
        fed(count, "0+50x60 _x240", route="/retired", status_class="2xx"),
        fed(count, "0+50x60 _x240", route="/retired", status_class="5xx"),
    ]
    worst = "max by (slice) (parapet:slo_burn:current)"
    firing = "max by (route) (ALERTS{alertstate='firing',severity='page'})"
    test = {
        "input_series": traffic,
        "promql_expr_test": [
            asked(f"round({worst}, 1)", "60m", ('{slice="by-route"}', 50)),
            asked(firing, "60m", ('{route="/retired"}', 1)),
            asked(firing, "295m"),
            asked("count(parapet:slo_budget_remaining:ratio != parapet:slo_budget_remaining:ratio)", "295m"),
            asked(f"round({worst}, 1)", "295m", ('{slice="by-route"}', 0)),
        ],
    }
    one = replace(slice_of("by-route"), without_tiers=("page-slow",))
    assert "SUCCESS" in scenario(Catalog(service="shop", slices=(one,)), [test])


REFUSALS = Diagnostic(
    name="refusals",
    title="Clients are refused",
    sli=EventRatio(metric=names.HTTP_DURATION, bad=(equals(names.STATUS_CLASS, "4xx"),)),
    threshold_ratio=0.2,
    group_by=(names.ROUTE,),
    description="What clients get wrong.",
)


def test_a_diagnostic_tickets_beyond_chance_and_never_pages(scenario: Scenario) -> None:
    """Three of ten refused on a busy route is a finding, one of two on a quiet one is chance; 10 % is below the bar."""
    count = f"{names.HTTP_DURATION}_count"
    traffic = [
        fed(count, "0+70x120", route="/busy", status_class="2xx"),
        fed(count, "0+30x120", route="/busy", status_class="4xx"),
        fed(count, "0+90x120", route="/fine", status_class="2xx"),
        fed(count, "0+10x120", route="/fine", status_class="4xx"),
        fed(count, "0x59 1x61", route="/quiet", status_class="2xx"),
        fed(count, "0x59 1x61", route="/quiet", status_class="4xx"),
    ]
    alert = {
        "alertname": names.ALERT_DIAGNOSTIC,
        "eval_time": "90m",
        "exp_alerts": [
            {
                "exp_labels": {"service": "shop", "slice": "refusals", "severity": "ticket", "route": "/busy"},
                "exp_annotations": {
                    "title": "Clients are refused",
                    "summary": "Clients are refused, route /busy: 30% of the events were bad over 1 hour",
                    "description": "30% of the events were bad over 1 hour; more than 20 % is worth a look. What "
                    "clients get wrong. Evidence, changes and next steps: "
                    "http://127.0.0.1:8000/parapet/go?service=shop&slice=refusals",
                    "runbook_url": "http://127.0.0.1:8000/parapet/go?service=shop&slice=refusals",
                    "workbench_url": "http://127.0.0.1:8000/parapet/go?service=shop&slice=refusals",
                    "fault_plane": "application",
                },
            }
        ],
    }
    test = {
        "input_series": traffic,
        "alert_rule_test": [alert],
        "promql_expr_test": [
            asked(PAGES, "90m"),
            asked(f"count({series.OBJECTIVE})", "90m"),
            asked(
                f'round({series.DIAGNOSTIC_RATIO}{{route!="/quiet"}}, 0.01)',
                "90m",
                ('{service="shop", slice="refusals", route="/busy"}', 0.3),
                ('{service="shop", slice="refusals", route="/fine"}', 0.1),
            ),
        ],
    }
    assert "SUCCESS" in scenario(Catalog(service="shop", diagnostics=(REFUSALS,)), [test])


def test_diagnostics_record_series_of_their_own() -> None:
    """They promise nothing, so nobody who adds up promises meets them."""
    catalog = Catalog(service="shop", slices=(slice_of("probe"),), diagnostics=(REFUSALS,))
    groups = yaml.safe_load(build(catalog, Wiring())["prometheus/recording.yml"])["groups"]
    (mine,) = (group for group in groups if group["name"] == "parapet:shop:refusals")
    assert all(rule["record"].startswith("parapet:diagnostic_") for rule in mine["rules"])
