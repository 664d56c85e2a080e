"""What the API shows: one page of things each, as JSON."""

from __future__ import annotations

from typing import TypedDict

from parapet.core.errors import MalformedPayload, NotFound
from parapet.core.part import Part, Place
from parapet.core.shapes import Given
from parapet.core.types import IncidentId, Json, JsonObject
from parapet.incidents.document import (
    body_object,
    entry_object,
    file_object,
    incident_object,
    told_object,
    verified_object,
)
from parapet.lessons.retrospective import to_json
from parapet.response.document import looked_object
from parapet.web import security
from parapet.web.desk import Desk, Visit
from parapet.web.pages.incident import incident_id
from parapet.web.response import Response, answer

SHOWN = 50
MOST = 200


class Places(TypedDict):
    """From where a page of a list is wanted."""

    before: Place | None
    after: Place | None


def places(given: Given, kind: type[int] | type[str]) -> Places:
    """What *given* says of that, in numbers or in words."""
    return Places(before=given.get("before", kind), after=given.get("after", kind))


def listed(name: str, found: Part[JsonObject]) -> JsonObject:
    """A page of a list, and the places beside it."""
    return {name: [*found], "next": found.next, "previous": found.previous}


def session(desk: Desk, visit: Visit, given: Given) -> Response:
    """Who is asking, and what a browser must send along with what it changes."""
    person = visit.person
    token = None if person.machine else security.form_token(desk.form_key, person, visit.now)
    return answer(
        {
            "service": desk.app.service,
            "name": person.name,
            "role": person.role.value,
            "machine": person.machine,
            "may_write": person.may_write and not desk.read_only,
            "token": token,
        }
    )


def incidents(desk: Desk, visit: Visit, given: Given) -> Response:
    """A page of the queue.

    Raises:
        MalformedPayload: it names an owner, and not theirs are asked for.
    """
    scope, owner = given.get("scope", str) or "open", given.get("owner", str)
    if owner is not None and scope != "mine":
        raise MalformedPayload(f"The query.owner goes with scope=mine; with scope={scope} nobody is asked for.")
    page = desk.app.look.queue(
        scope,
        owner=owner or visit.person.name,
        search=given.get("q", str),
        limit=given.get("limit", int) or SHOWN,
        **places(given, str),
    )
    shown: list[Json] = [incident_object(one) for one in page.incidents]
    beside: JsonObject = {"next": page.next, "previous": page.previous}
    return answer({"scope": scope, "incidents": shown, "counts": dict(page.counts), **beside})


def incident(desk: Desk, visit: Visit, given: Given) -> Response:
    """Everything about one incident."""
    file, entries, episodes = desk.app.look.whole(incident_id(visit))
    return answer(
        file_object(
            file.incident,
            entries,
            episodes,
            file.triage,
            file.past,
            file.items,
            file.objects,
            file.near_changes,
        )
    )


def chronology(desk: Desk, visit: Visit, given: Given) -> Response:
    """Entries of one incident, in the order in which they were written."""
    number, limit = incident_id(visit), given.get("limit", int) or SHOWN
    ref = desk.app.look.standing(number).ref
    found = desk.app.look.chronology_page(number, limit=limit, **places(given, int))
    return answer({"ref": ref, **listed("entries", found.of(entry_object))})


def retrospective(desk: Desk, visit: Visit, given: Given) -> Response:
    """What was learned from an incident that is over.

    Raises:
        NotFound: it is not over yet.
    """
    return answer(to_json(desk.app.look.retrospective(incident_id(visit))))


def changes(desk: Desk, visit: Visit, given: Given) -> Response:
    """A page of the changes to the system."""
    page = desk.app.look.change_page(given.get("limit", int) or SHOWN, **places(given, str))
    shown: list[Json] = [told_object(one) for one in page.changes]
    return answer({"changes": shown, "next": page.next, "previous": page.previous})


def audit(desk: Desk, visit: Visit, given: Given) -> Response:
    """Who did, or was refused, what."""
    limit = given.get("limit", int) or SHOWN
    target, who = given.get("target", str), given.get("who", str)
    return answer(listed("rows", desk.app.audit.log(target=target, actor=who, limit=limit, **places(given, int))))


def looks(desk: Desk, visit: Visit, given: Given) -> Response:
    """Who looked at what."""
    limit, number = given.get("limit", int) or SHOWN, given.get("incident", int)
    kept = desk.app.looks
    found = kept.newest(limit) if number is None else kept.of(IncidentId(number), limit)
    shown: list[Json] = [looked_object(one) for one in found]
    return answer({"kept": kept.kept, "looks": shown})


def verify(desk: Desk, visit: Visit, given: Given) -> Response:
    """Whether the chains hold."""
    number = given.get("incident", int)
    found = desk.app.audit.verify(None if number is None else IncidentId(number))
    return answer(verified_object(found, given.get("checkpoint", str)))


def bodies(desk: Desk, visit: Visit, given: Given) -> Response:
    """Bodies of one shelf of the inbox."""
    shelf, limit = given.get("shelf", str) or "waiting", given.get("limit", int) or SHOWN
    found = desk.app.bodies.page(shelf, limit=limit, **places(given, int))
    counts: JsonObject = {"counts": dict(desk.app.bodies.counts())}
    return answer({"shelf": shelf, **counts, **listed("bodies", found.of(body_object))})


def body(desk: Desk, visit: Visit, given: Given) -> Response:
    """One body, as it came."""
    one = desk.app.bodies.get(body_number(visit))
    return answer(body_object(one) | {"whole": one.whole, "body": one.body.decode("utf-8", "replace")})


def body_number(visit: Visit) -> int:
    """The body that the address names.

    Raises:
        NotFound: it names none.
    """
    return _numbered(visit.params["number"], "body")


def entry_number(visit: Visit) -> int:
    """The entry of a chronology that the address names.

    Raises:
        NotFound: it names none.
    """
    return _numbered(visit.params["seq"], "entry")


def _numbered(written: str, what: str) -> int:
    if not (written.isascii() and written.isdecimal() and len(written) <= 18):
        raise NotFound(f"No {what} has that number.")
    return int(written)
