"""Action items: one for each exact object, by a unique key."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, insert, or_, select, update

from parapet.core.errors import Conflict
from parapet.core.part import Part, Place
from parapet.core.types import IncidentId
from parapet.incidents.items import ActionItem, ItemState, Reported
from parapet.incidents.model import MOST_COUNTED
from parapet.store.keyset import Keyset
from parapet.store.rows import LARGEST_NUMBER, row_of
from parapet.store.schema import action_items as table
from parapet.store.schema import incidents

_FIELDS = tuple(field.name for field in fields(ActionItem))
LATEST = Keyset(table.c.opened_at, table.c.id, latest=True)
LARGEST_PAGE = 200
MOST_OF_AN_INCIDENT = 200


class ItemRows:
    """The action items, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, number: int) -> ActionItem | None:
        """The item, or None."""
        if not 0 < number <= LARGEST_NUMBER:
            return None
        return self._one(table.c.id == number)

    def find(self, service: str, reported: Reported, slice_name: str | None) -> ActionItem | None:
        """The item of the same object, if it was reported before.

        That of the same incident or slice; else the open one of the promise *slice_name* or of an incident of it.
        """
        same = and_(table.c.service == service, table.c.kind == reported.kind, table.c.object_id == reported.object_id)
        exact = self._one(and_(same, table.c.about == reported.about))
        if exact is not None or slice_name is None:
            return exact
        of_it = select(incidents.c.id).where(incidents.c.service == service, incidents.c.slice == slice_name)
        promised = or_(table.c.slice == slice_name, table.c.incident_id.in_(of_it))
        return self._one(and_(same, table.c.state == ItemState.OPEN.value, promised))

    def add(self, item: ActionItem) -> int:
        """Keep a new item and give it its number.

        Raises:
            Conflict: the same object was reported by somebody else at the same moment.
        """
        row = row_of(item, without=("id",))
        return int(self._connection.execute(insert(table).returning(table.c.id), row).scalar_one())

    def save(self, item: ActionItem, before: ActionItem) -> None:
        """Keep a changed item, if it is still as *before*.

        Raises:
            Conflict: somebody else changed it at the same moment.
        """
        mine = and_(table.c.id == item.id, table.c.version == before.version, table.c.told == before.told)
        changed = self._connection.execute(update(table).where(mine).values(row_of(item, without=("id",))))
        if changed.rowcount != 1:
            raise Conflict(f"{item.ref} was changed by somebody else at the same moment.")

    def page(
        self,
        state: ItemState,
        *,
        kinds: Collection[str] = (),
        limit: int = 50,
        before: Place | None = None,
        after: Place | None = None,
    ) -> Part[ActionItem]:
        """A page of the items in *state*, latest first; *kinds*: only those.

        Raises:
            MalformedPayload: there is no such place in this list.
        """
        wanted = select(table).where(table.c.state == state.value)
        if kinds:
            wanted = wanted.where(table.c.kind.in_(kinds))
        size = min(limit, LARGEST_PAGE)
        return LATEST.page(self._connection, wanted, _item, limit=size, behind=before, ahead=after)

    def of(self, incident_id: IncidentId, service: str, slice_name: str | None) -> Sequence[ActionItem]:
        """The items of an incident, and the open ones of its slice; open ones first, then the latest."""
        where: ColumnElement[bool] = table.c.incident_id == incident_id
        if slice_name is not None:
            ours = and_(table.c.service == service, table.c.slice == slice_name)
            where = or_(where, and_(ours, table.c.state == ItemState.OPEN.value))
        wanted = select(table).where(where).order_by(table.c.id.desc()).limit(MOST_OF_AN_INCIDENT)
        found = map(_item, self._connection.execute(wanted).mappings())
        return sorted(found, key=lambda one: one.state is not ItemState.OPEN)

    def count(self, state: ItemState) -> int:
        """How many are in *state*, as far as MOST_COUNTED."""
        some = select(table.c.id).where(table.c.state == state.value).limit(MOST_COUNTED).subquery()
        return self._connection.execute(select(func.count()).select_from(some)).scalar_one()

    def _one(self, where: ColumnElement[bool]) -> ActionItem | None:
        row = self._connection.execute(select(table).where(where)).mappings().first()
        return None if row is None else _item(row)


def _item(row: RowMapping) -> ActionItem:
    return ActionItem(**{name: row[name] for name in _FIELDS} | {"state": ItemState(row["state"])})
