"""What a change of definitions means for people: what is allowed, who is woken, how soon. Snapshots in, words out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from parapet.core.vocabulary import Severity
from parapet.slo.budget import percent
from parapet.slo.burn import DAY
from parapet.slo.durations import spoken
from parapet.slo.facts import Facts, Snapshot, Watched

T = TypeVar("T", Facts, Watched)

MONTH_SECONDS = 30 * DAY
MILLION = 1_000_000
TOLD_AT = (1.0, 0.1, 0.02)
"""Error ratios whose time until somebody is told is compared."""

BRIEF = frozenset(
    {"objective", "period", "allows a month", "raises", "page after errors of", "ticket above", "owner", "runbook"}
)
"""What is told of something that is new, or gone."""
LOWERED = "Never lower an objective to silence noise: if users are content with less, say so in this change."


class Kind(StrEnum):
    """What became of a slice."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"  # under another name the same events are counted
    CHANGED = "changed"


VERBS = {Kind.ADDED: "new", Kind.CHANGED: "changed", Kind.RENAMED: "renamed", Kind.REMOVED: "removed"}


class Effect(StrEnum):
    """What a change does to the people who are told."""

    MORE = "more"  # told sooner, or of less
    LESS = "less"  # told later, or not at all
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that is not as it was."""

    subject: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One slice that is not as it was."""

    slice: str
    title: str
    promised: bool
    """Whether it is a promise; else it is a diagnostic."""
    kind: Kind
    woken: Effect
    """Whether its pages come sooner or at fewer errors than before."""
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]
    owner: str
    """As it is now, or as it was, if it is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Everything that changed between two snapshots, in the order of the newer one, then what is gone."""

    service: str
    changes: tuple[Change, ...]
    unchanged: int
    """How many slices are as they were."""
    maintenance: tuple[str, ...]
    """What is different about when nothing of the service counts, in sentences."""

    @property
    def nothing(self) -> bool:
        """Whether all is as it was."""
        return not self.changes and not self.maintenance

    @property
    def warnings(self) -> tuple[tuple[str, str], ...]:
        """(slice, warning) for everything that somebody should have thought about."""
        return tuple((change.slice, warning) for change in self.changes for warning in change.warnings)


def compare(before: Snapshot, after: Snapshot) -> Difference:
    """What changed from *before* to *after*."""
    kept = set(before.slices) & set(after.slices) | set(before.diagnostics) & set(after.diagnostics)
    changes = (*_changes(before.slices, after.slices), *_changes(before.diagnostics, after.diagnostics))
    resting = (
        *(f"Nothing counts any more during {one}." for one in after.maintenance if one not in before.maintenance),
        *(f"What happens during {one} counts again." for one in before.maintenance if one not in after.maintenance),
    )
    return Difference(service=after.service, changes=changes, unchanged=len(kept), maintenance=resting)


def _changes(before: Sequence[T], after: Sequence[T]) -> list[Change]:
    old = {one.slice: one for one in before}
    new = {one.slice: one for one in after}
    gone = {name: one for name, one in old.items() if name not in new}
    changes: list[Change] = []
    for name, one in new.items():
        if name in old:
            if one != old[name]:
                changes.append(_change(Kind.CHANGED, old[name], one, one))
            continue
        former = next((other for other in gone.values() if _counts_the_same(other, one)), None)
        if former is not None:
            del gone[former.slice]
        changes.append(_change(Kind.RENAMED if former else Kind.ADDED, former, one, one))
    changes += [_change(Kind.REMOVED, one, None, one) for one in gone.values()]
    return changes


def _counts_the_same(one: Facts | Watched, other: Facts | Watched) -> bool:
    return (one.counts, one.bad) == (other.counts, other.bad)


def _change(kind: Kind, before: T | None, after: T | None, shown: T) -> Change:
    promise = isinstance(shown, Facts)
    return Change(
        slice=shown.slice,
        title=shown.title,
        promised=promise,
        kind=kind,
        woken=_woken(before, after),
        rows=tuple(_rows(before, after)),
        warnings=tuple(_warnings(kind, before, after)),
        owner=shown.owner,
    )


def _rows(before: Facts | Watched | None, after: Facts | Watched | None) -> Iterator[Row]:
    was, now = (dict(_said(one)) if one is not None else {} for one in (before, after))
    for subject in now or was:
        both = before is not None and after is not None
        if was.get(subject) != now.get(subject) and (both or subject in BRIEF):
            yield Row(subject=subject, before=was.get(subject, ""), after=now.get(subject, ""))
    if before and after and before.description != after.description and _counts_the_same(before, after):
        yield Row(subject="means", before=before.description, after=after.description)


