"""Durations as Prometheus writes them (5m, 1d, 1500ms) and as people say them (43 minutes)."""

from __future__ import annotations

import re
from functools import lru_cache

from parapet.core.errors import ConfigurationError

_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))


@lru_cache(maxsize=4_096)
def prometheus_duration(seconds: float) -> str:
    """*seconds* in the notation of Prometheus, in the largest unit that divides it; exact to the millisecond.

    Raises:
        ConfigurationError: less than a millisecond.
    """
    milliseconds = round(seconds * 1_000)
    if milliseconds < 1:
        raise ConfigurationError(f"A duration of {seconds} s is shorter than Prometheus can say (1 ms).")
    unit, size = next((unit, size) for unit, size in _UNITS if milliseconds % size == 0)
    return f"{milliseconds // size}{unit}"


def seconds_of(duration: str) -> float:
    """The seconds of a *duration* in the notation of Prometheus: `1h30m`, `2w`, `500ms`.

    Raises:
        ConfigurationError: it is written otherwise.
    """
    sizes = {**dict(_UNITS), "w": 7 * 86_400_000, "y": 365 * 86_400_000}
    parts = re.findall(r"(\d+)(ms|[smhdwy])", duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise ConfigurationError(f"{duration!r} is no duration. Write it as Prometheus does: 5m, 1h30m, 30d.")
    return sum(int(number) * sizes[unit] for number, unit in parts) / 1_000


@lru_cache(maxsize=4_096)
def spoken(seconds: float) -> str:
    """*seconds* for people, in the unit that suits: '43 s', '2.9 minutes', '1 hour', '7.2 hours', '30 days'."""
    for name, size in (("day", 86_400.0), ("hour", 3_600.0), ("minute", 60.0)):
        if seconds == size:
            return f"1 {name}"
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {name}s"
    return f"{seconds:.3g} s"
