"""How many failures are enough to wake somebody: a ratio of few events is an accident, not a finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import floor, sqrt

from parapet.slo.burn import RELEASE_SHARE, Severity, Threshold

CONFIDENCE_DEVIATIONS = 2.1
"""One-sided 98 % of the normal distribution. Five failures are the fewest that suffice, even where a counter that is
read every 30 s makes a tenth more of each."""
FEWEST_STILL = 1.5
"""More failures than this must lie in the short window: two, however a counter's growth is rounded. One new failure
does not bring back the alert of an outage that the long window still remembers."""
QUIET_RATIO = 0.5
"""Where too little happens for the windows of a page, this share of failures over those of a ticket pages instead."""


def quiet_thresholds(every: Sequence[Threshold]) -> list[Threshold]:
    """The windows of a ticket at a ratio that pages: for a service where too little happens within those of a page."""
    ratio = max(QUIET_RATIO, *(t.error_ratio for t in every))
    tickets = [t for t in every if t.severity is Severity.TICKET]
    return [replace(t, error_ratio=ratio, release_ratio=max(RELEASE_SHARE * ratio, t.release_ratio)) for t in tickets]


def enough_failures(failures: float, error_ratio: float, threshold_ratio: float, budget_ratio: float) -> bool:
    """Whether the failures behind *error_ratio* say that the promise is broken, and not that chance had a bad hour.

    Two things must hold:

    - One failure less would still be above *threshold_ratio*: `r * (1 - 1 / n) > t`. No single one decides.
    - There are more failures than a service that just keeps its promise (a burn of 1) would have by chance. They are
      taken as a Poisson count n, whose standard deviation is sqrt(n) (any statistics textbook; this is the Wald lower
      bound): `n - z * sqrt(n)` must exceed what the budget allows for the same events, `n * B / r`. Divided by
      sqrt(n): `sqrt(n) * (1 - B / r) > z`.

    The second compares with the budget and not with the threshold on purpose: at 99.9 % with two events a second, a
    hundred failures of 4 % are proof enough, and asking for proof of 14.4 times the budget would cost five minutes.
    """
    if not error_ratio > 0 or not failures > 0:
        return False
    one_less = error_ratio * (1 - 1 / failures) > threshold_ratio
    return one_less and sqrt(failures) * (1 - budget_ratio / error_ratio) > CONFIDENCE_DEVIATIONS


def fewest_events(threshold_ratio: float, budget_ratio: float) -> int:
    """The smallest number of events that could raise an alert if every one of them failed."""
    by_chance = (CONFIDENCE_DEVIATIONS / (1 - budget_ratio)) ** 2
    by_one_less = 1 / (1 - threshold_ratio)
    return floor(max(by_chance, by_one_less)) + 1
