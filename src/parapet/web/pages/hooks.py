"""Where Alertmanager hands in its alerts. 2xx only once they are stored; 503 asks it to keep trying."""

from __future__ import annotations

from parapet.core.errors import MalformedPayload, PayloadTooLarge
from parapet.web.desk import Desk, Visit
from parapet.web.response import Response, answer, refusal


def alertmanager(desk: Desk, visit: Visit) -> Response:
    """Take one body in."""
    try:
        receipt = desk.app.inbox.receive(visit.request.body, source="alertmanager")
    except PayloadTooLarge as error:
        return refusal(413, error.message)
    except MalformedPayload as error:
        return refusal(422, error.message)
    return answer(
        {
            "inbox_id": receipt.inbox_id,
            "incidents": [int(each) for each in receipt.incident_ids],
            "reports": receipt.reports,
            "state": str(receipt.state),
        }
    )
