"""The alerts behind an incident, as far as they are told and drawn: thousands of firings are three columns each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from parapet.core.vocabulary import Severity
from parapet.incidents.model import Episode

MOST_SHOWN = 8


class Fired(Protocol):
    """When an alert fired."""

    @property
    def severity(self) -> Severity: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One firing of one alert, without what else is known of it."""

    severity: Severity
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """What a page says of the alerts behind an incident."""

    firings: Sequence[Fired] = ()
    """Each one, oldest first."""
    distinct: int = 0
    """How many alerts there are, however often each fired."""
    shown: tuple[Episode, ...] = ()
    """MOST_SHOWN of them: what fires first, then what fired, oldest first."""
    expression: str | None = None
    """Where the sender says that the latest one can be looked at: hostile text."""


def alerts_of(episodes: Sequence[Episode]) -> Alerts:
    """What is said of all *episodes* behind an incident: MOST_SHOWN at most, in the order in which they are shown."""
    oldest_first: list[Episode] = sorted(episodes, key=lambda one: (one.started_at, one.id or 0))
    linked = [one for one in episodes if one.generator_url is not None]
    return Alerts(
        firings=oldest_first,
        distinct=len({one.fingerprint for one in episodes}),
        shown=tuple(episodes),
        expression=max(linked, key=lambda one: one.started_at).generator_url if linked else None,
    )
