"""Seconds in the words people use: '40 s', '8 min', '1 h 20 min', '2 d 3 h'."""

from __future__ import annotations


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
