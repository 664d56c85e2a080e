"""How patient an incident is: the durations an operator may tune, in one value."""

from __future__ import annotations

from dataclasses import dataclass

from parapet.core.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPolicy:
    """Durations in seconds.

    Raises:
        ConfigurationError: a duration is negative, or nothing may be kept.
    """

    quiet_period_seconds: float = 900.0
    """How long every alert must stay cleared before the incident resolves by itself."""
    flapping_after: int = 3
    """From this many re-fires on, an incident is flapping."""
    flap_hold_seconds: float = 3_600.0
    """How long a flapping incident must stay quiet instead, if that is longer: it is one trouble, not ten."""
    reopen_window_seconds: float = 3_600.0
    """A re-fire this long after resolution, or sooner, reopens the same incident; later it opens a linked one."""
    late_duplicate_grace_seconds: float = 30.0
    """A firing report of an episode that ended is a late copy within this time, and an un-resolve after it."""
    reconcile_every_seconds: float = 60.0
    """How often Alertmanager is asked what it has, where its address is known."""
    absence_seconds: float = 45.0
    """An alert that is still not listed this long after the first time is over, and its end unconfirmed."""
    signal_stale_seconds: float = 300.0
    """Without the watchdog for longer than this, quiet says nothing any more."""
    signal_lost_seconds: float = 21_600.0
    """A quiet incident whose signal stays away this long closes as signal lost."""
    change_lookback_seconds: float = 86_400.0
    """How long before onset a change is still shown as near."""
    change_lookahead_seconds: float = 3_600.0
    """How long after the end of the incident a change is still shown."""
    sightings_kept_seconds: float = 1_209_600.0
    """How long exact identifiers of events are kept: 14 days."""
    most_sightings: int = 500_000
    """How many of them at most; the oldest go first."""
    followed_up: frozenset[str] = frozenset()
    """Integrations and pipelines whose exact objects become action items when they are given up, refused or suppressed,
    by the first of the `refs` they came with; each process opens at most 60 a minute."""
    inbox_kept_seconds: float = 2_592_000.0
    """How long raw bodies are kept that wait no more: 30 days. What is made of them stays."""
    changes_kept_seconds: float = 34_560_000.0
    """How long changes are kept that lie near no incident: 400 days. The newest 1,000 of a kind stay, and those of
    providers."""
    looks_kept_seconds: float = 0.0
    """How long it is kept who opened the page of which incident; 0: nobody's looks are kept."""

    routing_labels: frozenset[str] = frozenset()
    """Labels that only say who hears of an alert, such as `team`; they never tell two incidents apart."""

    def __post_init__(self) -> None:
        if self.most_sightings < 1:
            raise ConfigurationError(f"most_sightings is {self.most_sightings}; it must be 1 or more.")
        for name in (name for name in self.__slots__ if name.endswith("_seconds")):
            if getattr(self, name) < 0:
                raise ConfigurationError(f"{name} is {getattr(self, name)}; it must be 0 or more.")

    def quiet_needed_seconds(self, refired_count: int) -> float:
        """How long an incident that fired again so often must stay quiet before it resolves by itself."""
        if refired_count < self.flapping_after:
            return self.quiet_period_seconds
        return max(self.quiet_period_seconds, self.flap_hold_seconds)