def _said(one: Facts | Watched) -> Iterator[tuple[str, str]]:
    """Everything there is to say of it, by subject, in the order in which it is told."""
    yield "name", one.slice
    yield "title", one.title
    if isinstance(one, Facts):
        yield "objective", percent(one.objective)
        yield "period", spoken(one.period_seconds)
        yield "allows a month", _allowed(one)
    yield "counts", one.counts
    yield "bad", one.bad
    yield "judged by", ", ".join(one.group_by) or "all together"
    if isinstance(one, Facts):
        yield "raises", ", ".join(one.severities)
        for severity in Severity:
            yield f"{severity.value} if", _limit(one, severity)
        for severity in Severity:
            yield f"{severity.value} after errors of", _told(one, severity)
        yield "windows", ", ".join(f"{spoken(t.long_seconds)} and {spoken(t.short_seconds)}" for t in one.thresholds)
        yield "links", ", ".join(one.links) or "none"
        yield "routing", ", ".join(one.routing) or "none of its own"
        yield "does without", ", ".join(one.without_tiers) or "nothing"
    else:
        yield "ticket above", f"{percent(one.threshold_ratio)} over {spoken(one.window_seconds)}"
    yield "owner", one.owner or "nobody"
    yield "runbook", one.runbook or "none"
    yield "fault plane", one.fault_plane
    yield "maintenance", ", ".join(one.maintenance) or "none"


def _allowed(one: Facts) -> str:
    minutes = spoken(one.budget_ratio * MONTH_SECONDS)
    return f"{minutes} of total outage, {one.budget_ratio * MILLION:,.10g} bad in a million"


def _limit(one: Facts, severity: Severity) -> str:
    limits = [threshold.error_ratio for threshold in one.thresholds_of(severity)]
    return f"more than {percent(round(min(limits), 6))} fail" if limits else "never"


def _told(one: Facts, severity: Severity) -> str:
    told = ((ratio, one.told_seconds(severity, ratio)) for ratio in TOLD_AT)
    return ", ".join(f"{percent(r)}: {'never' if s is None else spoken(s)}" for r, s in told)


def _woken(before: Facts | Watched | None, after: Facts | Watched | None) -> Effect:
    was, now = _page_seconds(before), _page_seconds(after)
    if was == now:
        return Effect.NONE
    sooner = any(new < old for new, old in zip(now, was, strict=True))
    return Effect.MORE if sooner else Effect.LESS


def _page_seconds(one: Facts | Watched | None) -> list[float]:
    """Until a page, per error ratio; never is infinitely long."""
    never = float("inf")
    if not isinstance(one, Facts):
        return [never for _ in TOLD_AT]
    told = (one.told_seconds(Severity.PAGE, ratio) for ratio in TOLD_AT)
    return [never if seconds is None else seconds for seconds in told]


def _warnings(kind: Kind, before: Facts | Watched | None, after: Facts | Watched | None) -> Iterator[str]:
    if isinstance(before, Facts) and after is None:
        yield "The promise is gone: nobody is told any more when it breaks."
    if not isinstance(before, Facts) or not isinstance(after, Facts):
        return
    if after.objective < before.objective:
        yield f"The objective is lowered from {percent(before.objective)} to {percent(after.objective)}. {LOWERED}"
    if Severity.PAGE in before.severities and Severity.PAGE not in after.severities:
        yield "It does not page any more: nobody is woken, whatever happens."
    if kind is Kind.RENAMED:
        yield f"It was {before.slice}: under the new name its budget begins anew, and alerts that fire now are cut off."
    elif not _counts_the_same(before, after):
        yield "It counts something else than before: until the period has passed, its budget mixes the two."
    if before.runbook is not None and after.runbook is None:
        yield "It has no runbook any more."
    if before.owner and not after.owner:
        yield "It has no owner any more."


def in_sentences(difference: Difference) -> tuple[str, ...]:
    """The difference as a few sentences, the most important first; none if nothing changed."""
    said = [
        f"{_count(len(found), what)} {verb}: {', '.join(one.slice for one in found)}."
        for promised, what in ((True, "promise"), (False, "diagnostic"))
        for kind, verb in VERBS.items()
        if (found := [one for one in difference.changes if one.kind is kind and one.promised is promised])
    ]
    for effect, words in ((Effect.MORE, "sooner or more often"), (Effect.LESS, "later or less often")):
        concerned = [one for one in difference.changes if one.woken is effect]
        if concerned:
            names = ", ".join(sorted({one.owner or "somebody" for one in concerned}))
            said.append(f"Woken {words}: {names}, by {', '.join(one.slice for one in concerned)}.")
    return (*said, *difference.maintenance)


def _count(number: int, what: str) -> str:
    return f"1 {what} is" if number == 1 else f"{number} {what}s are"
