"""What every channel is: a name, and one way to be told. It translates; whether and when is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from parapet.core.errors import ConfigurationError
from parapet.core.types import JsonObject
from parapet.incidents.payload import clean
from parapet.notify.message import Message

LONGEST_CHANNEL_NAME = 64
"""Characters."""
LONGEST_ANSWER = 200
"""Characters that are quoted of what a receiver answered."""
TOP = frozenset({"opened", "severity_raised", "reopened", "resolved"})
"""Announcements that a whole channel should see; the others are for those who follow the incident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to tell a channel."""

    id: str
    """The same for every attempt at one announcement."""
    to: str | None = None
    """Whom in particular, as the channel calls them: an address, a member's id; None: whoever reads the channel."""
    thread: JsonObject = field(default_factory=dict)
    """What the channel kept when it was first told of the incident; empty if it never was, or keeps nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What the channel did."""

    words: str
    """Such as 'posted to #ops'."""
    thread: JsonObject = field(default_factory=dict)
    """What it wants to be given when it is told of this incident again; no secret."""


class Channel(Protocol):
    """Somewhere people, or systems, are told. Delivering twice must be harmless: the id says it is the same.

    One that people read says `digests = True`: it is paced, and many messages become one. Systems get each by itself.
    """

    @property
    def name(self) -> str:
        """What it is called in chronologies and in settings; unique."""
        ...

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        """Tell it.

        Raises:
            DeliveryRejected: it refused, and will refuse again.
            DeliveryFailed: it may work later; it may say when.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a channel that was asked, and told nothing, let us know."""

    words: str
    """Such as 'shop-bot may post to #ops'."""
    proven: bool
    """Whether it would take a message now; False: only a part of the way to it could be looked at."""


@runtime_checkable
class Askable(Protocol):
    """A channel that can be asked whether it would be told, so that nobody hears of it."""

    def ask(self) -> Asked:
        """Ask it. Bounded: a few calls, each with the channel's time limit.

        Raises:
            DeliveryRejected: it would refuse: its credentials or its address are wrong.
            DeliveryFailed: it does not answer, or asked to come back later.
        """
        ...


def channel_name(name: str) -> str:
    """*name*, if a channel may be called so.

    Raises:
        ConfigurationError: it is empty or too long.
    """
    if not 0 < len(name) <= LONGEST_CHANNEL_NAME:
        raise ConfigurationError(f"A channel's name has 1 to {LONGEST_CHANNEL_NAME} characters, not {len(name)}.")
    return name


def channel_address(name: str, url: str) -> str:
    """*url*, if a channel can post there. It may carry a secret, so no error quotes it.

    Raises:
        ConfigurationError: it is no http or https address.
    """
    if not url.startswith(("https://", "http://")):
        raise ConfigurationError(f"The address of channel {name!r} is no http or https address.")
    return url


def quoted(answer: str, *, without: Iterable[str] = ()) -> str:
    """What a receiver answered, short, in one line, and *without* the secrets that it may have repeated."""
    for secret in without:
        if secret:
            answer = answer.replace(secret, "[secret]")
    return clean(" ".join(answer.split()), LONGEST_ANSWER)
