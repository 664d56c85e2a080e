"""Where the links in alerts lead: from a slice to its latest incident."""

from __future__ import annotations

from urllib.parse import urlencode

from parapet.web.desk import Desk, Visit
from parapet.web.response import Response, moved

LONGEST_NAME = 200


def page(desk: Desk, visit: Visit) -> Response:
    """To the latest incident of the slice; to the queue, searching for it, when there is none yet."""
    query = visit.request.query
    service = query.get("service", desk.app.service)[:LONGEST_NAME]
    slice_name = query.get("slice", "")[:LONGEST_NAME]
    found = desk.app.look.find(service, slice_name) if slice_name else None
    if found is not None:
        return moved(f"{visit.request.base}incidents/{found}")
    search = f"?{urlencode({'q': slice_name})}" if slice_name else ""
    return moved(f"{visit.request.base}incidents{search}")
