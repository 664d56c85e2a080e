"""Identifiers, as a constructor argument: unique, sortable by the time they were made."""

from __future__ import annotations

import os
import time
from typing import Protocol


class Ids(Protocol):
    """Makes identifiers."""

    def new(self) -> str:
        """A new identifier of 32 characters or fewer, never given before."""
        ...


class TimeOrderedIds:
    """48 bits of milliseconds, then 80 random bits, in hexadecimal: 32 characters that sort by time."""

    def new(self) -> str:
        """A new identifier, 32 lowercase hexadecimal characters."""
        return f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"
