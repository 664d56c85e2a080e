"""A slice: one promise about one journey or part of a service. Values only; the catalog judges them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from parapet.core.errors import ConfigurationError
from parapet.slo.burn import Severity, budget_ratio_of
from parapet.slo.family import Family, own


class Match(StrEnum):
    """How a label's value is compared. Closed on purpose: what matches can be checked against the vocabulary."""

    ONE_OF = "one_of"
    NONE_OF = "none_of"
    BEGINS_WITH = "begins_with"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One label and the values it may, or may not, have.

    Raises:
        ConfigurationError: it names no value.
    """

    label: str
    match: Match
    values: tuple[str, ...]
    """The values, or how they begin."""

    def __post_init__(self) -> None:
        if not self.values:
            raise ConfigurationError(f"A matcher on {self.label!r} names no value. Name at least one.")

    def of(self, known: Iterable[str]) -> frozenset[str]:
        """Those of the *known* values that it lets through."""
        if self.match is Match.ONE_OF:
            return frozenset(self.values) & frozenset(known)
        if self.match is Match.BEGINS_WITH:
            return frozenset(value for value in known if value.startswith(self.values))
        return frozenset(known) - frozenset(self.values)


def equals(label: str, value: str) -> Matcher:
    """Matches series whose *label* is *value*."""
    return Matcher(label=label, match=Match.ONE_OF, values=(value,))


def one_of(label: str, *values: str) -> Matcher:
    """Matches series whose *label* is one of *values*.

    Raises:
        ConfigurationError: no value is given.
    """
    return Matcher(label=label, match=Match.ONE_OF, values=values)


def none_of(label: str, *values: str) -> Matcher:
    """Matches series whose *label* is none of *values*.

    Raises:
        ConfigurationError: no value is given.
    """
    return Matcher(label=label, match=Match.NONE_OF, values=values)


def begins_with(label: str, *beginnings: str) -> Matcher:
    """Matches series whose *label* begins with one of *beginnings*: 5 for the statuses 500, 503 and 5xx.

    Raises:
        ConfigurationError: no beginning is given.
    """
    return Matcher(label=label, match=Match.BEGINS_WITH, values=beginnings)


Selector: TypeAlias = tuple[Matcher, ...]
"""All of them must match. Empty: every series of the metric."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRatio:
    """Bad events over all events, counted by a counter or by the `_count` of a histogram."""

    metric: str
    """The family, as in `core.names`, or the name of *source*."""
    total: Selector
    """Which events count at all."""
    bad: Selector
    """Which of those are bad: narrows *total* further."""
    source: Family | None = None
    """The family, if it is not one of ours."""

    @property
    def family(self) -> Family:
        """What is counted.

        Raises:
            UnknownName: there is no such family.
        """
        return self.source or own(self.metric)


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRatio:
    """Events slower than a threshold over all events of a histogram family.

    Raises:
        ConfigurationError: the threshold is not positive.
    """

    metric: str
    selector: Selector
    """Which events count."""
    threshold_seconds: float
    """Becomes a bucket bound: the ratio is counted, not interpolated."""
    source: Family | None = None
    """The family, if it is not one of ours: then the bound must be there already."""

    def __post_init__(self) -> None:
        if self.threshold_seconds <= 0:
            raise ConfigurationError(
                f"A latency threshold is {self.threshold_seconds} s; expected more than 0, such as 0.5."
            )

    @property
    def family(self) -> Family:
        """What is counted.

        Raises:
            UnknownName: there is no such family.
        """
        return self.source or own(self.metric)


Sli: TypeAlias = EventRatio | LatencyRatio


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One promise: this share of these events is good, over a period.

    Raises:
        ConfigurationError: the objective is no ratio, or nothing may be alerted.
    """

    name: str
    """Lower case words joined by dashes: `checkout-latency`. The `slice` label everywhere."""
    title: str
    sli: Sli
    objective: float
    """A ratio: 0.999."""
    period_seconds: float | None = None
    """What its budget is for: `7 * DAY`; None: the service's period. Windows and factors follow from it."""
    service: str = ""
    """Filled in by the catalog."""
    severities: tuple[Severity, ...] = (Severity.PAGE, Severity.TICKET)
    """What it may raise. A slice that only informs has `(Severity.TICKET,)`."""
    without_tiers: tuple[str, ...] = ()
    """Window pairs of the policy that it does without, such as `page-fast`."""
    alert_labels: Mapping[Severity, Mapping[str, str]] = field(default_factory=dict, hash=False)
    """Labels that route its alerts of a severity, beside ours: `{Severity.PAGE: {"team": "payments"}}`."""
    group_by: tuple[str, ...] = ()
    """Labels of the metric by which it is judged separately."""
    owner: str = ""
    runbook: str | None = None
    """The name of a runbook, or an http(s) address."""
    links: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Title -> http(s) address of what helps: a dashboard, a trace search, a status page of a provider."""
    journey: str | None = None
    """The journey it speaks of, if it does."""
    fault_plane: str = "application"
    trouble: str = ""
    """What to call it when the promise breaks, such as `Checkout fails`; without it, that the title burns budget."""
    description: str = ""
    """What a reader should know about what counts as good."""

    def __post_init__(self) -> None:
        try:
            budget_ratio_of(self.objective)
        except ConfigurationError as error:
            raise ConfigurationError(f"Slice {self.name!r}: {error.message}") from None
        if not self.severities:
            raise ConfigurationError(f"Slice {self.name!r} may raise nothing. Give severities, or leave the slice out.")
        if self.period_seconds is not None and not self.period_seconds > 0:
            raise ConfigurationError(
                f"Slice {self.name!r} has a period of {self.period_seconds:g} s; expected more than 0, such as 7 * DAY."
            )

    @property
    def trouble_title(self) -> str:
        """The title of its alerts and incidents."""
        return self.trouble or f"{self.title} burns its error budget"

    @property
    def budget_ratio(self) -> float:
        """The share of events that may be bad: 0.001 for an objective of 0.999."""
        return budget_ratio_of(self.objective)

    @property
    def pages(self) -> bool:
        """Whether it may wake somebody."""
        return Severity.PAGE in self.severities
