"""/metrics: the signals as text, for whoever holds a token."""

from __future__ import annotations

from parapet.web import security
from parapet.web.reads import Measured
from parapet.web.request import Request
from parapet.web.response import Response, text

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
CLOSED = (
    "Closed: this service has no metrics token.\n"
    "Set Secrets(metrics_tokens=(...,)) in the service, put the same token into the file that\n"
    "Wiring.metrics_token_file names on the Prometheus host, and generate the scrape configuration again.\n"
)


def expose(app: Measured, request: Request) -> Response:
    """The answer to one scrape."""
    if request.method not in {"GET", "HEAD"}:
        return text("Only GET is taken here.\n", 405, headers={"allow": "GET, HEAD"})
    if not app.secrets.metrics_tokens:
        return text(CLOSED, 403)
    if not security.token_matches(request.bearer, app.secrets.metrics_tokens):
        challenge = {"www-authenticate": 'Bearer realm="parapet metrics"'}
        return text("A valid bearer token is needed.\n", 401, headers=challenge)
    return Response(headers={"content-type": CONTENT_TYPE}, body=app.recorder.render())
