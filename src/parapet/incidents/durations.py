"""Time in the words people use: '40 s', '8 min', '1 h 20 min', '2 d 3 h'; an instant as '2026-11-12 02:13:04 UTC'."""

from __future__ import annotations

from datetime import UTC, datetime


def duration_words(seconds: float) -> str:
    """How long *seconds* are, in the two largest units that matter. Negative lengths read as 0 s."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(round(whole / 3_600), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def instant_words(at: datetime, *, beside: datetime | None = None, brief: bool = False) -> str:
    """The instant *at* in UTC, to the second; only the time of day when it falls on the same date as *beside*.

    *brief*: without seconds where there are none, as in what people plan.
    """
    utc = at.astimezone(UTC)
    time_of_day = f"{utc:%H:%M} UTC" if brief and not utc.second else f"{utc:%H:%M:%S} UTC"
    if beside is not None and utc.date() == beside.astimezone(UTC).date():
        return time_of_day
    return f"{utc.date().isoformat()} {time_of_day}"
