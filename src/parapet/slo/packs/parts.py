"""What the packs share: how their slices are called and told, what ended well or badly, pairs of seconds and ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.core.vocabulary import FaultPlane, Severity
from parapet.slo.burn import LOWEST_OBJECTIVE
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.selector import Selector, one_of
from parapet.slo.sli import EventRatio, Sli
from parapet.slo.slice import Slice

LOUD = (Severity.PAGE, Severity.TICKET)
QUIET = (Severity.TICKET,)
"""For what nobody needs to be woken by."""


def title_of(name: str) -> str:
    """A name for people: `password-resets` is `Password resets`."""
    return name.replace("_", " ").replace("-", " ").capitalize()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the promises of one pack speak of."""

    name: str
    """Begins the names of the slices."""
    title: str
    """Begins their titles."""
    owner: str
    runbook: str

    def promise(
        self,
        suffix: str,
        objective: float | None,
        sli: Sli,
        *,
        well: str,
        badly: str,
        plane: FaultPlane,
        good: str,
        severities: tuple[Severity, ...] = LOUD,
    ) -> Slice | None:
        """The slice `<name>-<suffix>`; None without an objective.

        Args:
            well: what is promised, after the title; *badly*: what happens if it does not hold.
            good: what counts as good, and what does not count.

        Raises:
            ConfigurationError: the objective is no ratio.
        """
        if objective is None:
            return None
        return Slice(
            name=f"{self.name}-{suffix}",
            title=f"{self.title}: {well}",
            trouble=f"{self.title}: {badly}",
            sli=sli,
            objective=objective,
            severities=severities,
            owner=self.owner,
            runbook=self.runbook,
            fault_plane=plane.value,
            description=f"Good: {good}",
        )

    def drift(
        self,
        suffix: str,
        limits: tuple[float, float] | None,
        sli: Sli,
        *,
        badly: str,
        plane: FaultPlane,
        bad: str,
        window_seconds: float,
    ) -> Diagnostic | None:
        """The diagnostic `<name>-<suffix>`; None without *limits*: the least share, and how many times what is usual.

        Args:
            badly: what is seen, after the title.
            bad: which share is watched.

        Raises:
            ConfigurationError: the limits cannot hold.
        """
        if limits is None:
            return None
        threshold_ratio, times_usual = limits
        return Diagnostic(
            name=f"{self.name}-{suffix}",
            title=f"{self.title}: {badly}",
            sli=sli,
            threshold_ratio=threshold_ratio,
            times_usual=times_usual,
            window_seconds=window_seconds,
            owner=self.owner,
            runbook=self.runbook,
            fault_plane=plane.value,
            description=f"Watched: {bad}",
        )


def ended(metric: str, of: Selector, *, good: Sequence[str], bad: Sequence[str]) -> EventRatio:
    """Of what *of* lets through, what ended as one of *bad*, over that and what ended as one of *good*.

    Whatever else became of it counts on neither side.
    """
    return EventRatio(
        metric=metric, total=(*of, one_of(names.OUTCOME, *good, *bad)), bad=(one_of(names.OUTCOME, *bad),)
    )


Kept = TypeVar("Kept")


def kept(*wanted: Kept | None) -> tuple[Kept, ...]:
    """Those that are."""
    return tuple(one for one in wanted if one is not None)


def seconds_and_ratio(where: str, latency: tuple[float, float]) -> tuple[float, float]:
    """*latency* as (seconds, ratio).

    Raises:
        ConfigurationError: its parts look swapped: the second is no ratio, the first could be one.
    """
    seconds, ratio = latency
    if LOWEST_OBJECTIVE <= seconds < 1 and not LOWEST_OBJECTIVE <= ratio < 1:
        raise ConfigurationError(
            f"latency of {where} is {latency}; expected (seconds, ratio). Did you mean ({ratio:g}, {seconds:g})?"
        )
    return seconds, ratio
