"""Every slice of one service, checked together: what is refused here cannot surprise anybody during an outage."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from parapet.core import names, vocabulary
from parapet.core.errors import ConfigurationError, UnknownName, UnreachableAlert
from parapet.slo.burn import BurnPolicy
from parapet.slo.family import COUNTER_NAME, Family
from parapet.slo.slice import EventRatio, LatencyRatio, Match, Matcher, Selector, Slice

_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_SLICE = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """The slices of one service and how fast they may burn. Iterates over the slices, in the order given.

    Raises:
        UnknownName: a metric, label, value, group or runbook that nobody defined; the nearest match is named.
        UnreachableAlert: a slice may raise a severity that the burn policy never raises.
        ConfigurationError: a name is taken twice, is malformed, or a slice pages without a runbook.
    """

    service: str
    slices: tuple[Slice, ...] = ()
    burn: BurnPolicy = field(default_factory=BurnPolicy)
    known: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Label -> the values that the host registered, such as its journeys. A label that is missing is not checked."""
    runbooks: Collection[str] = ()
    """Names that a slice's runbook may have. Addresses (http or https) are always allowed."""
    _policies: dict[str, BurnPolicy] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not _SERVICE.fullmatch(self.service):
            raise ConfigurationError(
                f"The service is named {self.service!r}; expected letters, digits, dots, dashes and underscores."
            )
        object.__setattr__(self, "slices", tuple(replace(one, service=self.service) for one in self.slices))
        seen: set[str] = set()
        for one in self.slices:
            if one.name in seen:
                raise ConfigurationError(f"Slice {one.name!r} is defined twice. Give one of them another name.")
            seen.add(one.name)
            self._policies[one.name] = self._policy(one)
            self._check(one)

    def __iter__(self) -> Iterator[Slice]:
        return iter(self.slices)

    def __len__(self) -> int:
        return len(self.slices)

    def slice(self, name: str) -> Slice:
        """The slice *name*.

        Raises:
            UnknownName: there is none.
        """
        for one in self.slices:
            if one.name == name:
                return one
        raise UnknownName.of("slice", name, [one.name for one in self.slices])

    def policy_of(self, one: Slice) -> BurnPolicy:
        """How fast the budget of *one*, a slice of this catalog, may burn: its period, and the pairs it alerts by.

        The base window and the current window are those of `burn`, so one query can read every slice.
        """
        return self._policies[one.name]

    @property
    def group_labels(self) -> tuple[str, ...]:
        """Every label that some slice is grouped by, sorted."""
        return tuple(sorted({label for one in self.slices for label in one.group_by}))

    def bounds_needed(self) -> dict[str, set[float]]:
        """Metric family of ours -> the bucket bounds, in seconds, that its latency slices count at."""
        needed: dict[str, set[float]] = {}
        for one in self.slices:
            if isinstance(one.sli, LatencyRatio) and one.sli.source is None:
                needed.setdefault(one.sli.metric, set()).add(one.sli.threshold_seconds)
        return needed

    def _check(self, one: Slice) -> None:
        where = f"slice {one.name!r}"
        if not _SLICE.fullmatch(one.name):
            raise ConfigurationError(
                f"A slice is named {one.name!r}; expected lower case letters, digits, dashes and underscores, "
                "such as 'checkout-latency'."
            )
        if one.sli.source is None and one.sli.metric not in vocabulary.LABELS:
            raise UnknownName.of(f"metric in {where}", one.sli.metric, vocabulary.LABELS)
        self._check_sli(one, where)
        self._check_groups(one, where)
        self._check_runbook(one, where)
        _check_alert_labels(one, where)
        _check_links(one, where)

    def _policy(self, one: Slice) -> BurnPolicy:
        where = f"slice {one.name!r}"
        tiers = [pair.tier for pair in self.burn.pairs if pair.tier]
        for tier in one.without_tiers:
            if tier not in tiers:
                raise UnknownName.of(f"tier in {where}", tier, tiers)
        offered = {pair.severity for pair in self.burn.pairs if pair.tier not in one.without_tiers}
        for severity in one.severities:
            if severity not in offered:
                raise UnreachableAlert(
                    f"{where} may raise a {severity}, but the burn policy has no window pair for it, or the slice does "
                    f"without them all. Add one, or take {severity} out of its severities."
                )
        try:
            policy = self.burn if one.period_seconds is None else self.burn.over(one.period_seconds)
            return policy.only(one.severities, one.without_tiers)
        except ConfigurationError as error:
            raise type(error)(f"{where}: {error.message}") from None

    def _check_sli(self, one: Slice, where: str) -> None:
        family = one.sli.family
        if not family.counters:
            raise ConfigurationError(f"{where} counts the events of {family.name}, which is no counter or histogram.")
        if isinstance(one.sli, LatencyRatio):
            self._check_selector(family, one.sli.selector, where)
            _check_bound(one.sli, where)
            return
        self._check_selector(family, one.sli.total, where)
        self._check_selector(family, one.sli.bad, where)
        if not one.sli.bad:
            raise ConfigurationError(f"{where} has no matcher in bad, so every event would be bad. Say which are.")
        self._check_bad_is_counted(one.sli, where)

    def _check_selector(self, family: Family, selector: Selector, where: str) -> None:
        labels = family.labels
        for matcher in selector:
            if matcher.label not in labels:
                raise UnknownName.of(f"label of {family.name} in {where}", matcher.label, labels)
            registered = self.known.get(matcher.label) if family.exporter is None else None
            values = labels[matcher.label] or registered
            for value in matcher.values:
                if values is not None and not _occurs(value, matcher.match, values):
                    raise UnknownName.of(f"{matcher.label} in {where}", value, values)
        twice = [m.label for m in selector if sum(other.label == m.label for other in selector) > 1]
        if twice:
            raise ConfigurationError(f"{where} matches {twice[0]!r} twice in one selector. Put the values together.")

    def _check_bad_is_counted(self, sli: EventRatio, where: str) -> None:
        for bad in sli.bad:
            for total in sli.total:
                uncounted = _beyond(bad, total, sli.family.labels[bad.label])
                if total.label == bad.label and uncounted:
                    raise ConfigurationError(
                        f"{where} calls {bad.label}={uncounted!r} bad, but its total leaves that out: the ratio could "
                        "exceed 1. Count it in total too."
                    )

    def _check_groups(self, one: Slice, where: str) -> None:
        labels = [label for label in one.sli.family.labels if label != COUNTER_NAME]
        for label in one.group_by:
            if label not in labels:
                raise UnknownName.of(f"group label of {one.sli.metric} in {where}", label, labels)
            if label in names.UNSTABLE_LABELS or label in {names.SERVICE, names.SLICE}:
                raise ConfigurationError(
                    f"{where} is grouped by {label!r}, which never tells two incidents apart. Leave it out."
                )

    def _check_runbook(self, one: Slice, where: str) -> None:
        if one.runbook is None:
            if one.pages:
                raise ConfigurationError(
                    f"{where} pages, and has no runbook. Name one (known: {', '.join(sorted(self.runbooks)) or 'none'})"
                    ", give an http(s) address, or let it raise tickets only."
                )
        elif not is_address(one.runbook) and one.runbook not in self.runbooks:
            raise UnknownName.of(f"runbook in {where}", one.runbook, self.runbooks)


