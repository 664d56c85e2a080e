"""The style sheet and the icon."""

from __future__ import annotations

from parapet.web.desk import Desk, Visit
from parapet.web.response import Response, text


def page(desk: Desk, visit: Visit) -> Response:
    """One static file, by name."""
    asset = desk.assets.get(visit.params["name"])
    if asset is None:
        return text("There is no such file.\n", 404)
    return asset.serve(visit.request.query.get("v"), visit.request.headers.get("if-none-match"))
