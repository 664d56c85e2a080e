"""The queue: incidents for a list, page by page."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, select, true

from parapet.core.part import Part, Place
from parapet.core.types import IncidentId
from parapet.incidents.model import MOST_COUNTED, Incident
from parapet.incidents.payload import clean
from parapet.store.incidents import RESOLVED, UNRESOLVED, up_to
from parapet.store.keyset import Keyset
from parapet.store.schema import incidents as table
from parapet.store.store import Transaction

_OPEN = Keyset(table.c.severity_rank, table.c.started_at, table.c.id)
_LATEST = Keyset(table.c.resolved_at, table.c.id, latest=True)
LARGEST_PAGE = 200
LONGEST_SEARCH = 200


class Scope(StrEnum):
    """Which incidents a list shows."""

    OPEN = "open"  # unresolved, worst first, then oldest
    UNOWNED = "unowned"  # unresolved, and nobody has it
    MINE = "mine"  # unresolved, and one person has it
    RESOLVED = "resolved"  # latest first


_ORDER: Mapping[Scope, Keyset] = {scope: _LATEST if scope is Scope.RESOLVED else _OPEN for scope in Scope}


def stretch(
    tx: Transaction,
    scope: Scope,
    *,
    owner: str | None,
    search: str | None,
    limit: int,
    before: Place | None = None,
    after: Place | None = None,
    also: Collection[IncidentId] = (),
) -> Part[Incident]:
    """A page of *scope*, at most *limit* rows: those that *search* finds, and those *also*.

    *before*: what stands behind a place, as `next` tells it; *after*: what stands ahead of one, as `previous` does.

    Raises:
        MalformedPayload: there is no such place in this list.
    """
    found_by = _matching(tx, search)
    wanted = select(table).where(_in_scope(scope, owner or ""), found_by | table.c.id.in_(also) if also else found_by)
    return tx.incidents.page(_ORDER[scope], wanted, limit=min(limit, LARGEST_PAGE), behind=before, ahead=after)


def counts(tx: Transaction, owner: str | None) -> dict[str, int]:
    """How many incidents each scope has, as far as MOST_COUNTED."""
    found = tx.incidents.counts_up_to(_COUNTING, owner=owner or "")
    return {scope.value: count for scope, count in zip(Scope, found, strict=True)}


def _in_scope(scope: Scope, owner: str | BindParameter[str]) -> ColumnElement[bool]:
    if scope is Scope.RESOLVED:
        return RESOLVED
    if scope is Scope.UNOWNED:
        return and_(UNRESOLVED, table.c.owner.is_(None))
    if scope is Scope.MINE:
        return and_(UNRESOLVED, table.c.owner == owner)
    return UNRESOLVED


def _matching(tx: Transaction, search: str | None) -> ColumnElement[bool]:
    text = clean((search or "").strip(), LONGEST_SEARCH)
    return tx.words.matching(text) if text else true()


# In the order of the list, so that the index of the list is walked, and no longer one. Put together once.
_COUNTING = up_to(
    MOST_COUNTED,
    *((_in_scope(scope, bindparam("owner", type_=table.c.owner.type)), _ORDER[scope].order) for scope in Scope),
)
