"""What is remembered of the same trouble: when it was there last, how often of late, and what people wrote then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from parapet.core.types import ActorClass, JsonObject
from parapet.incidents.chronology import RESOLUTION_CLAUSES
from parapet.incidents.durations import duration_words, instant_words
from parapet.incidents.model import Entry, EntryKind, Incident
from parapet.incidents.payload import clean

REMEMBERED = timedelta(days=90)
"""How far back the same trouble is counted."""
MOST_WORDS = 3
TELLING: Mapping[EntryKind, str] = {
    EntryKind.NOTED: "text",
    EntryKind.RESOLVED: "reason",
    EntryKind.REOPENED: "reason",
}
"""Where people say what helped."""
SPEAKERS = frozenset({ActorClass.OPERATOR, ActorClass.AI})
MAX_QUOTE_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a person wrote about an earlier incident. Their own words: escaped where shown."""

    by: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The earlier incidents of one key."""

    last: Incident | None = None
    """The newest one before this."""
    count: int = 0
    """How many began within REMEMBERED before this one did."""
    told: tuple[Told, ...] = ()
    """What people wrote about the last one, newest first: notes, and why they closed it."""


def recall(last: Incident | None, count: int, entries: Iterable[Entry]) -> Past:
    """The memory of *last*, in whose chronology people said *entries*, and of *count* incidents of late."""
    told: list[Told] = []
    for entry in entries:
        field = TELLING.get(entry.kind)
        words = entry.payload.get(field) if field is not None else None
        if isinstance(words, str) and words.strip() and entry.actor.kind in SPEAKERS:
            told.append(Told(by=entry.actor.name, words=clean(" ".join(words.split()), MAX_QUOTE_CHARACTERS)))
    return Past(last=last, count=count, told=tuple(reversed(told))[:MOST_WORDS])


def last_time(incident: Incident, past: Past) -> str | None:
    """When the same trouble was there before *incident*, how that ended, and how often it was there; None: never."""
    last = past.last
    if last is None:
        return None
    before = (incident.started_at - last.started_at).total_seconds()
    lasted = ((last.resolved_at or last.last_heard_at) - last.started_at).total_seconds()
    ended = RESOLUTION_CLAUSES[last.resolution] if last.resolution else "it is not resolved"
    times = "This is the first time" if past.count == 0 else f"It began {_times(past.count)}"
    return (
        f"{last.ref} was the same trouble, {_ago(before)} before this one ({instant_words(last.started_at)}): "
        f"it lasted {duration_words(lasted)}; {ended}. {times} in the {REMEMBERED.days} days before."
    )


def what_helped(past: Past) -> str | None:
    """What people wrote then, quoted; None: nothing, or there was no last time."""
    if not past.told:
        return None
    return "; ".join(f"“{one.words}” ({one.by})" for one in past.told) + "."


def past_object(past: Past) -> JsonObject:
    """The memory as JSON."""
    last = past.last
    return {
        "last": None
        if last is None
        else {
            "id": last.id,
            "ref": last.ref,
            "started_at": last.started_at.isoformat().replace("+00:00", "Z"),
            "resolved_at": last.resolved_at.isoformat().replace("+00:00", "Z") if last.resolved_at else None,
            "resolution": last.resolution.value if last.resolution else None,
        },
        "count": past.count,
        "count_days": REMEMBERED.days,
        "told": [{"by": one.by, "words": one.words} for one in past.told],
    }


def _ago(seconds: float) -> str:
    days = round(seconds / 86_400)
    return f"{days} days" if days > 1 else duration_words(seconds)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
