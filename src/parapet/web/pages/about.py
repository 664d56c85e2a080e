"""Parapet itself: whether the loop works, and how it is set. Anybody who may read may read it."""

from __future__ import annotations

from parapet.web.desk import Desk, Visit, show
from parapet.web.response import Response
from parapet.web.views.about import about_view


def page(desk: Desk, visit: Visit) -> Response:
    """Health and settings."""
    app, sky = desk.app, desk.app.observe.journeys()
    with app.look.together():
        trust, bodies = app.look.trust(), app.bodies.counts()
    view = about_view(
        sky,
        trust,
        bodies,
        app.catalog,
        app.incidents,
        app.wiring,
        app.secrets,
        read_only=desk.read_only,
        links=[link.title for link in desk.links],
        channels=len(desk.app.notices.channels),
        now=visit.now,
    )
    return show(desk, visit, "about.html", view, title="About this workbench")
