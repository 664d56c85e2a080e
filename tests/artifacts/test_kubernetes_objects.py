"""Objects for the Prometheus operator: its own definitions accept them, and their rules are those of the files."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.artifacts.judged import dumped, read
from tests.environments import python_of

from parapet.artifacts.bundle import build, chosen
from parapet.artifacts.dns import dns_label
from parapet.artifacts.files import differences, write
from parapet.artifacts.groups import groups_of
from parapet.artifacts.kubernetes import MOST_BYTES, kubernetes_files
from parapet.core import names
from parapet.core.settings import Kubernetes, Wiring
from parapet.slo.catalog import Catalog
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.selector import equals
from parapet.slo.sli import EventRatio

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
INSIDE = Wiring(
    webhook_url="http://shop.shop.svc:8000/parapet/hooks/alertmanager",
    kubernetes=Kubernetes(
        namespace="monitoring",
        labels={"release": "prometheus"},
        scraped={"app": "shop"},
        scraped_namespace="shop",
        port="web",
        secret="shop-tokens",
    ),
)

DRIFT = Diagnostic(
    name="login-drift",
    title="Logins drift",
    sli=EventRatio(metric=names.JOURNEY_DURATION, bad=(equals(names.OUTCOME, "user_error"),)),
    threshold_ratio=0.2,
)

Tool = Callable[..., str]


def objects(catalog: Catalog, wiring: Wiring, name: str) -> list[dict[str, Any]]:
    """The objects of one file."""
    files = kubernetes_files(catalog, wiring, groups_of(catalog, wiring))
    return list(yaml.load_all(files[f"kubernetes/{name}.yaml"], Loader=yaml.CSafeLoader))


def judged(*given: dict[str, Any]) -> list[Any]:
    """What the operator's definitions understood of objects, or why they refuse them."""
    versions = [[one["apiVersion"].rpartition("/")[2], one] for one in given]
    command = [python_of("operator"), str(Path(__file__).with_name("operator_judge.py"))]
    done = subprocess.run(command, input=json.dumps(versions), capture_output=True, text=True, check=True)
    said: list[Any] = json.loads(done.stdout)
    return said


def test_the_golden_objects(shop_catalog: Catalog) -> None:
    """A change of the objects is a diff that somebody reads."""
    files = kubernetes_files(shop_catalog, INSIDE, groups_of(shop_catalog, INSIDE))
    if os.environ.get("PARAPET_GOLDEN") == "rewrite":
        write(GOLDEN / "kubernetes", files)
    assert differences(GOLDEN / "kubernetes", files) == {}


def test_the_operators_definitions_accept_them(shop_catalog: Catalog) -> None:
    """Fields, patterns of durations and names, and nothing that it would drop in silence.

    The judge itself is judged: a field that nobody knows is not understood, a malformed duration is refused.
    """
    given = [
        one
        for wiring in (Wiring(), INSIDE, Wiring(metrics_token_file=None))
        for name in ("prometheusrule", "watchdog", "servicemonitor", "alertmanagerconfig")
        for one in objects(shop_catalog, wiring, name)
    ]
    (misspelt,) = objects(shop_catalog, Wiring(), "servicemonitor")
    misspelt["spec"]["endpoints"][0]["scrapeTimeOut"] = "10s"
    (malformed,) = objects(shop_catalog, Wiring(), "servicemonitor")
    malformed["spec"]["endpoints"][0]["interval"] = "ten seconds"
    *said, understood, refusal = judged(*given, misspelt, malformed)
    assert said == given
    assert understood != misspelt
    assert "interval" in refusal


def test_the_rules_are_those_of_the_files(shop_catalog: Catalog, tool: Tool, tmp_path: Path) -> None:
    """Group by group, and promtool takes them as they are taken out again."""
    wiring = Wiring(kubernetes=Kubernetes(), dashboards=False)
    catalog = replace(shop_catalog, diagnostics=(DRIFT,))
    files = build(catalog, wiring)
    groups = [group for one in objects(catalog, wiring, "prometheusrule") for group in one["spec"]["groups"]]
    told = [read(files[f"prometheus/{name}.yml"])["groups"] for name in ("recording", "alerts")]
    assert groups == told[0] + told[1]
    (tmp_path / "rules.yml").write_text(dumped({"groups": groups}))
    assert "SUCCESS" in tool("promtool", "check", "rules", "rules.yml", cwd=tmp_path)


def test_rules_that_one_object_cannot_hold_are_divided(shop_catalog: Catalog) -> None:
    """`kubectl apply` must be able to keep its copy of each; names stay apart, and no group is lost."""
    slices = tuple(replace(one, name=f"{one.name}-{n}") for n in range(30) for one in shop_catalog)
    many = objects(replace(shop_catalog, slices=slices), Wiring(), "prometheusrule")
    assert len(many) > 1
    assert [one["metadata"]["name"] for one in many] == [
        "parapet-shop",
        *(f"parapet-shop-{n}" for n in range(2, len(many) + 1)),
    ]
    assert max(len(json.dumps(one)) for one in many) < MOST_BYTES + 10_000 < 262_144
    assert len({group["name"] for one in many for group in one["spec"]["groups"]}) == 3 * len(slices) + 2


def test_what_the_deployment_says_is_in_the_objects(shop_catalog: Catalog) -> None:
    """Namespace, the labels that the operator selects by, the Service, its port and the secret."""
    for name in ("prometheusrule", "servicemonitor", "alertmanagerconfig"):
        (one,) = objects(shop_catalog, INSIDE, name)
        assert one["metadata"]["namespace"] == "monitoring"
        assert one["metadata"]["labels"]["release"] == "prometheus"
    (monitor,) = objects(shop_catalog, INSIDE, "servicemonitor")
    assert monitor["spec"]["selector"] == {"matchLabels": {"app": "shop"}}
    assert monitor["spec"]["namespaceSelector"] == {"matchNames": ["shop"]}
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["port"] == "web"
    assert endpoint["authorization"]["credentials"] == {"name": "shop-tokens", "key": "metrics-token"}
    assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": "shop"}]
    (open_monitor,) = objects(shop_catalog, Wiring(metrics_token_file=None), "servicemonitor")
    assert "authorization" not in open_monitor["spec"]["endpoints"][0]


def test_they_are_written_when_the_deployment_or_a_person_asks(shop_catalog: Catalog) -> None:
    """Who has no operator has no use for them."""
    assert not any(name.startswith("kubernetes/") for name in build(shop_catalog, Wiring()))
    assert "kubernetes/prometheusrule.yaml" in build(shop_catalog, INSIDE)
    asked = build(shop_catalog, Wiring(), chosen(Wiring(), also=("kubernetes",)))
    assert "kubernetes/prometheusrule.yaml" in asked


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("parapet", "Shop.Web_1"), "parapet-shop-web-1"),
        (("-a-", "b-"), "a-b"),
        (("x" * 80,), "x" * 63),
        (("x" * 62, "y"), "x" * 62),
        (("___",), "x"),
    ],
)
def test_names_are_those_that_kubernetes_accepts(words: tuple[str, ...], name: str) -> None:
    """Lower case, digits and dashes, at most 63, no dash at an end."""
    assert dns_label(*words) == name
