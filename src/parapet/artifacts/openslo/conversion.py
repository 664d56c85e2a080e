"""One SLO to slices: a slice for each objective. What cannot be said is a fault of the document, with its field."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TypeVar

from parapet.artifacts.dns import dns_label
from parapet.artifacts.openslo.indicators import Measured, measured
from parapet.artifacts.openslo.parsed import Objective, Slo
from parapet.artifacts.openslo.reading import PREFIX, Document, Fault
from parapet.core.errors import ConfigurationError
from parapet.core.vocabulary import Severity
from parapet.slo.budget import percent
from parapet.slo.catalog import Catalog
from parapet.slo.durations import spoken
from parapet.slo.slice import Slice

T = TypeVar("T")

LOUD = ("page", "pager", "critical", "crit", "emergency", "high", "urgent", "sev0", "sev1", "p0", "p1")
QUIET = ("ticket", "warning", "warn", "medium", "low", "minor", "info", "sev2", "sev3", "sev4", "p2", "p3", "p4")
SAME = 0.02
"""Factors that differ relatively by less are the same: documents round them."""


@dataclass(slots=True, kw_only=True)
class Conversion:
    """From *slo*, which *document* says, to slices of *service*."""

    document: Document
    slo: Slo
    service: str
    runbook: str | None
    """For a promise that pages and names none."""
    remarks: list[tuple[str, str]] = field(default_factory=list)
    """(field, words): what was taken in another way than it was written."""

    def fault(self, where: str, why: str) -> None:
        """Something cannot be said."""
        self.document.faults.append(Fault(field=where, why=why))

    def remark(self, where: str, words: str) -> None:
        """Something is said in another way."""
        self.remarks.append((where, words))

    def slices(self) -> list[Slice]:
        """A slice for each objective; none if a fault was found."""
        if self.slo.period_seconds is None:
            self.remark("spec.timeWindow", "is missing: the period of the service holds")
        severities = self._severities()
        made = [one for each in self.slo.objectives if (one := self._slice(each, severities)) is not None]
        return [] if self.document.faults else made

    def _slice(self, objective: Objective, severities: tuple[Severity, ...]) -> Slice | None:
        try:
            counted = measured(self.slo.indicator, objective, self.service)
        except ConfigurationError as error:
            self._unmeasured(error, objective)
            return None
        for words in counted.remarks:
            self.remark("spec.indicator", words)
        try:
            one = self._named(objective, severities, counted)
            catalog = Catalog(service=self.service, slices=(one,), runbooks=[one.runbook] if one.runbook else ())
        except ConfigurationError as error:
            self.fault("spec", f"cannot be promised: {error.message}")
            return None
        return replace(one, without_tiers=self._without(one, catalog))

    def _named(self, objective: Objective, severities: tuple[Severity, ...], counted: Measured) -> Slice:
        slo, said = self.slo, self._annotation
        name = said("slice") or dns_label(slo.name)
        title = said("title") or slo.title or slo.name.replace("-", " ").capitalize()
        if len(slo.objectives) > 1:
            which = objective.title or percent(objective.target)
            name, title = f"{name}-{dns_label(which.removesuffix(' %'))}", f"{title}: {which}"
        runbook = said("runbook") or (self.runbook if Severity.PAGE in severities else None)
        if runbook is None and Severity.PAGE in severities:
            self.fault(
                "spec.alertPolicies",
                "page, and no runbook is named. Give one for all of them with --runbook ADDRESS, or the annotation "
                f"{PREFIX}runbook",
            )
        return Slice(
            name=name,
            title=title,
            sli=counted.sli,
            objective=objective.target,
            period_seconds=slo.period_seconds,
            severities=severities,
            alert_labels={Severity(key): value for key, value in self._mapping("alert-labels", dict).items()},
            group_by=counted.group_by,
            owner=said("owner"),
            runbook=runbook or ("missing" if Severity.PAGE in severities else None),
            links=self._mapping("links", str),
            journey=said("journey") or None,
            fault_plane=said("fault-plane") or "application",
            trouble=said("trouble"),
            description=" ".join(filter(None, (slo.description, slo.indicator.description))),
        )

    def _severities(self) -> tuple[Severity, ...]:
        found = set()
        for condition in self.slo.conditions:
            word = condition.severity.lower()
            if word not in (*LOUD, *QUIET):
                self.fault(
                    f"{condition.place.path}"
                    if condition.place.faults is self.document.faults
                    else "spec.alertPolicies",
                    f"severity {condition.severity!r} does not say whether it wakes somebody; expected page or ticket "
                    f"(or {', '.join(LOUD[2:4])}, {', '.join(QUIET[1:3])} and the like)",
                )
            found.add(Severity.PAGE if word in LOUD else Severity.TICKET)
        for policy in self.slo.silent_policies:
            self.remark(
                "spec.alertPolicies", f"policy {policy} does not alert when the budget burns, so it says nothing here"
            )
        for policy in self.slo.told_without_data:
            self.remark(
                "spec.alertPolicies",
                f"policy {policy} wants an alert without data: no data is a state of its own in Parapet, and no page",
            )
        if not found:
            self.remark(
                "spec.alertPolicies",
                "is missing: it raises tickets and wakes nobody. Add Severity.PAGE, and a runbook, where it should",
            )
            return (Severity.TICKET,)
        return tuple(each for each in Severity if each in found)

    def _without(self, one: Slice, catalog: Catalog) -> tuple[str, ...]:
        """The tiers that no condition asks for, if the conditions are our tiers; else each is told to differ."""
        if not self.slo.conditions:
            return ()
        asked, others = set(), []
        thresholds = catalog.policy_of(one).thresholds(one.objective)
        for condition in self.slo.conditions:
            severity = Severity.PAGE if condition.severity.lower() in LOUD else Severity.TICKET
            same = [
                each.tier
                for each in thresholds
                if each.severity is severity
                and each.long_seconds == condition.lookback_seconds
                and abs(each.factor - condition.factor) <= SAME * each.factor
            ]
            asked |= set(same)
            if not same:
                others.append(condition)
        if not others:
            return tuple(each.tier for each in thresholds if each.tier not in asked)
        for condition in others:
            self.remark(
                "spec.alertPolicies",
                f"policy {condition.policy} alerts at {condition.factor:g} times the budget over "
                f"{spoken(condition.lookback_seconds)}; Parapet derives window pairs of its own instead, which "
                f"`parapet slo explain {one.name}` tells",
            )
        return ()

    def _unmeasured(self, error: ConfigurationError, objective: Objective) -> None:
        """The fault behind *error*, which begins with its field."""
        where, _, why = error.message.partition(": ")
        if where.startswith("objectives"):
            self.fault(f"{objective.place.path}.{where.partition('.')[2]}", why)
        elif self.slo.indicator.place.path.startswith("spec.indicator"):
            self.fault(f"spec.indicator.spec.{where}", why)
        else:
            self.fault("spec.indicatorRef", f"names an SLI that nobody can count: its spec.{where} {why}")

    def _annotation(self, name: str) -> str:
        return self.slo.annotations.get(f"{PREFIX}{name}", "")

    def _mapping(self, name: str, kind: type[T]) -> dict[str, T]:
        """An annotation that holds an object of JSON, all of whose values are of a *kind*."""
        said = self._annotation(name)
        try:
            found = json.loads(said or "{}")
        except ValueError:
            found = None
        if isinstance(found, dict) and all(isinstance(value, kind) for value in found.values()):
            return found
        self.fault(f"metadata.annotations.{PREFIX}{name}", f"is {said!r}; expected an object of JSON")
        return {}
