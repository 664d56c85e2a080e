"""One alert over time: from report to report, when it fired and when it did not.

Knows one fingerprint at a time and no incident: which incident an episode belongs to is decided in `intake`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from parapet.incidents.model import Episode


class StepKind(StrEnum):
    """What one report did to the episodes of its alert."""

    OPENED = "opened"  # the first we hear of this alert
    RECURRENCE = "recurrence"  # it ended before, and fires again
    REPEAT = "repeat"  # still firing, nothing new
    MOVED_EARLIER = "moved_earlier"  # still firing, and began before we thought
    HIDDEN_FLAP = "hidden_flap"  # ended and fired again between two reports
    UNRESOLVED = "unresolved"  # its end was reported, and taken back later
    LATE_DUPLICATE = "late_duplicate"  # an old report, after the end is known
    ENDED = "ended"  # not reported any more
    END_MOVED = "end_moved"  # it had ended; now we know better when
    TOMBSTONE = "tombstone"  # its end, but we never heard it fire


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeStep:
    """What a report meant, and what is to be kept."""

    kind: StepKind
    episode: Episode
    """The episode the report is about, as it is now; its id is None when it is new."""
    closed: Episode | None = None
    """The episode before it, when the report says that one ended unseen."""
