"""What a slice measures in raw PromQL: two expressions that count events within `$window`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from parapet.core.errors import ConfigurationError

WINDOW = "$window"
"""Stands for the window in both expressions: `sum(increase(uploads_total[$window]))`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Bad events over all events, each counted by a PromQL expression of your own.

    Both count events within `$window` (increase, not rate), and are aggregated to the slice's group labels and no
    other. Say which `job` they read: nothing is added to them.

    Raises:
        ConfigurationError: only one of the examples is given.
    """

    kind: ClassVar[str] = "raw"

    bad: str
    """Bad events within `$window`; none of them may be absent: it counts as zero."""
    total: str
    """All events within `$window`, the bad ones included."""
    bad_example: str = ""
    """A series that grows by one with each bad event: `uploads_total{job="shop",status="error"}`. For unit tests."""
    good_example: str = ""
    """A series that grows by one with each good event. Without both examples the slice has no unit tests."""

    def __post_init__(self) -> None:
        if bool(self.bad_example) != bool(self.good_example):
            raise ConfigurationError("A raw ratio has one example; give both bad_example and good_example, or none.")

    def within(self, window: str) -> tuple[str, str]:
        """The expressions for bad and for all events within *window*, in the notation of Prometheus."""
        return self.bad.replace(WINDOW, window), self.total.replace(WINDOW, window)

    @property
    def counts(self) -> str:
        """Which events count, for people."""
        return _one_line(self.total)

    @property
    def bad_words(self) -> str:
        """Which of those are bad, for people."""
        return _one_line(self.bad)


def _one_line(expression: str) -> str:
    return re.sub(r"\s+", " ", expression.strip())
