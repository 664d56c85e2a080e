"""How fast people are told: one by one at first; when much happens, ever rarer and together. A function of the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from parapet.core.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """So many messages within so long, and no more."""

    messages: int
    within_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What a channel that people read can bear. Calls are never held back by it, though many become one.

    Raises:
        ConfigurationError: a number is not positive.
    """

    ladder: tuple[Rung, ...] = (
        Rung(messages=5, within_seconds=60.0),
        Rung(messages=15, within_seconds=600.0),
        Rung(messages=30, within_seconds=3_600.0),
    )
    digest_from: int = 4
    """So many that wait together are told as one."""

    def __post_init__(self) -> None:
        if self.digest_from < 2 or any(one.messages < 1 or one.within_seconds <= 0 for one in self.ladder):
            raise ConfigurationError(
                "A pace needs rungs of at least one message in some time, and digests of two or more."
            )

    @property
    def remembers_seconds(self) -> float:
        """How far back it has to be known when messages were sent."""
        return max((one.within_seconds for one in self.ladder), default=0.0)

    @property
    def most(self) -> int:
        """How many of them, the latest ones."""
        return max((one.messages for one in self.ladder), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Nothing is told before then, and why."""

    until: datetime
    why: str


def held(pace: Pace, sent: Sequence[datetime], now: datetime) -> Held | None:
    """Until when a channel is left alone to which messages were *sent* at these times; None: it may be told now."""
    latest = sorted(sent, reverse=True)
    found: list[Held] = []
    for rung in pace.ladder:
        if len(latest) < rung.messages:
            continue
        free = latest[rung.messages - 1] + timedelta(seconds=rung.within_seconds)
        if free > now:
            span = f"{rung.within_seconds / 60:g} min"
            found.append(Held(until=free, why=f"throttled: {rung.messages} messages were sent within {span}"))
    return max(found, key=lambda one: one.until, default=None)
