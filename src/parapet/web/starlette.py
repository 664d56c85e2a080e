"""The workbench and /metrics as plain ASGI classes, for Starlette, FastAPI and any ASGI host."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import anyio
from starlette.requests import Request as StarletteRequest
from starlette.types import Receive, Scope, Send

from parapet.signals.gate import Gate
from parapet.web import security, zones
from parapet.web.exposition import expose
from parapet.web.lanes import Lane
from parapet.web.looks import OURS, Looks
from parapet.web.mount import site_of
from parapet.web.principal import Authenticate, Authorize
from parapet.web.reads import App, Measured
from parapet.web.reception import BODY_SECONDS, Reception
from parapet.web.request import Request
from parapet.web.response import Response, Stream
from parapet.web.site import Site
from parapet.web.stream import LIFE_SECONDS
from parapet.web.threads import in_thread
from parapet.web.views.links import Link


class Workbench:
    """The operator workbench, the alert webhook and the small API behind one mount. Made by `workbench`."""

    def __init__(self, site: Site, *, body_seconds: float = BODY_SECONDS, stream_seconds: float = LIFE_SECONDS) -> None:
        self._reception = Reception(site, body_seconds=body_seconds, stream_seconds=stream_seconds)

    @property
    def parapet(self) -> object:
        """Whose workbench it is."""
        return self._reception.site.desk.app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of the host."""
        if scope["type"] != "http":
            await _decline(scope, receive, send)
            return
        path = _path_below(scope)
        if not path:  # the mount itself, without a slash: relative addresses need one
            await _send(send, Response(status=307, headers={"location": _directory(scope)}), scope["method"])
            return
        request = _request(scope, path)
        response = await self._reception.answer(request, receive)
        if isinstance(response, Stream):
            await _stream(send, receive, response)
        else:
            await _send(send, response, request.method)


class Metrics:
    """/metrics behind a bearer token or within a network. Made by `metrics`."""

    def __init__(self, app: Measured, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    @property
    def parapet(self) -> object:
        """Whose signals they are."""
        return self._app

    @property
    def gate(self) -> Gate:
        """Who may read them."""
        return self._gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one scrape."""
        if scope["type"] != "http":
            await _decline(scope, receive, send)
            return
        request = _request(scope, _path_below(scope) or "/")
        app, gate = self._app, self._gate
        await _send(send, await in_thread(Lane.MACHINES, lambda: expose(app, gate, request)), request.method)


def workbench(
    parapet: App,
    *,
    authenticate: Authenticate,
    authorize: Authorize | None = None,
    links: Sequence[Link] = (),
    login_url: str | None = None,
    read_only: bool = False,
    looks: Looks = OURS,
    zone: str = zones.HOME,
) -> Workbench:
    """The workbench of *parapet*, to mount anywhere: `app.mount("/parapet", workbench(...))`.

    Args:
        authenticate: who sent this request, or None. Called in a thread of Parapet's own; `request.native` is the
            Starlette request, with the host's session if the host has one.
        authorize: a further say, after the role: it can only take away.
        links: other places to look, shown on every incident, filtered to its window.
        login_url: where strangers are sent; without it they get a page with status 401. A relative one, such as
            `../login`, is seen from the mount, and holds behind any prefix of a proxy. Where they came from goes there
            as `next`, or in the place of `{back}`.
        read_only: nobody may write.
        looks: the host's own name, logo, colours and templates.
        zone: in which times are shown to people who chose none and whose principal has none.

    Raises:
        ConfigurationError: `authenticate` is missing, or the service has no `form_key` to sign its forms with.
    """
    site = site_of(
        parapet,
        authenticate=authenticate,
        authorize=authorize,
        links=links,
        login_url=login_url,
        read_only=read_only,
        looks=looks,
        zone=zone,
    )
    return Workbench(site)


def metrics(parapet: Measured, *, allow_networks: Iterable[str] = ()) -> Metrics:
    """The signals of *parapet* for Prometheus, behind `Secrets.metrics_tokens`.

    As a route, `app.routes.append(Route("/metrics", metrics(parapet)))`, it is found at exactly this path; mounted,
    its path ends with a slash. With neither a token nor a network it answers 403 and says how to configure one.

    Args:
        allow_networks: whose peers need no token, such as `10.0.0.0/8`. Behind a proxy that the server does not know
            as one, everybody comes from the proxy's address: leave that out.

    Raises:
        ConfigurationError: one of them is no network.
    """
    return Metrics(parapet, Gate.of(allow_networks))


def _path_below(scope: Scope) -> str:
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    if root and (path == root or path.startswith(root + "/")):
        return path[len(root) :]
    return path


def _directory(scope: Scope) -> str:
    """The last segment of the mount with a slash: relative, so that a proxy may put anything before it."""
    return f"./{str(scope['path']).rsplit('/', 1)[-1]}/"


def _request(scope: Scope, path: str) -> Request:
    native = StarletteRequest(scope)
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return Request(
        method=scope["method"],
        path=path,
        root=str(scope.get("root_path", "")),
        query_string=scope.get("query_string", b"").decode("latin-1"),
        headers=headers,
        cookies=native.cookies,
        client=scope["client"][0] if scope.get("client") else None,
        native=native,
    )


async def _send(send: Send, response: Response, method: str) -> None:
    whole = response.with_headers({**security.HEADERS, "content-length": str(len(response.body))})
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in whole.headers.items()]
    await send({"type": "http.response.start", "status": whole.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else whole.body})


async def _stream(send: Send, receive: Receive, stream: Stream) -> None:
    """Every part, until there are no more or the client leaves."""
    headers = [(name.encode(), value.encode()) for name, value in {**security.HEADERS, **stream.headers}.items()]
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_until_gone, receive, group.cancel_scope)
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            async for part in stream.parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
            group.cancel_scope.cancel()
    except* OSError:
        pass  # it left while it was told


async def _until_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


async def _decline(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    while True:  # lifespan, when it is served without a host
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
