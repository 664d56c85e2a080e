"""When OpenSLO documents want an alert: the conditions of an SLO's alert policies."""

from __future__ import annotations

from dataclasses import dataclass

from parapet.artifacts.openslo.library import Library
from parapet.artifacts.openslo.reading import Place

OPERATORS = ("lte", "gte", "lt", "gt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """When an alert is raised."""

    policy: str
    """The policy it belongs to."""
    severity: str
    factor: float
    lookback_seconds: float
    place: Place
    """Of its severity."""


def policies(place: Place, library: Library) -> tuple[tuple[Condition, ...], tuple[str, ...], tuple[str, ...]]:
    """The conditions in a list of policies, the policies that alert nobody, and those that alert without data."""
    conditions: list[Condition] = []
    silent: list[str] = []
    without_data: list[str] = []
    for one in place.items():
        policy = one
        if one.at("alertPolicyRef").given:
            one.only("alertPolicyRef")
            found = library.find("AlertPolicy", one.at("alertPolicyRef"))
            if found is None:
                continue
            policy = found.root
        name = policy.at("metadata").at("name").text()
        spec = policy.at("spec")
        spec.only(
            "description",
            "alertWhenNoData",
            "alertWhenBreaching",
            "alertWhenResolved",
            "conditions",
            "notificationTargets",
        )
        if spec.at("alertWhenNoData").truth(default=False):
            without_data.append(name)
        if not spec.at("alertWhenBreaching").truth(default=True):
            silent.append(name)
            continue
        for each in spec.at("conditions").items():
            condition = _condition(name, each, library)
            if condition is not None:
                conditions.append(condition)
        if policy is not one and policy.faults:
            fault = policy.faults[0]
            one.at("alertPolicyRef").fault(
                f"names the AlertPolicy {name!r}, which cannot be taken: {fault.field} {fault.why}"
            )
    return tuple(conditions), tuple(silent), tuple(without_data)


def _condition(policy: str, place: Place, library: Library) -> Condition | None:
    whole = place
    if place.at("conditionRef").given:
        place.only("conditionRef")
        found = library.find("AlertCondition", place.at("conditionRef"))
        if found is None:
            return None
        whole = found.root
    spec = whole.at("spec")
    spec.only("description", "severity", "condition")
    condition = spec.at("condition")
    condition.only("kind", "op", "threshold", "lookbackWindow", "alertAfter")
    kind = condition.at("kind")
    if kind.text(required=False) not in {"", "burnrate"}:
        kind.fault(f"is {kind.value!r}; expected burnrate, the one kind that there is")
    operator = condition.at("op").text(required=False, among=OPERATORS)
    if operator in {"lt", "lte"}:
        condition.at("op").fault(f"is {operator!r}: an alert while the budget burns slowly; expected gt or gte")
    factor, lookback = condition.at("threshold").number(), condition.at("lookbackWindow").duration_seconds()
    severity = spec.at("severity")
    if whole is not place and whole.faults:
        fault = whole.faults[0]
        place.at("conditionRef").fault(f"names an AlertCondition that cannot be taken: {fault.field} {fault.why}")
    if not severity.text() or factor is None or lookback is None:
        return None
    return Condition(policy=policy, severity=severity.text(), factor=factor, lookback_seconds=lookback, place=severity)
