"""What each channel answers when it is asked whether it would be told. Nobody hears of it."""

from __future__ import annotations

from dataclasses import dataclass

from parapet.app import Parapet
from parapet.core.errors import DeliveryRejected, OutgoingError
from parapet.core.guard import guarded
from parapet.ops.notices import asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """One channel that was asked."""

    name: str
    words: str = ""
    """What it answered; empty: it cannot be asked."""
    proven: bool = False
    """Whether it would take a message."""
    problem: str | None = None
    """Why it would not."""
    refused: bool = False
    """Whether that is a refusal, which stays until something is changed."""


def heard(app: Parapet) -> tuple[Hearing, ...]:
    """Every channel of *app*, asked one after the other."""
    return tuple(_hearing(app, number) for number in range(len(app.channels)))


def _hearing(app: Parapet, number: int) -> Hearing:
    channel = app.channels[number]
    with guarded("doctor.channel", words=False) as attempt:
        try:
            said = asked(channel)
        except OutgoingError as error:
            return Hearing(name=channel.name, problem=error.message, refused=isinstance(error, DeliveryRejected))
        return Hearing(name=channel.name, words=said.words, proven=said.proven) if said else Hearing(name=channel.name)
    return Hearing(name=channel.name, problem=f"asking it broke: {type(attempt.error).__name__}", refused=True)
