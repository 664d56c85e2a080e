"""A diagnostic: a share of bad events that somebody should look at. No promise, no budget, and nobody is ever woken."""

from __future__ import annotations

from dataclasses import dataclass

from parapet.core.errors import ConfigurationError
from parapet.slo.sli import Sli


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """Raises a ticket while more than *threshold_ratio* of the events within a window are bad, beyond chance.

    Raises:
        ConfigurationError: the threshold is no ratio, or the window is not positive.
    """

    name: str
    """Lower case words joined by dashes, as a slice's: its `slice` label."""
    title: str
    """The title of its ticket: what is seen, such as `Suppressed mail drifts`."""
    sli: Sli
    threshold_ratio: float
    """In (0, 1): 0.05 is 5 %."""
    window_seconds: float = 3_600.0
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


def _hint(given: float) -> str:
    return f" Did you mean {given / 100:.10g}?" if 1 <= given < 100 else ""
