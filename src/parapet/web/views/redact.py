"""One entry whose words may be taken out: what it says, who said it, and what goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from parapet.incidents.model import Entry, EntryKind, Incident
from parapet.web import text
from parapet.web.views.entries import EntryText, entry_text
from parapet.web.words import SOURCE


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactView:
    """The page that takes words out."""

    id: int
    ref: str
    number: int
    """Of the entry."""
    said: EntryText
    at: str
    clock: str
    source: str
    who: str
    gone: bool
    """Whether there is nothing to take out."""
    refusal: str
    """Why the reader may not; empty when they may."""
    version: int
    seen: int


def redact_view(incident: Incident, entry: Entry, *, seen: int, refusal: str | None, now: datetime) -> RedactView:
    """The page about *entry* of *incident*."""
    return RedactView(
        id=int(incident.id or 0),
        ref=incident.ref,
        number=entry.seq,
        said=entry_text(entry.kind, entry.payload),
        at=text.machine(entry.recorded_at),
        clock=text.clock(entry.recorded_at, now, seconds=True),
        source=SOURCE[entry.actor.kind].text,
        who=text.capped(entry.actor.name, 60),
        gone=entry.kind is EntryKind.REDACTED or entry.payload.get("redacted") is True,
        refusal=refusal or "",
        version=incident.version,
        seen=seen,
    )
