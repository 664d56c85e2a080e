"""The recorded windows of a slice, computed from its history as the recording rules compute them. No clock, no I/O."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import isnan, nan

from parapet.slo.burn import BurnPolicy
from parapet.slo.history import History

FEWEST_LOOKS = 2
"""So often the events of a base window must have been recorded, at its steps, before they tell how many are usual:
the first seconds of a service tell nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One window at every step. NaN where the rules record nothing."""

    bad: Sequence[float]
    """Bad events within it."""
    events: Sequence[float]
    """Events within it."""
    usual: Sequence[float]
    """Events of a whole window at the traffic seen within it: what was not recorded counts as usual."""

    def ratio(self, place: int) -> float:
        """Share of bad events; NaN while there were none."""
        events = self.events[place]
        return self.bad[place] / events if events > 0 else nan


def windows_of(history: History, policy: BurnPolicy, seconds: Iterable[float]) -> dict[float, Window]:
    """Length in seconds -> the window, for each of *seconds* and the base window.

    The history begins at a multiple of the base window, and its step divides it.
    """
    base = policy.base_window_seconds
    stride = round(base / history.step_seconds)
    whole = _once_whole(history.events, stride)
    found = {base: Window(bad=history.bad, events=history.events, usual=whole)}
    wanted = sorted(set(seconds) - {base})
    for window in wanted:
        if policy.read_in_steps(window):
            count = round(window / base)
            found[window] = Window(
                bad=_stepped(history.bad, stride, count, times=None),
                events=_stepped(history.events, stride, count, times=None),
                usual=_stepped(whole, stride, count, times=count),
            )
        else:
            part_seconds, count = parts(found, window)
            offset, part = round(part_seconds / history.step_seconds), found[part_seconds]
            usual = _joined(part.usual, offset, count, times=count)
            found[window] = Window(
                bad=_joined(part.bad, offset, count, times=None),
                events=_joined(part.events, offset, count, times=None),
                usual=_or_guessed(usual, history.events, stride, count) if part_seconds == base else usual,
            )
    return found


def period_of(history: History, policy: BurnPolicy) -> Window:
    """The period of the budget. Time that was not recorded counts as usual traffic without failures."""
    return stepped_of(history, policy, policy.period_seconds)


def stepped_of(history: History, policy: BurnPolicy, seconds: float) -> Window:
    """A window of *seconds* that is read once per base window, whatever its length."""
    stride = round(policy.base_window_seconds / history.step_seconds)
    count = round(seconds / policy.base_window_seconds)
    return Window(
        bad=_stepped(history.bad, stride, count, times=None),
        events=_stepped(history.events, stride, count, times=None),
        usual=_stepped(history.events, stride, count, times=count),
    )


def parts(shorter: Iterable[float], window_seconds: float) -> tuple[float, int]:
    """Of which of the *shorter* windows, and of how many, a *window_seconds* is made: the longest that divides it."""
    whole = [w for w in shorter if abs(window_seconds / w - round(window_seconds / w)) < 1e-6]
    return max(whole), round(window_seconds / max(whole))


def _once_whole(events: array[float], stride: int) -> array[float]:
    """Events of the base window, once there was one before it: what is known of usual traffic."""
    known = (
        value if place >= stride and not isnan(events[place - stride]) else nan for place, value in enumerate(events)
    )
    return array("d", known)


def _or_guessed(usual: array[float], events: Sequence[float], stride: int, count: int) -> array[float]:
    """*usual*, and before anything is known of it *count* base windows at the traffic that was seen so far."""
    looks, guessed = 0, array("d", usual)
    for place, value in enumerate(events):
        looks += not isnan(value)
        if place >= stride:
            looks -= not isnan(events[place - stride])
        if isnan(usual[place]) and looks >= FEWEST_LOOKS:
            guessed[place] = count * value * stride / looks
    return guessed


def _joined(values: Sequence[float], offset: int, count: int, *, times: int | None) -> array[float]:
    """At each step, of the values *offset* apart that are known: the sum, or their average *times* as many."""
    total, known = array("d", bytes(8 * len(values))), array("d", bytes(8 * len(values)))
    for number in range(count):
        shift = number * offset
        for place, value in enumerate(values[: max(len(values) - shift, 0)], shift):
            if value == value:  # not NaN
                total[place] += value
                known[place] += 1
    return array("d", (_of(t, k, times) for t, k in zip(total, known, strict=True)))


def _stepped(values: Sequence[float], stride: int, count: int, *, times: int | None) -> array[float]:
    """The same for values one base window apart, the newest of which lies at most a base window back."""
    sparse = values[::stride]
    totals = [0.0, *accumulate(0.0 if isnan(value) else value for value in sparse)]
    knowns = [0, *accumulate(not isnan(value) for value in sparse)]

    def at(newest: int) -> float:
        oldest = max(newest + 1 - count, 0)
        return _of(totals[newest + 1] - totals[oldest], knowns[newest + 1] - knowns[oldest], times)

    found = [at(place) for place in range(len(sparse))]
    return array("d", (found[place // stride] for place in range(len(values))))


def _of(total: float, known: float, times: int | None) -> float:
    if not known:
        return nan
    return total if times is None else times * total / known
