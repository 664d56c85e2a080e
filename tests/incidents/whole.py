"""Every fact of incidents, to be held against the same night heard in another order; and why some may differ.

A fact is every field of an incident and of an episode, what the chronologies say, and what people were told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from types import MappingProxyType
from typing import TypeAlias

from parapet.incidents.model import Announcement, Entry, Episode, Incident

Facts: TypeAlias = Mapping[str, object]
REFERENCE = re.compile(r"INC-(\d+)")

COPIED: Mapping[str, str] = MappingProxyType(
    {
        "incident.repeats": "it counts copies",
        "episode.repeats": "it counts copies",
        "incident.last_heard_at": "a copy is heard later",
        "episode.last_heard_at": "a copy is heard later",
        "episode.cleared_heard_at": "a copy is heard later",
        "episode.heard_in": "a copy has a number of its own",
    }
)
"""What may differ if reports come in order and more than once."""

REPLAYED: Mapping[str, str] = MappingProxyType(
    {
        "incident.repeats": "whether a report says anything new depends on what was known when it was taken in",
        "episode.repeats": "whether a report says anything new depends on what was known when it was taken in",
        "incident.refired_count": "what was over before we knew of it was not quiet, and fired again, to anybody",
        "incident.last_fired_at": "what was over before we knew of it was not quiet, and fired again, to anybody",
        "incident.noticed_over": "what is heard to end before it is heard to fire is over when we hear of it",
        "entries": "what is written down is what was learned by then, and is never written anew",
        "incident.version": "it counts what is written down",
        "told": "people are told what was learned, when it was learned",
    }
)
"""What may differ if what was received, each with its number and time, is taken in in another order."""

ARRIVED: Mapping[str, str] = MappingProxyType(
    {
        **REPLAYED,
        **{name: "it was heard then" for name in COPIED if name.startswith("episode")},
        "episode.first_heard_at": "it was heard then",
        "incident.title": "whoever is heard first gives the name",
    }
)
"""What may differ if reports are received in another order."""


def facts(
    incidents: Iterable[Incident],
    episodes: Iterable[Episode],
    entries: Iterable[Entry],
    told: Iterable[Announcement],
    *,
    plain: Callable[[str], str] = str,
) -> Facts:
    """Every fact, by its name; *plain* takes out of a text what tells this night from others."""
    there = sorted(incidents, key=lambda one: (plain(one.key), one.started_at, one.id or 0))
    place: dict[int | None, str] = {one.id: f"{number}" for number, one in enumerate(there, start=1)}

    def text(value: object) -> str:
        return REFERENCE.sub(lambda found: f"no. {_placed(place, int(found[1]))}", plain(repr(value)))

    def fact(one: Incident | Episode, name: str) -> str:
        value = getattr(one, name)
        return _placed(place, value) if name.endswith("_id") and value is not None else text(value)

    line = sorted(episodes, key=lambda one: (plain(repr(sorted(one.labels.items()))), one.started_at))
    found: dict[str, object] = {}
    for kind, those in (("incident", there), ("episode", line)):
        named: Sequence[Incident | Episode] = those
        for field in fields(Incident if kind == "incident" else Episode):
            if field.name not in ("id", "fingerprint"):
                found[f"{kind}.{field.name}"] = [fact(one, field.name) for one in named]
    said = ((one.incident_id, one.kind.value, f"{one.occurred_at}", one.actor, one.payload) for one in entries)
    found["entries"] = Counter((_placed(place, number), *map(text, rest)) for number, *rest in said)
    found["told"] = Counter(one.value for one in told)
    return found


def differing(one: Facts, other: Facts, may: Mapping[str, str]) -> dict[str, tuple[object, object]]:
    """The facts that differ, but for those that *may*."""
    return {name: (one[name], other[name]) for name in one if name not in may and one[name] != other[name]}


def _placed(place: Mapping[int | None, str], number: object) -> str:
    return place.get(number if isinstance(number, int) else None, "another")
