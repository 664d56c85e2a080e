"""The slices of one user journey: that attempts succeed, and that those which succeed are fast."""

from __future__ import annotations

from parapet.core import names
from parapet.core.vocabulary import Outcome
from parapet.slo.packs.parts import ended, kept, seconds_and_ratio, title_of
from parapet.slo.selector import equals
from parapet.slo.sli import LatencyRatio
from parapet.slo.slice import Slice


def journey_slices(
    name: str,
    *,
    objective: float | None,
    title: str | None = None,
    latency: tuple[float, float] | None = None,
    runbook: str | None = None,
    owner: str = "",
) -> tuple[Slice, ...]:
    """The slices of the journey *name*: `<name>` and `<name>-latency`, each only if its objective is given.

    Bad is the outcome failure, all is success and failure: what a user got wrong, or left, neither burns nor dilutes.

    Args:
        objective: share of attempts that must not fail, a ratio: 0.999.
        latency: (seconds, ratio): this share of the successful attempts must end within that time: (0.5, 0.99).
        runbook: a runbook's name or an http(s) address; by default `journey-<name>`.

    Raises:
        ConfigurationError: an objective is no ratio, or the latency threshold is not positive.
    """
    shown = title or title_of(name)
    journey = equals(names.JOURNEY, name)
    guidance = runbook or f"journey-{name}"
    succeeds = fast = None
    if objective is not None:
        succeeds = Slice(
            name=name,
            title=shown,
            trouble=f"{shown} fails",
            sli=ended(names.JOURNEY_DURATION, (journey,), good=(Outcome.SUCCESS.value,), bad=(Outcome.FAILURE.value,)),
            objective=objective,
            owner=owner,
            runbook=guidance,
            journey=name,
            description="Good: attempts that succeeded. What a user got wrong, or left, does not count.",
        )
    if latency is not None:
        threshold_seconds, ratio = seconds_and_ratio(f"journey {name!r}", latency)
        fast = Slice(
            name=f"{name}-latency",
            title=f"{shown} speed",
            trouble=f"{shown} is too slow",
            sli=LatencyRatio(
                metric=names.JOURNEY_DURATION,
                selector=(journey, equals(names.OUTCOME, Outcome.SUCCESS.value)),
                threshold_seconds=threshold_seconds,
            ),
            objective=ratio,
            owner=owner,
            runbook=guidance,
            journey=name,
            description=f"Good: successful attempts that took at most {threshold_seconds:g} s.",
        )
    return kept(succeeds, fast)
