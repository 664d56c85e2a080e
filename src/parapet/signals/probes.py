"""Probes as values: what is looked at, how often, and for how long at most. Who runs them lives elsewhere."""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.core.vocabulary import ProbeOutcome
from parapet.signals.recorder import Recorder

Check: TypeAlias = Callable[[], object] | Callable[[], Awaitable[object]]
"""Looks once, sync or async. It succeeds unless it raises or returns False.

`ProbeFailed`, an AssertionError or False say that what it saw is wrong; a TimeoutError that it took too long; any
other exception that it could not look.
"""

LONGEST_NAME = 100
SHORTEST_EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Something that is tried regularly, as a user would.

    Raises:
        ConfigurationError: the name cannot be used, a time is not positive, or a run would outlast its interval.
    """

    name: str
    check: Check
    every_seconds: float
    timeout_seconds: float
    jitter_ratio: float
    """The interval varies by up to this share of it, so that probes do not march in step."""

    def __post_init__(self) -> None:
        if not self.name or self.name != self.name.strip() or len(self.name) > LONGEST_NAME:
            raise ConfigurationError(f"{self.name!r} is no name for a probe. Use a short one, such as 'homepage'.")
        if inspect.isgeneratorfunction(self.check) or inspect.isasyncgenfunction(self.check):
            raise ConfigurationError(f"Probe {self.name!r} is a generator function: calling it looks at nothing.")
        if not (math.isfinite(self.every_seconds) and self.every_seconds >= SHORTEST_EVERY_SECONDS):
            raise ConfigurationError(
                f"Probe {self.name!r} runs every {self.every_seconds} s; expected {SHORTEST_EVERY_SECONDS:g} or more."
            )
        if not 0 < self.timeout_seconds < self.every_seconds:
            raise ConfigurationError(
                f"Probe {self.name!r} may take {self.timeout_seconds} s of its {self.every_seconds} s; expected more "
                "than 0 and less than its interval."
            )
        if not 0 <= self.jitter_ratio <= 0.5:
            raise ConfigurationError(
                f"Probe {self.name!r} has jitter_ratio {self.jitter_ratio}; expected a ratio from 0 to 0.5."
            )


def show(recorder: Recorder, probe: str) -> None:
    """Show every outcome of the probe *probe* at zero, so that its first failure is a step.

    Raises:
        ConfigurationError: there are more probes than the ceiling allows.
    """
    recorder.register_values(names.PROBE, (probe,))
    for outcome in ProbeOutcome:
        recorder.declare(names.PROBE_DURATION, (probe, outcome.value))
