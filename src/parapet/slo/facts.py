"""Everything that `parapet slo list` knows of a slice, as plain values: what people read, and what `diff` compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parapet.core.vocabulary import Severity
from parapet.slo.budget import budget_seconds
from parapet.slo.burn import BurnPolicy, Threshold
from parapet.slo.catalog import Catalog
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.maintenance import Maintenance
from parapet.slo.reach import worst_case_seconds
from parapet.slo.slice import Slice

ERROR_RATIOS = (1.0, 0.5, 0.1, 0.05, 0.02, 0.01)
"""Constant error ratios for which the time until somebody is told is worked out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """When a constant error ratio, after a healthy past, raises a severity at the latest."""

    severity: Severity
    error_ratio: float
    seconds: float | None
    """None: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One slice. Ratios are of 1, times are seconds."""

    slice: str
    title: str
    journey: str | None
    objective: float
    period_seconds: float
    budget_ratio: float
    """Share of events that may be bad."""
    budget_seconds: float
    """Total outage, at average traffic, that the objective allows in a period."""
    kind: str
    """Of what it measures: events, latency, freshness, and so on."""
    counts: str
    """Which events, in words."""
    bad: str
    """Which of them are bad, in words."""
    description: str
    group_by: tuple[str, ...]
    severities: tuple[Severity, ...]
    owner: str
    routing: tuple[str, ...]
    """Labels of its own that route its alerts: `page: team=payments`."""
    runbook: str | None
    links: tuple[str, ...]
    """`Status page: https://...`"""
    fault_plane: str
    without_tiers: tuple[str, ...]
    maintenance: tuple[str, ...]
    """When nothing of it counts, while other slices do."""
    thresholds: tuple[Threshold, ...]
    """Those that may raise something."""
    told: tuple[Told, ...]

    def thresholds_of(self, severity: Severity) -> tuple[Threshold, ...]:
        """The thresholds that raise *severity*."""
        return tuple(one for one in self.thresholds if one.severity is severity)

    def told_seconds(self, severity: Severity, error_ratio: float) -> float | None:
        """Until a constant *error_ratio* raises *severity*; None: never."""
        found = (one for one in self.told if one.severity is severity and one.error_ratio == error_ratio)
        return next((one.seconds for one in found), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One diagnostic: no promise, and nobody is ever woken. Ratios are of 1, times are seconds."""

    slice: str
    title: str
    journey: str | None
    threshold_ratio: float
    """More bad than that raises a ticket."""
    window_seconds: float
    kind: str
    counts: str
    bad: str
    description: str
    group_by: tuple[str, ...]
    owner: str
    runbook: str | None
    fault_plane: str
    maintenance: tuple[str, ...]
    """When nothing of it counts, while others do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that is promised or watched in one service at one time."""

    service: str
    slices: tuple[Facts, ...]
    diagnostics: tuple[Watched, ...]
    maintenance: tuple[str, ...] = ()
    """When nothing of the service counts: `backup: Sunday 02:00-04:00 Europe/Berlin`."""


def facts_of(one: Slice, policy: BurnPolicy, maintenances: Sequence[Maintenance] = ()) -> Facts:
    """The facts of the slice *one* under *policy*, and under *maintenances*."""
    return Facts(
        slice=one.name,
        title=one.title,
        journey=one.journey,
        objective=one.objective,
        period_seconds=policy.period_seconds,
        budget_ratio=one.budget_ratio,
        budget_seconds=budget_seconds(one.objective, policy.period_seconds),
        kind=one.sli.kind,
        counts=one.sli.counts,
        bad=one.sli.bad_words,
        description=one.description,
        group_by=one.group_by,
        severities=one.severities,
        owner=one.owner,
        routing=tuple(
            f"{severity}: {label}={value}"
            for severity, labels in one.alert_labels.items()
            for label, value in labels.items()
        ),
        runbook=one.runbook,
        links=tuple(f"{title}: {address}" for title, address in one.links.items()),
        fault_plane=one.fault_plane,
        without_tiers=one.without_tiers,
        maintenance=_in_words(maintenances),
        thresholds=tuple(t for t in policy.thresholds(one.objective) if t.severity in one.severities),
        told=tuple(
            Told(
                severity=severity, error_ratio=ratio, seconds=worst_case_seconds(policy, one.objective, ratio, severity)
            )
            for severity in one.severities
            for ratio in ERROR_RATIOS
        ),
    )


def watched(one: Diagnostic, window_seconds: float, maintenances: Sequence[Maintenance] = ()) -> Watched:
    """The facts of the diagnostic *one*, judged over *window_seconds*."""
    return Watched(
        slice=one.name,
        title=one.title,
        journey=one.journey,
        threshold_ratio=one.threshold_ratio,
        window_seconds=window_seconds,
        kind=one.sli.kind,
        counts=one.sli.counts,
        bad=one.sli.bad_words,
        description=one.description,
        group_by=one.group_by,
        owner=one.owner,
        runbook=one.runbook,
        fault_plane=one.fault_plane,
        maintenance=_in_words(maintenances),
    )


def _in_words(maintenances: Sequence[Maintenance]) -> tuple[str, ...]:
    return tuple(f"{each.name}: {each.words}" for each in maintenances if each.slices)


def snapshot_of(catalog: Catalog) -> Snapshot:
    """The facts of every slice and diagnostic."""
    return Snapshot(
        service=catalog.service,
        slices=tuple(facts_of(one, catalog.policy_of(one), catalog.maintenances_of(one)) for one in catalog),
        diagnostics=tuple(
            watched(one, catalog.window_of(one), catalog.maintenances_of(one)) for one in catalog.diagnostics
        ),
        maintenance=tuple(f"{each.name}: {each.words}" for each in catalog.maintenances if not each.slices),
    )
