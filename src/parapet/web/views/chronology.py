"""The chronology: entries and changes merged by when they happened, oldest first, repeats rolled up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from parapet.incidents.changes import Near
from parapet.incidents.gist import EVERYTHING, PHASES, Gist, Leaf, Selection
from parapet.incidents.model import Entry, EntryKind, Incident, IncidentState, Severity
from parapet.web import text
from parapet.web.views.chronology_rows import ChronologyRow, Draft, rolled_up, row_of, with_repeats

MINOR = frozenset(
    {
        EntryKind.FLAPPED,
        EntryKind.NOTIFIED,
        EntryKind.ALERT_CLEARED,
        EntryKind.MEASURED,
        EntryKind.ACTION_PREVIEWED,
    }
)
PEOPLE = frozenset(
    {
        EntryKind.DECLARED,
        EntryKind.ACKNOWLEDGED,
        EntryKind.HANDED_OVER,
        EntryKind.RELEASED,
        EntryKind.NOTED,
        EntryKind.ABSORBED,
        EntryKind.SPLIT,
    }
)
TOLD = frozenset({EntryKind.ESCALATED, EntryKind.ESCALATION, EntryKind.NOTIFIED, EntryKind.NOTIFICATION_FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One selection of rows."""

    label: str
    selection: Selection
    changes: bool = False
    alerts: bool = False
    """Whether what alerts said is among them: then repeats are, and it is known when it fired and when it was quiet."""


TABS: Mapping[str, Tab] = {
    "key": Tab(label="Key events", selection=Selection(kinds=EVERYTHING.kinds - MINOR), changes=True, alerts=True),
    "all": Tab(label="Everything", selection=EVERYTHING, changes=True, alerts=True),
    "people": Tab(label="People", selection=Selection(kinds=PEOPLE, operators=True)),
    "changes": Tab(label="Changes", selection=Selection(kinds=frozenset()), changes=True),
    "told": Tab(label="Told", selection=Selection(kinds=TOLD)),
}


