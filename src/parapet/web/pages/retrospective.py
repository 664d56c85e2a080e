"""What was learned from an incident that is over, as a page and as Markdown."""

from __future__ import annotations

from parapet.lessons.retrospective import to_markdown
from parapet.web.desk import Desk, Visit, show
from parapet.web.pages.incident import incident_id
from parapet.web.response import Response
from parapet.web.views.retrospective import retrospective_view


def page(desk: Desk, visit: Visit) -> Response:
    """The retrospective."""
    look, number = desk.app.look, incident_id(visit)
    with look.together():
        file, kept = look.incident(number), look.retrospective(number)
    view = retrospective_view(kept, file, now=visit.now)
    title = f"Retrospective {view.ref}: {view.title}"
    return show(desk, visit, "retrospective.html", view, title=title, place="incidents")


def markdown(desk: Desk, visit: Visit) -> Response:
    """The retrospective as a file to keep elsewhere."""
    kept = desk.app.look.retrospective(incident_id(visit))
    headers = {
        "content-type": "text/markdown; charset=utf-8",
        "content-disposition": f'attachment; filename="INC-{kept.incident_id}.md"',
    }
    return Response(headers=headers, body=to_markdown(kept).encode())
