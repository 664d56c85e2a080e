"""The rows of a chronology: what each entry, change or run of the same says, oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from parapet.core.types import ActorClass
from parapet.incidents.changes import Near
from parapet.incidents.model import Change, Entry, EntryKind, Incident, Severity
from parapet.web import text
from parapet.web.views.changes import late
from parapet.web.views.entries import EntryText, entry_text
from parapet.web.words import CHANGE, ENTRY, SOURCE

ROLLED_UP_FROM = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ChronologyRow:
    """One row."""

    anchor: str
    link: str = ""
    """What its permalink reads; empty for rows that are no record."""
    at: str
    clock: str
    icon: str
    tone: str = ""
    strong: str = ""
    words: str
    quote: str = ""
    """Somebody's own words, shown as a quotation."""
    source: str = ""
    who: str = ""
    late: str = ""
    phase: str
    """firing, quiet or empty: the line beside it."""
    rolled: str = ""
    """What is folded behind a summary; the words are the summary then."""
    url: str | None = None
    fresh: bool = False
    """Written since the reader last looked."""
    start: int = 0
    """Of a row that stands for many entries: the number of the first of them."""


@dataclass(slots=True, kw_only=True)
class Draft:
    """What a row will say."""

    what: Entry | Near | None
    """None: the repeats."""
    number: int
    when: datetime
    phase: str
    fresh: bool = False
    last: Draft | None = None
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


def row_of(draft: Draft, incident: Incident) -> ChronologyRow:
    """The row of *draft*."""
    if draft.what is None:
        return _repeats_row(draft, incident)
    if isinstance(draft.what, Entry):
        row = _entry_row(draft.what, draft, incident)
    else:
        row = _change_row(draft.what, draft, incident)
    if draft.last is None:
        return row
    last = row_of(draft.last, incident)
    summary = f"{draft.length} times until {last.clock}: {row.strong or row.words}"
    behind = f"Entries {row.link} to {last.link}, from {row.clock} to {last.clock}."
    return replace(row, strong="", words=summary, rolled=behind)


def _entry_row(entry: Entry, draft: Draft, incident: Incident) -> ChronologyRow:
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
        fresh=draft.fresh,
    )


def _who(entry: Entry) -> str:
    name = text.capped(entry.actor.name, 60)
    if entry.actor.kind is ActorClass.EXTERNAL:
        return f"by {name.capitalize()}" if name else ""
    return f"{name}, note" if entry.kind is EntryKind.NOTED else name


def _change_words(change: Change) -> str:
    return text.capped(change.title, text.LONGEST_TITLE) or CHANGE[change.kind].text


def _change_row(near: Near, draft: Draft, incident: Incident) -> ChronologyRow:
    change = near.change
    word = CHANGE[change.kind]
    return ChronologyRow(
        anchor=f"c{draft.number}",
        link=f"change {draft.number}",
        at=text.machine(change.occurred_at),
        clock=text.clock(change.occurred_at, incident.started_at, seconds=True),
        icon=word.icon,
        words=draft.text.words,
        source=word.text,
        who="" if change.actor.kind is ActorClass.SYSTEM else text.capped(change.actor.name, 60),
        late=late(change.occurred_at, change.recorded_at, incident.started_at),
        phase=draft.phase,
        url=text.web_link(change.url),
    )


def rolled_up(drafts: Sequence[Draft]) -> tuple[Draft, ...]:
    """Runs of three or more that say the same become one."""
    rolled: list[Draft] = []
    run: list[Draft] = []

    def close() -> None:
        if len(run) < ROLLED_UP_FROM:
            rolled.extend(run)
        else:
            first = run[0]
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


def with_repeats(incident: Incident, drafts: Sequence[Draft]) -> tuple[Draft, ...]:
    """*drafts* with the repeats as one row, where the last of them was heard."""
    heard = incident.last_heard_at.replace(microsecond=0)
    place = next((n for n, draft in enumerate(drafts) if draft.when.replace(microsecond=0) > heard), len(drafts))
    phase = drafts[place - 1].phase if place else ""
    repeats = Draft(what=None, number=0, when=incident.last_heard_at, phase=phase)
    return (*drafts[:place], repeats, *drafts[place:])


def _repeats_row(draft: Draft, incident: Incident) -> ChronologyRow:
    heard = text.clock(draft.when, incident.started_at, seconds=True)
    number = text.several(incident.repeats, "repeat")
    return ChronologyRow(
        anchor="repeats",
        at=text.machine(draft.when),
        clock=heard,
        icon="bell",
        words=f"{number} until {heard}, nothing new in {'it' if incident.repeats == 1 else 'them'}",
        phase=draft.phase,
        rolled="Alertmanager sends an alert again while it fires. Repeats are counted, not kept one by one.",
    )
