"""The queue: incidents for a list, page by page, by keyset: page two never repeats or skips a row of page one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, literal, select, true, tuple_

from parapet.core.clock import instant
from parapet.core.errors import MalformedPayload
from parapet.core.types import IncidentId
from parapet.incidents.model import MOST_COUNTED, Incident
from parapet.incidents.payload import clean
from parapet.store.columns import UtcDateTime
from parapet.store.incidents import RESOLVED, UNRESOLVED
from parapet.store.rows import LARGEST_NUMBER
from parapet.store.schema import incidents as table
from parapet.store.store import Transaction

_OPEN = (table.c.severity_rank, table.c.started_at, table.c.id)
_LATEST = (table.c.resolved_at.desc(), table.c.id.desc())
LARGEST_PAGE = 200
LONGEST_SEARCH = 200


class Scope(StrEnum):
    """Which incidents a list shows."""

    OPEN = "open"  # unresolved, worst first, then oldest
    UNOWNED = "unowned"  # unresolved, and nobody has it
    MINE = "mine"  # unresolved, and one person has it
    RESOLVED = "resolved"  # latest first


_ORDER: Mapping[Scope, Sequence[ColumnElement[Any]]] = {
    scope: _LATEST if scope is Scope.RESOLVED else _OPEN for scope in Scope
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One page of the queue."""

    incidents: tuple[Incident, ...]
    next: str | None
    """What to ask for to get the page after it; None at the end."""


def stretch(
    tx: Transaction,
    scope: Scope,
    *,
    owner: str | None,
    search: str | None,
    limit: int,
    before: str | None,
    also: Collection[IncidentId] = (),
) -> Stretch:
    """A page of *scope*, at most *limit* rows, after the place *before*: those that *search* finds, and those *also*.

    Raises:
        MalformedPayload: *before* is no place in this list.
    """
    size = max(1, min(limit, LARGEST_PAGE))
    found_by = _matching(tx, search)
    wanted = select(table).where(_in_scope(scope, owner), found_by | table.c.id.in_(also) if also else found_by)
    if before is not None:
        wanted = wanted.where(_after(scope, before))
    found = tx.incidents.select(wanted.order_by(*_ORDER[scope]).limit(size + 1))
    shown = tuple(found[:size])
    return Stretch(incidents=shown, next=_place(scope, shown[-1]) if len(found) > size else None)


def counts(tx: Transaction, owner: str | None) -> dict[str, int]:
    """How many incidents each scope has, as far as MOST_COUNTED."""
    # In the order of the list, so that the index of the list is walked, and no longer one.
    found = tx.incidents.counts_up_to([(_in_scope(scope, owner), _ORDER[scope]) for scope in Scope], MOST_COUNTED)
    return {scope.value: count for scope, count in zip(Scope, found, strict=True)}


def _in_scope(scope: Scope, owner: str | None) -> ColumnElement[bool]:
    if scope is Scope.RESOLVED:
        return RESOLVED
    if scope is Scope.UNOWNED:
        return and_(UNRESOLVED, table.c.owner.is_(None))
    if scope is Scope.MINE:
        return and_(UNRESOLVED, table.c.owner == (owner or ""))
    return UNRESOLVED


def _matching(tx: Transaction, search: str | None) -> ColumnElement[bool]:
    text = clean((search or "").strip(), LONGEST_SEARCH)
    return tx.words.matching(text) if text else true()


def _place(scope: Scope, incident: Incident) -> str:
    if scope is Scope.RESOLVED:
        return f"{(incident.resolved_at or incident.started_at).isoformat()}_{incident.id}"
    return f"{incident.severity.rank}_{incident.started_at.isoformat()}_{incident.id}"


def _after(scope: Scope, place: str) -> ColumnElement[bool]:
    try:
        if scope is Scope.RESOLVED:
            when, number = place.split("_")
            return tuple_(table.c.resolved_at, table.c.id) < tuple_(_instant(when), _number(number))
        rank, when, number = place.split("_")
        here = tuple_(_number(rank), _instant(when), _number(number))
        return tuple_(table.c.severity_rank, table.c.started_at, table.c.id) > here
    except (ValueError, OverflowError) as error:
        raise MalformedPayload(f"{place[:80]!r} is no place in this list. Start from its beginning.") from error


def _number(text: str) -> int:
    """*text* as a number that a column can hold.

    Raises:
        ValueError: it is none.
    """
    number = int(text)
    if not 0 <= number <= LARGEST_NUMBER:
        raise ValueError(f"{number} is no row")
    return number


def _instant(text: str) -> BindParameter[datetime]:
    """*text* bound as the column's own type: inside a tuple the database library would not do so by itself.

    Raises:
        ValueError: it is no instant with a time zone.
    """
    return literal(instant(text), UtcDateTime())
