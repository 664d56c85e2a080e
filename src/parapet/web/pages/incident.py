"""One incident."""

from __future__ import annotations

from parapet.core.errors import NotFound
from parapet.core.types import IncidentId
from parapet.incidents.model import IncidentState
from parapet.web import looked
from parapet.web.desk import Desk, Visit, show
from parapet.web.pages.offered import actions_view, waiting_of
from parapet.web.principal import Action
from parapet.web.promises import speed_slices
from parapet.web.reads import IncidentFile, JourneyCard
from parapet.web.response import Response
from parapet.web.views.chronology import TABS, tab_name
from parapet.web.views.incident import incident_view

LONGEST_NUMBER = 12


def page(desk: Desk, visit: Visit) -> Response:
    """Everything known about one incident, and what may be done."""
    number, asked = incident_id(visit), visit.request.query.get("from", "")
    tab = tab_name(visit.request.query.get("entries", ""))
    start = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) <= LONGEST_NUMBER else None
    with desk.app.look.together():
        file, leaf = desk.app.look.opened(number, TABS[tab].selection, start=start)
        books, changed = desk.app.records.runbooks(file.incident)
        runs, looks = desk.app.records.of_incident(number), desk.app.looks.of(number)
        asked_for = waiting_of(desk, number)
    card, unasked = _now(desk, file)
    view = incident_view(
        file,
        leaf,
        card,
        books,
        desk.links,
        policy=desk.app.incidents,
        reader=visit.person.name,
        refusal=desk.may(visit.person, Action.NOTE),
        may_redact=desk.may(visit.person, Action.REDACT) is None,
        tab=tab,
        unasked=unasked,
        actions=actions_view(desk, visit, file.incident, runs, asked_for, books_changed=changed),
        policies=len(desk.app.escalations.policies),
        channels=len(desk.app.notices.channels),
        seen=looked.last_seen(visit.request, number),
        speed=file.incident.slice in speed_slices(desk.app.catalog),
        looks=looks,
        now=visit.now,
    )
    if looked.anew(visit.request):
        desk.app.looks.looked(number, visit.person.actor)
    title = f"{view.strip.title}, {view.ref}"
    shown = show(desk, visit, "incident.html", view, title=title, place="incidents")
    return looked.remember(shown, visit.request, number, view.forms.seen)


def incident_id(visit: Visit) -> IncidentId:
    """The incident that the address names, as 12 or INC-12.

    Raises:
        NotFound: it names none.
    """
    written = visit.params["id"].upper().removeprefix("INC-")
    if not (written.isascii() and written.isdecimal() and len(written) <= LONGEST_NUMBER):
        raise NotFound("No incident has that number. The queue lists all of them.")
    return IncidentId(int(written))


def _now(desk: Desk, file: IncidentFile) -> tuple[JourneyCard | None, bool]:
    """The promise this incident is about, as it stands; and whether Prometheus, asked for it, did not answer.

    Asked only while the incident is open, and only if the promise is one of ours.
    """
    incident = file.incident
    names = {one.name for one in desk.app.catalog}
    if incident.state is IncidentState.RESOLVED or incident.slice not in names:
        return None, False
    sky = desk.app.observe.journeys()
    if sky.problem is not None:
        return None, True
    return next((card for card in sky.readings if card.slice == incident.slice), None), False
