"""A service with its workbench, for `load.py` to storm: `python -m benchmarks.evidence.host URL PORT`."""

from __future__ import annotations

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request as HostRequest
from starlette.responses import PlainTextResponse

from parapet import Parapet, Secrets
from parapet.web import Principal, Request, Role, workbench

TOKEN = "load-token-0123456789"
PAGE = "/page"
"""A page of the host's own."""
BACKLOG = 8_192


def anybody(request: Request) -> Principal:
    """The host's sign-in: everybody is Ana."""
    return Principal(id="ana", name="Ana", role=Role.RESPONDER)


def host(evidence: str) -> Starlette:
    """The application."""
    parapet = Parapet(
        service="shop", evidence=evidence, secrets=Secrets(webhook_tokens=(TOKEN,), form_key="load-form-key-0123456789")
    )
    parapet.journey("checkout", objective=0.999)
    app = Starlette()
    app.add_route(PAGE, _page)
    app.mount("/parapet", workbench(parapet, authenticate=anybody))
    return app


async def _page(request: HostRequest) -> PlainTextResponse:
    return PlainTextResponse("a page")


if __name__ == "__main__":
    uvicorn.run(host(sys.argv[1]), port=int(sys.argv[2]), log_level="warning", backlog=BACKLOG)
