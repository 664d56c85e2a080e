"""The queue of incidents."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from parapet.web.desk import Desk, Visit, show, since
from parapet.web.response import Response
from parapet.web.text import capped
from parapet.web.views.pager import asked, paged
from parapet.web.views.queue import SCOPES, queue_view

ROWS = 50
LONGEST_SEARCH = 100


def page(desk: Desk, visit: Visit) -> Response:
    """One scope of the queue, searched, a page at a time."""
    query = visit.request.query
    scope = query.get("scope", "open")
    scope = scope if scope in SCOPES else "open"
    search = capped(query.get("q", ""), LONGEST_SEARCH)
    look = desk.app.look
    read = partial(look.queue, scope, owner=visit.person.name, search=search or None, limit=ROWS)
    with look.together():
        wanted, found = paged(read, asked(query))
        trust = None if found.incidents else look.trust()
    view = queue_view(
        found,
        trust,
        scope=scope,
        search=search,
        asked=wanted,
        watched=len(desk.app.catalog),
        now=visit.now,
    )
    if not view.rows and not view.filtered:
        view = replace(view, since=since(desk, visit))
    count = found.counts.get("open")
    return show(desk, visit, "queue.html", view, title="Incidents", place="incidents", open_count=count)
