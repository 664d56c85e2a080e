"""What a replay says about an objective: budget used, noise a week, lead time over incidents that people remember."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isnan

from parapet.core.vocabulary import Severity
from parapet.slo.burn import DAY, budget_ratio_of
from parapet.slo.evidence import fewest_events
from parapet.slo.history import History
from parapet.slo.replay import Firing, Past, Replay

WEEK_SECONDS = 7 * DAY
NEAR_SECONDS = 3_600.0
"""An alert this long before an incident began, or after it ended, may still be about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownIncident:
    """Trouble that people know of. Times are unix times."""

    title: str
    slice: str | None
    """None: any slice may speak of it."""
    start_seconds: float
    """Onset, as far as anybody knows."""
    noticed_seconds: float
    """When somebody knew of it."""
    end_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an objective's alerts would have said of one incident."""

    incident: KnownIncident
    page: Firing | None
    """The first page about it; None: nobody would have been woken."""
    ticket: Firing | None

    @property
    def lead_seconds(self) -> float | None:
        """How long before somebody knew the first alert would have fired; below 0: after. None: it never would."""
        firsts = [one.start_seconds for one in (self.page, self.ticket) if one is not None]
        return self.incident.noticed_seconds - min(firsts) if firsts else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What there is to judge by, and how much of the time that is enough. Seconds."""

    span_seconds: float
    silent_seconds: float
    """Nothing was heard: nothing was recorded, or an old page again and again."""
    maintained_seconds: float
    """Nothing counted: maintenance, and a base window after it."""
    idle_seconds: float
    """The current window was empty: nobody tried."""
    sparse_seconds: float
    """Too few events: even if all had failed, nothing could have fired."""
    events: float
    """All that were counted."""
    bad: float

    @property
    def judged_seconds(self) -> float:
        """The rest: good or bad, and enough to say so."""
        known = self.span_seconds - self.silent_seconds - self.maintained_seconds
        return known - self.idle_seconds - self.sparse_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One slice under one objective. Times are unix times and seconds."""

    objective: float
    firings: tuple[Firing, ...]
    """Those that fired at some time of the span, in the order in which they began."""
    told: tuple[Told, ...]
    """Every known incident of the slice."""
    about: tuple[KnownIncident | None, ...]
    """For each of them the known incident that it is about; None: none, or nobody said which are known."""
    used_ratio: float
    """Of the period's budget at the end, as the rules say it; of the group that used most."""
    worst_used_ratio: float
    """The most that was used at any time of the span."""
    span_seconds: float

    def count(self, severity: Severity) -> int:
        """How often *severity* fired."""
        return sum(one.severity is severity for one in self.firings)

    def a_week(self, severity: Severity) -> float:
        """The same, a week."""
        return self.count(severity) * WEEK_SECONDS / self.span_seconds

    @property
    def unexplained(self) -> int:
        """How many of them are about no known incident."""
        return sum(one is None for one in self.about)

    def troubles(self, quiet_seconds: float) -> int:
        """As how many incidents people would have met them: what follows within *quiet_seconds* is the same one."""
        found, until = 0, -inf
        for one in self.firings:
            found += one.start_seconds > until + quiet_seconds
            until = max(until, inf if one.end_seconds is None else one.end_seconds)
        return found

    @property
    def missed(self) -> tuple[KnownIncident, ...]:
        """Known incidents of which nothing would have been said."""
        return tuple(one.incident for one in self.told if one.lead_seconds is None)


