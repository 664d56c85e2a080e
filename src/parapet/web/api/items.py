"""Action items in the API: opened by whoever finds an object that needs somebody, closed by people and scripts."""

from __future__ import annotations

from parapet.core.errors import NotFound
from parapet.core.shapes import Choice, Field, Fields, Given, Link, Whole, Words
from parapet.core.types import IncidentId, Json, JsonObject
from parapet.incidents.document import item_object
from parapet.incidents.items import ItemState
from parapet.web.api.fields import LIMIT, PLACES, REASONED
from parapet.web.api.operation import Operation
from parapet.web.api.reading import SHOWN, places
from parapet.web.desk import Desk, Visit
from parapet.web.principal import Action
from parapet.web.response import Response, answer
from parapet.web.routes import Door


def page(desk: Desk, visit: Visit, given: Given) -> Response:
    """A page of items."""
    state = given.get("state", str) or ItemState.OPEN.value
    kind, limit = given.get("kind", str), given.get("limit", int) or SHOWN
    kinds = () if kind is None else (kind,)
    found = desk.app.action_items.page(state, kinds=kinds, limit=limit, **places(given, str))
    shown: list[Json] = [item_object(one) for one in found.items]
    beside: JsonObject = {"next": found.next, "previous": found.previous}
    return answer({"state": state, "items": shown, "open": found.open, **beside})


def one(desk: Desk, visit: Visit, given: Given) -> Response:
    """One item."""
    return answer(item_object(desk.app.action_items.get(_number(visit))))


def opened(desk: Desk, visit: Visit, given: Given) -> Response:
    """Say that an object needs somebody."""
    number, slice_name = given.get("incident", int), given.get("slice", str)
    if slice_name is not None:
        desk.app.catalog.slice(slice_name)
    item = desk.app.action_items.open(
        given.need("kind", str),
        given.need("object_id", str),
        title=given.need("title", str),
        incident_id=None if number is None else IncidentId(number),
        slice_name=slice_name,
        url=given.get("url", str),
        by=visit.person.actor,
    )
    return answer(item_object(item), 201)


def resolve(desk: Desk, visit: Visit, given: Given) -> Response:
    """Somebody looked after it."""
    reason, version = given.need("reason", str), given.need("version", int)
    closed = desk.app.action_items.resolve(_number(visit), actor=visit.person.actor, reason=reason, version=version)
    return answer(item_object(closed))


def dismiss(desk: Desk, visit: Visit, given: Given) -> Response:
    """Nobody needs to."""
    reason, version = given.need("reason", str), given.need("version", int)
    closed = desk.app.action_items.dismiss(_number(visit), actor=visit.person.actor, reason=reason, version=version)
    return answer(item_object(closed))


def _number(visit: Visit) -> int:
    written = visit.params["item"].upper().removeprefix("ACT-")
    if not (written.isascii() and written.isdecimal() and len(written) <= 12):
        raise NotFound("No action item has that number.")
    return int(written)


ITEMS = (
    Operation(
        name="items",
        method="GET",
        path="/api/action-items",
        says="Exact objects that somebody must look after, latest first.",
        page=page,
        gives="Items",
        takes=Fields(
            name="ItemsQuery",
            fields={
                "state": Field(
                    shape=Choice(values=tuple(each.value for each in ItemState)), says="Which; `open` without it."
                ),
                "kind": Field(shape=Words(most=64), says="Only objects of this sort."),
                **PLACES,
                "limit": LIMIT,
            },
        ),
    ),
    Operation(
        name="open_item",
        method="POST",
        path="/api/action-items",
        says="Say that an object needs somebody: it has one item, however often it is told. Any API token may.",
        page=opened,
        gives="Item",
        status=201,
        takes=Fields(
            name="ItemOpened",
            fields={
                "kind": Field(
                    shape=Words(most=64, example="suppressed_delivery"), says="What sort of object.", required=True
                ),
                "object_id": Field(
                    shape=Words(most=200, example="msg-1"), says="What its own system calls it.", required=True
                ),
                "title": Field(shape=Words(most=200), says="What is to be done.", required=True),
                "incident": Field(shape=Whole(least=1), says="The incident it belongs to."),
                "slice": Field(shape=Words(most=128), says="Or the promise it belongs to."),
                "url": Field(shape=Link(), says="Where to look at it."),
            },
        ),
        door=Door.MACHINE,
    ),
    Operation(
        name="item",
        method="GET",
        path="/api/action-items/{item}",
        says="One of them.",
        page=one,
        gives="Item",
    ),
    Operation(
        name="resolve_item",
        method="POST",
        path="/api/action-items/{item}/resolve",
        says="Say that somebody looked after it.",
        page=resolve,
        gives="Item",
        takes=REASONED,
        action=Action.CLOSE_ITEM,
    ),
    Operation(
        name="dismiss_item",
        method="POST",
        path="/api/action-items/{item}/dismiss",
        says="Say that nobody needs to, also if it is told again.",
        page=dismiss,
        gives="Item",
        takes=REASONED,
        action=Action.CLOSE_ITEM,
    ),
)
