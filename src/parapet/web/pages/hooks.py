"""Where alerts are handed in. 2xx only once they are stored; 503 asks the sender to keep trying."""

from __future__ import annotations

from parapet.core import names, signing
from parapet.core.errors import ParapetError
from parapet.incidents.sources import Source
from parapet.web.desk import Desk, Visit
from parapet.web.reads import Receipt, Stored
from parapet.web.request import Request
from parapet.web.response import Response, answer, refusal
from parapet.web.routes import Route

SIGNING = {Source.ALERTMANAGER: signing.OURS, Source.EVENTS: signing.OURS, Source.GRAFANA: signing.GRAFANA}
OUTCOMES = {200: "done", 401: "unauthenticated", 413: "too_large", 422: "rejected", 503: "unavailable"}
STORED = "stored"
"""Kept and answered; taken in later."""


def page(desk: Desk, visit: Visit, source: str) -> Response:
    """Take one body in by itself, for hosts where none can wait for another."""
    return take(desk, visit, source)[0]


def take(desk: Desk, visit: Visit, source: str) -> tuple[Response, Receipt | None]:
    """The same, with what became of the body; no receipt when nothing was stored."""
    inbox = desk.app.inbox
    try:
        (stored,) = inbox.store([(source, visit.request.body)])
        (receipt,) = inbox.take_in([stored])
    except ParapetError as error:
        return away(error), None
    return told(stored, receipt), receipt


def told(stored: Stored, receipt: Receipt | None) -> Response:
    """What the sender hears of a body that was stored: 422 if it is no alert, else 200."""
    if receipt is None:
        return answer({"inbox_id": stored.id, "incidents": [], "reports": None, "state": STORED})
    if receipt.error is not None:
        return refusal(422, receipt.error)
    return answer(
        {
            "inbox_id": receipt.inbox_id,
            "incidents": [int(each) for each in receipt.incident_ids],
            "reports": receipt.reports,
            "state": receipt.state,
        }
    )


def away(error: ParapetError) -> Response:
    """Nothing was stored: 503, which every sender tries again."""
    return refusal(503, error.message)


def signature_missing(desk: Desk, route: Route, visit: Visit) -> str | None:
    """Why the headers of a body that must be signed cannot hold, before it is read; None: they may."""
    keys, request = desk.app.secrets.signing_keys, visit.request
    if not keys or (route.source == Source.ALERTMANAGER and not _signature(request)):
        return None
    if not _signature(request):
        return f"A signature is needed: {names.SIGNATURE_HEADER}, with {names.TIMESTAMP_HEADER}."
    if not signing.lately(_timestamp(request), visit.now):
        return f"{names.TIMESTAMP_HEADER} must be the unix time in seconds, within {signing.TOLERANCE_SECONDS:.0f} s."
    return None


def signature_wrong(desk: Desk, route: Route, visit: Visit) -> str | None:
    """Why a signed body is not taken; None: its signature holds, or needs not."""
    keys, request = desk.app.secrets.signing_keys, visit.request
    if not keys or not _signature(request):
        return signature_missing(desk, route, visit)
    held = signing.holds(
        request.body,
        _signature(request),
        timestamp=_timestamp(request),
        secrets=keys,
        between=SIGNING[Source(route.source)],
    )
    return None if held else "The signature does not hold for this body and time."


def count(desk: Desk, route: Route, response: Response, receipt: Receipt | None = None) -> None:
    """Count what became of one body."""
    kept_only = response.status == 200 and (receipt is None or receipt.state == STORED)
    outcome = STORED if kept_only else OUTCOMES.get(response.status, "failed")
    desk.app.recorder.add(names.INGEST, (route.source, outcome))


def _signature(request: Request) -> str:
    headers = request.headers
    return headers.get(names.SIGNATURE_HEADER.lower()) or headers.get(names.GRAFANA_SIGNATURE_HEADER.lower()) or ""


def _timestamp(request: Request) -> str:
    return request.headers.get(names.TIMESTAMP_HEADER.lower(), "")
