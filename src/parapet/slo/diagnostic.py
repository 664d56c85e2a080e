"""A diagnostic: a share of bad events that somebody should look at. No promise, no budget, and nobody is ever woken."""

from __future__ import annotations

from dataclasses import dataclass

from parapet.core.errors import ConfigurationError
from parapet.slo.burn import DAY
from parapet.slo.sli import Sli

LEAST_HISTORY = 1 / 7
"""Of the time that says what is usual, this share must be known."""
STAYS_SHARE = 0.75
"""Once raised, a ticket stays above so much of the threshold: a share that wavers around it is told of once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """Raises a ticket while more than *threshold_ratio* of the events within a window are bad, beyond chance.

    With *times_usual* only if that is also that many times more than what was usual before: a drift, not a level.

    Raises:
        ConfigurationError: the threshold is no ratio, the window is not positive, or what is usual could tell nothing.
    """

    name: str
    """Lower case words joined by dashes, as a slice's: its `slice` label."""
    title: str
    """The title of its ticket: what is seen, such as `Suppressed mail drifts`."""
    sli: Sli
    threshold_ratio: float
    """In (0, 1): 0.05 is 5 %."""
    window_seconds: float = 3_600.0
    times_usual: float | None = None
    """2.0: and more than twice the usual share; None: the threshold alone decides. Without a day of history in seven,
    nobody knows what is usual, and nothing is raised."""
    usual_seconds: float = 7 * DAY
    """What is usual is the share over this long, until the window begins."""
    service: str = ""
    """Filled in by the catalog."""
    group_by: tuple[str, ...] = ()
    """Labels of the metric by which it is judged separately."""
    owner: str = ""
    runbook: str | None = None
    """The name of a runbook, or an http(s) address."""
    journey: str | None = None
    """The journey it helps to explain, if it does."""
    fault_plane: str = "application"
    description: str = ""
    """What a reader should know about what counts as bad."""

    @property
    def stays_ratio(self) -> float:
        """Above this share a ticket that was raised stays."""
        return self.threshold_ratio * STAYS_SHARE

    @property
    def stays_times_usual(self) -> float | None:
        """And above so many times what is usual: halfway between that and what raises it."""
        return None if self.times_usual is None else (1 + self.times_usual) / 2

    def __post_init__(self) -> None:
        if not 0 < self.threshold_ratio < 1:
            raise ConfigurationError(
                f"Diagnostic {self.name!r} has a threshold of {self.threshold_ratio:.10g}; expected a ratio between "
                f"0 and 1, such as 0.05.{_hint(self.threshold_ratio)}"
            )
        if not self.window_seconds > 0:
            raise ConfigurationError(
                f"Diagnostic {self.name!r} has a window of {self.window_seconds:g} s; expected more than 0."
            )
        if self.times_usual is not None and not self.times_usual > 1:
            raise ConfigurationError(
                f"Diagnostic {self.name!r} asks for {self.times_usual:g} times what is usual; expected more than "
                "1, such as 2."
            )
        if not self.usual_seconds > self.window_seconds:
            raise ConfigurationError(
                f"Diagnostic {self.name!r} calls usual what happened over {self.usual_seconds:g} s; expected more than "
                f"its window of {self.window_seconds:g} s."
            )


def _hint(given: float) -> str:
    return f" Did you mean {given / 100:.10g}?" if 1 <= given < 100 else ""
