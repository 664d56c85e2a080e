"""One page of a list that is read by key, forwards and backwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar, overload

T = TypeVar("T", covariant=True)
Made = TypeVar("Made")

Place: TypeAlias = int | str
"""Where a row stands: its number where the list is in that order, else a word that only the list reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Sequence[T], Generic[T]):
    """The rows of one page, and where the pages beside it are."""

    rows: tuple[T, ...] = ()
    next: Place | None = None
    """The place behind which the next page begins; None at the end."""
    previous: Place | None = None
    """The place ahead of which the page before this one ends; None at the beginning."""

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[T]: ...
    def __getitem__(self, place: int | slice) -> T | Sequence[T]:
        return self.rows[place]

    def of(self, make: Callable[[T], Made]) -> Part[Made]:
        """The same page, with what *make* makes of each row."""
        return Part(rows=tuple(map(make, self.rows)), next=self.next, previous=self.previous)
