"""Which tickets a diagnostic would have raised over a recorded history: its generated alert, step by step. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isnan, nan, sqrt

from parapet.slo.burn import BurnPolicy
from parapet.slo.diagnostic import LEAST_HISTORY, Diagnostic
from parapet.slo.evidence import CONFIDENCE_DEVIATIONS
from parapet.slo.history import History, masked, uncounted
from parapet.slo.maintenance import Maintenance
from parapet.slo.windows import stepped_of, windows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A ticket, from the step at which it began to the first at which it was over. Times are unix times."""

    labels: tuple[tuple[str, str], ...]
    """The group; empty if there is none."""
    start_seconds: float
    end_seconds: float | None
    """None: it is there still."""
    peak_ratio: float
    """The largest share of bad events of the diagnostic's window meanwhile."""


def seen(
    one: Diagnostic,
    histories: Sequence[History],
    policy: BurnPolicy,
    maintenances: Sequence[Maintenance] = (),
) -> tuple[Seen, ...]:
    """The tickets of *one*, of all groups, in the order in which they began.

    Each history begins at a multiple of the policy's base window, and its step divides that window.
    """
    found: list[Seen] = []
    for history in histories:
        resting = uncounted(maintenances, history, policy.base_window_seconds) if maintenances else None
        judged = history if resting is None else masked(history, resting)
        ratios, bad = _ratios(one, judged, policy)
        usual = _usual(one, judged, policy) if one.times_usual is not None else None
        begins: int | None = None
        for place, (ratio, count) in enumerate(zip(ratios, bad, strict=True)):
            often = None if usual is None else usual[place]
            tells = all(_beyond(ratio, count, limit) for limit in _limits(one.threshold_ratio, one.times_usual, often))
            if begins is not None:  # once raised, it stays above lower limits
                tells |= all(ratio > limit for limit in _limits(one.stays_ratio, one.stays_times_usual, often))
            tells &= not (resting and resting[place])
            if tells and begins is None:
                begins = place
            elif not tells and begins is not None:
                found.append(_seen(history, ratios, begins, place))
                begins = None
        if begins is not None:
            found.append(_seen(history, ratios, begins, None))
    return tuple(sorted(found, key=lambda each: each.start_seconds))


def _limits(ratio: float, times_usual: float | None, usual: float | None) -> tuple[float, ...]:
    return (ratio,) if times_usual is None or usual is None else (ratio, times_usual * usual)


def stretches(holds: Sequence[bool], for_steps: int) -> list[tuple[int, int | None]]:
    """From which step to which an alert fires that waits *for_steps* for what *holds*; None: it fires still."""
    found: list[tuple[int, int | None]] = []
    since: int | None = None
    for place, held in enumerate([*holds, False]):
        if held and since is None:
            since = place
        elif not held and since is not None:
            if place - 1 >= since + for_steps:
                found.append((since + for_steps, place if place < len(holds) else None))
            since = None
    return found


def _beyond(ratio: float, count: float, limit: float) -> bool:
    """Above the limit, and not by chance; nothing is where a number is unknown."""
    return ratio > limit and sqrt(count) * (1 - limit / ratio) > CONFIDENCE_DEVIATIONS


def _ratios(one: Diagnostic, history: History, policy: BurnPolicy) -> tuple[array[float], array[float]]:
    """Share of bad events, and bad events, within the diagnostic's window at every step."""
    seconds = one.window_seconds / policy.scale
    window = windows_of(history, policy, {seconds})[max(seconds, policy.base_window_seconds)]
    bad = array("d", (max(value, 0.0) if value == value else nan for value in window.bad))
    ratios = (b / events if events > 0 else nan for b, events in zip(bad, window.events, strict=True))
    return array("d", ratios), bad


def _usual(one: Diagnostic, history: History, policy: BurnPolicy) -> array[float]:
    """The share before the window at every step; NaN without a seventh of that history."""
    seconds, back = (each / policy.scale for each in (one.usual_seconds, one.window_seconds))
    before = stepped_of(history, policy, seconds)
    known = array("d", (nan if isnan(value) else 1.0 for value in history.events))
    looks = stepped_of(replace(history, events=known), policy, seconds).events
    least = seconds * LEAST_HISTORY / policy.base_window_seconds
    shift = round(back / history.step_seconds)
    shares = (
        max(bad, 0.0) / events if events > 0 and look >= least else nan
        for bad, events, look in zip(before.bad, before.events, looks, strict=True)
    )
    return array("d", [*[nan] * shift, *shares][: len(history.events)])


def _seen(history: History, ratios: array[float], begins: int, ends: int | None) -> Seen:
    return Seen(
        labels=history.labels,
        start_seconds=history.at(begins),
        end_seconds=None if ends is None else history.at(ends),
        peak_ratio=max((value for value in ratios[begins:ends] if not isnan(value)), default=0.0),
    )
