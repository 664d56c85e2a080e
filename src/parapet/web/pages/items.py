"""Action items: the list, one of them, and the two forms that close it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from parapet.core.errors import NotFound, Refused, StaleVersion
from parapet.incidents.items import ActionItem, ItemState
from parapet.incidents.model import Incident, IncidentState
from parapet.web import text
from parapet.web.desk import Desk, Visit, show, since
from parapet.web.principal import Action
from parapet.web.response import Response, see_other
from parapet.web.sent import done_before
from parapet.web.views.acting import offered
from parapet.web.views.items import ItemAct, item_view, items_view
from parapet.web.views.pager import asked, paged

ROWS = 50
LONGEST_WORDS = 4_000
LONGEST_NUMBER = 12
PLACE = "items"


def page(desk: Desk, visit: Visit) -> Response:
    """The items in one state, a page at a time."""
    query = visit.request.query
    state = query.get("state", "")
    wanted = ItemState(state) if state in set(ItemState) else ItemState.OPEN
    with desk.app.look.together():
        place, found = paged(partial(desk.app.action_items.page, wanted, limit=ROWS), asked(query))
    view = items_view(found, state=wanted, asked=place, now=visit.now)
    if not view.rows:
        view = replace(view, since=since(desk, visit))
    return show(desk, visit, "items.html", view, title="Action items", place=PLACE)


def one(desk: Desk, visit: Visit) -> Response:
    """One item, and what may be done with it."""
    return _show(desk, visit, desk.app.action_items.get(_number(visit)))


def resolve(desk: Desk, visit: Visit) -> Response:
    """The reader looked after it."""
    return _close(desk, visit, ItemState.RESOLVED, desk.app.action_items.resolve)


def dismiss(desk: Desk, visit: Visit) -> Response:
    """The reader says that nobody needs to."""
    return _close(desk, visit, ItemState.DISMISSED, desk.app.action_items.dismiss)


def _close(desk: Desk, visit: Visit, state: ItemState, verb: Callable[..., ActionItem]) -> Response:
    number, form = _number(visit), visit.request.form
    seen = form.get("version", "")
    version = int(seen) if seen.isascii() and seen.isdecimal() and len(seen) <= 9 else 0
    words = form.get("reason", "")
    try:
        verb(number, actor=visit.person.actor, reason=words, version=version)
    except NotFound:
        raise
    except Refused as error:
        if done_before(desk, visit, f"{state.value}_item", f"ACT-{number}"):
            return see_other(f"../{number}?done=already")
        status = 409 if isinstance(error, StaleVersion) else 422
        return _show(desk, visit, desk.app.action_items.get(number), error.message, words[:LONGEST_WORDS], status)
    return see_other(f"../{number}?done=item")


def _show(
    desk: Desk, visit: Visit, item: ActionItem, problem: str = "", typed: str = "", status: int = 200
) -> Response:
    refusal = desk.may(visit.person, Action.CLOSE_ITEM)
    view = item_view(item, refusal=refusal, problem=problem, typed=typed, acts=_acts(desk, visit, item), now=visit.now)
    return show(desk, visit, "item.html", view, title=f"{view.row.title}, {item.ref}", place=PLACE, status=status)


def _acts(desk: Desk, visit: Visit, item: ActionItem) -> tuple[ItemAct, ...]:
    """What the reader may have done to its object, and what not, and why."""
    able = [one for one in desk.app.capabilities if one.acts_on == item.kind]
    if item.state is not ItemState.OPEN or not able:
        return ()
    incident, person = _incident(desk, item), visit.person
    if incident is None or incident.state is IncidentState.RESOLVED:
        over = f"{incident.ref} is resolved." if incident is not None else f"No incident of {item.slice} is open."
        why: str | None = f"{over} What is run belongs to an open incident: reopen it, or declare one."
    else:
        why = desk.may(person, Action.PREVIEW)
    return tuple(
        ItemAct(
            shown=offered(one, why or desk.may(person, one.permitted_as) or ""),
            will_do=text.capped(one.will_do).rstrip("."),
            incident=incident.ref if incident is not None else "",
            address=f"incidents/{incident.id}" if incident is not None else "",
            inputs=tuple((name, item.object_id if name == "only" else value) for name, value in one.inputs.items()),
        )
        for one in able
    )


def _incident(desk: Desk, item: ActionItem) -> Incident | None:
    """The incident that it belongs to, else the latest of its slice."""
    if item.incident_id is not None:
        return desk.app.look.standing(item.incident_id)
    return desk.app.look.latest(item.service, item.slice) if item.slice is not None else None


def _number(visit: Visit) -> int:
    written = visit.params["id"].upper().removeprefix("ACT-")
    if not (written.isascii() and written.isdecimal() and len(written) <= LONGEST_NUMBER):
        raise NotFound("No action item has that number. The list shows all of them.")
    return int(written)
