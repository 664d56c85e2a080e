"""How many failures are enough to wake somebody: a ratio of few events is an accident, not a finding."""

from __future__ import annotations

from math import ceil, sqrt

CONFIDENCE_DEVIATIONS = 1.64
"""One-sided 95 % of the normal distribution. More than 1, so one failure more or less never decides."""


def enough_failures(failures: float, error_ratio: float, threshold_ratio: float) -> bool:
    """Whether the failures behind *error_ratio* put it above *threshold_ratio* beyond chance.

    Failures are taken as a Poisson count n, whose standard deviation is sqrt(n) (any statistics textbook; this is
    the Wald lower bound): `n - z * sqrt(n)` must exceed what the threshold allows for the same events, `n * t / r`.
    Divided by sqrt(n): `sqrt(n) * (1 - t / r) > z`. Three failures are the fewest that ever suffice.
    """
    return error_ratio > 0 and sqrt(failures) * (1 - threshold_ratio / error_ratio) > CONFIDENCE_DEVIATIONS


def fewest_events(threshold_ratio: float) -> int:
    """The smallest number of events that could raise an alert if every one of them failed."""
    least = (CONFIDENCE_DEVIATIONS / (1 - threshold_ratio)) ** 2
    return max(ceil(least), 1)
