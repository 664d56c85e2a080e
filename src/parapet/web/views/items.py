"""Action items as rows and as a page. What integrations wrote is hostile text: capped, escaped where shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from urllib.parse import urlencode

from parapet.incidents.items import ActionItem, ItemState
from parapet.web import text
from parapet.web.read_records import ItemPage
from parapet.web.views.acting import Offered
from parapet.web.views.pager import Asked, Pager, pager
from parapet.web.words import Word

STATES: Mapping[ItemState, Word] = MappingProxyType(
    {
        ItemState.OPEN: Word(text="Open", icon="open", tone="ticket"),
        ItemState.RESOLVED: Word(text="Resolved", icon="check", tone="good"),
        ItemState.DISMISSED: Word(text="Dismissed", icon="refuse", tone="none"),
    }
)
EMPTY = MappingProxyType(
    {
        ItemState.OPEN: "Nothing waits for anybody",
        ItemState.RESOLVED: "Nothing was resolved yet",
        ItemState.DISMISSED: "Nothing was dismissed",
    }
)
LONGEST_OBJECT = 80
MOST_DETAILS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """One item in a list."""

    ref: str
    address: str
    state: Word
    title: str
    object: str
    about: str
    about_address: str
    """Where what it belongs to is read; empty for a slice."""
    when: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemTab:
    """One state."""

    label: str
    address: str
    count: str | None
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsView:
    """The list."""

    headline: str
    tabs: tuple[ItemTab, ...]
    rows: tuple[ItemRow, ...]
    empty: str
    pager: Pager
    since: str = ""
    """Since when an empty list is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAct:
    """A capability that acts on the item's object."""

    shown: Offered
    will_do: str
    """What it does to the object; empty: the host does not say."""
    incident: str
    """The one in which it would be run; empty: there is none."""
    address: str
    inputs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """One item."""

    row: ItemRow
    number: int
    version: int
    facts: tuple[tuple[str, str], ...]
    link: str | None
    closed: str
    """How it ended; empty while it is open."""
    reason: str
    refusal: str
    """Why the reader may not act; empty when they may."""
    problem: str
    """Why the form that was just sent did not do it; empty otherwise."""
    typed: str
    acts: tuple[ItemAct, ...] = ()
    """What may be done about it here."""


def items_view(page: ItemPage, *, state: ItemState, asked: Asked, now: datetime) -> ItemsView:
    """One page of the list in *state*."""
    return ItemsView(
        headline=text.several(page.open, "action item") + " open" if page.open else "No action item is open",
        tabs=tuple(
            ItemTab(
                label=word.text,
                address=_address(one),
                count=text.counted(page.open) if one is ItemState.OPEN else None,
                current=one is state,
            )
            for one, word in STATES.items()
        ),
        rows=item_rows(page.items, now=now),
        empty=EMPTY[state],
        pager=pager(page, asked, "action-items", _kept(state)),
    )


def item_rows(items: Sequence[ActionItem], *, now: datetime) -> tuple[ItemRow, ...]:
    """*items* as rows, in the order given."""
    return tuple(_row(item, now) for item in items)


def item_view(
    item: ActionItem,
    *,
    refusal: str | None,
    problem: str = "",
    typed: str = "",
    acts: tuple[ItemAct, ...] = (),
    now: datetime,
) -> ItemView:
    """The page of *item*; *problem* and *typed*: of a form that was refused."""
    closed = ""
    if item.closed_at is not None:
        who = text.capped(item.closed_by or "somebody", 60)
        closed = f"{STATES[item.state].text} by {who} at {text.stamp(item.closed_at, now)}."
    row = _row(item, now)
    first = f"{text.stamp(item.opened_at, now)}, by {text.capped(item.opened_by, 60)}; {row.told}"
    details = [
        (text.capped(name, 60), text.capped(f"{value}"))
        for name, value in list(item.details.items())[:MOST_DETAILS]
        if not isinstance(value, dict | list)
    ]
    return ItemView(
        row=row,
        number=int(item.id or 0),
        version=item.version,
        facts=(("Object", text.capped(item.object_id, 255)), ("Kind", _kind(item)), ("First told", first), *details),
        link=text.web_link(item.url),
        closed=closed,
        reason=text.prose(item.reason or ""),
        refusal=refusal or "",
        problem=problem,
        typed=typed,
        acts=acts,
    )


def _row(item: ActionItem, now: datetime) -> ItemRow:
    told = "told once" if item.told == 1 else f"told {item.told:,} times, last {text.stamp(item.last_told_at, now)}"
    incident = item.incident_id
    return ItemRow(
        ref=item.ref,
        address=f"action-items/{item.id}",
        state=STATES[item.state],
        title=text.capped(item.title, text.LONGEST_TITLE),
        object=f"{_kind(item)} {text.capped(item.object_id, LONGEST_OBJECT)}",
        about=f"INC-{incident}" if incident is not None else text.capped(item.slice or "", 60),
        about_address=f"incidents/{incident}" if incident is not None else "",
        when=f"since {text.stamp(item.opened_at, now)}",
        told=told,
    )


def _kind(item: ActionItem) -> str:
    return text.capped(item.kind.replace("_", " "), 60)


def _kept(state: ItemState) -> dict[str, str]:
    return {"state": state.value} if state is not ItemState.OPEN else {}


def _address(state: ItemState) -> str:
    query = _kept(state)
    return "action-items" + (f"?{urlencode(query)}" if query else "")
