"""How fast a budget may burn before somebody is told: windows and budget shares as data, factors derived from them.

Arithmetic only. A pair of windows fires when the error ratio of both exceeds `factor * budget`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import ceil

from parapet.core.errors import ConfigurationError, UnreachableAlert
from parapet.core.vocabulary import Severity as Severity
from parapet.slo.durations import spoken

MINUTE = 60.0
HOUR = 3_600.0
DAY = 86_400.0

SHORT_OF_LONG = 12
"""The short window is this part of the long one: long says it matters, short says it still happens."""

BEND_AT = 0.75
"""Error ratio up to which a threshold is taken as derived. Above it, thresholds bend towards HIGHEST_THRESHOLD."""
HIGHEST_THRESHOLD = 0.95
"""No threshold reaches this, so that a total outage crosses every one of them."""
LOWEST_OBJECTIVE = 0.5
SLOWEST_FACTOR = 1.0
"""A promise is kept at any slower burn, so no alert speaks of one. Matters for periods shorter than 30 days."""
RELEASE_SHARE = 0.5
"""What fires ends at this share of its threshold: a burn that wavers around the threshold is told of once."""
LONGEST_READ_WHOLE = 100
"""Windows of more base windows than this are read at base steps: exact sums that do not overlap, at little cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowPair:
    """Two windows and the share of the period's budget that may burn within the long one.

    Raises:
        ConfigurationError: a window is not positive, the short one is not the shorter, or the share is not in (0, 1].
    """

    severity: Severity
    tier: str = ""
    """By what name a slice can turn it off: `page-fast`."""
    long_seconds: float
    budget_share: float
    """0.02: alert when burning this fast for `long_seconds` would use 2 % of the period's budget."""
    short_seconds: float
    grows: bool = False
    """Its windows grow with the period, so that its factor stays 1: no burn that breaks the promise is below it."""

    def __post_init__(self) -> None:
        if not 0 < self.short_seconds < self.long_seconds:
            raise ConfigurationError(
                f"A window pair has a short window of {self.short_seconds} s and a long one of {self.long_seconds} s; "
                f"expected 0 < short < long."
            )
        if not 0 < self.budget_share <= 1:
            raise ConfigurationError(
                f"A window pair has budget_share {self.budget_share}; expected a ratio in (0, 1], such as 0.02."
            )


def pair(severity: Severity, long_seconds: float, budget_share: float, tier: str = "") -> WindowPair:
    """A pair whose short window is a twelfth of its long one.

    Raises:
        ConfigurationError: a value cannot hold.
    """
    short_seconds = long_seconds / SHORT_OF_LONG
    return WindowPair(
        severity=severity, tier=tier, long_seconds=long_seconds, short_seconds=short_seconds, budget_share=budget_share
    )


