"""Changes to the system, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from parapet.core.types import ActorClass
from parapet.incidents.changes import Near, Told, distance_words
from parapet.incidents.model import Change, ChangeKind
from parapet.web import text
from parapet.web.read_records import ChangePage
from parapet.web.views.pager import Asked, Pager, pager
from parapet.web.words import CHANGE, Word

LATE_SECONDS = 5.0
MOST_NEAR = 3
"""Incidents that one row names."""
NAMED = frozenset({ChangeKind.DEPLOY, ChangeKind.ROLLBACK})
"""Their titles are their kind and a name; rows say the kind already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """One change."""

    word: Word
    title: str
    by: str
    link: str | None
    at: str
    """For the datetime attribute."""
    clock: str
    late: str
    """Empty, or when it was recorded, if that was more than 5 s after it happened."""
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NearIncident:
    """An incident that a change lies near."""

    words: str
    """How far its onset is, such as “4 min before”."""
    ref: str
    address: str
    """Below the mount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldRow:
    """One change, and the incidents near it."""

    change: ChangeRow
    near: tuple[NearIncident, ...]
    """Those it is nearest to."""
    more: str
    """How many there are beside those; empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDay:
    """The changes of one day, newest first."""

    day: str
    rows: tuple[ToldRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """The form that marks a change, with what was typed."""

    refusal: str = ""
    """Why the reader may not; empty when they may."""
    why: str = ""
    """Why it was not taken; empty at first."""
    kind: str = ""
    words: str = ""
    version: str = ""
    at: str = ""
    kinds: tuple[tuple[str, str], ...] = tuple(
        (kind.value, CHANGE[kind].text) for kind in ChangeKind if kind is not ChangeKind.MAINTENANCE
    )
    """Value and name of what can be marked; maintenance has a page of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesView:
    """A page of changes."""

    days: tuple[ChangeDay, ...]
    marking: Marking
    pager: Pager
    since: str = ""
    """Since when an empty list is empty."""


def change_row(change: Change, *, now: datetime) -> ChangeRow:
    """*change* as a row; its text is somebody's and capped."""
    by = text.capped(change.actor.name, 60)
    word = CHANGE[change.kind]
    return ChangeRow(
        word=word,
        title=beside_kind(change.kind, change.title),
        by="" if change.actor.kind is ActorClass.SYSTEM else by,
        link=text.web_link(change.url),
        at=text.machine(change.occurred_at),
        clock=text.clock(change.occurred_at, now),
        late=late(change.occurred_at, change.recorded_at, now),
        version=text.capped(change.version or "", 60),
    )


def beside_kind(kind: ChangeKind, title: str) -> str:
    """*title* where its kind stands beside it: 1.8.2, not Deploy 1.8.2."""
    word, said = CHANGE[kind].text, text.capped(title, text.LONGEST_TITLE)
    return (said.removeprefix(f"{word} ") if kind in NAMED else said) or word


def changes_view(page: ChangePage, *, asked: Asked, marking: Marking, now: datetime) -> ChangesView:
    """The changes of *page*, newest first, by day."""
    days: dict[str, list[ToldRow]] = {}
    for told in page.changes:
        then = text.local(told.change.occurred_at, now)
        days.setdefault(text.day(then), []).append(_told_row(told, then))
    return ChangesView(
        days=tuple(ChangeDay(day=day, rows=tuple(rows)) for day, rows in days.items()),
        marking=marking,
        pager=pager(page, asked, "changes", {}),
    )


def _told_row(told: Told, then: datetime) -> ToldRow:
    nearest = sorted(told.near, key=lambda each: abs(each[1]))
    more = len(nearest) - MOST_NEAR
    return ToldRow(
        change=change_row(told.change, now=then),
        near=tuple(
            NearIncident(words=distance_words(seconds), ref=incident.ref, address=f"incidents/{incident.id}")
            for incident, seconds in nearest[:MOST_NEAR]
        ),
        more=f"{more} more" if more > 0 else "",
    )


def late(occurred_at: datetime, recorded_at: datetime, now: datetime) -> str:
    """When it was recorded, if that was noticeably after it happened; else empty."""
    seconds = (recorded_at - occurred_at).total_seconds()
    if seconds <= LATE_SECONDS:
        return ""
    return f"recorded {text.clock(recorded_at, now, seconds=True)}, {text.span(seconds)} later"


@dataclass(frozen=True, slots=True, kw_only=True)
class NearRow:
    """A change near the incident, under the number that the drawing uses."""

    number: int
    when: str
    change: ChangeRow


def near_rows(changes: Sequence[Near], *, now: datetime) -> tuple[NearRow, ...]:
    """The changes near an incident, numbered as in the drawing."""
    rows = []
    for number, near in enumerate(changes, 1):
        again = near.seconds_from_last_firing
        nearer = again is not None and abs(again) < abs(near.seconds_from_onset)
        when = f"{distance_words(again or 0.0)} re-fire" if nearer else distance_words(near.seconds_from_onset)
        rows.append(NearRow(number=number, when=when, change=change_row(near.change, now=now)))
    return tuple(rows)
