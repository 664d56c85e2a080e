"""What was recorded of a slice, and what to ask for it: events within the base window, at equal steps of time."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import isnan, nan

from parapet.slo.maintenance import Maintenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Two expressions over raw metrics that count events within the base window."""

    bad: str
    events: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """An expression over raw metrics that tells when something last succeeded, as unix time."""

    told: str
    within_seconds: float
    """Older is bad."""
    forgotten_seconds: float
    """What nobody tells of any more is forgotten at this age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One group of one slice. Both arrays have a place for each step; NaN where nothing was recorded."""

    labels: tuple[tuple[str, str], ...]
    """What tells the group from the others; empty if there is one."""
    start_seconds: float
    """Unix time of the first step."""
    step_seconds: float
    events: array[float]
    bad: array[float]

    @property
    def end_seconds(self) -> float:
        """Unix time of the last step."""
        return self.at(len(self.events) - 1)

    def at(self, place: int) -> float:
        """Unix time of the step *place*."""
        return self.start_seconds + place * self.step_seconds

    @property
    def first(self) -> int | None:
        """The first step at which something was recorded."""
        return next((place for place, value in enumerate(self.events) if not isnan(value)), None)


def uncounted(maintenances: Sequence[Maintenance], history: History, base_window_seconds: float) -> bytearray:
    """1 at every step whose base window touches one of *maintenances*: as the rules record it."""
    found = bytearray(len(history.events))
    looks = round(base_window_seconds / history.step_seconds)
    since = -looks - 1
    for place in range(-looks, len(found)):
        if place - since <= looks and place >= 0:
            found[place] = 1
        moment = datetime.fromtimestamp(history.at(place), UTC)
        if any(window.covers(moment) for each in maintenances for window in each.windows):
            since = place
    return found


def masked(history: History, resting: Sequence[int]) -> History:
    """*history* with nothing counted at the steps that *resting* marks; what was not recorded stays unknown."""
    events, bad = (
        array("d", (value * (1 - rests) for value, rests in zip(values, resting, strict=True)))
        for values in (history.events, history.bad)
    )
    return replace(history, events=events, bad=bad)


def empty(labels: tuple[tuple[str, str], ...], start_seconds: float, step_seconds: float, steps: int) -> History:
    """A history of which nothing is known yet, to be filled in."""
    return History(
        labels=labels,
        start_seconds=start_seconds,
        step_seconds=step_seconds,
        events=array("d", [nan]) * steps,
        bad=array("d", [nan]) * steps,
    )


def aged(told: History, ages: Ages, base_window_seconds: float) -> History:
    """A history of seconds, each either fresh or not, from one whose *events* tell when the last success was."""
    looks = round(base_window_seconds / told.step_seconds)
    events, bad = array("d", [nan]) * len(told.events), array("d", [nan]) * len(told.events)
    late: deque[float] = deque(maxlen=looks)
    latest = nan
    for place, value in enumerate(told.events):
        if not isnan(value):
            latest = value
        elif told.at(place) - latest >= ages.forgotten_seconds:
            latest = nan
        late.append(nan if isnan(latest) else float(told.at(place) - latest > ages.within_seconds))
        known = [one for one in late if not isnan(one)]
        if not isnan(latest):
            events[place] = base_window_seconds
            bad[place] = base_window_seconds * sum(known) / len(known)
    return replace(told, events=events, bad=bad)
