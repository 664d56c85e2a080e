"""Durations as OpenSLO writes them: a whole number and one unit, no shorter than a minute."""

from __future__ import annotations

import re

from parapet.slo.burn import DAY, HOUR, MINUTE

EXPECTED = "a whole number and one of m, h, d, w, M, Q, Y, such as 28d"
_UNITS_SECONDS = {"m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY, "M": 30 * DAY, "Q": 90 * DAY, "Y": 365 * DAY}


def seconds(shorthand: str) -> float | None:
    """The seconds of *shorthand*, such as 28d; None if it is none. M, Q and Y count as 30, 90 and 365 days."""
    found = re.fullmatch(r"([1-9][0-9]*)([mhdwMQY])", shorthand)
    return int(found[1]) * _UNITS_SECONDS[found[2]] if found else None


def shorthand(duration_seconds: float) -> str | None:
    """*duration_seconds* in the largest of days, hours and minutes that divides it; None if none does."""
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE)):
        if duration_seconds >= size and duration_seconds % size == 0:
            return f"{int(duration_seconds // size)}{unit}"
    return None
