"""What follows in a chronology is told behind what it follows, whatever the clocks did that it was told by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from parapet.incidents.model import EntryKind, NewEntry

TURNS = frozenset({EntryKind.QUIET, EntryKind.REFIRED, EntryKind.RESOLVED, EntryKind.REOPENED})
"""What an incident goes through one after the other."""
_OF_AN_ALERT = frozenset({EntryKind.ALERT_FIRED, EntryKind.ALERT_CLEARED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """The chronology that new entries are written behind, as far as their times depend on it."""

    recorded_at: datetime
    """When its last entry was recorded."""
    first_at: datetime
    """When its first entry happened."""
    latest_at: datetime
    """When the latest of all happened."""
    turned_at: datetime | None = None
    """When the latest of `TURNS` happened; None: there is none."""


def in_order(
    new: Iterable[NewEntry], behind: Behind | None, *, recorded_at: datetime
) -> tuple[list[NewEntry], datetime]:
    """*new*, which our clock says is recorded at *recorded_at*, and when that is; *behind* None: it is the beginning.

    Nothing is recorded before the entry in front of it. What happens as it is recorded happens after everything that
    is told already, and a turn after the turn before it. Everything else happens after the incident began, but for its
    alerts, which may have begun or ended before.
    """
    recorded = recorded_at if behind is None else max(recorded_at, behind.recorded_at)
    told: list[NewEntry] = []
    for entry in new:
        when = entry.occurred_at
        if behind is not None and when == recorded_at:
            when = max(recorded, behind.latest_at)
        elif behind is not None and entry.kind not in _OF_AN_ALERT:
            when = max(when, behind.first_at)
            if entry.kind in TURNS and behind.turned_at is not None:
                when = max(when, behind.turned_at)
        told.append(entry if when == entry.occurred_at else replace(entry, occurred_at=when))
        turned = [when] if entry.kind in TURNS else []
        if behind is not None and behind.turned_at is not None:
            turned.append(behind.turned_at)
        behind = Behind(
            recorded_at=recorded,
            first_at=behind.first_at if behind else when,
            latest_at=max(behind.latest_at, when) if behind else when,
            turned_at=max(turned, default=None),
        )
    return told, recorded
