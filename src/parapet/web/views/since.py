"""Since when an empty list is empty: what nobody kept is not the same as what never happened."""

from __future__ import annotations

from datetime import datetime

from parapet.web import text


def since(began_at: datetime | None, now: datetime) -> str:
    """Since when evidence is kept, as a sentence; *began_at* None: nothing ever was."""
    if began_at is None:
        return "Nothing was ever written down here, so this list being empty proves nothing."
    then = text.local(began_at, now)
    return f"Evidence is kept since {text.stamp(then, then)}, {text.day(then)}."
