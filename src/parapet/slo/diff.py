"""What a change of definitions means for people: what is allowed, who is woken, how soon. Snapshots in, words out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from parapet.core.vocabulary import Severity
from parapet.slo.budget import percent
from parapet.slo.burn import DAY
from parapet.slo.durations import spoken
from parapet.slo.facts import Facts, Snapshot

MONTH_SECONDS = 30 * DAY
MILLION = 1_000_000
TOLD_AT = (1.0, 0.1, 0.02)
"""Error ratios whose time until somebody is told is compared."""

LOWERED = "Never lower an objective to silence noise: if users are content with less, say so in this change."


class Kind(StrEnum):
    """What became of a slice."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"  # under another name the same events are counted
    CHANGED = "changed"


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
    kind: Kind
    woken: Effect
    """Whether its pages come sooner or at fewer errors than before."""
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]
    facts: Facts
    """As it is now; as it was, if it is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Everything that changed between two snapshots, in the order of the newer one, then what is gone."""

    service: str
    changes: tuple[Change, ...]
    unchanged: int
    """How many slices are as they were."""

    @property
    def warnings(self) -> tuple[tuple[str, str], ...]:
        """(slice, warning) for everything that somebody should have thought about."""
        return tuple((change.slice, warning) for change in self.changes for warning in change.warnings)


def compare(before: Snapshot, after: Snapshot) -> Difference:
    """What changed from *before* to *after*."""
    old = {one.slice: one for one in before.slices}
    new = {one.slice: one for one in after.slices}
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
    kept = sum(one == old.get(name) for name, one in new.items())
    return Difference(service=after.service, changes=tuple(changes), unchanged=kept)


def _counts_the_same(one: Facts, other: Facts) -> bool:
    return (one.counts, one.bad) == (other.counts, other.bad)


def _change(kind: Kind, before: Facts | None, after: Facts | None, shown: Facts) -> Change:
    return Change(
        slice=shown.slice,
        title=shown.title,
        kind=kind,
        woken=_woken(before, after),
        rows=tuple(_rows(before, after)),
        warnings=tuple(_warnings(kind, before, after)),
        facts=shown,
    )


Says = Callable[[Facts], str]


def _rows(before: Facts | None, after: Facts | None) -> Iterator[Row]:
    subjects: list[tuple[str, Says]] = [
        ("name", lambda one: one.slice),
        ("title", lambda one: one.title),
        ("objective", lambda one: percent(one.objective)),
        ("period", lambda one: spoken(one.period_seconds)),
        ("allows a month", _allowed),
        ("counts", lambda one: one.counts),
        ("bad", lambda one: one.bad),
        ("judged by", lambda one: ", ".join(one.group_by) or "all together"),
        ("raises", lambda one: ", ".join(one.severities)),
        *((f"{severity.value} if", _limits(severity)) for severity in Severity),
        *((f"{severity.value} after errors of", _told(severity)) for severity in Severity),
        ("windows", _windows),
        ("owner", lambda one: one.owner or "nobody"),
        ("routing", lambda one: ", ".join(one.routing)),
        ("runbook", lambda one: one.runbook or "none"),
        ("fault plane", lambda one: one.fault_plane),
    ]
    brief = {"objective", "period", "allows a month", "raises", "owner", "runbook", "page after errors of"}
    for subject, says in subjects:
        was, now = says(before) if before else "", says(after) if after else ""
        if was != now and ((before and after) or subject in brief):
            yield Row(subject=subject, before=was, after=now)
    if before and after and before.description != after.description and _counts_the_same(before, after):
        yield Row(subject="means", before=before.description, after=after.description)


def _allowed(one: Facts) -> str:
    minutes = spoken(one.budget_ratio * MONTH_SECONDS)
    return f"{minutes} of total outage, {one.budget_ratio * MILLION:,.10g} bad in a million"


def _limits(severity: Severity) -> Says:
    def says(one: Facts) -> str:
        limits = [threshold.error_ratio for threshold in one.thresholds if threshold.severity is severity]
        return f"more than {percent(round(min(limits), 6))} fail" if limits else "never"

    return says


def _told(severity: Severity) -> Says:
    def says(one: Facts) -> str:
        told = ((ratio, one.told_seconds(severity, ratio)) for ratio in TOLD_AT)
        return ", ".join(f"{percent(r)}: {'never' if s is None else spoken(s)}" for r, s in told)

    return says


def _windows(one: Facts) -> str:
    return ", ".join(f"{spoken(t.long_seconds)} and {spoken(t.short_seconds)}" for t in one.thresholds)


def _woken(before: Facts | None, after: Facts | None) -> Effect:
    was, now = _page_seconds(before), _page_seconds(after)
    if was == now:
        return Effect.NONE
    sooner = any(new < old for new, old in zip(now, was, strict=True))
    return Effect.MORE if sooner else Effect.LESS


def _page_seconds(one: Facts | None) -> list[float]:
    """Until a page, per error ratio; never is infinitely long."""
    never = float("inf")
    if one is None:
        return [never for _ in TOLD_AT]
    told = (one.told_seconds(Severity.PAGE, ratio) for ratio in TOLD_AT)
    return [never if seconds is None else seconds for seconds in told]


def _warnings(kind: Kind, before: Facts | None, after: Facts | None) -> Iterator[str]:
    if before is None or after is None:
        if before is not None:
            yield "The promise is gone: nobody is told any more when it breaks."
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
    by_kind = {kind: [one for one in difference.changes if one.kind is kind] for kind in Kind}
    said = [
        f"{_count(len(found))} {verb}: {', '.join(one.slice for one in found)}."
        for kind, verb in (
            (Kind.ADDED, "new"),
            (Kind.CHANGED, "changed"),
            (Kind.RENAMED, "renamed"),
            (Kind.REMOVED, "removed"),
        )
        if (found := by_kind[kind])
    ]
    for effect, words in ((Effect.MORE, "sooner or more often"), (Effect.LESS, "later or less often")):
        concerned = [one for one in difference.changes if one.woken is effect]
        if concerned:
            names = ", ".join(sorted({one.facts.owner or "somebody" for one in concerned}))
            said.append(f"Woken {words}: {names}, by {', '.join(one.slice for one in concerned)}.")
    return tuple(said)


def _count(number: int) -> str:
    return "1 promise is" if number == 1 else f"{number} promises are"
