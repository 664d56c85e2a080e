"""Where answers to requests are counted and timed, as a value: Parapet's own signals, or an exporter's."""

from __future__ import annotations

from dataclasses import dataclass

from parapet.slo.family import Family
from parapet.slo.selector import Selector


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSource:
    """Where the answers to requests are kept, and how long they took."""

    exporter: str
    answers: Family
    """Counts every answer."""
    counted: Selector = ()
    """Which answers are the service's own."""
    failed: Selector
    """Which of those are server errors."""
    times: Family
    """Measures how long answers took."""
    timed: Selector = ()
    """Whose time counts: no server errors, where the exporter can tell."""
    note: str = ""
    """What a reader of the numbers should know about this exporter."""
