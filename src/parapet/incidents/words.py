"""What an incident is found by: the words of its title, notes, reasons and references, cut alike for every database."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from parapet.incidents.model import Entry, EntryKind, Incident, NewEntry

MAX_WORD_CHARACTERS = 64
MOST_WORDS = 20_000
"""Of one incident. Its first words stay, whatever is written later."""
MOST_WANTED = 8
"""Words of one search that are looked for."""
_WORD = re.compile(r"[^\W_]+")
_NAMING = frozenset({EntryKind.OPENED, EntryKind.DECLARED, EntryKind.REOPENED, EntryKind.SEVERITY_CHANGED})
_SAID = ("text", "reason", "title", "from", "to", "comment")


def words(*texts: str) -> list[str]:
    """The words of *texts*, each once, without case and accents: letters and digits, cut everywhere else."""
    found: dict[str, None] = {}
    for text in texts:
        found |= dict.fromkeys(word[:MAX_WORD_CHARACTERS] for word in _WORD.findall(_bare(text)))
    return list(found)


def _bare(text: str) -> str:
    if text.isascii():  # as nearly all of it is
        return text.lower()
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def words_of(incident: Incident, entries: Iterable[NewEntry | Entry]) -> list[str]:
    """What *entries* of *incident* add to what it is found by."""
    texts: list[str] = []
    for entry in entries:
        if entry.kind in _NAMING:
            texts += [incident.ref, incident.title, incident.service, incident.slice or ""]
            texts += incident.labels.values()
        texts += [value for name in _SAID if isinstance(value := entry.payload.get(name), str)]
        items = entry.payload.get("items")
        for one in items if isinstance(items, list) else ():
            texts += [value for value in one.values() if isinstance(value, str)] if isinstance(one, dict) else []
    return words(*texts)
