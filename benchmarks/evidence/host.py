"""A service with its workbench, for `load.py` to storm: `python -m benchmarks.evidence.host URL PORT`.

`bare` for the URL is a service without Parapet, which reads what it is sent and answers: what anybody pays for a storm.
"""

from __future__ import annotations

import hashlib
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
HOOK = "/parapet/hooks/alertmanager"
BARE = "bare"
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


def bare() -> Starlette:
    """The same service, and whoever takes its alerts does nothing with them."""
    app = Starlette()
    app.add_route(PAGE, _page)
    app.add_route(HOOK, _hear, methods=["POST"])
    return app


async def _hear(request: HostRequest) -> PlainTextResponse:
    return PlainTextResponse(hashlib.sha256(await request.body()).hexdigest())


async def _page(request: HostRequest) -> PlainTextResponse:
    return PlainTextResponse("a page")


if __name__ == "__main__":
    served = bare() if sys.argv[1] == BARE else host(sys.argv[1])
    uvicorn.run(served, port=int(sys.argv[2]), log_level="warning", backlog=BACKLOG)
