"""What changed in the system lately."""

from __future__ import annotations

from dataclasses import replace

from parapet.web.desk import Desk, Visit, show, since
from parapet.web.response import Response
from parapet.web.views.changes import changes_view

ROWS = 200


def page(desk: Desk, visit: Visit) -> Response:
    """Every change, newest first."""
    view = changes_view(desk.app.look.changes(ROWS), service=desk.app.service, now=visit.now)
    if not view.days:
        view = replace(view, since=since(desk, visit))
    return show(desk, visit, "changes.html", view, title="Changes", place="changes")
