"""Slices to OpenSLO v1: a file for each promise, and one for what they share. Annotations carry what it cannot say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from parapet.artifacts.dns import dns_label
from parapet.artifacts.openslo.durations import shorthand
from parapet.artifacts.openslo.measures import indicator, limit
from parapet.artifacts.openslo.reading import API, LONGEST_DESCRIPTION, PREFIX
from parapet.artifacts.render import HEADER, Node, commented, document, dumped
from parapet.core.settings import Wiring
from parapet.slo.budget import in_words
from parapet.slo.burn import Threshold
from parapet.slo.catalog import Catalog
from parapet.slo.durations import spoken
from parapet.slo.slice import Slice

TARGET = "parapet"
"""Who is told: the one notification target there is."""
LONGEST_TITLE = 63
USUAL_OBJECTIVE = 0.999
"""One at which no factor had to be derived anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Policy:
    """An alert policy: a window pair at one factor. Slices that burn alike share it."""

    severity: str
    tier: str
    long_seconds: float
    short_seconds: float
    factor: float


def openslo_files(catalog: Catalog, wiring: Wiring) -> dict[str, str]:
    """Relative path -> text: `_service.yaml` for service and alert policies, and a file for each slice."""
    names = _names(one.name for one in catalog)
    policies = _policies(catalog)
    files = {"openslo/_service.yaml": _shared(catalog, wiring, policies)}
    for one in catalog:
        files[f"openslo/{one.name}.yaml"] = _slo(one, catalog, names[one.name], policies)
    return files


def _slo(one: Slice, catalog: Catalog, name: str, policies: Mapping[_Policy, str]) -> str:
    policy = catalog.policy_of(one)
    metadata: dict[str, Node] = {"name": name, "displayName": _cut(one.title, LONGEST_TITLE)}
    metadata["annotations"] = _annotations(one, name, catalog)
    spec: dict[str, Node] = {}
    if one.description:
        spec["description"] = _cut(one.description, LONGEST_DESCRIPTION)
    spec["service"] = dns_label(catalog.service)
    spec["indicator"] = {"metadata": {"name": name}, "spec": indicator(one, policy.base_window_seconds)}
    comments = [f"{one.title}: {in_words(one.objective, policy.period_seconds)}."]
    if (period := shorthand(policy.period_seconds)) is not None:
        spec["timeWindow"] = [{"duration": period, "isRolling": True}]
    else:
        comments.append(f"The period of {spoken(policy.period_seconds)} is left out: OpenSLO counts in minutes.")
    spec["budgetingMethod"] = "Occurrences"
    spec["objectives"] = [{**limit(one), "target": round(one.objective, 12)}]
    refs: list[Node] = []
    for threshold in policy.thresholds(one.objective):
        if (shared := _policy(threshold)) in policies:
            refs.append({"alertPolicyRef": policies[shared]})
        else:
            windows = f"{spoken(threshold.long_seconds)} and {spoken(threshold.short_seconds)}"
            comments.append(f"The alert over {windows} is left out: OpenSLO counts in minutes.")
    if refs:
        spec["alertPolicies"] = refs
    return document({"apiVersion": API, "kind": "SLO", "metadata": metadata, "spec": spec}, *comments)


def _annotations(one: Slice, name: str, catalog: Catalog) -> dict[str, Node]:
    labels = {severity.value: dict(said) for severity, said in one.alert_labels.items()}
    said = {
        "service": catalog.service if catalog.service != dns_label(catalog.service) else "",
        "slice": one.name if one.name != name else "",
        "title": one.title if len(one.title) > LONGEST_TITLE else "",
        "owner": one.owner,
        "runbook": one.runbook or "",
        "journey": one.journey or "",
        "fault-plane": one.fault_plane,
        "trouble": one.trouble,
        "alert-labels": json.dumps(labels, ensure_ascii=False) if labels else "",
        "links": json.dumps(dict(one.links), ensure_ascii=False) if one.links else "",
    }
    return {f"{PREFIX}{key}": value for key, value in said.items() if value}


