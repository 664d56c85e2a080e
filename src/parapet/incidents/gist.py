"""A chronology by parts: which entries a tab selects, what is known of all of them unread, and one stretch of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from parapet.core.types import ActorClass, JsonObject
from parapet.incidents.measured import Measured, series_of
from parapet.incidents.model import Entry, EntryKind

PHASES: Mapping[EntryKind, str] = {
    **dict.fromkeys(
        (EntryKind.OPENED, EntryKind.ALERT_FIRED, EntryKind.REFIRED, EntryKind.REOPENED, EntryKind.FLAPPED), "firing"
    ),
    EntryKind.QUIET: "quiet",
    EntryKind.RESOLVED: "",
}
"""Entries behind which an incident is in another phase: firing, quiet, or neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Some entries of a chronology: those of *kinds*, and, with *operators*, all that operators did."""

    kinds: frozenset[EntryKind]
    operators: bool = False

    def holds(self, kind: EntryKind, by: ActorClass) -> bool:
        """Whether an entry is among them."""
        return kind in self.kinds or (self.operators and by is ActorClass.OPERATOR)


EVERYTHING = Selection(kinds=frozenset(EntryKind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gist:
    """What is known of a whole chronology without reading it through."""

    counts: Mapping[tuple[EntryKind, ActorClass], int] = field(default_factory=dict)
    """How many entries there are, by kind and by who wrote them."""
    series: tuple[Measured, ...] = ()
    """What was measured around it, in the order in which it was kept."""
    left_out: int = 0
    """How many alerts a sender left out of one delivery, at most."""
    closed_at: datetime | None = None
    """When it was last resolved, as its entry says."""
    opened_because: str = ""
    """What the person wrote who opened it by hand; empty: an alert opened it, or the words were taken out."""

    @property
    def last(self) -> int:
        """The number of the last entry: they have no gaps."""
        return sum(self.counts.values())

    def count(self, selection: Selection) -> int:
        """How many entries *selection* holds."""
        return sum(number for one, number in self.counts.items() if selection.holds(*one))


def gist_of(entries: Sequence[Entry]) -> Gist:
    """The gist of a chronology that was read whole."""
    return Gist(
        counts=Counter((one.kind, one.actor.kind) for one in entries),
        series=series_of(entries),
        left_out=most_left_out(one.payload for one in entries),
        closed_at=max((one.occurred_at for one in entries if one.kind is EntryKind.RESOLVED), default=None),
        opened_because=first_reason(one for one in entries if one.kind is EntryKind.DECLARED),
    )


def first_reason(entries: Iterable[Entry]) -> str:
    """The reason that the first of *entries* gives; empty: none, or there is no entry."""
    said = next((one.payload.get("reason") for one in entries), None)
    return said if isinstance(said, str) else ""


def most_left_out(payloads: Iterable[JsonObject]) -> int:
    """The most alerts that one of *payloads* says a sender left out."""
    said = (payload.get("truncated") for payload in payloads)
    return max((number for number in said if isinstance(number, int)), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Entries between the beginning and the end of a chronology, which are not shown."""

    first: Entry
    last: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A stretch of the entries that a selection holds, in the order in which they happened; or the two ends."""

    head: tuple[Entry, ...]
    gap: Gap | None = None
    """What lies between *head* and *tail*; None: nothing, and there is no tail."""
    tail: tuple[Entry, ...] = ()
    phase: str = ""
    """Of the incident where *head* begins: a value of PHASES."""
    tail_phase: str = ""
    """The same where *tail* begins."""
    before: int = 0
    """How many entries of the selection happened before *head*."""
    earlier: int | None = None
    """The entry with which the leaf before this one begins; None: this is the first."""
    later: Entry | None = None
    """With which the leaf after this one begins; None: this is the last."""


def leaf_of(entries: Sequence[Entry], selection: Selection, *, start: int | None, most: int) -> Leaf:
    """The leaf of a chronology that was read whole, in the order in which it happened: at most *most* entries.

    From the entry *start* on; without one, or without any behind it, all.
    """
    first = next((place for place, one in enumerate(entries) if one.seq == start), 0)
    held = [place for place, one in enumerate(entries) if selection.holds(one.kind, one.actor.kind)]
    shown = [place for place in held if place >= first] or held
    earlier = [place for place in held if place < shown[0]] if shown else []
    return Leaf(
        head=tuple(entries[place] for place in shown),
        phase=_phase(entries[: shown[0]]) if shown else "",
        before=len(earlier),
        earlier=entries[earlier[-most:][0]].seq if earlier else None,
    )


def _phase(entries: Sequence[Entry]) -> str:
    """In which phase an incident is behind *entries*."""
    return next((PHASES[one.kind] for one in reversed(entries) if one.kind in PHASES), "")