def verdict(replays: Sequence[Replay], *, begin_seconds: float, incidents: Sequence[KnownIncident] | None) -> Verdict:
    """What *replays*, every group of a slice under one objective, say of the time from *begin_seconds* on.

    *incidents* are those that concern the slice; None: nobody knows which there were.
    """
    found = (one for each in replays for one in each.firings)
    span = (one for one in found if one.end_seconds is None or one.end_seconds > begin_seconds)
    firings = tuple(sorted(span, key=lambda one: one.start_seconds))
    remaining = [each.remaining[place_of(each.history, begin_seconds) :] for each in replays]
    return Verdict(
        objective=replays[0].objective,
        firings=firings,
        told=tuple(_told(incident, firings) for incident in incidents or ()),
        about=tuple(next((each for each in incidents or () if _about(one, each)), None) for one in firings),
        used_ratio=max(1 - left[-1] for left in remaining),
        worst_used_ratio=max(1 - min(left) for left in remaining),
        span_seconds=replays[0].history.end_seconds - begin_seconds,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One stretch of a drawing: the worst of what happened within it."""

    burn: float | None
    """The highest burn; None: nothing happened."""
    remaining: float
    """The least that was left of the budget."""
    silent: bool
    """Nothing was heard at all."""


def moments(past: Past, replays: Sequence[Replay], begin_seconds: float, columns: int) -> tuple[Moment, ...]:
    """The time from *begin_seconds* on in at most *columns* equal stretches; of the groups, the worst."""
    begin = place_of(past.histories[0], begin_seconds)
    steps = len(past.silent) - begin
    edges = [begin + steps * column // columns for column in range(columns + 1)]
    return tuple(_moment(past, replays, first, last) for first, last in pairwise(edges) if last > first)


def _moment(past: Past, replays: Sequence[Replay], first: int, last: int) -> Moment:
    burns = [burn for each in replays for burn in each.burn[first:last] if not isnan(burn)]
    return Moment(
        burn=max(burns, default=None),
        remaining=min(min(each.remaining[first:last]) for each in replays),
        silent=all(past.silent[first:last]),
    )


def gathered(given: Sequence[Moment], columns: int) -> tuple[Moment, ...]:
    """*given* in at most *columns* stretches."""
    edges = [len(given) * column // columns for column in range(columns + 1)]
    return tuple(
        Moment(
            burn=max((one.burn for one in given[first:last] if one.burn is not None), default=None),
            remaining=min(one.remaining for one in given[first:last]),
            silent=all(one.silent for one in given[first:last]),
        )
        for first, last in pairwise(edges)
        if last > first
    )


def maintained(past: Past, begin_seconds: float) -> tuple[tuple[float, float], ...]:
    """From when to when nothing counted, from *begin_seconds* on."""
    first, found = past.histories[0], list[tuple[float, float]]()
    for place in range(place_of(first, begin_seconds), len(past.resting or ())):
        if past.resting and past.resting[place]:
            here = first.at(place)
            began = found.pop()[0] if found and found[-1][1] == here - first.step_seconds else here
            found.append((began, here))
    return tuple(found)


def coverage(past: Past, objective: float, begin_seconds: float) -> Coverage:
    """How much of the time from *begin_seconds* on can be judged under *objective*, and what happened in it."""
    policy, first = past.policy, past.histories[0]
    begin, step = place_of(first, begin_seconds), first.step_seconds
    budget_ratio = budget_ratio_of(objective)
    fewest = fewest_events(policy.thresholds(objective)[0].error_ratio, budget_ratio)
    current = [windows[policy.current_window_seconds] for windows in past.windows]
    silent = resting = idle = sparse = 0
    for place in range(begin, len(past.silent)):
        if past.silent[place] or (past.resting and past.resting[place]):
            silent += past.silent[place]
            resting += not past.silent[place]
            continue
        events = sum(known for window in current if not isnan(known := window.events[place]))
        idle += events <= 0
        sparse += 0 < events < fewest
    stride = round(policy.base_window_seconds / step)
    return Coverage(
        span_seconds=(len(past.silent) - begin) * step,
        silent_seconds=silent * step,
        maintained_seconds=resting * step,
        idle_seconds=idle * step,
        sparse_seconds=sparse * step,
        events=_total((history.events for history in past.histories), begin, stride),
        bad=_total((history.bad for history in past.histories), begin, stride),
    )


def _total(groups: Iterable[array[float]], begin: int, stride: int) -> float:
    """The events of base windows that do not overlap."""
    return sum(value for values in groups for value in values[begin + stride :: stride] if not isnan(value))


def place_of(history: History, seconds: float) -> int:
    """The step of *history* at the unix time *seconds*, or its first."""
    return max(round((seconds - history.start_seconds) / history.step_seconds), 0)


def _told(incident: KnownIncident, firings: Sequence[Firing]) -> Told:
    about = [one for one in firings if _about(one, incident)]
    pages = (one for one in about if one.severity is Severity.PAGE)
    tickets = (one for one in about if one.severity is Severity.TICKET)
    return Told(incident=incident, page=next(pages, None), ticket=next(tickets, None))


def _about(firing: Firing, incident: KnownIncident) -> bool:
    """Whether the two overlap, or nearly."""
    ended = firing.end_seconds is not None and firing.end_seconds < incident.start_seconds - NEAR_SECONDS
    return not ended and firing.start_seconds <= incident.end_seconds + NEAR_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A whole backtest of one slice. Times are unix times."""

    slice: str
    title: str
    period_seconds: float
    begin_seconds: float
    end_seconds: float
    coverage: Coverage | None
    """None: nothing was recorded."""
    verdicts: tuple[Verdict, ...]
    """Under the slice's own objective first, then under the others."""
    moments: tuple[Moment, ...]
    """To be drawn, under the slice's own objective."""
    page_burn: float | None
    """Burn at which its fastest page is due; None: it never pages."""
    incidents: tuple[KnownIncident, ...] | None
    """Those that concern it; None: nobody said which are known."""
    maintained: tuple[tuple[float, float], ...] = ()
    """From when to when nothing counted."""
