"""One promise: how it stands, how it fared, what was deployed meanwhile, and its incidents."""

from __future__ import annotations

from parapet.core.errors import NotFound, UnknownName
from parapet.web.desk import Desk, Visit, show
from parapet.web.promises import speed_slices
from parapet.web.response import Response
from parapet.web.views.journey import journey_page

MOST_CHANGES = 200


def page(desk: Desk, visit: Visit) -> Response:
    """The promise that the address names."""
    app, name = desk.app, visit.params["slice"]
    try:
        one = app.catalog.slice(name)
    except UnknownName as error:
        raise NotFound("No promise of this service has that name. The first page shows all of them.") from error
    sky = app.observe.journeys()
    card, course = next(each for each in sky.readings if each.slice == one.name), app.observe.course(one.name)
    with app.look.together():
        changes, latest = app.look.changes(MOST_CHANGES), app.look.latest(app.service, one.name)
    view = journey_page(
        card,
        course,
        changes,
        latest,
        speed=one.name in speed_slices(app.catalog),
        problem=sky.problem,
        now=visit.now,
    )
    return show(desk, visit, "journey.html", view, title=view.card.title, place="journeys")
