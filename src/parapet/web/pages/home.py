"""Are users succeeding right now?"""

from __future__ import annotations

from dataclasses import replace

from parapet.web.desk import Desk, Visit, show, since
from parapet.web.promises import speed_slices
from parapet.web.response import Response
from parapet.web.views.home import home_view
from parapet.web.views.maintenance import resting_words

MOST_OPEN = 50
MOST_CHANGES = 50


def page(desk: Desk, visit: Visit) -> Response:
    """Every journey, then what is open, what changed, and whether to trust it."""
    look, sky = desk.app.look, desk.app.observe.journeys()
    with look.together():
        queue = look.queue("open", owner=visit.person.name, limit=MOST_OPEN)
        changes, trust, rests = look.changes(MOST_CHANGES), look.trust(), desk.app.maintenances.live()
    open_count = queue.counts.get("open", len(queue.incidents))
    view = home_view(
        sky,
        queue.incidents,
        open_count,
        changes,
        trust,
        now=visit.now,
        stale_seconds=desk.app.incidents.signal_stale_seconds,
        channels=len(desk.app.notices.channels),
        speed_slices=speed_slices(desk.app.catalog),
        resting=resting_words(rests, visit.now),
    )
    if not view.open_rows:
        view = replace(view, since=since(desk, visit))
    return show(desk, visit, "home.html", view, title="Journeys", place="journeys", open_count=open_count)
