"""The words that every channel shares: a headline, what to know in the order in which people ask, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from parapet.incidents.chronology import RESOLUTION_CLAUSES
from parapet.incidents.durations import duration_words, instant_words
from parapet.notify.message import Message, shortened

LONGEST_HEADLINE = 140
"""Slack takes 150 characters with the sign in front of it."""
LONGEST_FACT = 700
LONGEST_LABEL = 30
WANTS = {"outcome_unknown": "Outcome unknown", "approval_wanted": "Approval wanted", "breaker_tripped": "Step is off"}
"""By announcement: what needs somebody, whoever has the incident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """How loud it is: a word, a sign for those who see no colour, and a colour for those who do."""

    word: str
    sign: str
    colour: str
    """Hexadecimal, readable on white."""
    card: str
    """The same as Adaptive Cards call it."""


_PAGE = Tone(word="Page", sign="🔴", colour="#b42318", card="Attention")
_TICKET = Tone(word="Ticket", sign="🟠", colour="#93600a", card="Warning")
_WORKED_ON = Tone(word="Acknowledged", sign="🔵", colour="#175cd3", card="Accent")
_OVER = Tone(word="Resolved", sign="🟢", colour="#1d7a46", card="Good")


def tone_of(message: Message) -> Tone:
    """How loud *message* is now: over, worked on, else as bad as the incident; in a word of its own if it wants
    something else."""
    tone = _standing(message)
    wants = None if message.parts else WANTS.get(message.announcement)
    return tone if wants is None else replace(tone if tone is _PAGE else _TICKET, word=wants)


def _standing(message: Message) -> Tone:
    if message.state == "resolved":
        return _OVER
    if message.state == "investigating":
        return _WORKED_ON
    return _PAGE if message.severity == "page" else _TICKET


def headline(message: Message) -> str:
    """One line that says what it is: for titles, subjects and lock screens."""
    return titled(f"{tone_of(message).word}: ", message)


def titled(before: str, message: Message) -> str:
    """*before*, the title and which incident it is, in one line: what is too long of the title is left out."""
    about = "" if message.parts else f" ({message.ref})"
    room = LONGEST_HEADLINE - len(before) - len(about)
    return f"{before}{shortened(' '.join(message.title.split()), room)}{about}"


def first_facts(message: Message, characters: int = LONGEST_FACT) -> Sequence[tuple[str, str]]:
    """What somebody who was asleep a minute ago needs at once: impact, since when, what is safe to do next."""
    began, told = datetime.fromisoformat(message.started_at), datetime.fromisoformat(message.announced_at)
    over = message.state == "resolved"
    ago = f", {duration_words((told - began).total_seconds())} before this message"
    said = [("Next safe step", message.next_step)]
    if not message.parts:
        harm = ("Impact while it fired" if over else "Impact", message.impact)
        said = [harm, ("Began" if over else "Since", f"{instant_words(began)}{ago}"), *said]
    return _known(said, characters)


def facts(message: Message, characters: int = LONGEST_FACT) -> Sequence[tuple[str, str]]:
    """What else to know, as (label, words). Only what is known."""
    if message.parts:
        changed = _known([("Changed near onset", "; ".join(message.changes))], characters)
        return [("Told together", "\n".join(message.parts)), *changed]
    about = message.journey or message.slice
    said = [
        ("How it ended", RESOLUTION_CLAUSES.get(message.resolution or "", message.resolution or "")),
        ("Changed near onset", "; ".join(message.changes) or "nothing is recorded"),
        ("Who has it", message.owner or ("" if message.state == "resolved" else "nobody yet")),
        ("Severity", _severity(message)),
        ("Journey" if message.journey else "Promise", f"{about} of {message.service}" if about else message.service),
        _budget(message),
        ("Runbook", message.runbook or ""),
    ]
    return _known(said, characters)


def summary(message: Message) -> str:
    """What the alert says of the harm, while that goes on: one line, so that it cannot pass for one of ours."""
    return "" if message.state == "resolved" else " ".join(message.summary.split())


def _severity(message: Message) -> str:
    if message.state == "resolved":
        return f"it was a {message.severity}"
    return "page: users are harmed now" if message.severity == "page" else "ticket: slow, steady harm"


def _budget(message: Message) -> tuple[str, str]:
    """The alert says "Budget of 30 days: 93% left": what stands before the colon is the label."""
    label, colon, words = message.budget.partition(": ")
    if not (colon and label.startswith("Budget") and len(label) <= LONGEST_LABEL):
        label, words = "Budget", message.budget
    return f"{label} when it fired" if message.state == "resolved" else label, words


def _known(said: Sequence[tuple[str, str]], characters: int) -> list[tuple[str, str]]:
    return [(label, shortened(" ".join(words.split()), characters)) for label, words in said if words.strip()]
