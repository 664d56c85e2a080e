"""What a slice measures: each kind says which events count and which of them are bad. Values; the catalog judges them.

Most kinds come down to counters, as `Counted`; a moment of last success and raw PromQL do not.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from parapet.core import names, vocabulary
from parapet.core.errors import ConfigurationError
from parapet.core.vocabulary import JobState, ProbeOutcome
from parapet.slo.durations import spoken
from parapet.slo.family import Family, own
from parapet.slo.raw import Raw as Raw
from parapet.slo.selector import Selector, equals, narrowed, one_of, told

_JOB_GOOD = (JobState.SUCCEEDED.value,)
_JOB_BAD = (JobState.FAILED.value, JobState.DISCARDED.value)
_PROBE_BAD = tuple(outcome.value for outcome in ProbeOutcome if outcome is not ProbeOutcome.SUCCESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """The events of one family that a selector lets through."""

    family: Family
    selector: Selector
    bound_seconds: float | None = None
    """Only those that took at most this long; None: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Events that count, and which of them are bad: by what is bad, or by what is good."""

    total: Term
    part: Term
    part_is_good: bool = False
    """*part* counts the good events; else the bad ones."""
    part_has_own_counters: bool = False
    """*part* is counted by another metric: its events are in *total* as well, in series of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRatio:
    """Bad events over all events, counted by counters or by the `_count` of histograms. Give *bad* or *good*.

    Raises:
        ConfigurationError: both bad and good are given.
    """

    kind: ClassVar[str] = "events"

    metric: str
    """The family, as in `core.names`, or the name of *source*."""
    total: Selector = ()
    """Which events count at all."""
    bad: Selector = ()
    """Which of those are bad: narrows *total* further."""
    good: Selector = ()
    """Or which of those are good: all others are bad."""
    source: Family | None = None
    """The family, if it is not one of ours."""
    bad_source: Family | None = None
    """The family that counts the bad events, if another one counts them all."""
    good_source: Family | None = None
    """Or the family that counts the good events."""

    def __post_init__(self) -> None:
        if (self.bad or self.bad_source) and (self.good or self.good_source):
            raise ConfigurationError(f"A ratio of {self.metric} says what is bad and what is good. Say one of them.")

    @property
    def family(self) -> Family:
        """What is counted.

        Raises:
            UnknownName: there is no such family.
        """
        return self.source or own(self.metric)

    @property
    def counted(self) -> Counted:
        """As counters.

        Raises:
            UnknownName: there is no such family.
        """
        source = self.good_source or self.bad_source
        chosen = self.good or self.bad
        return Counted(
            total=Term(family=self.family, selector=self.total),
            part=Term(family=source or self.family, selector=chosen if source else narrowed(self.total, chosen)),
            part_is_good=bool(self.good or self.good_source),
            part_has_own_counters=source is not None,
        )

    @property
    def counts(self) -> str:
        """Which events count, for people."""
        return _where(self.metric, self.total)

    @property
    def bad_words(self) -> str:
        """Which of those are bad, for people."""
        source, which = self.good_source or self.bad_source, told(self.good or self.bad)
        bad = _where(source.name, self.good or self.bad) if source else which
        return f"all but {bad}" if self.good or self.good_source else bad


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRatio:
    """Events slower than a threshold over all events of a histogram family, classic or native.

    Raises:
        ConfigurationError: the threshold is not positive.
    """

    kind: ClassVar[str] = "latency"

    metric: str
    """The family, as in `core.names`, or the name of *source*."""
    selector: Selector = ()
    """Which events count."""
    threshold_seconds: float
    """Becomes a bucket bound: the ratio is counted. In a native histogram it is interpolated within one bucket."""
    source: Family | None = None
    """The family, if it is not one of ours: then the bound must be there already."""

    def __post_init__(self) -> None:
        if not self.threshold_seconds > 0:
            raise ConfigurationError(
                f"A latency threshold is {self.threshold_seconds} s; expected more than 0, such as 0.5."
            )

    @property
    def family(self) -> Family:
        """What is counted.

        Raises:
            UnknownName: there is no such family.
        """
        return self.source or own(self.metric)

    @property
    def counted(self) -> Counted:
        """As counters.

        Raises:
            UnknownName: there is no such family.
        """
        return Counted(
            total=Term(family=self.family, selector=self.selector),
            part=Term(family=self.family, selector=self.selector, bound_seconds=self.threshold_seconds),
            part_is_good=True,
        )

    @property
    def counts(self) -> str:
        """Which events count, for people."""
        return _where(self.metric, self.selector)

    @property
    def bad_words(self) -> str:
        """Which of those are bad, for people."""
        return f"slower than {self.threshold_seconds:g} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """Events that came late over all events, counted by delay buckets.

    Raises:
        ConfigurationError: the bound is not where a delay bucket ends.
    """

    kind: ClassVar[str] = "freshness"

    metric: str
    """A family of ours that has delay buckets: callbacks or looks at a queue."""
    selector: Selector = ()
    """Which events count."""
    within_seconds: float
    """Later than this is bad: 1, 30, 300 or 3600."""

    def __post_init__(self) -> None:
        bounds = vocabulary.DELAY_BOUNDS_SECONDS
        if self.within_seconds not in bounds:
            nearest = min(bounds, key=lambda bound: abs(bound - self.within_seconds))
            raise ConfigurationError(
                f"Freshness within {self.within_seconds:g} s: no delay bucket ends there. Did you mean {nearest:g}? "
                f"Known: {', '.join(f'{bound:g}' for bound in bounds)}."
            )

    @property
    def family(self) -> Family:
        """What is counted.

        Raises:
            UnknownName: there is no such family.
        """
        return own(self.metric)

    @property
    def counted(self) -> Counted:
        """As counters. A delay that nobody knows (`other`) is not counted.

        Raises:
            UnknownName: there is no such family.
        """
        all_known = one_of(names.DELAY_BUCKET, *vocabulary.delay_buckets_beyond(0))
        late = one_of(names.DELAY_BUCKET, *vocabulary.delay_buckets_beyond(self.within_seconds))
        return Counted(
            total=Term(family=self.family, selector=(*self.selector, all_known)),
            part=Term(family=self.family, selector=(*self.selector, late)),
        )

    @property
    def counts(self) -> str:
        """Which events count, for people."""
        return _where(self.metric, self.selector)

    @property
    def bad_words(self) -> str:
        """Which of those are bad, for people."""
        return f"later than {spoken(self.within_seconds)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutcome:
    """Runs of background jobs that ended badly over all that ended for good.

    What failed and is tried again has not ended; what somebody called off does not count. A run whose worker died under
    it is counted as what became of it, so it is bad if nobody tries again.
    """

    kind: ClassVar[str] = "job"

    selector: Selector = ()
    """Which jobs, by `task` and `queue`."""

    @property
    def counted(self) -> Counted:
        """As counters."""
        runs = own(names.JOB_DURATION)
        ended = (*self.selector, one_of(names.STATE, *_JOB_GOOD, *_JOB_BAD))
        failed = (*self.selector, one_of(names.STATE, *_JOB_BAD))
        return Counted(total=Term(family=runs, selector=ended), part=Term(family=runs, selector=failed))

    @property
    def counts(self) -> str:
        """Which events count, for people."""
        return _where(f"{names.JOB_DURATION} that ended", self.selector)

    @property
    def bad_words(self) -> str:
        """Which of those are bad, for people."""
        return "failed for good, with their worker too, or discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRuns:
    """Runs of a probe that did not succeed over all its runs. A run that could not look is bad too."""

    kind: ClassVar[str] = "probe"

    probe: str
    """Its name."""

    @property
    def counted(self) -> Counted:
        """As counters."""
        runs, mine = own(names.PROBE_DURATION), equals(names.PROBE, self.probe)
        known = one_of(names.OUTCOME, ProbeOutcome.SUCCESS.value, *_PROBE_BAD)
        return Counted(
            total=Term(family=runs, selector=(mine, known)),
            part=Term(family=runs, selector=(mine, one_of(names.OUTCOME, *_PROBE_BAD))),
        )

    @property
    def counts(self) -> str:
        """Which events count, for people."""
        return f"{names.PROBE_DURATION} where {names.PROBE} is {self.probe}"

    @property
    def bad_words(self) -> str:
        """Which of those are bad, for people."""
        return "anything but success"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSuccess:
    """Time during which the last success was too long ago, over all time. A gauge of epoch seconds tells when it was.

    A gauge that is gone is remembered: who dies does not become fresh by it.

    Raises:
        ConfigurationError: the bound is not positive.
    """

    kind: ClassVar[str] = "last success"

    metric: str = names.JOB_LAST_SUCCESS
    """The gauge, as in `core.names`, or the name of *source*."""
    selector: Selector = ()
    """Which of its series; the latest of them counts."""
    within_seconds: float
    """Older than this is bad."""
    source: Family | None = None
    """The family, if it is not one of ours."""

    def __post_init__(self) -> None:
        if not self.within_seconds > 0:
            raise ConfigurationError(
                f"A last success within {self.within_seconds} s; expected more than 0, such as 2 * HOUR."
            )

    @property
    def family(self) -> Family:
        """The gauge.

        Raises:
            UnknownName: there is no such family.
        """
        return self.source or own(self.metric)

    @property
    def counts(self) -> str:
        """Which events count, for people."""
        return f"seconds, by {_where(self.metric, self.selector)}"

    @property
    def bad_words(self) -> str:
        """Which of those are bad, for people."""
        return f"last success more than {spoken(self.within_seconds)} ago"


def families_of(sli: Sli) -> tuple[Family, ...]:
    """The families that *sli* reads, each once; none where nobody can know.

    Raises:
        UnknownName: there is no such family.
    """
    if isinstance(sli, Raw):
        return ()
    if isinstance(sli, LastSuccess):
        return (sli.family,)
    terms = (sli.counted.total, sli.counted.part)
    return tuple({term.family.name: term.family for term in terms}.values())


def reads_any(sli: Sli, metrics: Collection[str]) -> bool:
    """Whether *sli* reads one of the families *metrics*, by name."""
    return any(family.name in metrics for family in families_of(sli))


def _where(what: str, selector: Selector) -> str:
    return f"{what} where {told(selector)}" if selector else what


CountedSli: TypeAlias = EventRatio | LatencyRatio | Freshness | JobOutcome | ProbeRuns
"""The kinds that come down to counters."""
Sli: TypeAlias = CountedSli | LastSuccess | Raw
