"""What the alerts of one delivery say, and how an entry quotes them. Quotes are hostile text: capped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from parapet.core import names
from parapet.core.types import IncidentId, Json, JsonObject
from parapet.incidents.correlation import Correlation
from parapet.incidents.episodes import StepKind
from parapet.incidents.model import Episode, Severity
from parapet.incidents.payload import clean

MAX_ALERTS_IN_AN_ENTRY = 10
MAX_TITLE_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One alert's part in a delivery."""

    kind: StepKind
    episode: Episode
    """As it is after the whole delivery."""
    beside: tuple[Episode, ...] = ()
    """Other episodes of the alert that it speaks of, such as one before it that ended unseen; oldest first."""
    belated: bool = False
    """It fired and ended before we first heard it fire."""

    @property
    def about(self) -> tuple[Episode, ...]:
        """The episodes it speaks of."""
        return (self.episode, *self.beside)

    @property
    def began_at(self) -> datetime:
        """When the first firing it speaks of began."""
        return min(one.started_at for one in self.about)

    @property
    def fired(self) -> bool:
        """It speaks of a firing that nobody knew of."""
        return self.belated or self.kind in FIRED

    @property
    def looks_back(self) -> bool:
        """It may speak of the past only: a flap that was not seen, or a firing that was over when we heard of it."""
        return self.belated or self.kind is StepKind.HIDDEN_FLAP

    @property
    def ended(self) -> bool:
        """It reports an end."""
        return self.kind in (StepKind.ENDED, StepKind.END_MOVED) and self.episode.cleared_heard_at is not None

    @property
    def ends(self) -> list[datetime]:
        """The ends that are reported of what it speaks of."""
        return [one.ended_at for one in self.about if one.ended_at is not None and one.cleared_heard_at is not None]

    def heard_first(self, received_at: datetime, incident_id: IncidentId | None) -> datetime:
        """When we first heard of what it says about the incident; a withdrawn end counts from when it was withdrawn."""
        if self.kind is StepKind.UNRESOLVED:
            return received_at
        mine = [one for one in self.beside if one.incident_id in (None, incident_id)]
        return min(one.first_heard_at for one in (self.episode, *mine))

    def fired_at(self, received_at: datetime) -> datetime:
        """When that firing began, by event time; a withdrawn end counts from when it was withdrawn."""
        withdrawn = self.kind is StepKind.UNRESOLVED and self.episode.incident_id is not None
        return received_at if withdrawn else self.episode.started_at


FIRED = frozenset({StepKind.OPENED, StepKind.RECURRENCE, StepKind.UNRESOLVED, StepKind.HIDDEN_FLAP, StepKind.PASSED})
"""What speaks of a firing that nobody knew of."""


def lead_of(episodes: Iterable[Episode]) -> Episode:
    """The alert that speaks for the others: firing, then loud, then first."""
    return min(
        episodes,
        key=lambda e: (e.ended_at is not None, e.severity.rank, e.started_at, e.fingerprint),
    )


def worst_of(episodes: Sequence[Episode]) -> Severity:
    return min((episode.severity for episode in episodes), key=lambda severity: severity.rank)


def title_of(lead: Episode, correlation: Correlation) -> str:
    for name in (names.TITLE, names.SUMMARY):
        words = " ".join(lead.annotations.get(name, "").split())
        if words:
            return clean(words, MAX_TITLE_CHARACTERS)
    return clean(correlation.slice or lead.labels.get("alertname", "") or correlation.key, MAX_TITLE_CHARACTERS)


def quoted(news: Sequence[News]) -> JsonObject:
    """The alerts behind an entry: how many, and the first few in short."""
    ordered = sorted((one.episode for one in news), key=lambda e: (e.severity.rank, e.started_at, e.fingerprint))
    shown: list[Json] = [_brief(episode) for episode in ordered[:MAX_ALERTS_IN_AN_ENTRY]]
    return {"alert_count": len(ordered), "alerts": shown}


def _brief(episode: Episode) -> JsonObject:
    return {
        "fingerprint": episode.fingerprint,
        "name": clean(episode.labels.get("alertname", ""), MAX_TITLE_CHARACTERS),
        "severity": episode.severity.value,
        "summary": clean(episode.annotations.get(names.SUMMARY, ""), MAX_TITLE_CHARACTERS),
        "started_at": episode.started_at.isoformat(),
        "ended_at": episode.ended_at.isoformat() if episode.ended_at else None,
    }
