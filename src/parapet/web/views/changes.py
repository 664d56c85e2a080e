"""Changes to the system, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from parapet.core.types import ActorClass
from parapet.incidents.changes import Near, distance_words
from parapet.incidents.model import Change, ChangeKind
from parapet.web import text
from parapet.web.words import CHANGE, Word

LATE_SECONDS = 5.0
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
class ChangeDay:
    """The changes of one day, newest first."""

    day: str
    rows: tuple[ChangeRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesView:
    """The page of recent changes."""

    days: tuple[ChangeDay, ...]
    service: str
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


def changes_view(changes: Sequence[Change], *, service: str, now: datetime) -> ChangesView:
    """*changes* by day, newest first."""
    days: dict[str, list[ChangeRow]] = {}
    for change in sorted(changes, key=lambda each: (each.occurred_at, each.id), reverse=True):
        then = text.local(change.occurred_at, now)
        days.setdefault(text.day(then), []).append(change_row(change, now=then))
    return ChangesView(days=tuple(ChangeDay(day=day, rows=tuple(rows)) for day, rows in days.items()), service=service)


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
