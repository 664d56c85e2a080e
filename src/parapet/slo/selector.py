"""Which series of a family count, by their labels: closed ways to compare, so that they can be checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from parapet.core.errors import ConfigurationError


class Match(StrEnum):
    """How a label's value is compared. Closed on purpose: what matches can be checked against the vocabulary."""

    ONE_OF = "one_of"
    NONE_OF = "none_of"
    BEGINS_WITH = "begins_with"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One label and the values it may, or may not, have.

    Raises:
        ConfigurationError: it names no value.
    """

    label: str
    match: Match
    values: tuple[str, ...]
    """The values, or how they begin."""

    def __post_init__(self) -> None:
        if not self.values:
            raise ConfigurationError(f"A matcher on {self.label!r} names no value. Name at least one.")

    def of(self, known: Iterable[str]) -> frozenset[str]:
        """Those of the *known* values that it lets through."""
        if self.match is Match.ONE_OF:
            return frozenset(self.values) & frozenset(known)
        if self.match is Match.BEGINS_WITH:
            return frozenset(value for value in known if value.startswith(self.values))
        return frozenset(known) - frozenset(self.values)


def equals(label: str, value: str) -> Matcher:
    """Matches series whose *label* is *value*."""
    return Matcher(label=label, match=Match.ONE_OF, values=(value,))


def one_of(label: str, *values: str) -> Matcher:
    """Matches series whose *label* is one of *values*.

    Raises:
        ConfigurationError: no value is given.
    """
    return Matcher(label=label, match=Match.ONE_OF, values=values)


def none_of(label: str, *values: str) -> Matcher:
    """Matches series whose *label* is none of *values*.

    Raises:
        ConfigurationError: no value is given.
    """
    return Matcher(label=label, match=Match.NONE_OF, values=values)


def begins_with(label: str, *beginnings: str) -> Matcher:
    """Matches series whose *label* begins with one of *beginnings*: 5 for the statuses 500, 503 and 5xx.

    Raises:
        ConfigurationError: no beginning is given.
    """
    return Matcher(label=label, match=Match.BEGINS_WITH, values=beginnings)


Selector: TypeAlias = tuple[Matcher, ...]
"""All of them must match. Empty: every series of the metric."""


def narrowed(total: Selector, part: Selector) -> Selector:
    """*total* with the labels that *part* speaks of taken from *part*, which lets through less."""
    spoken_of = {matcher.label for matcher in part}
    return (*(matcher for matcher in total if matcher.label not in spoken_of), *part)


_VERBS = {Match.ONE_OF: "is", Match.NONE_OF: "is not", Match.BEGINS_WITH: "begins with"}


def told(selector: Selector) -> str:
    """*selector* for people: 'outcome is failure and route begins with /api'; empty for all series."""
    return " and ".join(_told(one) for one in selector)


def _told(matcher: Matcher) -> str:
    joined = " nor " if matcher.match is Match.NONE_OF else " or "
    return f"{matcher.label} {_VERBS[matcher.match]} {joined.join(matcher.values)}"
