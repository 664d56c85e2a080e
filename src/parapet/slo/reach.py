"""How long until somebody is told: the recorded windows, solved for time. Says nothing of scrape and evaluation delay.

Every window is recorded as a sum of base windows that do not overlap, so an event counts fully as soon as it is
scraped. For a constant error ratio after a healthy past, the part of a window w that lies after the onset is therefore
t / w. Windows that are read in steps hold whole base windows, the newest of them up to one base window old:
(t - b) / w.
"""

from __future__ import annotations

from parapet.slo.burn import BurnPolicy, Severity


def weight_after(policy: BurnPolicy, window_seconds: float, elapsed_seconds: float) -> float:
    """The share of the window, in [0, 1], that surely lies in the last *elapsed_seconds*."""
    lag = policy.base_window_seconds if policy.read_in_steps(window_seconds) else 0.0
    return min(max(elapsed_seconds - lag, 0.0) / window_seconds, 1.0)


def seconds_until_weight(policy: BurnPolicy, window_seconds: float, weight: float) -> float:
    """The inverse of `weight_after` for a *weight* in [0, 1]: seconds since onset."""
    lag = policy.base_window_seconds if policy.read_in_steps(window_seconds) else 0.0
    return weight * window_seconds + lag


def worst_case_seconds(
    policy: BurnPolicy, objective: float, error_ratio: float, severity: Severity = Severity.PAGE
) -> float | None:
    """Seconds from the onset of a constant *error_ratio*, after a healthy past, until the alert's expression holds.

    None if it never does. Traffic is taken as steady and well above the evidence guard. Add a scrape interval and two
    evaluation intervals for what happens around the arithmetic; with less history it is sooner.

    Raises:
        ConfigurationError: the objective is no ratio in [0.5, 1).
    """
    times = [
        max(
            seconds_until_weight(policy, window, threshold.error_ratio / error_ratio)
            for window in (threshold.long_seconds, threshold.short_seconds)
        )
        for threshold in policy.thresholds(objective)
        if threshold.severity is severity and error_ratio > threshold.error_ratio
    ]
    return min(times, default=None)
