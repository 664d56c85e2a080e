"""What the API shows: one page of things each, as JSON."""

from __future__ import annotations

from parapet.core.errors import MalformedPayload, NotFound
from parapet.core.shapes import Given
from parapet.core.types import IncidentId, Json
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
        before=given.get("before", str),
    )
    shown: list[Json] = [incident_object(one) for one in page.incidents]
    return answer({"scope": scope, "incidents": shown, "counts": dict(page.counts), "next": page.next})


def incident(desk: Desk, visit: Visit, given: Given) -> Response:
    """Everything about one incident."""
    number, look = incident_id(visit), desk.app.look
    file, entries, episodes = look.incident(number), look.chronology(number), look.episodes(number)
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
    after, limit = given.get("after", int) or 0, given.get("limit", int) or SHOWN
    ref = desk.app.look.standing(incident_id(visit)).ref
    entries = desk.app.look.chronology(incident_id(visit), after=after, limit=limit + 1)
    shown: list[Json] = [entry_object(one) for one in entries[:limit]]
    following = entries[limit - 1].seq if len(entries) > limit else None
    return answer({"ref": ref, "entries": shown, "next": following})


def retrospective(desk: Desk, visit: Visit, given: Given) -> Response:
    """What was learned from an incident that is over.

    Raises:
        NotFound: it is not over yet.
    """
    return answer(to_json(desk.app.look.retrospective(incident_id(visit))))


def changes(desk: Desk, visit: Visit, given: Given) -> Response:
    """A page of the changes to the system."""
    page = desk.app.look.change_page(given.get("limit", int) or SHOWN, before=given.get("before", str))
    return answer({"changes": [told_object(one) for one in page.changes], "next": page.next})


def audit(desk: Desk, visit: Visit, given: Given) -> Response:
    """Who did, or was refused, what."""
    limit = given.get("limit", int) or SHOWN
    rows = desk.app.audit.log(
        target=given.get("target", str), actor=given.get("who", str), before=given.get("before", int), limit=limit
    )
    shown: list[Json] = [*rows]
    return answer({"rows": shown, "next": rows[-1]["id"] if len(rows) == limit else None})


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
    found = desk.app.bodies.page(shelf, before=given.get("before", int), limit=limit)
    shown: list[Json] = [body_object(one) for one in found]
    following = found[-1].id if len(found) == limit else None
    return answer({"shelf": shelf, "bodies": shown, "counts": dict(desk.app.bodies.counts()), "next": following})


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
