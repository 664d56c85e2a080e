"""How long until somebody is told: the recorded windows, solved for time. Says nothing of scrape and evaluation delay.

Every window but the base one is recorded as `sum_over_time` of a sliding base window, so an event counts fully only
after one base window has passed. For a constant error ratio after a healthy past, the part of the window's weight
that lies after the onset is therefore, with window w, base b and time t since onset:

    t <= b          t^2 / 2 / (w * b)
    b <= t <= w     (b * t - b^2 / 2) / (w * b)
    w <= t <= w+b   1 - (w + b - t)^2 / 2 / (w * b)

Windows that are read in steps hold whole base windows, the newest of them up to one base window old: (t - b) / w.
"""

from __future__ import annotations

from math import sqrt

from parapet.slo.burn import BurnPolicy, Severity


def weight_after(policy: BurnPolicy, window_seconds: float, elapsed_seconds: float) -> float:
    """The share of the window's weight, in [0, 1], that surely lies in the last *elapsed_seconds*."""
    base, window, elapsed = policy.base_window_seconds, window_seconds, max(elapsed_seconds, 0.0)
    if window <= base:
        return min(elapsed / window, 1.0)
    if policy.read_in_steps(window):
        return min(max(elapsed - base, 0.0) / window, 1.0)
    if elapsed <= base:
        return elapsed * elapsed / 2 / (window * base)
    if elapsed <= window:
        return (elapsed - base / 2) / window
    return 1 - max(window + base - elapsed, 0.0) ** 2 / 2 / (window * base)


def seconds_until_weight(policy: BurnPolicy, window_seconds: float, weight: float) -> float:
    """The inverse of `weight_after` for a *weight* in [0, 1]: seconds since onset."""
    base, window = policy.base_window_seconds, window_seconds
    if window <= base:
        return weight * window
    if policy.read_in_steps(window):
        return weight * window + base
    if weight <= base / 2 / window:
        return sqrt(2 * weight * window * base)
    if weight <= 1 - base / 2 / window:
        return weight * window + base / 2
    return window + base - sqrt(2 * (1 - weight) * window * base)


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
