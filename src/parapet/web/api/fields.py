"""Fields that several operations take."""

from __future__ import annotations

from parapet.core.shapes import Choice, Field, Fields, Whole, Words
from parapet.core.vocabulary import Severity
from parapet.web.api import reading

LONGEST_REASON = 4_000
SEVERITIES = Choice(values=tuple(each.value for each in Severity))
SHELVES = ("waiting", "failing", "rejected", "dropped", "done")
SCOPES = ("open", "unowned", "mine", "resolved")

VERSION = Field(
    shape=Whole(),
    says="The version that was read: if the incident moved since, nothing is done (409, stale_version).",
    required=True,
)
REASON = Field(shape=Words(most=LONGEST_REASON), says="Why; the next person reads it.", required=True)
LIMIT = Field(shape=Whole(least=1, most=reading.MOST), says=f"How many at most; {reading.SHOWN} without it.")
OLDER = {
    "before": Field(shape=Whole(least=1), says="Only what is older than this: what `next` said."),
    "after": Field(shape=Whole(), says="Only what is newer than this, up to it: what `previous` said."),
}
"""Of lists by number, newest first."""
PLACES = {
    "before": Field(shape=Words(most=200), says="Only what comes after this place: what `next` said."),
    "after": Field(shape=Words(most=200), says="Only what comes ahead of this place, up to it: what `previous` said."),
}
"""Of lists in another order."""
LATER = {
    "after": Field(shape=Whole(), says="Only what is behind the one of this number: what `next` said."),
    "before": Field(shape=Whole(least=1), says="Only what is ahead of it, up to it: what `previous` said."),
}
"""Of lists by number, oldest first."""
REASONED = Fields(name="Reasoned", fields={"version": VERSION, "reason": REASON})
CHANGES = Fields(name="ChangesQuery", fields={**PLACES, "limit": LIMIT})
