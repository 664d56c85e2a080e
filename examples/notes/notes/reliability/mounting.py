"""Puts Parapet into the application."""

from __future__ import annotations

from flask import Flask, Response, request
from parapet.integrations.flask import instrument
from parapet.signals.gate import Gate, Verdict, bearer

from notes.reliability.service import parapet

GATE = Gate.of(())
"""Networks that may read /metrics without a token, such as `Gate.of(("10.0.0.0/8",))`."""
NEEDED = "A valid bearer token is needed.\n"
CLOSED = "Closed. Set PARAPET_METRICS_TOKEN to open it.\n"


def attach(app: Flask) -> None:
    """Count every request of *app*, and answer for /metrics, which asks for the token in PARAPET_METRICS_TOKEN."""
    instrument(app, parapet)
    app.add_url_rule("/metrics", "parapet_metrics", metrics)


def metrics() -> Response:
    """The signals, for Prometheus."""
    verdict = GATE.verdict(
        client=request.remote_addr,
        token=bearer(request.headers.get("Authorization")),
        tokens=parapet.secrets.metrics_tokens,
    )
    if verdict is Verdict.TOKEN_NEEDED:
        answer = Response(NEEDED, 401, mimetype="text/plain")
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    if verdict is not Verdict.OPEN:
        return Response(CLOSED, 403, mimetype="text/plain")
    headers = request.headers
    scrape = parapet.recorder.expose(
        accept=headers.get("Accept"),
        accept_encoding=headers.get("Accept-Encoding"),
    )
    return Response(scrape.body, 200, scrape.headers)
