"""What OpenSLO v1 documents say, as values; references between them resolved. Faults stay with the document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from parapet.artifacts.openslo.conditions import OPERATORS, Condition, policies
from parapet.artifacts.openslo.library import Library
from parapet.artifacts.openslo.reading import LONGEST_DESCRIPTION, Document, Place

PROMQL = ("prometheus", "thanos", "mimir", "cortex", "victoriametrics")
"""Types of data sources whose queries are PromQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """Which queries count: part and total, or a ratio, or a value that is compared."""

    title: str = ""
    description: str = ""
    annotations: Mapping[str, str]
    counter: bool = False
    good: str = ""
    bad: str = ""
    total: str = ""
    ratio: str = ""
    ratio_of_good: bool = False
    value: str = ""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One promise about the indicator."""

    title: str
    target: float
    operator: str
    value: float | None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Slo:
    """A whole SLO."""

    name: str
    title: str
    description: str
    service: str
    annotations: Mapping[str, str]
    indicator: Indicator
    period_seconds: float | None
    objectives: tuple[Objective, ...]
    conditions: tuple[Condition, ...]
    silent_policies: tuple[str, ...]
    """Policies that alert nobody when the budget burns."""
    told_without_data: tuple[str, ...]
    """Policies that alert when there is no data."""


def slo(document: Document, library: Library) -> Slo | None:
    """What *document* says; None if something in it is wrong, which its faults then say."""
    spec = document.root.at("spec")
    spec.only(
        "description",
        "service",
        "indicator",
        "indicatorRef",
        "timeWindow",
        "budgetingMethod",
        "objectives",
        "alertPolicies",
    )
    method = spec.at("budgetingMethod")
    if method.value in {"Timeslices", "RatioTimeslices"}:
        method.fault(f"is {method.value!r}; expected Occurrences: a promise counts events, not slices of time")
    else:
        method.text(among=("Occurrences",))
    metadata = document.root.at("metadata")
    indicator = _indicator_of(spec, library)
    objectives = tuple(_objectives(spec.at("objectives")))
    conditions, silent, without_data = policies(spec.at("alertPolicies"), library)
    made = (
        Slo(
            name=document.name,
            title=metadata.at("displayName").text(required=False),
            description=spec.at("description").text(required=False, longest=LONGEST_DESCRIPTION),
            service=spec.at("service").text(),
            annotations=metadata.at("annotations").texts(),
            indicator=indicator,
            period_seconds=_period(spec.at("timeWindow")),
            objectives=objectives,
            conditions=conditions,
            silent_policies=silent,
            told_without_data=without_data,
        )
        if indicator is not None
        else None
    )
    return None if document.faults else made


def _indicator_of(spec: Place, library: Library) -> Indicator | None:
    inline, reference = spec.at("indicator"), spec.at("indicatorRef")
    if inline.given == reference.given:
        inline.fault("is given beside indicatorRef; expected one of them" if inline.given else "is missing")
        return None
    if inline.given:
        inline.only("metadata", "spec")
        return _indicator(inline, library)
    found = library.find("SLI", reference)
    if found is None:
        return None
    made = _indicator(found.root, library)
    if found.faults:
        reference.fault(
            f"names the SLI {found.name!r}, which cannot be taken: {found.faults[0].field} {found.faults[0].why}"
        )
    return made


def _indicator(place: Place, library: Library) -> Indicator | None:
    spec, metadata = place.at("spec"), place.at("metadata")
    spec.only("description", "ratioMetric", "thresholdMetric")
    ratio, threshold = spec.at("ratioMetric"), spec.at("thresholdMetric")
    if ratio.given == threshold.given:
        ratio.fault("is given beside thresholdMetric; expected one of them" if ratio.given else "is missing")
        return None
    queries = {"value": _query(threshold, library)} if threshold.given else _ratio(ratio, library)
    return Indicator(
        title=metadata.at("displayName").text(required=False),
        description=spec.at("description").text(required=False, longest=LONGEST_DESCRIPTION),
        annotations=metadata.at("annotations").texts(),
        counter=ratio.at("counter").truth(default=False),
        ratio_of_good=ratio.at("rawType").value == "success",
        place=ratio if ratio.given else threshold,
        **queries,
    )


def _ratio(ratio: Place, library: Library) -> dict[str, str]:
    ratio.only("counter", "good", "bad", "total", "raw", "rawType")
    raw, total = ratio.at("raw"), ratio.at("total")
    parts = [one for one in ("good", "bad") if ratio.at(one).given]
    if raw.given:
        ratio.at("rawType").text(among=("success", "failure"))
        for name in (*parts, *(["total"] if total.given else [])):
            ratio.at(name).fault("is given beside raw; expected raw alone, or good or bad over total")
        return {"ratio": _query(raw, library)}
    if len(parts) != 1:
        ratio.at("good").fault("is given beside bad; expected one of them" if parts else "is missing, and so is bad")
    if not total.given:
        total.fault("is missing; expected it beside good or bad")
    return {name: _query(ratio.at(name), library) for name in (*parts, "total") if ratio.at(name).given}


def _query(metric: Place, library: Library) -> str:
    metric.only("metricSource")
    source = metric.at("metricSource")
    if not source.given:
        source.fault("is missing")
        return ""
    source.only("metricSourceRef", "type", "spec")
    kind, reference = source.at("type"), source.at("metricSourceRef")
    said = kind.text(required=False)
    if not said and reference.given:
        found = library.find("DataSource", reference)
        said = found.root.at("spec").at("type").text() if found is not None else ""
        if said and said.lower() not in PROMQL:
            reference.fault(f"names a data source of type {said!r}; expected one that understands PromQL: Prometheus")
    elif not said:
        kind.fault("is missing, and so is metricSourceRef; expected Prometheus")
    elif said.lower() not in PROMQL:
        kind.fault(f"is {said!r}; expected a data source that understands PromQL: Prometheus")
    spec = source.at("spec")
    other = spec.at("promql")
    return (other if other.given else spec.at("query")).text().strip()


def _objectives(place: Place) -> list[Objective]:
    found = place.items()
    if not found:
        place.fault("is missing; expected at least one objective")
    made = []
    for one in found:
        one.only(
            "displayName",
            "op",
            "value",
            "target",
            "targetPercent",
            "timeSliceTarget",
            "timeSliceWindow",
            "indicator",
            "indicatorRef",
            "compositeWeight",
        )
        for composite in ("indicator", "indicatorRef", "compositeWeight"):
            if one.at(composite).given:
                one.at(composite).fault("makes a composite of several indicators, which no promise is")
        target = _target(one)
        operator = one.at("op").text(required=False, among=OPERATORS)
        value = one.at("value").number(required=False)
        if target is not None:
            title = one.at("displayName").text(required=False)
            made.append(Objective(title=title, target=target, operator=operator, value=value, place=one))
    return made


def _target(one: Place) -> float | None:
    ratio, percentage = one.at("target"), one.at("targetPercent")
    if ratio.given == percentage.given:
        ratio.fault("is given beside targetPercent; expected one of them" if ratio.given else "is missing")
        return None
    place, most = (ratio, 1.0) if ratio.given else (percentage, 100.0)
    said = place.number()
    if said is None or 0 <= said < most:
        return None if said is None else round(said / most, 12)
    hint = f" Did you mean targetPercent: {said:.10g}?" if ratio.given and 1 < said < 100 else ""
    place.fault(f"is {said:.10g}; expected at least 0 and less than {most:g}.{hint}")
    return None


def _period(windows: Place) -> float | None:
    if not windows.given:
        return None
    items = windows.items()
    if len(items) != 1:
        windows.fault(f"has {len(items)} windows; expected one")
        return None
    (one,) = items
    one.only("duration", "isRolling", "calendar")
    rolls = one.at("isRolling").truth(default=not one.at("calendar").given)
    if one.at("calendar").given or not rolls:
        one.at("calendar" if one.at("calendar").given else "isRolling").fault(
            "makes the budget begin anew with the calendar; expected a rolling window: a budget that is full again on "
            "the first of the month says little about the last days"
        )
        return None
    return one.at("duration").duration_seconds()
