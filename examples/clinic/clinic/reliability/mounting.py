"""Puts Parapet into the project's addresses."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from parapet.signals.gate import Gate, Verdict, bearer

from clinic.reliability.service import parapet

GATE = Gate.of(())
"""Networks that may read /metrics without a token, such as `Gate.of(("10.0.0.0/8",))`."""
NEEDED = "A valid bearer token is needed.\n"
CLOSED = "Closed. Set PARAPET_METRICS_TOKEN to open it.\n"


def metrics(request: HttpRequest) -> HttpResponse:
    """The signals, for Prometheus, which shows the token in PARAPET_METRICS_TOKEN."""
    verdict = GATE.verdict(
        client=request.META.get("REMOTE_ADDR"),
        token=bearer(request.headers.get("Authorization")),
        tokens=parapet.secrets.metrics_tokens,
    )
    if verdict is Verdict.TOKEN_NEEDED:
        answer = HttpResponse(NEEDED, status=401, content_type="text/plain")
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    if verdict is not Verdict.OPEN:
        return HttpResponse(CLOSED, status=403, content_type="text/plain")
    headers = request.headers
    scrape = parapet.recorder.expose(
        accept=headers.get("Accept"),
        accept_encoding=headers.get("Accept-Encoding"),
    )
    return HttpResponse(scrape.body, headers=scrape.headers)


urlpatterns = [path("metrics", metrics)]
