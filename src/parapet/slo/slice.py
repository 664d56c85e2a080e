"""A slice: one promise about one journey or part of a service. Values only; the catalog judges them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from parapet.core.errors import ConfigurationError
from parapet.slo.burn import Severity, budget_ratio_of
from parapet.slo.sli import Sli


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
