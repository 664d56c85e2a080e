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
BEFORE = Field(shape=Whole(least=1), says="Only what is older than this: what `next` said.")
PLACE = Field(shape=Words(most=200), says="Only what comes after this place: what `next` said.")
REASONED = Fields(name="Reasoned", fields={"version": VERSION, "reason": REASON})
CHANGES = Fields(name="ChangesQuery", fields={"before": PLACE, "limit": LIMIT})
