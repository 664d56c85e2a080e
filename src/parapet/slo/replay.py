"""Which alerts would have fired over a recorded history: the generated alert rules, evaluated step by step. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, sqrt
from operator import or_

from parapet.core.vocabulary import Severity
from parapet.slo.burn import BurnPolicy, Threshold, budget_ratio_of
from parapet.slo.evidence import CONFIDENCE_DEVIATIONS, FEWEST_STILL, quiet_thresholds
from parapet.slo.history import History, masked, uncounted
from parapet.slo.maintenance import Maintenance
from parapet.slo.windows import Window, period_of, windows_of

ANY_OBJECTIVE = 0.99
"""Which windows a policy looks at does not depend on the objective."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One alert, from the step at which it began to fire to the first at which it did not. Times are unix times."""

    severity: Severity
    labels: tuple[tuple[str, str], ...]
    """The group; empty if the slice has none."""
    start_seconds: float
    end_seconds: float | None
    """None: it fires still."""
    peak_burn: float
    """The highest burn of the current window while it fired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One group of one slice under one objective."""

    history: History
    objective: float
    firings: tuple[Firing, ...]
    """In the order in which they began."""
    burn: array[float]
    """Of the current window, at every step; NaN while nothing happened in it."""
    remaining: array[float]
    """Share of the period's budget that is left, at every step; 1 before anything happened."""


class Past:
    """The recorded history of one slice, one entry for each group, and its windows: replayed for any objective.

    Each history begins at a multiple of the policy's base window, and its step divides that window. During
    *maintenances* nothing counts and nothing fires. At the steps that *old* marks, what was scraped was an old page,
    so that nothing was heard.
    """

    def __init__(
        self,
        histories: Sequence[History],
        policy: BurnPolicy,
        maintenances: Sequence[Maintenance] = (),
        old: Sequence[bool] | None = None,
    ) -> None:
        base_seconds = policy.base_window_seconds
        self.resting = uncounted(maintenances, histories[0], base_seconds) if maintenances else None
        """At every step, 1 if events do not count; None if they always do."""
        self.histories = tuple(histories if self.resting is None else (masked(h, self.resting) for h in histories))
        self.policy = policy
        lengths = {w for pair in policy.thresholds(ANY_OBJECTIVE) for w in (pair.long_seconds, pair.short_seconds)}
        lengths.add(policy.current_window_seconds)
        self.windows = tuple(windows_of(history, policy, lengths) for history in self.histories)
        self.periods = tuple(period_of(history, policy) for history in self.histories)
        unknown = (all(map(isnan, values)) for values in zip(*(h.events for h in self.histories), strict=True))
        self.silent = tuple(unknown if old is None else map(or_, unknown, old))
        """At every step, whether nothing was heard: no group at all was recorded, or an old page."""

    def under(self, objective: float) -> tuple[Replay, ...]:
        """What the slice's alerts would have done under *objective*, a ratio; one replay for each group.

        Raises:
            ConfigurationError: the objective is no ratio in [0.5, 1).
        """
        thresholds, budget_ratio = self.policy.thresholds(objective), budget_ratio_of(objective)
        return tuple(
            self._replay(history, windows, period, thresholds, objective, budget_ratio)
            for history, windows, period in zip(self.histories, self.windows, self.periods, strict=True)
        )

    def _replay(
        self,
        history: History,
        windows: Mapping[float, Window],
        period: Window,
        thresholds: Sequence[Threshold],
        objective: float,
        budget_ratio: float,
    ) -> Replay:
        current = windows[self.policy.current_window_seconds]
        burn = array("d", (current.ratio(place) / budget_ratio for place in range(len(history.events))))
        firings: list[Firing] = []
        for severity in dict.fromkeys(threshold.severity for threshold in thresholds):
            clauses = _clauses(thresholds, severity, windows, budget_ratio, self.policy.base_window_seconds)
            firings += (_firing(history, severity, *span, burn) for span in _spans(clauses, self.silent, self.resting))
        allowed = (budget_ratio * usual for usual in period.usual)
        left = (1 - bad / may if may > 0 else 1.0 for bad, may in zip(period.bad, allowed, strict=True))
        return Replay(
            history=history,
            objective=objective,
            firings=tuple(sorted(firings, key=lambda firing: firing.start_seconds)),
            burn=burn,
            remaining=array("d", left),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clause:
    """One pair of windows of one alert."""

    error_ratio: float
    release_ratio: float
    budget_ratio: float
    long: Window
    short: Window
    base: Window
    quiet: Window | None
    """It speaks only while fewer than two events are in this window."""

    def burns(self, place: int) -> bool:
        """Every window above the threshold, and enough failures behind it."""
        bad, usual = self.long.bad[place], self.long.usual[place]
        return (
            bad - 1 > self.error_ratio * usual
            and bad - CONFIDENCE_DEVIATIONS * sqrt(bad) > self.budget_ratio * usual
            and self.short.ratio(place) > self.error_ratio
            and self.base.ratio(place) > self.error_ratio
            and (
                self.short.bad[place] > FEWEST_STILL if self.quiet is None else self.quiet.events[place] <= FEWEST_STILL
            )
        )

    def keeps(self, place: int) -> bool:
        """The long window remembers, and the short one does not say that clearly less fails by now."""
        remembers = self.long.bad[place] > self.release_ratio * self.long.usual[place]
        return remembers and not self.short.ratio(place) <= self.release_ratio


def _clauses(
    thresholds: Sequence[Threshold],
    severity: Severity,
    windows: Mapping[float, Window],
    budget_ratio: float,
    base_window_seconds: float,
) -> list[_Clause]:
    mine = [one for one in thresholds if one.severity is severity]
    judged: list[tuple[Threshold, Window | None]] = [(one, None) for one in mine]
    if severity is Severity.PAGE:
        judge = windows[max(one.short_seconds for one in mine)]
        judged += [(one, judge) for one in quiet_thresholds(thresholds)]
    return [
        _Clause(
            error_ratio=one.error_ratio,
            release_ratio=one.release_ratio,
            budget_ratio=budget_ratio,
            long=windows[one.long_seconds],
            short=windows[one.short_seconds],
            base=windows[base_window_seconds],
            quiet=quiet,
        )
        for one, quiet in judged
    ]


def _spans(
    clauses: Sequence[_Clause], silent: Sequence[bool], resting: Sequence[int] | None
) -> list[tuple[int, int | None]]:
    """From which step to which an alert of these clauses fires; None: until the end and beyond."""
    found: list[tuple[int, int | None]] = []
    began: int | None = None
    for place, nothing in enumerate(silent):
        fires = any(clause.burns(place) for clause in clauses) or (
            began is not None and (nothing or any(clause.keeps(place) for clause in clauses))
        )
        fires = fires and not (resting and resting[place])
        if fires and began is None:
            began = place
        elif not fires and began is not None:
            found.append((began, place))
            began = None
    return found if began is None else [*found, (began, None)]


def _firing(history: History, severity: Severity, began: int, ended: int | None, burn: array[float]) -> Firing:
    peaks = [value for value in burn[began:ended] if not isnan(value)]
    return Firing(
        severity=severity,
        labels=history.labels,
        start_seconds=history.at(began),
        end_seconds=None if ended is None else history.at(ended),
        peak_burn=max(peaks, default=0.0),
    )
