"""The chronology: entries and changes merged by when they happened, oldest first, repeats rolled up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from parapet.core.types import ActorClass
from parapet.incidents.changes import Near
from parapet.incidents.model import Entry, EntryKind, Incident, IncidentState, Severity
from parapet.web import text
from parapet.web.views.changes import late
from parapet.web.views.entries import entry_text
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
    rows = _rolled_up(_phased(incident, entries, changes, seen))
    if incident.repeats:
        rows = _with_repeats(incident, rows)
    tab = tab if tab in TABS else "key"
    over = incident.state is IncidentState.RESOLVED
    mine = tuple(row for row in rows if tab in row.groups)
    pages = -(-len(mine) // PAGE_ROWS)
    page = page if 0 < page <= pages and pages > 1 else 0
    shown = mine[(page - 1) * PAGE_ROWS : page * PAGE_ROWS] if page else _both_ends(mine)
    return Chronology(
        day=text.day(incident.started_at),
        tone="page" if incident.severity is Severity.PAGE else "ticket",
        tab=tab,
        tabs=tuple(
            ChronologyTab(
                label=label,
                name=name,
                count=sum(name in row.groups for row in rows),
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


def _both_ends(rows: tuple[ChronologyRow, ...]) -> tuple[ChronologyRow, ...]:
    """*rows*; of many, the beginning, one row that says how many are not shown, and the end."""
    if len(rows) <= PAGE_ROWS:
        return rows
    tail = PAGE_ROWS - HEAD_ROWS
    hidden = rows[HEAD_ROWS:-tail]
    gap = replace(
        hidden[0],
        anchor="more",
        link="",
        icon="few",
        tone="",
        strong="",
        words=f"{len(hidden):,} more until {hidden[-1].clock}",
        quote="",
        source="",
        url=None,
        fresh=False,
        page=1,
    )
    return (*rows[:HEAD_ROWS], gap, *rows[-tail:])


def _phased(
    incident: Incident, entries: Sequence[Entry], changes: Sequence[Near], seen: int | None
) -> tuple[ChronologyRow, ...]:
    told: list[tuple[datetime, int, int, Entry | Near]] = []
    told += [(entry.occurred_at, 1, entry.seq, entry) for entry in entries]
    told += [(near.change.occurred_at, 0, number, near) for number, near in enumerate(changes, 1)]
    told.sort(key=lambda each: each[:3])
    rows: list[ChronologyRow] = []
    phase = ""
    loud = "page" if incident.severity is Severity.PAGE else "ticket"
    for _, _, number, what in told:
        if isinstance(what, Entry):
            phase = "firing" if what.kind in FIRING else {EntryKind.QUIET: "quiet"}.get(what.kind, phase)
            if what.kind is EntryKind.RESOLVED:
                phase = ""
            row = _entry_row(what, incident, phase, loud)
            rows.append(replace(row, fresh=seen is not None and what.seq > seen))
        else:
            rows.append(_change_row(what, number, incident, phase))
    return tuple(rows)


def _entry_row(entry: Entry, incident: Incident, phase: str, loud: str) -> ChronologyRow:
    word = ENTRY[entry.kind]
    said = entry_text(entry.kind, entry.payload)
    groups = {"all"}
    if entry.kind not in MINOR:
        groups.add("key")
    if entry.kind in PEOPLE or entry.actor.kind is ActorClass.OPERATOR:
        groups.add("people")
    if entry.kind in TOLD:
        groups.add("told")
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
        phase=phase,
        groups=frozenset(groups),
    )


def _who(entry: Entry) -> str:
    name = text.capped(entry.actor.name, 60)
    if entry.actor.kind is ActorClass.EXTERNAL:
        return f"reported by {name.capitalize()}" if name else ""
    return f"{name}, note" if entry.kind is EntryKind.NOTED else name


def _change_row(near: Near, number: int, incident: Incident, phase: str) -> ChronologyRow:
    change = near.change
    word = CHANGE[change.kind]
    return ChronologyRow(
        anchor=f"c{number}",
        link=f"change {number}",
        at=text.machine(change.occurred_at),
        clock=text.clock(change.occurred_at, incident.started_at, seconds=True),
        icon=word.icon,
        tone="",
        strong="",
        words=text.capped(change.title, text.LONGEST_TITLE) or word.text,
        quote="",
        source=word.text,
        who="" if change.actor.kind is ActorClass.SYSTEM else text.capped(change.actor.name, 60),
        late=late(change.occurred_at, change.recorded_at, incident.started_at),
        phase=phase,
        groups=frozenset({"all", "key", "changes"}),
        url=text.web_link(change.url),
    )


def _rolled_up(rows: Sequence[ChronologyRow]) -> tuple[ChronologyRow, ...]:
    """Runs of three or more rows that say the same become one."""
    rolled: list[ChronologyRow] = []
    run: list[ChronologyRow] = []

    def close() -> None:
        if len(run) < ROLLED_UP_FROM:
            rolled.extend(run)
        else:
            first, last = run[0], run[-1]
            summary = f"{len(run)} times until {last.clock}: {first.strong or first.words}"
            behind = f"Entries {first.link} to {last.link}, from {first.clock} to {last.clock}."
            groups = frozenset().union(*(row.groups for row in run))
            fresh = any(row.fresh for row in run)
            rolled.append(replace(first, strong="", words=summary, rolled=behind, groups=groups, fresh=fresh))
        run.clear()

    for row in rows:
        same = run and (row.strong, row.words, row.quote, row.source) == (
            run[-1].strong,
            run[-1].words,
            run[-1].quote,
            run[-1].source,
        )
        if not same or row.quote:
            close()
        run.append(row)
    close()
    return tuple(rolled)


def _with_repeats(incident: Incident, rows: Sequence[ChronologyRow]) -> tuple[ChronologyRow, ...]:
    """*rows* with the repeats as one row, where the last of them was heard."""
    at = text.machine(incident.last_heard_at)
    place = next((number for number, row in enumerate(rows) if row.at > at), len(rows))
    heard = text.clock(incident.last_heard_at, incident.started_at, seconds=True)
    number = text.several(incident.repeats, "repeat")
    repeats = ChronologyRow(
        anchor="repeats",
        link="",
        at=at,
        clock=heard,
        icon="bell",
        tone="",
        strong="",
        words=f"{number} until {heard}, nothing new in {'it' if incident.repeats == 1 else 'them'}",
        quote="",
        source="",
        who="",
        late="",
        phase=rows[place - 1].phase if place else "",
        groups=frozenset({"all", "key"}),
        rolled="Alertmanager sends an alert again while it fires. Repeats are counted, not kept one by one.",
    )
    return (*rows[:place], repeats, *rows[place:])
