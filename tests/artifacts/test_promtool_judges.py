"""promtool and amtool judge what was generated; hand-written scenarios judge what it promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from tests.artifacts.judged import unit_tests_hold

from parapet.artifacts.bundle import build
from parapet.artifacts.files import write
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.core.vocabulary import Severity
from parapet.slo import series
from parapet.slo.burn import DAY
from parapet.slo.catalog import Catalog
from parapet.slo.packs.journeys import journey_slices
from parapet.slo.selector import equals, none_of
from parapet.slo.sli import EventRatio
from parapet.slo.slice import Slice

pytestmark = pytest.mark.real

Tool = Callable[..., str]
Scenario = Callable[..., str]

FIRING = "sort_desc(max by (slice, severity) (ALERTS{alertstate='firing',slice!=''}))"
EVER = "max by (slice, severity) (max_over_time(ALERTS{alertstate='firing',slice!=''}[7d]))"


def fed(name: str, values: str, **labels: str) -> dict[str, str]:
    """One input series of the shop."""
    pairs = ",".join(f'{label}="{value}"' for label, value in {"job": "shop", **labels}.items())
    return {"series": f"{name}{{{pairs}}}", "values": values}


def attempts(journey: str, outcome: str, values: str) -> dict[str, str]:
    """The attempts at a journey that ended so."""
    return fed(f"{names.JOURNEY_DURATION}_count", values, journey=journey, outcome=outcome)


def asked(expr: str, at: str, *samples: tuple[str, float]) -> dict[str, object]:
    """A question and its exact answer."""
    return {"expr": expr, "eval_time": at, "exp_samples": [{"labels": labels, "value": v} for labels, v in samples]}


def firing(slice_name: str, severity: str) -> tuple[str, float]:
    """One alert in an answer."""
    return (f'{{slice="{slice_name}",severity="{severity}"}}', 1)


def one_journey(objective: float = 0.999) -> Catalog:
    """A shop where only logins are promised."""
    slices = journey_slices("login", objective=objective)
    return Catalog(service="shop", slices=slices, runbooks=("journey-login",))


def test_the_tools_accept_everything(bundle: tuple[str, dict[str, str]], tool: Tool, tmp_path: Path) -> None:
    """promtool checks the rules and a configuration made of them, amtool checks the route."""
    _, files = bundle
    files = {name: text.replace("/etc/parapet/metrics-token", str(tmp_path / "token")) for name, text in files.items()}
    (tmp_path / "token").write_text("not-a-secret")
    write(tmp_path, files)
    said = tool("promtool", "check", "rules", "prometheus/recording.yml", "prometheus/alerts.yml", cwd=tmp_path)
    assert said.count("SUCCESS") == 2
    scrape = yaml.safe_load(files["prometheus/scrape.yml"])
    server = {"rule_files": ["prometheus/recording.yml", "prometheus/alerts.yml"], **scrape}
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(server))
    assert "SUCCESS" in tool("promtool", "check", "config", "prometheus.yml", cwd=tmp_path)
    said = tool("amtool", "check-config", "alertmanager/parapet.yml", cwd=tmp_path)
    assert "1 inhibit rules" in said


def test_generated_unit_tests_hold_at_every_objective(tmp_path: Path) -> None:
    """Down to one half, and to slices that raise tickets only; kinds and packs are judged at up to four nines."""
    objectives = (0.5, 0.99)
    slices = [one for o in objectives for one in journey_slices(f"at-{o:g}".replace(".", "-"), objective=o)]
    quiet = [replace(one, name="quiet", journey="quiet", severities=(Severity.TICKET,)) for one in slices[1:]]
    quiet = [replace(one, sli=_of_journey(one, "quiet")) for one in quiet]
    runbooks = [one.runbook or "" for one in slices]
    catalog = Catalog(service="shop", slices=(*slices, *quiet), runbooks=runbooks)
    unit_tests_hold(catalog, tmp_path, of={"at-0-5", "quiet"})


def _of_journey(one: Slice, journey: str) -> EventRatio:
    assert isinstance(one.sli, EventRatio)
    return replace(one.sli, total=(equals(names.JOURNEY, journey), *one.sli.total[1:]))


def test_four_percent_of_logins_fail_and_only_login_pages(shop_catalog: Catalog, scenario: Scenario) -> None:
    """Two logins a second, one in 25 broken by a callback; the homepage and the checkout are fine, and stay silent."""
    answers = f"{names.HTTP_DURATION}_count"
    fine = [
        fed(answers, "0+1200x100", route="/", method="GET", status_class="2xx"),
        fed(answers, "0+5x100", route="/login", method="POST", status_class="4xx"),
        fed(answers, "0+0x100", route="/", method="GET", status_class="5xx"),
        fed(f"{names.HTTP_DURATION}_bucket", "0+1200x100", route="/", status_class="2xx", le="0.5"),
        attempts("checkout", "success", "0+120x100"),
        attempts("checkout", "failure", "0+0x100"),
        fed(f"{names.JOURNEY_DURATION}_bucket", "0+120x100", journey="checkout", outcome="success", le="1.0"),
    ]
    logins = [
        attempts("login", "success", "0+120x59 7195.2+115.2x40"),
        attempts("login", "failure", "0+0x59 4.8+4.8x40"),
        attempts("login", "user_error", "0+40x100"),
    ]
    pages = asked(FIRING, "90m", firing("login", "page"))
    said = scenario(
        shop_catalog, [{"input_series": [*fine, *logins], "promql_expr_test": [asked(FIRING, "60m"), pages]}]
    )
    assert "SUCCESS" in said


def test_idle_hours_never_poison_the_budget(scenario: Scenario) -> None:
    """A hundred failures of ten thousand, then no traffic, then no target: the budget left stays a number."""
    traffic = [
        attempts("login", "success", "0+99x100 9900x120"),
        attempts("login", "failure", "0+1x100 100x120"),
    ]
    left = 'round(parapet:slo_budget_remaining:ratio{slice="login"}, 0.001)'
    name = '{service="shop", slice="login"}'
    # 220 minutes hold 44 steps of five minutes; 8,640 are a period: 100 failures of 0.01 * 10,000 * 8,640 / 44.
    expectations = [
        asked(left, "219m", (name, 0.995)),
        asked(f"{left} < bool 1", "300m", (name, 1)),
        asked("count(parapet:slo_budget_remaining:ratio != parapet:slo_budget_remaining:ratio)", "300m"),
        asked('count(parapet:slo_error_ratio:over_5m{slice="login"})', "150m"),
        asked("absent(parapet:slo_burn:current)", "60m"),
    ]
    assert "SUCCESS" in scenario(one_journey(0.99), [{"input_series": traffic, "promql_expr_test": expectations}], "5m")


def test_an_error_series_that_never_existed_counts_as_zero(scenario: Scenario) -> None:
    """A host whose failure counter appears with the first failure is healthy until then, not unknown."""
    traffic = [attempts("login", "success", "0+100x60")]
    healthy = asked(
        "parapet:slo_error_ratio:over_1h",
        "60m",
        ('{__name__="parapet:slo_error_ratio:over_1h",service="shop",slice="login"}', 0),
    )
    assert "SUCCESS" in scenario(
        one_journey(), [{"input_series": traffic, "promql_expr_test": [healthy, asked(EVER, "60m")]}]
    )


def test_a_vanished_target_keeps_the_page_for_hours(scenario: Scenario) -> None:
    """An outage that takes the process with it must not look like a recovery; when it is back and fine, it clears."""
    traffic = [
        attempts("login", "success", "0+100x60 6000x10 _x300 0+100x40"),
        attempts("login", "failure", "0x60 100+100x10 _x300 0x40"),
    ]
    page = "max by (slice, severity) (ALERTS{alertstate='firing',severity='page'})"
    expectations = [
        asked(page, "60m"),
        asked(page, "70m", firing("login", "page")),
        asked(page, "365m", firing("login", "page")),
        asked(page, "410m"),
    ]
    assert "SUCCESS" in scenario(one_journey(), [{"input_series": traffic, "promql_expr_test": expectations}])


def test_groups_are_judged_separately(scenario: Scenario) -> None:
    """One route of two fails: its alert names it, with odd characters and all, and the texts can be filled in."""
    grouped = Slice(
        name="by-route",
        title="Routes",
        trouble="Routes fail",
        sli=EventRatio(
            metric=names.HTTP_DURATION,
            total=(none_of(names.STATUS_CLASS, "disconnected"),),
            bad=(equals(names.STATUS_CLASS, "5xx"),),
        ),
        objective=0.99,
        group_by=(names.ROUTE,),
        runbook="https://runbooks.example/routes",
    )
    count = f"{names.HTTP_DURATION}_count"
    traffic = [
        fed(count, "0+100x65", route="/fine", status_class="2xx"),
        fed(count, "0+50x65", route="/a{b}.+{{ 1 }}", status_class="2xx"),
        fed(count, "0+50x65", route="/a{b}.+{{ 1 }}", status_class="5xx"),
    ]
    expr = "max by (route) (ALERTS{alertstate='firing',severity='page'})"
    alert = {
        "alertname": names.ALERT_PAGE,
        "eval_time": "62m",  # between two rounds of the slow group: promtool runs groups in no fixed order
        "exp_alerts": [
            {
                "exp_labels": {"service": "shop", "slice": "by-route", "severity": "page", "route": "/a{b}.+{{ 1 }}"},
                "exp_annotations": {
                    "title": "Routes fail",
                    "summary": "Routes fail: users are harmed now, route /a{b}.+{{ 1 }}",
                    "description": "Burning the error budget of 99 % at 50.0 times the rate it can bear, over 1 hour: "
                    "3000 of 6000 failed. Budget of 30 days: 93.06% left (402.0 of 432 minutes, 40200 failures). If it "
                    "burns on like this, the budget is used up in 13h 24m 0s. Worst: route /a{b}.+{{ 1 }}, 50.0 times. "
                    "It clears by itself once at most 7.2 % fail over 5 minutes and 3 % fail over 30 minutes. "
                    "Evidence, changes and next steps: "
                    "http://127.0.0.1:8000/parapet/go?service=shop&slice=by-route",
                    "budget": "Budget of 30 days: 93.06% left (402.0 of 432 minutes, 40200 failures).",
                    "runbook_url": "https://runbooks.example/routes",
                    "runbook": "https://runbooks.example/routes",
                    "workbench_url": "http://127.0.0.1:8000/parapet/go?service=shop&slice=by-route",
                    "fault_plane": "application",
                },
            }
        ],
    }
    test = {
        "input_series": traffic,
        "promql_expr_test": [asked(expr, "60m", ('{route="/a{b}.+{{ 1 }}"}', 1))],
        "alert_rule_test": [alert],
    }
    assert "SUCCESS" in scenario(Catalog(service="shop", slices=(grouped,)), [test])


def test_an_outage_at_the_busy_hour_costs_its_share_of_the_events(scenario: Scenario) -> None:
    """Ratios are never averaged: six busy hours, one of them down, and two quiet ones."""
    traffic = [
        attempts("login", "success", "0+1000x300 300000x60 300010+10x119"),
        attempts("login", "failure", "0x300 1000+1000x59 60000x120"),
    ]
    # 300,000 good, 60,000 bad and 1,200 at the quiet end: burn is the bad share of all, over the budget of 1 %.
    burn = asked("round(parapet:slo_burn:period, 0.1)", "480m", ('{service="shop", slice="login"}', 16.6))
    assert "SUCCESS" in scenario(one_journey(0.99), [{"input_series": traffic, "promql_expr_test": [burn]}], "5m")


def test_counts_are_the_events_that_happened(scenario: Scenario) -> None:
    """Whatever the evaluation interval: 100 attempts a minute are 6,000 an hour, and one in a hundred failed."""
    traffic = [attempts("login", "success", "0+99x120"), attempts("login", "failure", "0+1x120")]
    name = '{service="shop", slice="login"}'
    expectations = [
        asked("round(parapet:slo_events:count_1h, 110)", "120m", (name, 6_050)),
        asked("round(parapet:slo_bad_events:count_1h, 1.1)", "120m", (name, 60.5)),
    ]
    assert "SUCCESS" in scenario(one_journey(0.9), [{"input_series": traffic, "promql_expr_test": expectations}])


def test_slices_of_one_service_may_have_periods_of_their_own(tmp_path: Path) -> None:
    """7, 28, 30 and 90 days beside each other, one without its fast page; one query reads the budgets of all."""
    objectives = {"week": 0.99, "four-weeks": 0.999, "month": 0.95, "quarter": 0.9}
    periods = {"week": 7 * DAY, "four-weeks": 28 * DAY, "month": None, "quarter": 90 * DAY}
    slices = [
        replace(one, period_seconds=periods[name], without_tiers=("page-fast",) if name == "week" else ())
        for name, objective in objectives.items()
        for one in journey_slices(name, objective=objective)
    ]
    catalog = Catalog(service="shop", slices=tuple(slices), runbooks=[one.runbook or "" for one in slices])
    unit_tests_hold(catalog, tmp_path, of={"week", "quarter"})
    rules = yaml.safe_load((tmp_path / "prometheus" / "recording.yml").read_text())
    recorded = [rule for group in rules["groups"] for rule in group["rules"]]
    for name in (series.EVENTS_OF_PERIOD, series.BAD_EVENTS_OF_PERIOD, series.CURRENT_BURN):
        assert [rule["labels"]["slice"] for rule in recorded if rule["record"] == name] == list(objectives)


def test_routing_labels_are_on_the_alerts_of_their_severity() -> None:
    """A page may go to another team than a ticket; text of the host is not run as a template."""
    (login,) = journey_slices("login", objective=0.99)
    labelled = replace(login, alert_labels={Severity.PAGE: {"team": "on-call"}, Severity.TICKET: {"team": "{{x}}"}})
    catalog = Catalog(service="shop", slices=(labelled,), runbooks=("journey-login",))
    groups = yaml.safe_load(build(catalog, Wiring())["prometheus/alerts.yml"])["groups"]
    rules = [rule for group in groups for rule in group["rules"] if rule["alert"] in series.ALERTS.values()]
    teams = {rule["labels"]["severity"]: rule["labels"]["team"] for rule in rules}
    assert teams == {"page": "on-call", "ticket": '{{ "{{" }}x}}'}
