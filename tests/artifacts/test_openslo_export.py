"""Promises as OpenSLO v1: valid documents, and the same promises when they are read back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.artifacts.openslo_rules import violations

from parapet.artifacts.files import write
from parapet.artifacts.openslo.exported import openslo_files
from parapet.artifacts.openslo.imported import Imported, read_slices
from parapet.artifacts.recording import recording_groups
from parapet.core import names
from parapet.core.settings import Wiring
from parapet.core.vocabulary import Severity
from parapet.slo.burn import DAY, BurnPolicy
from parapet.slo.catalog import Catalog
from parapet.slo.family import counter, gauge, histogram, native_histogram
from parapet.slo.selector import begins_with, equals, none_of, one_of
from parapet.slo.sli import (
    EventRatio,
    Freshness,
    JobOutcome,
    LastSuccess,
    LatencyRatio,
    ProbeRuns,
    Raw,
    Sli,
)
from parapet.slo.slice import Slice

RUNBOOK = "https://runbooks.example/x"
HTTP = histogram("http_seconds", {"code": None, "path": None, "region": None}, bounds_seconds=(0.3, 1.0), job="edge")
UPLOADS = counter("uploads_total", {"state": None, "size": None})

PLAIN: dict[str, Sli] = {
    "ours": EventRatio(
        metric=names.JOURNEY_DURATION,
        total=(equals(names.JOURNEY, "login"), one_of(names.OUTCOME, "success", "failure", "abandoned")),
        bad=(one_of(names.OUTCOME, "failure", "abandoned"),),
    ),
    "ours-quick": LatencyRatio(
        metric=names.JOURNEY_DURATION, selector=(equals(names.JOURNEY, "login"),), threshold_seconds=1
    ),
    "good": EventRatio(metric="uploads_total", good=(equals("state", "stored"),), source=UPLOADS),
    "odd-words": EventRatio(
        metric="uploads_total",
        total=(none_of("size", "a.b|c", "d(e)*", 'q"\\', "x+y"),),
        bad=(begins_with("state", "5", "4.2"),),
        source=UPLOADS,
    ),
    "elsewhere": EventRatio(metric="http_seconds", bad=(begins_with("code", "5"),), source=HTTP),
    "elsewhere-quick": LatencyRatio(
        metric="http_seconds", selector=(none_of("path", "/health"),), threshold_seconds=0.3, source=HTTP
    ),
    "two-counters": EventRatio(
        metric="uploads_total",
        source=UPLOADS,
        bad_source=counter("upload_errors_total", {"kind": None}),
        bad=(none_of("kind", "cancelled"),),
    ),
    "backup": LastSuccess(
        metric="backup_done", within_seconds=86_400, source=gauge("backup_done", {"host": None}, job="backup")
    ),
    "our-backup": LastSuccess(selector=(equals(names.TASK, "backup"),), within_seconds=7_200),
}
"""What is read back as rules that are the same, to the letter."""
OTHERS: dict[str, Sli] = {
    "callbacks": Freshness(metric=names.DELIVERY_WEBHOOK, within_seconds=300),
    "probe": ProbeRuns(probe="home"),
    "jobs": JobOutcome(selector=(equals(names.QUEUE, "mail"),)),
    "raw": Raw(
        bad='sum(increase(a_total{x="1"}[$window])) + sum(increase(b_total[$window]))',
        total='sum(increase(c_total{y=~"[ab]+"}[$window]))',
    ),
}
"""What is read back as events that are the same, counted by another kind of slice."""


def catalog(*slices: Slice, burn: BurnPolicy | None = None) -> Catalog:
    """A catalog of the shop."""
    return Catalog(service="shop", slices=slices, burn=burn or BurnPolicy(), runbooks=("web-availability",))


def promise(name: str, sli: Sli, **changes: Any) -> Slice:
    """A slice that counts so."""
    return replace(Slice(name=name, title=f"The {name}", sli=sli, objective=0.99, runbook=RUNBOOK), **changes)


def exported(one: Catalog, folder: Path) -> list[Path]:
    """The files of a catalog, written."""
    write(folder, openslo_files(one, Wiring()))
    return sorted((folder / "openslo").iterdir())


def back(one: Catalog, folder: Path) -> Imported:
    """What comes of a catalog that is exported and read again."""
    found = read_slices(exported(one, folder))
    assert found.refused == ()
    return found


def documents(one: Catalog) -> list[Any]:
    """Every document of a catalog."""
    return [each for text in openslo_files(one, Wiring()).values() for each in yaml.safe_load_all(text)]


EVERY_KIND = [promise(name, sli) for name, sli in (PLAIN | OTHERS).items()]
NATIVE = promise(
    "native",
    LatencyRatio(metric="rpc_seconds", threshold_seconds=0.2, source=native_histogram("rpc_seconds", {})),
)


@pytest.mark.parametrize("burn", [BurnPolicy(), BurnPolicy().scaled_down(60), BurnPolicy(period_seconds=90 * DAY)])
def test_every_document_keeps_the_rules_of_v1(burn: BurnPolicy) -> None:
    """Every kind of slice, at objectives whose factors are derived anew, with names and texts that do not fit."""
    odd = promise(
        "under_scored_", OTHERS["probe"], title="T" * 200, description="d" * 2_000, objective=0.6, links={"x": RUNBOOK}
    )
    twin = promise("under_scored", OTHERS["probe"], objective=0.5)
    found = documents(catalog(*EVERY_KIND, NATIVE, odd, twin, burn=burn))
    everything = [(one["kind"], one["metadata"]["name"]) for one in found]
    assert len(everything) == len(set(everything))
    assert [problem for one in found for problem in violations(one, everything)] == []


def test_the_rules_of_v1_refuse_what_is_wrong() -> None:
    """The judge itself is judged."""
    (good,) = (one for one in documents(catalog(promise("raw", OTHERS["raw"]))) if one["kind"] == "SLO")
    known = [("Service", "shop"), *(("AlertPolicy", one["alertPolicyRef"]) for one in good["spec"]["alertPolicies"])]
    assert violations(good, known) == []
    for field, value in {
        "service": "other",
        "budgetingMethod": "Occurence",
        "objectives": [{"target": 99}],
        "timeWindow": [{"duration": "30s", "isRolling": True}],
        "indicatorRef": "x",
        "misspelt": 1,
    }.items():
        assert violations({**good, "spec": {**good["spec"], field: value}}, known) != []


@pytest.mark.parametrize("name", PLAIN)
def test_selectors_come_back_as_the_same_rules(name: str, tmp_path: Path) -> None:
    """Objective, period, severities and every matcher: what is recorded is the same to the letter."""
    before = catalog(promise(name, PLAIN[name]))
    after = back(before, tmp_path)
    again = catalog(*after.slices)
    assert [rules(again), again.slices[0].title] == [rules(before), f"The {name}"]


@pytest.mark.parametrize("name", OTHERS)
def test_other_kinds_come_back_as_events_that_are_counted_alike(name: str, tmp_path: Path) -> None:
    """OpenSLO has no word for the kind, but for what it counts."""
    (after,) = back(catalog(promise(name, OTHERS[name])), tmp_path).slices
    assert (after.objective, after.period_seconds) == (0.99, 30 * DAY)
    assert after.severities == (Severity.PAGE, Severity.TICKET)
    assert after.runbook == RUNBOOK


def test_a_native_histogram_is_said_but_not_read_back(tmp_path: Path) -> None:
    """Its share within a bound is no count, and nobody may pretend that it is."""
    found = read_slices(exported(catalog(NATIVE), tmp_path))
    assert "histogram_fraction" in found.refused[0].why


def test_what_openslo_has_no_word_for_comes_back_from_annotations(tmp_path: Path) -> None:
    """Owner, links, routing labels, tiers, groups, journey, names that had to be changed."""
    before = promise(
        "check_out",
        PLAIN["elsewhere"],
        title="A title that is longer than the sixty-three characters that OpenSLO allows for one",
        period_seconds=28 * DAY,
        severities=(Severity.PAGE, Severity.TICKET),
        without_tiers=("page-slow", "ticket-fast"),
        alert_labels={Severity.PAGE: {"team": "payments"}},
        group_by=("region",),
        owner="Payments",
        runbook="web-availability",
        links={"Traces": "https://traces.example"},
        journey="checkout",
        fault_plane="provider",
        trouble="Checkout fails",
        description="Good: paid.",
    )
    (after,) = back(catalog(before), tmp_path).slices
    assert replace(after, sli=before.sli) == before
    assert (dict(after.links), dict(after.alert_labels)) == (dict(before.links), dict(before.alert_labels))


def test_the_whole_shop_comes_back(shop_catalog: Catalog, tmp_path: Path) -> None:
    """A pack and journeys: the same rules for all of them, and nothing to remark but what was set aside."""
    after = back(shop_catalog, tmp_path)
    assert rules(replace(shop_catalog, slices=after.slices)) == rules(shop_catalog)
    assert {one.kind for one in after.remarks} == {"Service", "AlertNotificationTarget"}


def test_a_factor_that_is_derived_anew_has_a_policy_of_its_own() -> None:
    """Slices that burn alike share policies; one whose objective bends the factor does not."""
    found = documents(catalog(promise("a", PLAIN["good"]), promise("b", PLAIN["good"], objective=0.6)))
    policies = {one["metadata"]["name"]: one for one in found if one["kind"] == "AlertPolicy"}
    slos = {one["metadata"]["name"]: one for one in found if one["kind"] == "SLO"}
    refs = {name: [one["alertPolicyRef"] for one in slo["spec"]["alertPolicies"]] for name, slo in slos.items()}
    assert refs["a"][0] == "page-fast"
    assert refs["b"][0].startswith("page-fast-1h-")
    bent = policies[refs["b"][0]]["spec"]["conditions"][0]["spec"]["condition"]
    assert 1 < bent["threshold"] < 14.4


def test_windows_shorter_than_a_minute_are_left_out_and_told() -> None:
    """A game day's windows cannot be said; nobody rounds them in silence."""
    text = openslo_files(catalog(promise("a", PLAIN["good"]), burn=BurnPolicy().scaled_down(60)), Wiring())[
        "openslo/a.yaml"
    ]
    assert "# The alert over 1 minute and 5 s is left out: OpenSLO counts in minutes.\n" in text


def test_a_service_whose_name_does_not_fit_keeps_it(tmp_path: Path) -> None:
    """The name of the service is a label of every series."""
    before = replace(catalog(promise("ours", PLAIN["ours"])), service="Shop.Web_1")
    after = back(before, tmp_path)
    assert after.service == "shop-web-1"
    assert rules(replace(before, slices=after.slices)) == rules(before)


def rules(one: Catalog) -> str:
    """Every recording rule of a catalog, as text."""
    groups = recording_groups(one, Wiring())
    told = sorted([group.name, [[rule.record, rule.expr] for rule in group.rules]] for group in groups)
    return json.dumps(told, indent=1)
