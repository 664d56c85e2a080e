"""The rules of OpenSLO v1, written down from its specification and from what its reference implementation refuses.

There is no validator to install for Python, and the JSON schemas that are published contradict the specification (they
ask for a field without a name and misspell ratioMetric). So the rules are here: required fields, closed sets, lengths,
names. They share nothing with the reader of Parapet.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
DURATION = re.compile(r"[1-9][0-9]*[mhdwMQY]")
KEY = re.compile(r"[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?")
OPERATORS = {"lt", "lte", "gt", "gte"}
FIELDS = {
    "Service": {"description"},
    "DataSource": {"description", "type", "connectionDetails"},
    "AlertNotificationTarget": {"description", "target"},
    "AlertPolicy": {
        "description",
        "alertWhenNoData",
        "alertWhenResolved",
        "alertWhenBreaching",
        "conditions",
        "notificationTargets",
    },
    "AlertCondition": {"description", "severity", "condition"},
    "SLI": {"description", "thresholdMetric", "ratioMetric"},
    "SLO": {
        "description",
        "service",
        "indicator",
        "indicatorRef",
        "timeWindow",
        "budgetingMethod",
        "objectives",
        "alertPolicies",
    },
}


def violations(document: Any, others: Collection[tuple[str, str]] = ()) -> list[str]:
    """What is wrong with a document; *others*: kind and name of what it may refer to."""
    return list(_document(document, set(others)))


def _document(one: Any, others: set[tuple[str, str]]) -> Iterator[str]:
    if set(one) != {"apiVersion", "kind", "metadata", "spec"}:
        yield f"fields {sorted(one)}"
    if one.get("apiVersion") != "openslo/v1":
        yield f"apiVersion {one.get('apiVersion')!r}"
    kind = one.get("kind")
    if kind not in FIELDS:
        yield f"kind {kind!r}"
        return
    yield from _metadata(one.get("metadata", {}))
    yield from _spec(kind, one.get("spec", {}), others)


def _metadata(metadata: Any) -> Iterator[str]:
    if not set(metadata) <= {"name", "displayName", "labels", "annotations"}:
        yield f"metadata {sorted(metadata)}"
    if not NAME.fullmatch(metadata.get("name", "")):
        yield f"name {metadata.get('name')!r}"
    if not 0 < len(metadata.get("displayName", "x")) <= 63:
        yield f"displayName {metadata.get('displayName')!r}"
    for name, value in metadata.get("annotations", {}).items():
        if not KEY.fullmatch(name) or not isinstance(value, str) or not value:
            yield f"annotation {name!r}: {value!r}"


def _spec(kind: str, spec: Any, others: set[tuple[str, str]]) -> Iterator[str]:
    if not set(spec) <= FIELDS[kind]:
        yield f"{kind} has {sorted(set(spec) - FIELDS[kind])}"
    if len(spec.get("description", "")) > 1050:
        yield "description too long"
    if kind == "SLO":
        yield from _slo(spec, others)
    if kind == "SLI":
        yield from _sli(spec)
    if kind == "AlertPolicy":
        yield from _policy(spec, others)
    if kind == "AlertCondition":
        yield from _condition(spec)
    if kind == "AlertNotificationTarget" and not spec.get("target"):
        yield "no target"


def _slo(spec: Any, others: set[tuple[str, str]]) -> Iterator[str]:
    if ("Service", spec.get("service")) not in others:
        yield f"service {spec.get('service')!r}"
    if ("indicator" in spec) == ("indicatorRef" in spec):
        yield "indicator and indicatorRef"
    if "indicator" in spec:
        yield from _metadata(spec["indicator"]["metadata"])
        yield from _sli(spec["indicator"]["spec"])
    for window in spec.get("timeWindow", []):
        if window.get("isRolling") is not True or not DURATION.fullmatch(window["duration"]) or len(window) != 2:
            yield f"timeWindow {window}"
    if len(spec.get("timeWindow", [1])) != 1:
        yield "more than one timeWindow"
    if spec.get("budgetingMethod") not in {"Occurrences", "Timeslices", "RatioTimeslices"}:
        yield f"budgetingMethod {spec.get('budgetingMethod')!r}"
    if not spec.get("objectives"):
        yield "no objectives"
    threshold = "thresholdMetric" in spec.get("indicator", {}).get("spec", {})
    for objective in spec.get("objectives", []):
        if ("target" in objective) == ("targetPercent" in objective) or not 0 <= objective.get("target", 0) < 1:
            yield f"objective {objective}"
        if threshold != ("value" in objective) or (threshold and objective.get("op") not in OPERATORS):
            yield f"objective of a value {objective}"
    for policy in spec.get("alertPolicies", []):
        if ("AlertPolicy", policy.get("alertPolicyRef")) not in others:
            yield f"alert policy {policy}"


def _sli(spec: Any) -> Iterator[str]:
    if ("thresholdMetric" in spec) == ("ratioMetric" in spec):
        yield "thresholdMetric and ratioMetric"
    if "thresholdMetric" in spec:
        yield from _metric(spec["thresholdMetric"])
        return
    ratio = spec.get("ratioMetric", {})
    if not isinstance(ratio.get("counter"), bool):
        yield "counter"
    if ("good" in ratio) == ("bad" in ratio) or "total" not in ratio or "raw" in ratio:
        yield f"ratioMetric {sorted(ratio)}"
    for part in ("good", "bad", "total"):
        if part in ratio:
            yield from _metric(ratio[part])


def _metric(metric: Any) -> Iterator[str]:
    source = metric.get("metricSource", {})
    if source.get("type") != "Prometheus" or not source.get("spec", {}).get("query"):
        yield f"metricSource {source}"


def _policy(spec: Any, others: set[tuple[str, str]]) -> Iterator[str]:
    for name in ("alertWhenNoData", "alertWhenResolved", "alertWhenBreaching"):
        if not isinstance(spec.get(name), bool):
            yield name
    if len(spec.get("conditions", [])) != 1:
        yield f"{len(spec.get('conditions', []))} conditions"
    for condition in spec.get("conditions", []):
        if condition.get("kind") != "AlertCondition":
            yield f"condition of kind {condition.get('kind')!r}"
        yield from _metadata(condition["metadata"])
        yield from _spec("AlertCondition", condition["spec"], others)
    if not spec.get("notificationTargets"):
        yield "no notificationTargets"
    for target in spec.get("notificationTargets", []):
        if ("AlertNotificationTarget", target.get("targetRef")) not in others:
            yield f"target {target}"


def _condition(spec: Any) -> Iterator[str]:
    condition = spec.get("condition", {})
    if not spec.get("severity") or condition.get("kind") != "burnrate" or condition.get("op") not in OPERATORS:
        yield f"condition {spec}"
    if not isinstance(condition.get("threshold"), int | float):
        yield f"threshold {condition.get('threshold')!r}"
    for name in ("lookbackWindow", "alertAfter"):
        if not DURATION.fullmatch(condition.get(name, "")):
            yield f"{name} {condition.get(name)!r}"
