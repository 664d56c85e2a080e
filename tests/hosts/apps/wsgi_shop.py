"""A shop on nothing but WSGI, which knows a template itself."""

from __future__ import annotations

from collections.abc import Iterable

from tests.hosts.apps.reliability import parapet

from parapet.signals.wsgi import Environ, StartResponse, instrument


def shop(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    path = str(environ["PATH_INFO"])
    if path == "/boom":
        raise RuntimeError("broken")
    status = "200 OK" if path == "/metrics" or path.startswith("/orders/") else "404 Not Found"
    start_response(status, [("Content-Type", "text/plain")])
    return [parapet.recorder.render() if path == "/metrics" else b"plain"]


def route(environ: Environ) -> str | None:
    path = str(environ["PATH_INFO"])
    if path == "/metrics":
        return path
    return "/orders/{order}" if path.startswith("/orders/") else None


app = instrument(shop, parapet.recorder, route=route)
