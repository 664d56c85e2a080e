"""The reader's time zone: which it is, and the form that changes it."""

from __future__ import annotations

from parapet.core.errors import NotFound
from parapet.web import zones
from parapet.web.desk import Desk, Visit, show
from parapet.web.response import Response, see_other
from parapet.web.views.zone import zone_view


def page(desk: Desk, visit: Visit) -> Response:
    """In which zone the reader reads, and all the others."""
    default = zones.of(visit.request.without_cookies(), visit.principal, desk.zone)
    view = zone_view(zones.names(), chosen=zones.chosen(visit.request), default=default, now=visit.now)
    return show(desk, visit, "zone.html", view, title="Your time zone")


def choose(desk: Desk, visit: Visit) -> Response:
    """The reader chooses one, or none.

    Raises:
        NotFound: there is no such zone.
    """
    name = visit.request.form.get("zone", "").strip()
    if name and zones.named(name) is None:
        raise NotFound("There is no such time zone. The list has every one that is known here.")
    return zones.remember(see_other("zone?done=zone"), name)
