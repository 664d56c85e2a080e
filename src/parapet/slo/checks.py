"""What may be measured: families, labels, values and bounds that exist. Refused here is what would never be emitted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib.util import find_spec

from parapet.core import gauges, names, vocabulary
from parapet.core.errors import ConfigurationError, UnknownName
from parapet.slo.family import COUNTER_NAME, Family
from parapet.slo.raw import WINDOW
from parapet.slo.raw_text import check_text
from parapet.slo.selector import Match, Matcher, Selector, told
from parapet.slo.sli import Counted, EventRatio, Freshness, JobOutcome, LastSuccess, LatencyRatio, Raw, Sli

DEFINITIONS = {
    "parapet_delivery_": "parapet.delivery({!r}, provider=..., channel=...)",
    "parapet_async_": "parapet.pipeline({!r}, stages=(...,), queue=...)",
    "parapet_ai_": "parapet.ai({!r}, guardrails=(...,), tools=(...,))",
}
"""Beginning of a family of ours -> the line that registers an integration in it."""
Shown = Mapping[str, Collection[Mapping[str, str]]]
"""Family -> the label sets that it shows from the start. A family that is missing is not checked."""
Known = Mapping[str, Collection[str]]
"""Label -> the values that the host registered. A label that is missing is not checked."""


def check_sli(sli: Sli, group_by: tuple[str, ...], known: Known, where: str) -> None:
    """Refuse what nobody emits, or what could not be a ratio; *where* begins the error.

    Raises:
        UnknownName: a metric, label, value or group that nobody defined; the nearest match is named.
        ConfigurationError: it cannot be counted, or its parts contradict each other.
    """
    if isinstance(sli, Raw):
        _check_raw(sli, group_by, where)
        _check_groups(group_by, None, where)
        return
    if isinstance(sli, EventRatio | LatencyRatio | Freshness | LastSuccess):
        _check_metric(sli, where)
    if isinstance(sli, LastSuccess):
        if not sli.family.gauge:
            there = ", ".join(sorted(gauges.GAUGES))
            raise ConfigurationError(f"{where} reads the time of {sli.metric}, which is no gauge. Gauges: {there}.")
        _check_selector(sli.family, sli.selector, known, where)
        _check_groups(group_by, [sli.family], where)
        return
    if isinstance(sli, JobOutcome) and any(matcher.label == names.STATE for matcher in sli.selector):
        raise ConfigurationError(
            f"{where} chooses jobs by {names.STATE}, which says how they ended. Choose them by {names.TASK} and "
            f"{names.QUEUE}; to judge ends otherwise, take EventRatio(metric={names.JOB_DURATION!r}, ...)."
        )
    if isinstance(sli, Freshness) and names.DELAY_BUCKET not in sli.family.labels:
        having = sorted(metric for metric, labels in vocabulary.LABELS.items() if names.DELAY_BUCKET in labels)
        raise ConfigurationError(f"{where}: {sli.metric} has no delay buckets. These have: {', '.join(having)}.")
    if isinstance(sli, EventRatio) and not (sli.bad or sli.good or sli.bad_source or sli.good_source):
        raise ConfigurationError(f"{where} has no matcher in bad, so every event would be bad. Say which are.")
    if isinstance(sli, LatencyRatio):
        _check_bound(sli, where)
    counted = sli.counted
    for term in (counted.total, counted.part):
        if not term.family.counters:
            raise ConfigurationError(
                f"{where} counts the events of {term.family.name}, which is no counter or histogram."
            )
        _check_selector(term.family, term.selector, known, where)
    _check_part_is_counted(counted, where)
    _check_groups(group_by, [counted.total.family, counted.part.family], where)
    _check_groups_are_mixed(group_by, counted, where)


def _check_raw(sli: Raw, groups: tuple[str, ...], where: str) -> None:
    """With promql-parser (`pip install parapet-ops[promql]`) the expressions are parsed; without, looked at as text."""
    for name, expression in (("bad", sli.bad), ("total", sli.total)):
        said = f"{where}: {name}"
        if WINDOW not in expression:
            raise ConfigurationError(
                f"{said} does not say {WINDOW}; expected it as the range, as in sum(increase(errors_total[{WINDOW}]))."
            )
        if find_spec("promql_parser") is None:
            check_text(expression, said)
        else:
            from parapet.slo.raw_parsed import check_parsed  # loaded where there is such a slice

            check_parsed(expression, frozenset(groups), said)


def _check_metric(sli: EventRatio | LatencyRatio | Freshness | LastSuccess, where: str) -> None:
    ours = isinstance(sli, Freshness) or sli.source is None
    if ours and sli.metric not in vocabulary.LABELS:
        raise UnknownName.of(f"metric in {where}", sli.metric, vocabulary.LABELS)


def _check_selector(family: Family, selector: Selector, known: Known, where: str) -> None:
    labels = family.labels
    for matcher in selector:
        if matcher.label not in labels:
            raise UnknownName.of(f"label of {family.name} in {where}", matcher.label, labels)
        registered = known.get(matcher.label) if family.exporter is None else None
        values = labels[matcher.label] or registered
        for value in matcher.values:
            if values is not None and not _occurs(value, matcher.match, values):
                line = _defining(family.name, matcher.label, value) if registered is not None else ""
                raise UnknownName.of(f"{matcher.label} in {where}", value, values, defined_by=line)
    twice = [m.label for m in selector if sum(other.label == m.label for other in selector) > 1]
    if twice:
        raise ConfigurationError(f"{where} matches {twice[0]!r} twice in one selector. Put the values together.")


def _defining(metric: str, label: str, value: str) -> str:
    """The line of a host that registers *value*; empty where no one line does."""
    if label == names.INTEGRATION:
        return next((line.format(value) for prefix, line in DEFINITIONS.items() if metric.startswith(prefix)), "")
    return {names.JOURNEY: f"parapet.journey({value!r})", names.PROBE: f"@parapet.probe({value!r})"}.get(label, "")


def _occurs(value: str, match: Match, values: Collection[str]) -> bool:
    if match is Match.BEGINS_WITH:
        return any(one.startswith(value) for one in values)
    return value in values


def _check_part_is_counted(counted: Counted, where: str) -> None:
    if counted.part_has_own_counters:
        return
    word = "good" if counted.part_is_good else "bad"
    for one in counted.part.selector:
        for other in counted.total.selector:
            uncounted = _beyond(one, other, counted.part.family.labels[one.label])
            if one.label == other.label and uncounted:
                raise ConfigurationError(
                    f"{where} calls {one.label}={uncounted!r} {word}, but its total leaves that out: the ratio "
                    "could exceed 1. Count it in total too."
                )


def _beyond(part: Matcher, total: Matcher, closed: tuple[str, ...] | None) -> str | None:
    """A value that *part* lets through and *total* does not; None if there is none, or nobody can know."""
    universe = set(closed or ())
    if closed is None:
        if part.match is not Match.ONE_OF:
            return None
        universe = set(part.values)
    return next(iter(sorted(part.of(universe) - total.of(universe))), None)


def _check_bound(sli: LatencyRatio, where: str) -> None:
    family = sli.family
    if not family.timed:
        raise ConfigurationError(f"{where} promises a latency of {family.name}, which measures none.")
    if family.bounds_seconds is not None and sli.threshold_seconds not in family.bounds_seconds:
        near = " and ".join(f"{bound:g}" for bound in family.neighbours(sli.threshold_seconds))
        raise ConfigurationError(
            f"{where} promises {sli.threshold_seconds:g} s, where {family.buckets} of {family.exporter} has no bound. "
            f"Its nearest are {near} s: promise one of them, or give the exporter that bucket and say so in "
            "bounds_seconds."
        )


def _check_groups(group_by: tuple[str, ...], families: list[Family] | None, where: str) -> None:
    """*families*: what is read; None: nobody knows their labels."""
    for label in group_by:
        for family in families or ():
            labels = [one for one in family.labels if one != COUNTER_NAME]
            if label not in labels:
                raise UnknownName.of(f"group label of {family.name} in {where}", label, labels)
        if label in names.UNSTABLE_LABELS or label in {names.SERVICE, names.SLICE}:
            raise ConfigurationError(
                f"{where} is grouped by {label!r}, which never tells two incidents apart. Leave it out."
            )


def _check_groups_are_mixed(group_by: tuple[str, ...], counted: Counted, where: str) -> None:
    if counted.part_has_own_counters:
        return
    deciding = [matcher.label for matcher in counted.part.selector if matcher not in counted.total.selector]
    if deciding and set(deciding) <= set(group_by):
        raise ConfigurationError(
            f"{where} is grouped by {deciding[0]!r}, which decides what is bad: each group would be all bad or all "
            "good. Leave it out."
        )


def check_shown(sli: Sli, shown: Shown, where: str) -> None:
    """Refuse labels of which each exists and that never meet, such as an integration and another one's channel.

    Raises:
        ConfigurationError: no label set of a family is let through; what there is instead is named.
    """
    if isinstance(sli, Raw | LastSuccess):
        return
    for term in (sli.counted.total, sli.counted.part):
        sets = shown.get(term.family.name)
        if sets is not None and term.family.exporter is None:
            _check_met(term.family, term.selector, sets, where)


def _check_met(family: Family, selector: Selector, sets: Collection[Mapping[str, str]], where: str) -> None:
    left = list(sets)
    for matcher in selector:
        met = [labels for labels in left if matcher.of((labels[matcher.label],))]
        if not met:
            there = sorted({labels[matcher.label] for labels in left})
            instead = f"there, {matcher.label} is {', '.join(there)}" if there else "it counts nothing yet"
            raise ConfigurationError(
                f"{where} speaks of {family.name} where {told(selector)}, and nobody counts that: {instead}. "
                "Define it, or leave the promise out."
            )
        left = met
