"""Capabilities with their record: how runs ended, whether they helped, and what was run last."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from parapet.response.capability import Capability
from parapet.response.record import Record
from parapet.response.run import Run
from parapet.response.runbook import Runbook
from parapet.web import text
from parapet.web.views.acting import Ran, offered, ran
from parapet.web.views.used import ended_words, helped_words, took_words

MOST_MONTHS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """One capability."""

    name: str
    title: str
    touches: str
    limits: str
    ended: str
    helped: str
    took: str
    months: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRow:
    """One runbook, and what it belongs to."""

    title: str
    owner: str
    attached: str
    does: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilitiesView:
    """The page."""

    headline: str
    records: tuple[RecordRow, ...]
    books: tuple[BookRow, ...]
    runs: tuple[Ran, ...]
    waiting: str
    """How many wait for a second person; empty: nobody."""
    since: str = ""
    """Since when an empty list is empty."""


def capabilities_view(
    capabilities: Sequence[Capability],
    records: Sequence[Record],
    books: Collection[Runbook],
    runs: Sequence[Run],
    *,
    waiting: int,
    now: datetime,
) -> CapabilitiesView:
    """The page of everything that may be run."""
    titles = {one.name: one.title for one in capabilities}
    return CapabilitiesView(
        headline=f"{text.several(len(capabilities), 'action')} may be run here"
        if capabilities
        else "Nothing runs here",
        records=tuple(_row(one, record) for one, record in zip(capabilities, records, strict=True)),
        books=tuple(
            BookRow(
                title=text.capped(book.title, text.LONGEST_TITLE),
                owner=text.capped(book.owner or "nobody yet", 60),
                attached=", ".join((*book.slices, *book.journeys, *book.planes, *book.alerts)),
                does=", ".join(titles.get(step.capability, step.capability) for step in book.steps if step.capability),
            )
            for book in books
        ),
        runs=tuple(ran(one, titles.get(one.capability, one.capability), now=now) for one in runs),
        waiting=f"{text.several(waiting, 'request')} for a second person" if waiting else "",
    )


def _row(capability: Capability, record: Record) -> RecordRow:
    shown = offered(capability, "")
    return RecordRow(
        name=capability.name,
        title=capability.title,
        touches=shown.touches,
        limits=shown.limits,
        ended=ended_words(record),
        helped=helped_words(record),
        took=took_words(record),
        months=tuple(
            (text.month(one.month), f"{one.worked} of {one.judged}")
            for one in record.months[-MOST_MONTHS:]
            if one.judged
        ),
    )
