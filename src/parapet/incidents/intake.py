"""One delivery against what is known: the net effect on episodes and incidents, applied once.

Reads and writes nothing; the caller loads what `needs` names and keeps what `take_in` returns, in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from parapet.incidents.model import Decision, Episode, Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What must be loaded before a delivery can be taken in."""

    fingerprints: frozenset[str]
    """Every episode of these alerts, open or ended."""
    keys: frozenset[str]
    """Per key the unresolved incident, else the one resolved last; and every open episode of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known before a delivery: exactly what `needs` named."""

    episodes: tuple[Episode, ...] = ()
    incidents: Mapping[str, Incident] = field(default_factory=dict)
    """By key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What a delivery changes."""

    episodes: tuple[Episode, ...]
    """New (id None) or changed. One whose incident is new has incident_id None and names it by key."""
    decisions: tuple[Decision, ...]
    """At most one per incident key. A new incident has id None."""
