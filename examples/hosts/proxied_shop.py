"""A reverse proxy that logs people in and says who they are in a header, as oauth2-proxy and Authelia do."""

from __future__ import annotations

import threading
from ipaddress import ip_address, ip_network

from examples.hosts.reliability import MOUNT, parapet
from fastapi import FastAPI
from starlette.routing import Route

from parapet.web import Principal, Request, Role, metrics, workbench

PROXIES = ip_network("127.0.0.0/8")
RESPONDERS = {"ana@shop.example"}

app = FastAPI()


def who(request: Request) -> Principal | None:
    """Whoever the proxy says; a header that did not come through it says nothing."""
    if request.client is None or ip_address(request.client) not in PROXIES:
        return None
    name = request.headers.get("x-forwarded-user")
    if not name:
        return None
    return Principal(id=name, name=name, role=Role.RESPONDER if name in RESPONDERS else Role.VIEWER)


released = threading.Event()


@app.get("/stuck")
def stuck() -> str:
    """Holds one of the host's threads, as a dead database does."""
    released.wait(120)
    return "free again"


@app.get("/release")
async def release() -> str:
    """Lets all of them go."""
    released.set()
    return "released"


app.routes.append(Route("/metrics", metrics(parapet, allow_networks=["127.0.0.0/8"])))
app.mount(f"/{MOUNT}", workbench(parapet, authenticate=who, login_url="/oauth2/start?rd={back}"))
