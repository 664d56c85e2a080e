"""The way to the pages of a list beside the one that is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar
from urllib.parse import urlencode

from parapet.core.part import Place

LONGEST_PLACE = 200


class Beside(Protocol):
    """A page of a list."""

    @property
    def next(self) -> Place | None: ...
    @property
    def previous(self) -> Place | None: ...


Page = TypeVar("Page", bound=Beside, covariant=True)


class Reads(Protocol[Page]):
    """Reads a page of a list."""

    def __call__(self, *, before: str | None, after: str | None) -> Page: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which page of a list an address asks for."""

    before: str | None = None
    after: str | None = None

    @property
    def first(self) -> bool:
        """Whether that is the first."""
        return self.before is None and self.after is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pager:
    """The links below a list, each below the mount; None: there is no such page."""

    first: str | None
    previous: str | None
    next: str | None


def asked(query: Mapping[str, str]) -> Asked:
    """The page that *query* asks for; one that asks for two gets what is behind the first place."""
    before, after = (query.get(name, "")[:LONGEST_PLACE] or None for name in ("before", "after"))
    return Asked(before=before, after=None if before else after)


def paged(read: Reads[Page], wanted: Asked) -> tuple[Asked, Page]:
    """The page *wanted*; the whole first page to whoever comes back to it, or to where there is nothing any more."""
    if not wanted.first:
        found = read(before=wanted.before, after=wanted.after)
        if found.previous is not None:
            return wanted, found
    return Asked(), read(before=None, after=None)


def pager(page: Beside, wanted: Asked, path: str, kept: Mapping[str, str], anchor: str = "") -> Pager:
    """The links beside *page*, at *path* with what is *kept* of the query."""

    def at(place: Mapping[str, Place]) -> str:
        query = urlencode({name: value for name, value in {**kept, **place}.items() if value != ""})
        return path + (f"?{query}" if query else "") + (f"#{anchor}" if anchor else "")

    return Pager(
        first=None if wanted.first else at({}),
        previous=None if page.previous is None else at({"after": page.previous}),
        next=None if page.next is None else at({"before": page.next}),
    )
