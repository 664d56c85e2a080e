"""What went wrong near onset, by exact object: identifiers to copy, and how each event ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from parapet.core import names, vocabulary
from parapet.incidents.sightings import NARROWING, Objects, Sighted
from parapet.web import text

LONGEST_NAME = 40
LONGEST_IDENTIFIER = 200
MOST_REFS = 6
MOST_AT_ONCE = 6
"""How many are seen without unfolding more."""
PLAIN = frozenset({"none", vocabulary.OTHER})
"""Values that say nothing more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRow:
    """One event, and the objects it concerned."""

    at: str
    """For the datetime attribute."""
    clock: str
    refs: tuple[tuple[str, str], ...]
    """What it identifies, and the identifier."""
    how: str
    """How it ended: 'Bounced: content'."""
    where: str
    """Which signal, and where in it: 'provider feedback, postmark, email'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectsView:
    """Two lists, each in the order in which things happened."""

    closest: tuple[ObjectRow, ...]
    """Seen at once; none: there is nothing to show."""
    others: tuple[ObjectRow, ...]
    """Unfolded on request."""
    sub: str


def objects_view(objects: Objects | None, onset: datetime, *, now: datetime) -> ObjectsView:
    """What went wrong closest to *onset*, and the rest."""
    if objects is None:
        return ObjectsView(closest=(), others=(), sub="")
    near = sorted(objects.shown, key=lambda one: abs(one.seen_at - onset))[:MOST_AT_ONCE]
    return ObjectsView(
        closest=tuple(_row(one, now) for one in objects.shown if one in near),
        others=tuple(_row(one, now) for one in objects.shown if one not in near),
        sub=objects_sub(objects),
    )


def objects_sub(objects: Objects) -> str:
    """How many of how many are shown."""
    shown = len(objects.shown)
    of = f"{objects.total:,} or more" if objects.more else f"{objects.total:,}"
    if shown == objects.total and not objects.more:
        return f"{text.several(shown, 'event')} that went wrong near onset; a click selects an identifier"
    return f"{shown} of {of} events that went wrong, the closest to onset; a click selects an identifier"


def _row(one: Sighted, now: datetime) -> ObjectRow:
    refs = [(text.capped(name, LONGEST_NAME), text.capped(it, LONGEST_IDENTIFIER)) for name, it in one.refs.items()]
    why = [one.fields.get(label, "") for label in (names.FAILURE_CLASS, names.REASON, names.DELAY_BUCKET)]
    told = [text.capped(_words(word), LONGEST_NAME) for word in why if word and word not in PLAIN]
    ended = text.capped(_words(one.fields.get(names.OUTCOME, "")), LONGEST_NAME) or "Went wrong"
    places = [one.fields[label] for label in NARROWING[2:] if one.fields.get(label) not in {None, *PLAIN}]
    return ObjectRow(
        at=text.machine(one.seen_at),
        clock=text.clock(one.seen_at, now, seconds=True),
        refs=tuple(refs[:MOST_REFS]),
        how=f"{ended[:1].upper()}{ended[1:]}" + (f": {', '.join(told)}" if told else ""),
        where=", ".join([_words(one.signal.partition(".")[2] or one.signal), *(text.capped(it, 60) for it in places)]),
    )


def _words(value: str) -> str:
    return value.replace("_", " ")
