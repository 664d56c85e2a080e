"""A scenario: what happens to a service, minute by minute, and what an honest alert must make of it. Values only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise


class Target(StrEnum):
    """What Prometheus sees of the service."""

    UP = "up"  # it answers, with its counters
    DOWN = "down"  # it is known, and does not answer
    GONE = "gone"  # nobody knows it any more
    UNMEASURED = "unmeasured"  # it answers, without these counters
    FROZEN = "frozen"  # a cache or a gateway answers in its stead, always with the same page


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some minutes in which the same happens."""

    minutes: int
    good: float = 0.0
    """Good events a minute."""
    bad: float = 0.0
    """Bad events a minute."""
    trouble: bool = False
    """Whether people should be told. Outside of it, an alert that begins is false."""
    target: Target = Target.UP
    restarts: bool = False
    """The process is replaced as the stretch begins: its counters start again at zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What happens, and what must follow. Minutes are counted from the onset of the first trouble."""

    name: str
    title: str
    stretches: tuple[Stretch, ...]
    objective: float = 0.999
    step_seconds: int = 60
    """How often the service is scraped."""
    evaluated_seconds: int = 60
    """How often rules are evaluated."""
    errors_exist: bool = True
    """Whether the series of failures is there before the first failure."""
    pages_within: float | None = None
    """Minutes within which a page must fire; None: that is not what the scenario is about."""
    tickets_within: float | None = None
    never_pages: bool = False
    """Whether any page at all is false."""
    never_tickets: bool = False
    keeps_firing: bool = False
    """Whether the page must hold from its beginning until the trouble is over."""
    clears_within: float | None = None
    """Minutes from the end of the trouble within which no page fires any more."""
    stale_within: float | None = None
    """Minutes from the end of the first stretch within which the stale alert must fire."""
    judges_budget: bool = False
    """Whether the budget used at the end is compared with arithmetic."""

    @property
    def minutes(self) -> int:
        """How long it lasts."""
        return sum(one.minutes for one in self.stretches)

    @property
    def onset(self) -> int | None:
        """The minute at which the first trouble begins; None if there is none."""
        return min((begin for begin, _, one in self.spans() if one.trouble), default=None)

    @property
    def repaired(self) -> int | None:
        """The minute at which the last trouble ends."""
        return max((end for _, end, one in self.spans() if one.trouble), default=None)

    def spans(self) -> Iterator[tuple[int, int, Stretch]]:
        """Every stretch with the minutes at which it begins and ends."""
        edges = [0]
        for one in self.stretches:
            edges.append(edges[-1] + one.minutes)
        yield from ((begin, end, one) for (begin, end), one in zip(pairwise(edges), self.stretches, strict=True))

    def error_ratio(self) -> float:
        """The truth: bad events over all events."""
        bad = sum(one.minutes * one.bad for one in self.stretches)
        return bad / sum(one.minutes * (one.good + one.bad) for one in self.stretches)


class Series(StrEnum):
    """What Prometheus scrapes in a scenario."""

    GOOD = "good"
    BAD = "bad"
    UP = "up"
    HEARTBEAT = "heartbeat"


def samples(scenario: Scenario, series: Series) -> list[str | float]:
    """One sample a step, from minute 0 on, as promtool writes them: a number, `_` for none, or `stale`."""
    per_minute = 60 // scenario.step_seconds
    found: list[str | float] = [_first(scenario, series)]
    counted, seen = 0.0, True
    for one in scenario.stretches:
        each = _each(one, series) / per_minute
        shown = one.target in {Target.UP, Target.FROZEN} or _shown_beside(series, one.target)
        for step in range(one.minutes * per_minute):
            counted = each + (0.0 if one.restarts and step == 0 else counted)
            lazy = series is Series.BAD and not scenario.errors_exist and counted < 1
            if shown and not lazy:
                up = 0.0 if one.target is Target.DOWN else 1.0
                found.append(up if series is Series.UP else float(int(counted + 1e-9)))
            else:
                found.append("stale" if seen and not lazy else "_")
            seen = shown
    return found


def _each(one: Stretch, series: Series) -> float:
    """By how much *series* grows in a minute."""
    if one.target is Target.FROZEN:
        return 0.0
    return {Series.GOOD: one.good, Series.BAD: one.bad, Series.HEARTBEAT: 60.0}.get(series, 0.0)


def _shown_beside(series: Series, target: Target) -> bool:
    """Whether *series* is there though the events are not."""
    if series is Series.UP:
        return target is not Target.GONE
    return series is Series.HEARTBEAT and target is Target.UNMEASURED


def _first(scenario: Scenario, series: Series) -> str | float:
    if series is Series.UP:
        return 1.0
    return "_" if series is Series.BAD and not scenario.errors_exist else 0.0


def notation(values: list[str | float]) -> str:
    """*values* in promtool's notation, runs of equal steps drawn together."""
    parts: list[str] = []
    place = 0
    while place < len(values):
        value = values[place]
        if isinstance(value, str):
            run = _run(values, place)
            parts.append(value if value == "stale" or run == 1 else f"_x{run}")
            place += 1 if value == "stale" else run
            continue
        step, run = _slope(values, place)
        parts.append(f"{value:.12g}" if run == 1 else f"{value:.12g}{step:+.12g}x{run - 1}")
        place += run
    return " ".join(parts)


def _run(values: list[str | float], place: int) -> int:
    end = place
    while end < len(values) and values[end] == values[place]:
        end += 1
    return end - place


def _slope(values: list[str | float], place: int) -> tuple[float, int]:
    """By how much numbers grow from *place* on, and how many do so evenly."""
    first = values[place]
    following = values[place + 1] if place + 1 < len(values) else "_"
    if isinstance(first, str) or isinstance(following, str):
        return 0.0, 1
    step, end, previous = following - first, place + 1, first
    while end < len(values):
        value = values[end]
        if isinstance(value, str) or value - previous != step:
            break
        previous, end = value, end + 1
    return step, end - place
