"""/metrics: the signals as text, for whoever holds a token or asks from an allowed network."""

from __future__ import annotations

from parapet.signals.gate import Gate, Verdict
from parapet.web.reads import Measured
from parapet.web.request import Request
from parapet.web.response import Response, text

CLOSED = (
    "Closed: this service has no metrics token.\n"
    "Set Secrets(metrics_tokens=(...,)) in the service, put the same token into the file that\n"
    "Wiring.metrics_token_file names on the Prometheus host, and generate the scrape configuration again.\n"
    "Or let a network in without one: metrics(parapet, allow_networks=('10.0.0.0/8',)).\n"
)
CHALLENGE = {"www-authenticate": 'Bearer realm="parapet metrics"'}


def expose(app: Measured, gate: Gate, request: Request) -> Response:
    """The answer to one scrape, in the format and encoding that it asks for."""
    if request.method not in {"GET", "HEAD"}:
        return text("Only GET is taken here.\n", 405, headers={"allow": "GET, HEAD"})
    verdict = gate.verdict(client=request.client, token=request.bearer, tokens=app.secrets.metrics_tokens)
    if verdict is Verdict.CLOSED:
        return text(CLOSED, 403)
    if verdict is Verdict.STRANGER:
        return text("Not from here.\n", 403)
    if verdict is Verdict.TOKEN_NEEDED:
        return text("A valid bearer token is needed.\n", 401, headers=CHALLENGE)
    headers = request.headers
    scrape = app.recorder.expose(accept=headers.get("accept"), accept_encoding=headers.get("accept-encoding"))
    return Response(headers=scrape.headers, body=scrape.body)
