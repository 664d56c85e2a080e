"""Who looked at what: one value for a person, an incident and a day. Kept only where the host asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from parapet.core.types import IncidentId


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A person opened the page of an incident, on one day in UTC."""

    incident_id: IncidentId
    who: str
    first_at: datetime
    last_at: datetime
    times: int
    """How often they opened it on that day; a page that refreshes itself is one look."""
