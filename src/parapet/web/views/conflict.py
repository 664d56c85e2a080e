"""Somebody was faster: what they changed, and what the reader had typed, with the way to say it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from parapet.incidents.model import Entry, Incident, IncidentState
from parapet.web import text
from parapet.web.views.entries import EntryText, entry_text
from parapet.web.words import INCIDENT, SEVERITY, SOURCE, Word


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSeen:
    """One entry the reader had not seen."""

    at: str
    clock: str
    said: EntryText
    icon: str
    source: str
    who: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictView:
    """The whole page."""

    id: int
    ref: str
    title: str
    state: Word
    severity: Word
    why: str
    news: tuple[ChangeSeen, ...]
    verb: str
    """The last word of the form's address, such as acknowledge."""
    field: str
    """Name of the field with the reader's words."""
    label: str
    typed: str
    button: str
    version: int
    seen: int
    kept: tuple[tuple[str, str], ...]
    """What else was said, to be sent again with it."""
    possible_with: str
    """How to say it in another way, when it is not possible any more; empty when it is."""
    still_possible: bool


LONGEST_TITLE = 90
MORE = "More happened since than is shown here: read the incident again, then say it there. Your words are below."
VERBS = {
    "acknowledge": ("reason", "Why you take it", "Acknowledge now"),
    "note": ("text", "What you saw or did", "Save the note now"),
    "resolve": ("reason", "Why it is over", "Resolve now"),
    "reopen": ("reason", "Why it is not over", "Reopen now"),
    "hand-over": ("reason", "Why you hand it over", "Hand it over now"),
    "release": ("reason", "Why you give it up", "Give it up now"),
    "severity": ("reason", "Why it is that bad", "Change the severity now"),
    "merge": ("reason", "Why they are one trouble", "Merge now"),
    "split": ("reason", "Why they are another trouble", "Split off now"),
    "redact": ("reason", "Why the words must go, without repeating them", "Take the words out now"),
}
"""Verb -> the field of the reader's words, what it is called, and the button that says it again."""
OURS = frozenset({"token", "version", "seen"})
MOST_KEPT = 48
LONGEST_KEPT = 300


def conflict_view(
    incident: Incident,
    news: Sequence[Entry],
    *,
    more: bool = False,
    verb: str,
    typed: str,
    form: Mapping[str, str],
    seen: int,
    why: str,
    now: datetime,
) -> ConflictView:
    """What happened to *incident* after entry *seen*: *news*, and *more*, which nobody can answer for unread."""
    field, label, button = VERBS[verb]
    over = incident.state is IncidentState.RESOLVED
    fits = verb in {"note", "redact"} or over == (verb == "reopen")
    still = fits and not more
    return ConflictView(
        id=int(incident.id or 0),
        ref=incident.ref,
        title=text.capped(incident.title, LONGEST_TITLE) or "Untitled alert",
        state=INCIDENT[incident.state],
        severity=SEVERITY[incident.severity],
        why=why,
        news=tuple(
            ChangeSeen(
                at=text.machine(entry.recorded_at),
                clock=text.clock(entry.recorded_at, now, seconds=True),
                said=entry_text(entry.kind, entry.payload),
                icon=SOURCE[entry.actor.kind].icon,
                source=SOURCE[entry.actor.kind].text,
                who=text.capped(entry.actor.name, 60),
                link=f"e{entry.seq}",
            )
            for entry in news
        ),
        verb=verb,
        field=field,
        label=label,
        typed=typed,
        button=button,
        version=incident.version,
        seen=news[-1].seq if news else seen,
        kept=tuple((name, value[:LONGEST_KEPT]) for name, value in form.items() if name not in {*OURS, field})[
            :MOST_KEPT
        ],
        possible_with="" if still else MORE if fits else _another_way(verb, over=over),
        still_possible=still,
    )


def _another_way(verb: str, *, over: bool) -> str:
    word = verb.replace("-", " ")
    if over:
        return f"It is resolved; there is nothing to {word} any more."
    return f"It is open; there is nothing to {word}."