def tab_name(asked: str) -> str:
    """The name of the tab that an address asks for."""
    return asked if asked in TABS else "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChronologyTab:
    """The way to one tab."""

    label: str
    name: str
    count: int
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Where a part of a long chronology lies, and the parts beside it."""

    first: int
    """Of the entries of the tab, counted from 1."""
    last: int
    total: int
    earlier: int | None
    """The entry with which the part before begins."""
    later: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chronology:
    """The rows of one tab."""

    day: str
    tone: str
    tab: str
    """The name of the tab."""
    tabs: tuple[ChronologyTab, ...]
    rows: tuple[ChronologyRow, ...]
    now: str
    """What the last row says; empty when the incident is over."""
    now_at: str
    now_clock: str
    around: Around | None
    """None: these are the beginning and the end, or all."""
    fresh: int
    """How many rows were written since the reader last looked."""
    first_fresh: str
    """The anchor of the first of them; empty when there is none."""


def chronology(
    incident: Incident,
    gist: Gist,
    leaf: Leaf,
    changes: Sequence[Near],
    *,
    tab: str,
    waiting: str,
    seen: int | None = None,
    now: datetime,
) -> Chronology:
    """The chronology of *incident* under *tab*, of whose entries *leaf* is to be shown; *waiting*: what happens next.

    *seen*: the last entry that the reader saw when they last looked; None: they never did.
    """
    tab = tab_name(tab)
    shown = _Shown(incident=incident, changes=changes if TABS[tab].changes else (), tab=TABS[tab], seen=seen)
    total = gist.count(TABS[tab].selection)
    rows = _rows(shown, leaf, total)
    over = incident.state is IncidentState.RESOLVED
    return Chronology(
        day=text.day(incident.started_at),
        tone="page" if incident.severity is Severity.PAGE else "ticket",
        tab=tab,
        tabs=tuple(
            ChronologyTab(label=one.label, name=name, count=_count(one, incident, gist, changes), current=name == tab)
            for name, one in TABS.items()
        ),
        rows=rows,
        now="" if over or leaf.later is not None else f"Now. {waiting}".strip(),
        now_at=text.machine(now),
        now_clock=text.clock(now, incident.started_at, seconds=True),
        around=_around(leaf, total),
        fresh=sum(row.fresh for row in rows),
        first_fresh=next((row.anchor for row in rows if row.fresh), ""),
    )


def _count(tab: Tab, incident: Incident, gist: Gist, changes: Sequence[Near]) -> int:
    repeats = tab.alerts and incident.repeats > 0
    return gist.count(tab.selection) + (len(changes) if tab.changes else 0) + repeats


def _around(leaf: Leaf, total: int) -> Around | None:
    if leaf.earlier is None and leaf.later is None:
        return None
    later = None if leaf.later is None else leaf.later.seq
    last = leaf.before + len(leaf.head)
    return Around(first=leaf.before + 1, last=last, total=max(total, last), earlier=leaf.earlier, later=later)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What stretches of entries are merged with."""

    incident: Incident
    changes: Sequence[Near]
    tab: Tab
    seen: int | None

    def between(self, since: datetime | None, until: datetime | None) -> list[tuple[int, Near]]:
        """The changes after *since* and up to *until*, each with its number; None: from the first, to the last."""
        return [
            (number, one)
            for number, one in enumerate(self.changes, 1)
            if (since is None or one.change.occurred_at > since) and (until is None or one.change.occurred_at <= until)
        ]

    def repeats(self, since: datetime | None, until: datetime | None) -> bool:
        """Whether the repeats stand there."""
        heard = self.incident.last_heard_at
        there = (since is None or heard >= since) and (until is None or heard < until)
        return there and self.tab.alerts and self.incident.repeats > 0

    def rows(
        self, entries: Sequence[Entry], phase: str, since: datetime | None, until: datetime | None
    ) -> tuple[ChronologyRow, ...]:
        """The rows of a stretch that begins in *phase*."""
        drafts = rolled_up(self._drafts(entries, phase if self.tab.alerts else "", self.between(since, until)))
        if self.repeats(since, until):
            drafts = with_repeats(self.incident, drafts)
        return tuple(row_of(draft, self.incident) for draft in drafts)

    def _drafts(self, entries: Sequence[Entry], phase: str, changes: Sequence[tuple[int, Near]]) -> list[Draft]:
        told: list[tuple[datetime, int, int, Entry | Near]] = []
        told += [(entry.occurred_at, 1, entry.seq, entry) for entry in entries]
        told += [(one.change.occurred_at, 0, number, one) for number, one in changes]
        told.sort(key=lambda each: each[:3])
        drafts: list[Draft] = []
        for when, _, number, what in told:
            fresh = False
            if isinstance(what, Entry):
                phase = PHASES.get(what.kind, phase) if self.tab.alerts else ""
                fresh = self.seen is not None and what.seq > self.seen
            drafts.append(Draft(what=what, number=number, when=when, phase=phase, fresh=fresh))
        return drafts


def _rows(shown: _Shown, leaf: Leaf, total: int) -> tuple[ChronologyRow, ...]:
    """The rows of *leaf*; between two ends, one that says how many are not shown."""
    if leaf.gap is None:
        since = leaf.head[0].occurred_at if leaf.before else None
        return shown.rows(leaf.head, leaf.phase, since, None if leaf.later is None else leaf.later.occurred_at)
    first, last = leaf.gap.first, leaf.gap.last
    hidden = total - len(leaf.head) - len(leaf.tail)
    hidden += len(shown.between(first.occurred_at, last.occurred_at))
    began, ended = (text.clock(one.occurred_at, shown.incident.started_at, seconds=True) for one in (first, last))
    gap = ChronologyRow(
        anchor="more",
        at=text.machine(first.occurred_at),
        clock=began,
        icon="few",
        words=f"{hidden:,} more until {ended}",
        phase=leaf.tail_phase if shown.tab.alerts else "",
        start=first.seq,
    )
    head = shown.rows(leaf.head, leaf.phase, None, first.occurred_at)
    return (*head, gap, *shown.rows(leaf.tail, leaf.tail_phase, last.occurred_at, None))
