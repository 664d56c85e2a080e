"""Sums of the base series over longer windows: what they cost does not depend on how many series a host has."""

from __future__ import annotations

from parapet.artifacts.base import Judged
from parapet.slo import series
from parapet.slo.burn import BurnPolicy
from parapet.slo.durations import prometheus_duration


def windowed(one: Judged, policy: BurnPolicy, name: str, window_seconds: float) -> str:
    """The base series summed over a window; proportional to the number of events, which is enough for a ratio."""
    if window_seconds <= policy.base_window_seconds:
        return f"{name}{series.matching(one.service, one.name)}"
    if policy.read_in_steps(window_seconds):
        return f"sum_over_time({at_steps(one, policy, name, window_seconds)})"
    selected = f"{name}{series.matching(one.service, one.name)}"
    return f"sum_over_time({selected}[{prometheus_duration(window_seconds)}])"


def count_within(one: Judged, policy: BurnPolicy, name: str, window_seconds: float) -> str:
    """The number of events: sliding sums count each event once per evaluation within a base window.

    How many evaluations that is, is counted over a millisecond less, because Prometheus 2 includes the sample at the
    far end of a range and Prometheus 3 does not.
    """
    summed = windowed(one, policy, name, window_seconds)
    if window_seconds <= policy.base_window_seconds or policy.read_in_steps(window_seconds):
        return summed
    base = prometheus_duration(policy.base_window_seconds - 0.001)
    return f"{summed}\n/\ncount_over_time({name}{series.matching(one.service, one.name)}[{base}])"


def at_steps(one: Judged, policy: BurnPolicy, name: str, window_seconds: float) -> str:
    """The base series read once per base window: sums that do not overlap."""
    selected = f"{name}{series.matching(one.service, one.name)}"
    return f"{selected}[{prometheus_duration(window_seconds)}:{prometheus_duration(policy.base_window_seconds)}]"
