"""The chronology: entries and changes merged by when they happened, oldest first, repeats rolled up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from parapet.core.types import ActorClass
from parapet.incidents.changes import Near
from parapet.incidents.model import Change, Entry, EntryKind, Incident, IncidentState, Severity
from parapet.web import text
from parapet.web.views.changes import late
from parapet.web.views.entries import EntryText, entry_text
from parapet.web.words import CHANGE, ENTRY, SOURCE

FIRING = frozenset({EntryKind.OPENED, EntryKind.ALERT_FIRED, EntryKind.REFIRED, EntryKind.REOPENED, EntryKind.FLAPPED})
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
MINOR = frozenset(
    {
        EntryKind.FLAPPED,
        EntryKind.NOTIFIED,
        EntryKind.ALERT_CLEARED,
        EntryKind.MEASURED,
        EntryKind.ACTION_PREVIEWED,
    }
)
CHANGED = frozenset({"all", "key", "changes"})
REPEATED = frozenset({"all", "key"})
ROLLED_UP_FROM = 3
PAGE_ROWS = 100
HEAD_ROWS = 10
"""Of a long chronology, how many of the first rows stand before the gap; the rest of a page is the end."""

TABS: Mapping[str, str] = {
    "key": "Key events",
    "all": "Everything",
    "people": "People",
    "changes": "Changes",
    "told": "Told",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChronologyRow:
    """One row. `groups` says under which tabs it stands."""

    anchor: str
    link: str
    """What its permalink reads; empty for rows that are no record."""
    at: str
    clock: str
    icon: str
    tone: str
    strong: str
    words: str
    quote: str
    """Somebody's own words, shown as a quotation."""
    source: str
    who: str
    late: str
    phase: str
    """firing, quiet or empty: the line beside it."""
    groups: frozenset[str]
    rolled: str = ""
    """What is folded behind a summary; the words are the summary then."""
    url: str | None = None
    fresh: bool = False
    """Written since the reader last looked."""
    page: int = 0
    """Of a row that stands for many: the page that shows the first of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChronologyTab:
    """One selection of rows."""

    label: str
    name: str
    count: int
    current: bool


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
    page: int
    """Which hundred rows these are, from 1; 0: the beginning and the end, or all."""
    pages: int
    fresh: int
    """How many rows were written since the reader last looked."""
    first_fresh: str
    """The anchor of the first of them; empty when there is none."""


def chronology(
    incident: Incident,
    entries: Sequence[Entry],
    changes: Sequence[Near],
    *,
    tab: str,
    waiting: str,
    seen: int | None = None,
    page: int = 0,
    now: datetime,
) -> Chronology:
    """The chronology of *incident* under *tab*; *waiting* is what happens next by itself.

    *seen*: the last entry that the reader saw when they last looked; None: they never did. *page*: the hundred rows to
    show, from 1; 0 shows the beginning and the end.
    """
    drafts = _rolled_up(_phased(incident, entries, changes, seen))
    if incident.repeats:
        drafts = _with_repeats(incident, drafts)
    tab = tab if tab in TABS else "key"
    over = incident.state is IncidentState.RESOLVED
    mine = [draft for draft in drafts if tab in draft.groups]
    pages = -(-len(mine) // PAGE_ROWS)
    page = page if 0 < page <= pages and pages > 1 else 0
    wanted = mine[(page - 1) * PAGE_ROWS : page * PAGE_ROWS] if page else mine
    shown = tuple(_row(draft, incident) for draft in wanted) if page else _both_ends(wanted, incident)
    return Chronology(
        day=text.day(incident.started_at),
        tone="page" if incident.severity is Severity.PAGE else "ticket",
        tab=tab,
        tabs=tuple(
            ChronologyTab(
                label=label,
                name=name,
                count=sum(name in draft.groups for draft in drafts),
                current=name == tab,
            )
            for name, label in TABS.items()
        ),
        rows=shown,
        now="" if over or page not in {0, pages} else f"Now. {waiting}".strip(),
        now_at=text.machine(now),
        now_clock=text.clock(now, incident.started_at, seconds=True),
        page=page,
        pages=pages,
        fresh=sum(row.fresh for row in shown),
        first_fresh=next((row.anchor for row in shown if row.fresh), ""),
    )


@dataclass(slots=True, kw_only=True)
class _Draft:
    """What a row will say. Of ten thousand, a page shows a hundred: the words of the others are never put together."""

    what: Entry | Near | None
    """None: the repeats."""
    number: int
    when: datetime
    phase: str
    groups: frozenset[str]
    fresh: bool = False
    last: _Draft | None = None
    """Of a run that is one row: its last one."""
    length: int = 1
    said: EntryText | None = None

    @property
    def kind(self) -> tuple[object, ...]:
        """What rows that say the same have in common, as far as it costs nothing to know."""
        if isinstance(self.what, Entry):
            return self.what.kind, self.what.actor.kind
        return (self.what.change.kind,) if self.what is not None else ()

    @property
    def text(self) -> EntryText:
        """Its words."""
        if self.said is None:
            if isinstance(self.what, Entry):
                self.said = entry_text(self.what.kind, self.what.payload)
            else:
                self.said = EntryText(words="" if self.what is None else _change_words(self.what.change))
        return self.said


def _row(draft: _Draft, incident: Incident) -> ChronologyRow:
    """The row of *draft*."""
    if draft.what is None:
        return _repeats_row(draft, incident)
    if isinstance(draft.what, Entry):
        row = _entry_row(draft.what, draft, incident)
    else:
        row = _change_row(draft.what, draft, incident)
    if draft.last is None:
        return row
    last = _row(draft.last, incident)
    summary = f"{draft.length} times until {last.clock}: {row.strong or row.words}"
    behind = f"Entries {row.link} to {last.link}, from {row.clock} to {last.clock}."
    return replace(row, strong="", words=summary, rolled=behind)


def _both_ends(drafts: Sequence[_Draft], incident: Incident) -> tuple[ChronologyRow, ...]:
    """The rows of *drafts*; of many, the beginning, one row that says how many are not shown, and the end."""
    if len(drafts) <= PAGE_ROWS:
        return tuple(_row(draft, incident) for draft in drafts)
    tail = PAGE_ROWS - HEAD_ROWS
    hidden = drafts[HEAD_ROWS:-tail]
    gap = replace(
        _row(hidden[0], incident),
        anchor="more",
        link="",
        icon="few",
        tone="",
        strong="",
        words=f"{len(hidden):,} more until {_row(hidden[-1], incident).clock}",
        quote="",
        source="",
        rolled="",
        url=None,
        fresh=False,
        page=1,
    )
    head, end = drafts[:HEAD_ROWS], drafts[-tail:]
    return (*(_row(one, incident) for one in head), gap, *(_row(one, incident) for one in end))


def _phased(
    incident: Incident, entries: Sequence[Entry], changes: Sequence[Near], seen: int | None
) -> tuple[_Draft, ...]:
    told: list[tuple[datetime, int, int, Entry | Near]] = []
    told += [(entry.occurred_at, 1, entry.seq, entry) for entry in entries]
    told += [(near.change.occurred_at, 0, number, near) for number, near in enumerate(changes, 1)]
    told.sort(key=lambda each: each[:3])
    drafts: list[_Draft] = []
    phase = ""
    for when, _, number, what in told:
        groups, fresh = CHANGED, False
        if isinstance(what, Entry):
            phase = "firing" if what.kind in FIRING else {EntryKind.QUIET: "quiet"}.get(what.kind, phase)
            if what.kind is EntryKind.RESOLVED:
                phase = ""
            groups = _groups(what.kind, operator=what.actor.kind is ActorClass.OPERATOR)
            fresh = seen is not None and what.seq > seen
        drafts.append(_Draft(what=what, number=number, when=when, phase=phase, groups=groups, fresh=fresh))
    return tuple(drafts)


@lru_cache(maxsize=256)
def _groups(kind: EntryKind, *, operator: bool) -> frozenset[str]:
    """The tabs under which an entry stands."""
    groups = {"all"}
    if kind not in MINOR:
        groups.add("key")
    if kind in PEOPLE or operator:
        groups.add("people")
    if kind in TOLD:
        groups.add("told")
    return frozenset(groups)


def _entry_row(entry: Entry, draft: _Draft, incident: Incident) -> ChronologyRow:
    word, said = ENTRY[entry.kind], draft.text
    loud = "page" if incident.severity is Severity.PAGE else "ticket"
    return ChronologyRow(
        anchor=f"e{entry.seq}",
        link=f"#{entry.seq}",
        at=text.machine(entry.occurred_at),
        clock=text.clock(entry.occurred_at, incident.started_at, seconds=True),
        icon=word.icon,
        tone=loud if word.tone == "page" else word.tone,
        strong=said.strong,
        words=said.words,
        quote=said.quote,
        source=SOURCE[entry.actor.kind].text,
        who=_who(entry),
        late=late(entry.occurred_at, entry.recorded_at, incident.started_at),
        phase=draft.phase,
        groups=draft.groups,
        fresh=draft.fresh,
    )


def _who(entry: Entry) -> str:
    name = text.capped(entry.actor.name, 60)
    if entry.actor.kind is ActorClass.EXTERNAL:
        return f"reported by {name.capitalize()}" if name else ""
    return f"{name}, note" if entry.kind is EntryKind.NOTED else name


def _change_words(change: Change) -> str:
    return text.capped(change.title, text.LONGEST_TITLE) or CHANGE[change.kind].text


def _change_row(near: Near, draft: _Draft, incident: Incident) -> ChronologyRow:
    change = near.change
    word = CHANGE[change.kind]
    return ChronologyRow(
        anchor=f"c{draft.number}",
        link=f"change {draft.number}",
        at=text.machine(change.occurred_at),
        clock=text.clock(change.occurred_at, incident.started_at, seconds=True),
        icon=word.icon,
        tone="",
        strong="",
        words=draft.text.words,
        quote="",
        source=word.text,
        who="" if change.actor.kind is ActorClass.SYSTEM else text.capped(change.actor.name, 60),
        late=late(change.occurred_at, change.recorded_at, incident.started_at),
        phase=draft.phase,
        groups=draft.groups,
        url=text.web_link(change.url),
    )


def _rolled_up(drafts: Sequence[_Draft]) -> tuple[_Draft, ...]:
    """Runs of three or more that say the same become one."""
    rolled: list[_Draft] = []
    run: list[_Draft] = []

    def close() -> None:
        if len(run) < ROLLED_UP_FROM:
            rolled.extend(run)
        else:
            first = run[0]
            first.groups = frozenset().union(*(draft.groups for draft in run))
            first.fresh = any(draft.fresh for draft in run)
            first.last, first.length = run[-1], len(run)
            rolled.append(first)
        run.clear()

    for draft in drafts:
        same = run and draft.kind == run[-1].kind and draft.text == run[-1].text
        if not same or draft.text.quote:  # a person's own words are never folded
            close()
        run.append(draft)
    close()
    return tuple(rolled)


def _with_repeats(incident: Incident, drafts: Sequence[_Draft]) -> tuple[_Draft, ...]:
    """*drafts* with the repeats as one row, where the last of them was heard."""
    heard = incident.last_heard_at.replace(microsecond=0)
    place = next((n for n, draft in enumerate(drafts) if draft.when.replace(microsecond=0) > heard), len(drafts))
    phase = drafts[place - 1].phase if place else ""
    repeats = _Draft(what=None, number=0, when=incident.last_heard_at, phase=phase, groups=REPEATED)
    return (*drafts[:place], repeats, *drafts[place:])


def _repeats_row(draft: _Draft, incident: Incident) -> ChronologyRow:
    heard = text.clock(draft.when, incident.started_at, seconds=True)
    number = text.several(incident.repeats, "repeat")
    return ChronologyRow(
        anchor="repeats",
        link="",
        at=text.machine(draft.when),
        clock=heard,
        icon="bell",
        tone="",
        strong="",
        words=f"{number} until {heard}, nothing new in {'it' if incident.repeats == 1 else 'them'}",
        quote="",
        source="",
        who="",
        late="",
        phase=draft.phase,
        groups=draft.groups,
        rolled="Alertmanager sends an alert again while it fires. Repeats are counted, not kept one by one.",
    )
