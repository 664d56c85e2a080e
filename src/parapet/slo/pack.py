"""A pack: promises that many services make, with the guidance that belongs to them. Packs compose into bundles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from itertools import count
from typing import Any, TypedDict, TypeVar, Unpack, cast

from parapet.core.errors import ConfigurationError, UnknownName
from parapet.core.vocabulary import Severity
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.slice import Slice

J = TypeVar("J", Slice, Diagnostic)


class Changes(TypedDict, total=False):
    """What may be different about one slice or diagnostic of a pack: every field that a reader of alerts sees."""

    name: str
    title: str
    trouble: str
    objective: float
    period_seconds: float | None
    threshold_ratio: float
    window_seconds: float
    times_usual: float | None
    severities: tuple[Severity, ...]
    without_tiers: tuple[str, ...]
    alert_labels: Mapping[Severity, Mapping[str, str]]
    group_by: tuple[str, ...]
    owner: str
    runbook: str | None
    links: Mapping[str, str]
    journey: str | None
    fault_plane: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """The runbook that comes with a pack. It is attached to every slice that names it; what it says lives elsewhere."""

    name: str
    """The runbook's name, as the slices say it. A runbook of that name which the host registers takes its place."""
    playbook: str
    """Which guidance: the name of a playbook."""
    title: str
    """What it speaks about, such as `Receipts`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """Promises, and what belongs to them. Iterates over its slices.

    Raises:
        ConfigurationError: it promises nothing, or two of its slices have one name.
    """

    name: str
    """Who made it, such as `web_pack()`, for errors."""
    slices: tuple[Slice, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    """What it watches without promising anything."""
    guides: tuple[Guide, ...] = ()
    registers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Label -> values that exist because this pack says so, such as tasks that it watches: admitted under their
    ceilings, and known to the catalog."""

    def __post_init__(self) -> None:
        if not self.judged:
            raise ConfigurationError(f"{self.name} promises nothing: every promise is None. Leave the pack out.")
        refuse_clashes((self.name, one.name) for one in self.judged)

    def __iter__(self) -> Iterator[Slice]:
        return iter(self.slices)

    @property
    def judged(self) -> tuple[Slice | Diagnostic, ...]:
        """Its slices and diagnostics."""
        return (*self.slices, *self.diagnostics)

    def but(self, called: str, /, **changes: Unpack[Changes]) -> Pack:
        """The same pack with one slice or diagnostic changed: `jobs_pack().but("jobs-wait", objective=0.95)`.

        Raises:
            UnknownName: the pack has no such slice, or what is changed is not among what can be.
            ConfigurationError: the slice cannot be like that.
        """
        if all(one.name != called for one in self.judged):
            raise UnknownName.of(f"slice of {self.name}", called, [one.name for one in self.judged])

        def changed(one: J) -> J:
            if one.name != called:
                return one
            known = {field.name for field in fields(one)} & Changes.__annotations__.keys()
            for what in changes:
                if what not in known:
                    raise UnknownName.of(f"change of {type(one).__name__.lower()} {called!r}", what, known)
            return replace(one, **cast("dict[str, Any]", changes))

        return replace(
            self,
            slices=tuple(changed(one) for one in self.slices),
            diagnostics=tuple(changed(one) for one in self.diagnostics),
        )


def pack_of(one: Slice | Diagnostic) -> Pack:
    """A pack of one."""
    if isinstance(one, Slice):
        return Pack(name=f"slice {one.name!r}", slices=(one,))
    return Pack(name=f"diagnostic {one.name!r}", diagnostics=(one,))


def bundle(*packs: Pack) -> Pack:
    """Several packs as one, to hand around and to adopt in one line.

    Raises:
        ConfigurationError: no pack is given, or two of them have a slice of one name; the error says how to part them.
    """
    if not packs:
        raise ConfigurationError("A bundle of no packs promises nothing. Give at least one pack.")
    refuse_clashes((pack.name, one.name) for pack in packs for one in pack.judged)
    values: dict[str, dict[str, None]] = {}
    for pack in packs:
        for label, registered in pack.registers:
            values.setdefault(label, {}).update(dict.fromkeys(registered))
    return Pack(
        name=f"bundle({', '.join(pack.name for pack in packs)})",
        slices=tuple(one for pack in packs for one in pack),
        diagnostics=tuple(one for pack in packs for one in pack.diagnostics),
        guides=tuple(dict.fromkeys(guide for pack in packs for guide in pack.guides)),
        registers=tuple((label, tuple(registered)) for label, registered in values.items()),
    )


def refuse_clashes(named: Iterable[tuple[str, str]]) -> None:
    """Look through (who promises, name of the slice).

    Raises:
        ConfigurationError: a name is taken twice.
    """
    everything = tuple(named)
    names = {name for _, name in everything}
    taken: dict[str, str] = {}
    for who, name in everything:
        if name in taken:
            both = who if who == taken[name] else f"{taken[name]} and {who}"
            free = next(one for one in (f"{name}-{number}" for number in count(2)) if one not in names)
            raise ConfigurationError(
                f"Slice {name!r} is promised twice, by {both}. If it is one promise, leave it out of one of them by "
                f"giving None. If there are two, part them: did you mean .but({name!r}, name={free!r})?"
            )
        taken[name] = who
