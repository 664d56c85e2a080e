"""Sums of the base series over longer windows: exact, and at a cost that does not depend on a host's series.

A window that is read at every evaluation is the sum of shorter ones, one after the other, down to the base window:
an event counts fully as soon as it is in the base window, and once. A long window is read once per base window.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parapet.artifacts.base import LOOKS_PER_BASE, Judged
from parapet.artifacts.promql import PART_LABEL
from parapet.artifacts.rules import Rule
from parapet.slo import series
from parapet.slo.burn import BurnPolicy
from parapet.slo.durations import prometheus_duration, spoken
from parapet.slo.windows import FEWEST_LOOKS, parts


def window_rules(one: Judged, policy: BurnPolicy, brief: Sequence[float], window_seconds: float) -> Iterator[Rule]:
    """A window that is read at every evaluation: its events, bad and usual ones too, and their ratio.

    *brief*: every such window of the slice.
    """
    window, where = spoken(window_seconds), series.matching(one.service, one.name)
    bad, events = series.bad_within(policy, window_seconds), series.events_within(policy, window_seconds)
    usual = series.usual_events_series(window_seconds)
    base = policy.base_window_seconds
    if window_seconds <= base:
        yield Rule(
            record=usual,
            expr=f"{events}{where} and {events}{where} offset {prometheus_duration(window_seconds)}",
            comment="The same, once the window is whole: what is known of usual traffic.",
        )
    else:
        shorter = [w for w in (base, *brief) if w < window_seconds]
        part_seconds, count = parts(shorter, window_seconds)
        made_of = f"{count} windows of {spoken(part_seconds)}, one after the other"
        for name, part, what in (
            (events, series.events_within(policy, part_seconds), "Events"),
            (bad, series.bad_within(policy, part_seconds), "Bad events"),
        ):
            joined = _joined(one, part, part_seconds, count)
            yield Rule(record=name, expr=f"sum {joined}", comment=f"{what} within {window}: {made_of}.")
        known = f"{count} * avg {_joined(one, series.usual_events_series(part_seconds), part_seconds, count)}"
        yield Rule(
            record=usual,
            expr=f"{known}\nor\n{count} * {_first_guess(one, policy)}" if part_seconds == base else known,
            comment=(
                f"Events within {window}; what was not recorded counts as usual, so that a young service does not page "
                "for a burst that an older one would bear."
            ),
        )
    yield Rule(
        record=series.error_ratio_series(window_seconds),
        expr=f"{bad}{where} / ({events}{where} > 0)",
        comment=f"Share of events that were bad over {window}; absent while there were none.",
    )


def stepped_rules(one: Judged, policy: BurnPolicy, window_seconds: float) -> Iterator[Rule]:
    """A window that is read once per base window."""
    window, count = spoken(window_seconds), round(window_seconds / policy.base_window_seconds)
    bad, events, usual = (
        at_steps(one, policy, name, window_seconds)
        for name in (series.BAD_EVENTS, series.EVENTS, series.usual_events_series(policy.base_window_seconds))
    )
    counted = series.bad_within(policy, window_seconds)
    yield Rule(record=counted, expr=f"sum_over_time({bad})", comment=f"Bad events within {window}.")
    yield Rule(
        record=series.usual_events_series(window_seconds),
        expr=f"{count} * avg_over_time({usual})",
        comment=f"Events within {window}; what was not recorded counts as usual.",
    )
    yield Rule(
        record=series.error_ratio_series(window_seconds),
        expr=f"{counted}{series.matching(one.service, one.name)}\n/\n(sum_over_time({events}) > 0)",
        comment=f"Share of events that were bad over {window}; absent while there were none.",
    )


def summed(one: Judged, policy: BurnPolicy, name: str, window_seconds: float) -> str:
    """The base series *name* summed over a window, in one expression."""
    if window_seconds <= policy.base_window_seconds:
        return f"{name}{series.matching(one.service, one.name)}"
    if policy.read_in_steps(window_seconds):
        return f"sum_over_time({at_steps(one, policy, name, window_seconds)})"
    count = round(window_seconds / policy.base_window_seconds)
    return f"sum {_joined(one, name, policy.base_window_seconds, count)}"


def at_steps(one: Judged, policy: BurnPolicy, name: str, window_seconds: float) -> str:
    """The base series read once per base window: sums that do not overlap."""
    selected = f"{name}{series.matching(one.service, one.name)}"
    return f"{selected}[{prometheus_duration(window_seconds)}:{prometheus_duration(policy.base_window_seconds)}]"


def _first_guess(one: Judged, policy: BurnPolicy) -> str:
    """Events of a base window that is not whole yet, as many as there will be if they go on like this."""
    base, where = policy.base_window_seconds, series.matching(one.service, one.name)
    looks = f"[{prometheus_duration(base)}:{prometheus_duration(base / LOOKS_PER_BASE)}]"
    seen = f"(count_over_time({series.EVENTS}{where}{looks}) >= {FEWEST_LOOKS})"
    return f"{series.EVENTS}{where} * {LOOKS_PER_BASE} / {seen}"


def _joined(one: Judged, name: str, part_seconds: float, count: int) -> str:
    """*count* windows, one after the other, to be aggregated. A part that was never recorded is not among them.

    Each part has a label of its own, because `or` keeps one of several samples whose labels are equal.
    """
    selected = f"{name}{series.matching(one.service, one.name)}"
    earlier = (
        f"label_replace({selected} offset {prometheus_duration(number * part_seconds)}, "
        f'"{PART_LABEL}", "{number}", "", "")'
        for number in range(1, count)
    )
    return f"without ({PART_LABEL}) (\n  " + "\n  or ".join((selected, *earlier)) + "\n)"
