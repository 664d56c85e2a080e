"""The words that every channel shares: a headline, what to know in the order in which people ask, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from parapet.incidents.payload import clean
from parapet.notify.message import Message

LONGEST_HEADLINE = 150
LONGEST_FACT = 700


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """How loud it is: a word, a sign for those who see no colour, and a colour for those who do."""

    word: str
    sign: str
    colour: str
    """Hexadecimal, readable on white."""
    card: str
    """The same as Adaptive Cards call it."""


ENDS = {
    "reported": "the alert ended, and stayed quiet",
    "signal_lost": "we stopped hearing of it: nobody knows",
    "unconfirmed": "Alertmanager has it no more: nothing reported an end",
    "operator": "a person said so",
    "superseded": "it is part of another incident",
}
"""Values of a resolution, for people."""

_PAGE = Tone(word="Page", sign="🔴", colour="#b42318", card="Attention")
_TICKET = Tone(word="Ticket", sign="🟠", colour="#93600a", card="Warning")
_WORKED_ON = Tone(word="Acknowledged", sign="🔵", colour="#175cd3", card="Accent")
_OVER = Tone(word="Resolved", sign="🟢", colour="#1d7a46", card="Good")


def tone_of(message: Message) -> Tone:
    """How loud *message* is now: over, worked on, else as bad as the incident."""
    if message.state == "resolved":
        return _OVER
    if message.state == "investigating":
        return _WORKED_ON
    return _PAGE if message.severity == "page" else _TICKET


def headline(message: Message) -> str:
    """One line that says what it is: for titles, subjects and lock screens."""
    about = "" if message.parts else f" ({message.ref})"
    return clean(" ".join(f"{tone_of(message).word}: {message.title}{about}".split()), LONGEST_HEADLINE)


def facts(message: Message) -> Sequence[tuple[str, str]]:
    """What to know, as (label, words): severity, journey, impact, budget, changes, owner. Only what is known."""
    if message.parts:
        return [("Told together", "\n".join(message.parts)), *_changed(message)]
    began = datetime.fromisoformat(message.started_at)
    about = message.journey or message.slice
    said = [
        ("Severity", _severity(message)),
        ("Journey" if message.journey else "Promise", f"{about} of {message.service}" if about else message.service),
        ("Impact", message.impact),
        ("Budget", message.budget),
        ("Changed near onset", "; ".join(message.changes) or "nothing is recorded"),
        ("Began", f"{began:%Y-%m-%d %H:%M:%S} UTC"),
        ("Who has it", message.owner or ("" if message.state == "resolved" else "nobody yet")),
        ("How it ended", ENDS.get(message.resolution or "", message.resolution or "")),
        ("Runbook", message.runbook or ""),
    ]
    return [(label, clean(" ".join(words.split()), LONGEST_FACT)) for label, words in said if words]


def summary(message: Message) -> str:
    """What the alert says of the harm, while that goes on."""
    return "" if message.state == "resolved" else message.summary


def _severity(message: Message) -> str:
    if message.state == "resolved":
        return f"it was a {message.severity}"
    return "page: users are harmed now" if message.severity == "page" else "ticket: slow, steady harm"


def _changed(message: Message) -> list[tuple[str, str]]:
    return [("Changed near onset", clean("; ".join(message.changes), LONGEST_FACT))] if message.changes else []


def next_step(message: Message) -> str:
    """What is safe to do next."""
    return clean(message.next_step, LONGEST_FACT)
