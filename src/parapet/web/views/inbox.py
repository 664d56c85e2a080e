"""Bodies that were handed in: by shelf, and one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from parapet.core.part import Part
from parapet.incidents.document import Body
from parapet.web import text
from parapet.web.views.pager import Asked, Pager, pager
from parapet.web.words import Word

SHELVES: Mapping[str, tuple[str, str]] = {
    "rejected": ("No alerts", "Nothing was refused. A body that is no alert is kept here, with the reason."),
    "failing": ("Failing", "Nothing failed. A body that could not be taken in waits here, and is tried again."),
    "waiting": ("Waiting", "Nothing waits. A body waits here from when it is stored until it is taken in."),
    "dropped": ("Given up", "Nothing was given up."),
    "done": ("Taken in", "Nothing was handed in yet."),
}
STATES: Mapping[str, Word] = {
    "waiting": Word(text="Waiting", icon="clock", tone="none"),
    "failing": Word(text="Failing", icon="warn", tone="ticket"),
    "rejected": Word(text="No alert", icon="refuse", tone="ticket"),
    "dropped": Word(text="Given up", icon="few", tone="none"),
    "done": Word(text="Taken in", icon="check", tone="good"),
}
SOURCES: Mapping[str, str] = {"alertmanager": "Alertmanager", "grafana": "Grafana", "events": "events"}
SHOWN_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfTab:
    """One shelf."""

    address: str
    label: str
    count: int | None
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyRow:
    """One body, in short."""

    number: int
    state: Word
    source: str
    clock: str
    at: str
    size: str
    error: str
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxView:
    """The page of one shelf."""

    tabs: tuple[ShelfTab, ...]
    rows: tuple[BodyRow, ...]
    empty: str
    pager: Pager
    since: str = ""
    """Since when an empty list is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyView:
    """The page of one body."""

    row: BodyRow
    received: str
    day: str
    next_try: str
    whole: bool
    kept: str
    shown: str
    cut: bool
    """More is kept than is shown."""
    may_replay: bool
    may_drop: bool
    refusal: str
    drop_refusal: str
    """Why the reader may not give it up; empty when they may."""


def inbox_view(bodies: Part[Body], counts: Mapping[str, int], *, shelf: str, asked: Asked, now: datetime) -> InboxView:
    """The bodies of *shelf*, newest first."""
    return InboxView(
        tabs=tuple(
            ShelfTab(address=f"inbox?shelf={name}", label=label, count=counts.get(name), current=name == shelf)
            for name, (label, _) in SHELVES.items()
        ),
        rows=tuple(body_row(one, now=now) for one in bodies),
        empty=SHELVES[shelf][1],
        pager=pager(bodies, asked, "inbox", {"shelf": shelf}),
    )


def body_row(one: Body, *, now: datetime) -> BodyRow:
    """*one* as a row."""
    state = "failing" if one.state == "waiting" and one.attempts else f"{one.state}"
    return BodyRow(
        number=one.id,
        state=STATES[state],
        source=SOURCES.get(one.source, text.capped(one.source, 40)),
        clock=text.clock(one.received_at, now, seconds=True),
        at=text.machine(one.received_at),
        size=f"{one.size_bytes:,} bytes",
        error=text.capped(one.error or "", 300),
        tries=one.attempts,
    )


def body_view(
    one: Body, content: bytes, *, whole: bool, refusal: str | None, drop_refusal: str | None, now: datetime
) -> BodyView:
    """One body with what is in it; hostile text, shown as text."""
    shown = content.decode("utf-8", "replace")
    open_ = one.state in {"waiting", "rejected"}
    return BodyView(
        row=body_row(one, now=now),
        received=text.stamp(one.received_at, text.local(one.received_at, now), seconds=True),
        day=text.day(text.local(one.received_at, now)),
        next_try=text.stamp(one.due_at, now, seconds=True) if one.state == "waiting" else "",
        whole=whole,
        kept=f"{len(content):,}",
        shown="".join(
            letter if letter.isprintable() or letter in "\n\t" else "·" for letter in shown[:SHOWN_CHARACTERS]
        ),
        cut=len(shown) > SHOWN_CHARACTERS,
        may_replay=open_ and whole,
        may_drop=open_,
        refusal=refusal or "",
        drop_refusal=drop_refusal or "",
    )
