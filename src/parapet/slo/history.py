"""What was recorded of a slice: bad events and all events within the base window, at equal steps of time."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from math import isnan, nan


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


def empty(labels: tuple[tuple[str, str], ...], start_seconds: float, step_seconds: float, steps: int) -> History:
    """A history of which nothing is known yet, to be filled in."""
    return History(
        labels=labels,
        start_seconds=start_seconds,
        step_seconds=step_seconds,
        events=array("d", [nan]) * steps,
        bad=array("d", [nan]) * steps,
    )
