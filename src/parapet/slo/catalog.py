"""Every slice of one service, checked together: what is refused here cannot surprise anybody during an outage."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from parapet.core import names
from parapet.core.errors import ConfigurationError, UnknownName, UnreachableAlert
from parapet.slo.burn import BurnPolicy
from parapet.slo.checks import Shown, check_shown, check_sli
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.maintenance import Maintenance
from parapet.slo.slice import Slice

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
    diagnostics: tuple[Diagnostic, ...] = ()
    maintenances: tuple[Maintenance, ...] = ()
    rests_by_hand: bool = False
    """Whether people may let a promise rest while the service runs, so that rules hear of it."""
    """When events do not count."""
    burn: BurnPolicy = field(default_factory=BurnPolicy)
    known: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Label -> the values that the host registered, such as its journeys. A label that is missing is not checked."""
    shown: Shown = field(default_factory=dict)
    """Family -> the label sets that the host's definitions show from the start. One that is missing is not checked."""
    runbooks: Collection[str] = ()
    """Names that a slice's runbook may have. Addresses (http or https) are always allowed."""
    _policies: dict[str, BurnPolicy] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not _SERVICE.fullmatch(self.service):
            raise ConfigurationError(
                f"The service is named {self.service!r}; expected letters, digits, dots, dashes and underscores."
            )
        object.__setattr__(self, "slices", tuple(replace(one, service=self.service) for one in self.slices))
        object.__setattr__(self, "diagnostics", tuple(replace(one, service=self.service) for one in self.diagnostics))
        _check_names([one.name for one in self.judged])
        for one in self.slices:
            self._policies[one.name] = self._policy(one)
            self._check(one)
        for diagnostic in self.diagnostics:
            self._check_diagnostic(diagnostic)
        for judged in self.judged:
            check_shown(judged.sli, self.shown, f"{type(judged).__name__.lower()} {judged.name!r}")
        self._check_maintenances()

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

    def maintenances_of(self, one: Slice | Diagnostic) -> tuple[Maintenance, ...]:
        """Those during which the events of *one* do not count."""
        return tuple(each for each in self.maintenances if each.concerns(one.name))

    def may_rest(self, one: Slice | Diagnostic) -> bool:
        """Whether there are times at which the events of *one* do not count."""
        return self.rests_by_hand or bool(self.maintenances_of(one))

    def only(self, name: str) -> Catalog:
        """The catalog of one slice or diagnostic.

        Raises:
            UnknownName: there is none of that name.
        """
        known = [one.name for one in self.judged]
        if name not in known:
            raise UnknownName.of("slice", name, known)
        resting = (each for each in self.maintenances if each.concerns(name))
        return replace(
            self,
            slices=tuple(one for one in self.slices if one.name == name),
            diagnostics=tuple(one for one in self.diagnostics if one.name == name),
            maintenances=tuple(replace(each, slices=each.slices and (name,)) for each in resting),
        )

    @property
    def judged(self) -> tuple[Slice | Diagnostic, ...]:
        """Every slice and diagnostic."""
        return (*self.slices, *self.diagnostics)

    def window_of(self, one: Diagnostic) -> float:
        """The window of *one* in seconds, as much shorter as the policy is scaled down."""
        return one.window_seconds / self.burn.scale

    def usual_of(self, one: Diagnostic) -> float:
        """How long *one* looks back for what is usual, in seconds, as much shorter as the policy is scaled down."""
        return one.usual_seconds / self.burn.scale

    @property
    def group_labels(self) -> tuple[str, ...]:
        """Every label that some slice or diagnostic is grouped by, sorted."""
        return tuple(sorted({label for one in self.judged for label in one.group_by}))

    def _check(self, one: Slice) -> None:
        where = f"slice {one.name!r}"
        check_sli(one.sli, one.group_by, self.known, where)
        self._check_runbook(one, where)
        _check_alert_labels(one, where)
        _check_links(one, where)

    def _check_diagnostic(self, one: Diagnostic) -> None:
        where = f"diagnostic {one.name!r}"
        if self.window_of(one) < self.burn.base_window_seconds:
            raise ConfigurationError(
                f"{where} has a window of {self.window_of(one):g} s; expected at least the base window, "
                f"{self.burn.base_window_seconds:g} s."
            )
        check_sli(one.sli, one.group_by, self.known, where)
        if one.runbook is not None:
            self._check_runbook_exists(one.runbook, where)

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

    def _check_maintenances(self) -> None:
        names_of = [one.name for one in self.judged]
        for name, times in Counter(one.name for one in self.maintenances).items():
            if times > 1:
                raise ConfigurationError(f"Maintenance {name!r} is defined twice. Give one of them another name.")
        for maintenance in self.maintenances:
            for name in maintenance.slices:
                if name not in names_of:
                    raise UnknownName.of(f"slice in maintenance {maintenance.name!r}", name, names_of)

    def _check_runbook(self, one: Slice, where: str) -> None:
        if one.runbook is None:
            if one.pages:
                raise ConfigurationError(
                    f"{where} pages, and has no runbook. Name one (known: {', '.join(sorted(self.runbooks)) or 'none'})"
                    ", give an http(s) address, or let it raise tickets only."
                )
        else:
            self._check_runbook_exists(one.runbook, where)

    def _check_runbook_exists(self, runbook: str, where: str) -> None:
        if not is_address(runbook) and runbook not in self.runbooks:
            raise UnknownName.of(f"runbook in {where}", runbook, self.runbooks)


def _check_names(given: list[str]) -> None:
    for name, times in Counter(given).items():
        if not _SLICE.fullmatch(name):
            raise ConfigurationError(
                f"A slice is named {name!r}; expected lower case letters, digits, dashes and underscores, "
                "such as 'checkout-latency'."
            )
        if times > 1:
            raise ConfigurationError(f"Slice {name!r} is defined twice. Give one of them another name.")


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
