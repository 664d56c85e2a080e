"""Whether anything changed: one short word that is another one after every change. Hosts that stream push it."""

from __future__ import annotations

from parapet.web.desk import Desk, Visit
from parapet.web.response import Response, answer


def page(desk: Desk, visit: Visit) -> Response:
    """What pages ask again and again where the host cannot stream."""
    return answer({"revision": desk.app.look.revision()})