PAIRS = (
    pair(Severity.PAGE, 1 * HOUR, 0.02, "page-fast"),
    pair(Severity.PAGE, 6 * HOUR, 0.05, "page-slow"),
    pair(Severity.TICKET, 1 * DAY, 0.10, "ticket-fast"),
    replace(pair(Severity.TICKET, 3 * DAY, 0.10, "ticket-slow"), grows=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A pair as one objective needs it: the error ratio that both windows must exceed."""

    severity: Severity
    tier: str
    long_seconds: float
    short_seconds: float
    error_ratio: float
    """factor * (1 - objective); less than HIGHEST_THRESHOLD."""
    release_ratio: float
    """What fires already ends where one of both is no longer above this: below the threshold, and never so low that a
    kept promise would be above it."""
    factor: float
    """Burn rate at the threshold: 1 uses exactly the budget within the period."""
    budget_share: float
    """Share of the period's budget that burning at `factor` uses within the long window."""
    rederived: bool
    """The policy's own share could hardly be reached at this objective, or asks for a burn below 1: another is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnPolicy:
    """Windows and budget shares for every slice of a service. Durations are seconds.

    Raises:
        ConfigurationError: a window is shorter than the base window, no multiple of it, or longer than the period.
        UnreachableAlert: the pairs are not ordered, so that one could never be the first to fire.
    """

    period_seconds: float = 30 * DAY
    """What the budget is for: the objective must hold over any period of this length."""
    base_window_seconds: float = 5 * MINUTE
    """The window of the two recorded event series; every other window is a sum of such windows."""
    pairs: tuple[WindowPair, ...] = PAIRS
    current_window_seconds: float = 0.0
    """The window that "burning now" speaks of; 0: the shortest of the long ones."""
    scale: float = 1.0
    """By what every duration was divided: see `scaled_down`."""
    _known: dict[float, tuple[Threshold, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False, hash=False
    )

    def __post_init__(self) -> None:
        if self.base_window_seconds <= 0:
            raise ConfigurationError(f"base_window_seconds is {self.base_window_seconds}; it must be more than 0.")
        if not self.pairs:
            raise ConfigurationError("A burn policy without window pairs alerts nobody. Give at least one pair.")
        fitted = [self._fitted(one) for one in self.pairs]
        for one in fitted:
            if one.short_seconds < self.base_window_seconds or one.long_seconds > self.period_seconds:
                raise ConfigurationError(
                    f"The windows of {spoken(one.long_seconds)} and {spoken(one.short_seconds)} do not fit between "
                    f"the base window ({spoken(self.base_window_seconds)}) and the period "
                    f"({spoken(self.period_seconds)}).{_days(self.period_seconds)}"
                )
            for window in (one.short_seconds, one.long_seconds):
                if not _whole(window / self.base_window_seconds):
                    raise ConfigurationError(
                        f"A window of {window:g} s is not made of whole base windows ({self.base_window_seconds:g} s). "
                        f"Nearest: {self._nearest(window):g} s."
                    )
        for sooner, later in pairwise(fitted):
            if sooner.long_seconds >= later.long_seconds or self._factor(sooner) < self._factor(later):
                raise UnreachableAlert(
                    f"The pair over {later.long_seconds:g} s comes after the one over {sooner.long_seconds:g} s, so it "
                    "must be longer and have no larger factor (budget_share * period / long window); else it never "
                    "fires first."
                )
            if sooner.severity is Severity.TICKET and later.severity is Severity.PAGE:
                raise UnreachableAlert("A page comes after a ticket; list the pairs that page first.")
        if not self.current_window_seconds:
            object.__setattr__(self, "current_window_seconds", min(one.long_seconds for one in self.pairs))

    def scaled_down(self, by: float) -> BurnPolicy:
        """The same policy with every duration divided by *by*, the period included; factors stay the same.

        For demonstrations and game days: `scaled_down(60)` makes an hour a minute. Never for production: the
        evidence that a window gathers shrinks with it.

        Raises:
            ConfigurationError: *by* is not positive.
        """
        if by <= 0:
            raise ConfigurationError(f"scaled_down({by}): give a number greater than 0, such as 60.")
        return replace(
            self,
            period_seconds=self.period_seconds / by,
            base_window_seconds=self.base_window_seconds / by,
            current_window_seconds=self.current_window_seconds / by,
            scale=self.scale * by,
            pairs=tuple(
                replace(one, long_seconds=one.long_seconds / by, short_seconds=one.short_seconds / by)
                for one in self.pairs
            ),
        )

    def over(self, period_seconds: float) -> BurnPolicy:
        """The same policy for another period, given unscaled: `over(7 * DAY)`. Factors follow from the shares.

        Raises:
            ConfigurationError: a window does not fit into the period.
            UnreachableAlert: the pairs are not ordered any more.
        """
        return replace(self, period_seconds=period_seconds / self.scale)

    def only(self, severities: Collection[Severity], without: Collection[str] = ()) -> BurnPolicy:
        """The same policy, of whose pairs those of other severities and the tiers *without* are left out.

        Raises:
            ConfigurationError: no pair is left.
        """
        left = tuple(one for one in self.pairs if one.severity in severities and one.tier not in without)
        return replace(self, pairs=left)

    def thresholds(self, objective: float) -> tuple[Threshold, ...]:
        """Every pair as *objective* (a ratio) needs it, in the policy's order, loudest first.

        Raises:
            ConfigurationError: the objective is no ratio in [0.5, 1).
        """
        if objective not in self._known:
            budget_ratio = budget_ratio_of(objective)
            self._known[objective] = tuple(self._threshold(self._fitted(one), budget_ratio) for one in self.pairs)
        return self._known[objective]

    def read_in_steps(self, window_seconds: float) -> bool:
        """Whether a window is read once per base window instead of at every evaluation."""
        return window_seconds > LONGEST_READ_WHOLE * self.base_window_seconds

    def _fitted(self, one: WindowPair) -> WindowPair:
        """*one* as long as this period needs it."""
        grown = one.budget_share * self.period_seconds / one.long_seconds
        if not one.grows or grown <= 1:
            return one
        bases = one.short_seconds / self.base_window_seconds
        grown = ceil(round(bases * grown, 6)) / bases  # still whole base windows
        return replace(one, long_seconds=one.long_seconds * grown, short_seconds=one.short_seconds * grown)

    def _nearest(self, window_seconds: float) -> float:
        return max(round(window_seconds / self.base_window_seconds), 1) * self.base_window_seconds

    def _factor(self, one: WindowPair) -> float:
        derived = one.budget_share * self.period_seconds / one.long_seconds
        return round(max(derived, SLOWEST_FACTOR), 9)  # free of the noise of binary fractions

    def _threshold(self, one: WindowPair, budget_ratio: float) -> Threshold:
        derived = round(self._factor(one) * budget_ratio, 12)  # free of the noise of binary fractions
        error_ratio = derived if derived <= BEND_AT else _bent(derived)
        factor = self._factor(one) if error_ratio == derived else error_ratio / budget_ratio
        budget_share = factor * one.long_seconds / self.period_seconds
        return Threshold(
            severity=one.severity,
            tier=one.tier,
            long_seconds=one.long_seconds,
            short_seconds=one.short_seconds,
            error_ratio=error_ratio,
            release_ratio=max(RELEASE_SHARE * error_ratio, budget_ratio),
            factor=factor,
            budget_share=budget_share,
            rederived=abs(budget_share - one.budget_share) > 1e-6,
        )


def _days(period_seconds: float) -> str:
    """A hint for who gave days where seconds are expected."""
    return f" Did you mean {period_seconds:g} * DAY?" if 1 <= period_seconds <= 400 else ""


def _whole(number: float) -> bool:
    """Whether *number* is an integer, but for the noise of binary fractions."""
    return abs(number - round(number)) < 1e-6


def _bent(derived: float) -> float:
    """Strictly increasing, continuous at BEND_AT, always under HIGHEST_THRESHOLD: order survives, reach is won."""
    return BEND_AT + (HIGHEST_THRESHOLD - BEND_AT) * (1 - BEND_AT / derived)


def budget_ratio_of(objective: float) -> float:
    """The error budget 1 - *objective*, free of the noise of binary fractions.

    Raises:
        ConfigurationError: the objective is no ratio in [0.5, 1); a percentage is recognised and named.
    """
    if not LOWEST_OBJECTIVE <= objective < 1:
        hint = f" Did you mean {objective / 100:.10g}?" if 50 <= objective < 100 else ""
        raise ConfigurationError(
            f"The objective is {objective:.10g}; expected a ratio of at least {LOWEST_OBJECTIVE} and less than 1, "
            f"such as 0.999.{hint}"
        )
    return round(1 - objective, 12)