def _shared(catalog: Catalog, wiring: Wiring, policies: Mapping[_Policy, str]) -> str:
    workbench = f"Its workbench: {wiring.workbench_url}"
    objects: list[Node] = [
        _object("Service", dns_label(catalog.service), catalog.service, {"description": workbench}),
        _object(
            "AlertNotificationTarget",
            TARGET,
            "Parapet",
            {"target": "webhook", "description": "Alertmanager tells Parapet, which keeps incidents and tells people."},
        ),
    ]
    objects += [_alert_policy(policy, name) for policy, name in policies.items()]
    comments = [
        "What the promises beside this file share. Rules are generated from the definitions, not from these.",
        "An alert policy of OpenSLO has one window, ours two: lookbackWindow is the long one, alertAfter the other.",
    ]
    return HEADER + "".join(map(commented, comments)) + "".join(f"---\n{dumped(one)}" for one in objects)


def _alert_policy(policy: _Policy, name: str) -> Node:
    long, short = shorthand(policy.long_seconds), shorthand(policy.short_seconds)
    condition: Node = {
        "kind": "AlertCondition",
        "metadata": {"name": name},
        "spec": {
            "severity": policy.severity,
            "condition": {
                "kind": "burnrate",
                "op": "gt",
                "threshold": float(f"{policy.factor:.12g}"),
                "lookbackWindow": long or "",
                "alertAfter": short or "",
            },
        },
    }
    windows = f"over {long} and over {short}"
    return _object(
        "AlertPolicy",
        name,
        f"{policy.severity.capitalize()}: {policy.factor:.3g} times the budget {windows}",
        {
            "description": f"Raises a {policy.severity} while the budget burns more than {policy.factor:.3g} times "
            f"as fast as it can bear, {windows}.",
            "alertWhenNoData": False,
            "alertWhenResolved": True,
            "alertWhenBreaching": True,
            "conditions": [condition],
            "notificationTargets": [{"targetRef": TARGET}],
        },
    )


def _object(kind: str, name: str, title: str, spec: dict[str, Node]) -> Node:
    metadata: Node = {"name": name, "displayName": _cut(title, LONGEST_TITLE)}
    return {"apiVersion": API, "kind": kind, "metadata": metadata, "spec": spec}


def _policies(catalog: Catalog) -> dict[_Policy, str]:
    """Every alert policy that some slice needs and OpenSLO can say, with its name.

    What the service's burn policy says is named by its tier; the same at another window or factor says those too.
    """
    usual = {_policy(each) for each in catalog.burn.thresholds(USUAL_OBJECTIVE)}
    found: dict[_Policy, str] = {}
    for one in catalog:
        for threshold in catalog.policy_of(one).thresholds(one.objective):
            policy = _policy(threshold)
            long, short = shorthand(policy.long_seconds), shorthand(policy.short_seconds)
            if policy in found or long is None or short is None:
                continue
            tier = policy.tier or policy.severity
            special = (dns_label(tier, long, f"{policy.factor:.{digits}g}x") for digits in (3, 6, 12))
            names = (dns_label(tier),) if policy in usual else special
            found[policy] = next(name for name in names if name not in found.values())
    return found


def _policy(threshold: Threshold) -> _Policy:
    return _Policy(
        severity=threshold.severity.value,
        tier=threshold.tier,
        long_seconds=threshold.long_seconds,
        short_seconds=threshold.short_seconds,
        factor=threshold.factor,
    )


def _names(slices: Iterable[str]) -> dict[str, str]:
    """Slice -> a name that OpenSLO accepts; those that would be equal are numbered."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for one in slices:
        names[one] = next(name for name in _numbered(one) if name not in taken)
        taken.add(names[one])
    return names


def _numbered(name: str) -> Iterator[str]:
    yield dns_label(name)
    for number in count(2):
        yield dns_label(name[:50], f"{number}")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
