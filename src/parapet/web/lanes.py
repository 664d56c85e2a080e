"""Whose work a request is, and how much of it a process takes at once. Knows neither threads nor frameworks."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

MIB = 1024 * 1024


class Lane(Enum):
    """Whose work it is, and how many threads, so database connections, it may hold."""

    PEOPLE = 8
    MACHINES = 4
    HOOKS = 3


MOST_AT_ONCE: Mapping[Lane, int] = {Lane.PEOPLE: 64, Lane.MACHINES: 32, Lane.HOOKS: 8_192}
"""Requests under way in one process, waiting ones included."""
MOST_BYTES_AT_ONCE = 128 * MIB
"""Of the bodies of those, per lane."""


class Line:
    """How many requests of one lane are under way in this process, and how much they brought.

    Beyond *most* requests, or *most_bytes* of bodies, newcomers are turned away.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self.most = most
        self.most_bytes = most_bytes
        self.now = 0
        self.bytes_now = 0

    @property
    def full(self) -> bool:
        """True when no more may enter."""
        return self.now >= self.most or self.bytes_now >= self.most_bytes