def _check_alert_labels(one: Slice, where: str) -> None:
    ours = {names.SERVICE, names.SLICE, names.SEVERITY, names.TIER, names.WINDOW, "alertname", "alertstate"}
    for severity, labels in one.alert_labels.items():
        if severity not in one.severities:
            raise ConfigurationError(f"{where} labels a {severity}, which it never raises. Leave the labels out.")
        for label, value in labels.items():
            if not _LABEL.fullmatch(label) or label.startswith("__"):
                raise ConfigurationError(
                    f"{where} has the alert label {label!r}; expected letters, digits and underscores, such as 'team'."
                )
            if label in ours or label in one.group_by:
                raise ConfigurationError(f"{where} has the alert label {label!r}, which is taken. Choose another name.")
            if not value:
                raise ConfigurationError(f"{where} has the alert label {label!r} without a value. Give it one.")


def _check_links(one: Slice, where: str) -> None:
    for title, address in one.links.items():
        if not title.strip() or not is_address(address):
            raise ConfigurationError(
                f"{where} has the link {title!r} to {address!r}; expected a title and an http(s) address."
            )


def is_address(text: str) -> bool:
    """Whether *text* is an http or https address rather than a name."""
    parts = urlsplit(text)
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def _occurs(value: str, match: Match, values: Collection[str]) -> bool:
    if match is Match.BEGINS_WITH:
        return any(one.startswith(value) for one in values)
    return value in values


def _check_bound(sli: LatencyRatio, where: str) -> None:
    family = sli.family
    if family.buckets is None:
        raise ConfigurationError(f"{where} promises a latency of {family.name}, which measures none.")
    if family.bounds_seconds is not None and sli.threshold_seconds not in family.bounds_seconds:
        near = " and ".join(f"{bound:g}" for bound in family.neighbours(sli.threshold_seconds))
        raise ConfigurationError(
            f"{where} promises {sli.threshold_seconds:g} s, where {family.buckets} of {family.exporter} has no bound. "
            f"Its nearest are {near} s: promise one of them, or give the exporter that bucket and say so in "
            "bounds_seconds."
        )


def _beyond(bad: Matcher, total: Matcher, closed: tuple[str, ...] | None) -> str | None:
    """A value that *bad* lets through and *total* does not; None if there is none, or nobody can know."""
    universe = set(closed or ())
    if closed is None:
        if bad.match is not Match.ONE_OF:
            return None
        universe = set(bad.values)
    return next(iter(sorted(bad.of(universe) - total.of(universe))), None)
