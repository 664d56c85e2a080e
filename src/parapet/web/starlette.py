"""The workbench and /metrics as plain ASGI classes, for Starlette, FastAPI and any ASGI host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import anyio
from anyio.lowlevel import RunVar
from starlette.requests import Request as StarletteRequest
from starlette.types import Message, Receive, Scope, Send

from parapet.core.errors import ConfigurationError, EvidenceError, ParapetError
from parapet.core.guard import guarded
from parapet.signals.gate import Gate
from parapet.web import security
from parapet.web import stream as events
from parapet.web.desk import Desk, Visit
from parapet.web.exposition import expose
from parapet.web.funnel import Funnel
from parapet.web.pages import hooks
from parapet.web.principal import Authenticate, Authorize
from parapet.web.reads import App, Measured, Receipt
from parapet.web.request import Request, first_values
from parapet.web.response import Response
from parapet.web.routes import Door, Found
from parapet.web.site import Site
from parapet.web.threads import Lane, Line, in_thread
from parapet.web.views.links import Link

BODY_SECONDS = 15.0
"""A body must be here in this time."""
DRAINED_BYTES = 64 * 1024
DRAINED_SECONDS = 2.0
MOST_AT_ONCE: Mapping[Lane, int] = {Lane.PEOPLE: 64, Lane.MACHINES: 32, Lane.HOOKS: 8_192}
"""Requests under way in one process, waiting ones included."""
MOST_BYTES_AT_ONCE = 128 * 1024 * 1024
"""Of the bodies of those, per lane."""


class BodyTooLarge(Exception):
    """The body went past its limit."""


class ClientGone(Exception):
    """The client left before its body was whole: nothing of it is taken."""


class TooMuchAtOnce(Exception):
    """The bodies under way together went past their limit."""


class Workbench:
    """The operator workbench, the alert webhook and the small API behind one mount. Made by `workbench`."""

    def __init__(self, site: Site, *, body_seconds: float = BODY_SECONDS) -> None:
        self._site = site
        self._body_seconds = body_seconds
        self._lines = {lane: Line(most, MOST_BYTES_AT_ONCE) for lane, most in MOST_AT_ONCE.items()}
        self._funnels: RunVar[Funnel] = RunVar(f"parapet_funnel_{id(self)}")
        self._pulses: RunVar[events.Pulse] = RunVar(f"parapet_pulse_{id(self)}")

    @property
    def parapet(self) -> object:
        """Whose workbench it is."""
        return self._site.desk.app

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
        found = self._site.find(request)
        if isinstance(found, Found) and found.route.stream and events.wanted(request):
            await self._stream(found, request, receive, send)
            return
        response = found if isinstance(found, Response) else await self._answer(found, request, receive)
        await _send(send, response, request.method)

    async def _answer(self, found: Found, request: Request, receive: Receive) -> Response:
        site, lane = self._site, found.route.lane
        if found.route.door is Door.PUBLIC:
            visit = site.admit(found, request)
            return visit if isinstance(visit, Response) else site.answer(found, visit)
        line = self._lines[lane]
        if found.route.door is Door.HOOK:
            return await self._take(found, request, receive, line)
        if line.full:
            visit = Visit(request=request, principal=None, now=site.desk.app.clock.now())
            return site.busy(found, visit)
        line.now += 1
        try:
            admitted = await in_thread(lane, lambda: site.admit(found, request))
            if isinstance(admitted, Response):
                await _drain(receive, request)
                return admitted.with_headers({"connection": "close"} if request.method == "POST" else {})
            if not found.route.most_bytes:
                return await in_thread(lane, lambda: site.answer(found, admitted))
            whole = await self._whole(found, admitted, receive, line)
            if isinstance(whole, Response):
                return whole
            return await in_thread(lane, lambda: site.answer(found, whole))
        finally:
            line.now -= 1

    async def _take(self, found: Found, request: Request, receive: Receive, line: Line) -> Response:
        """A body for the inbox: with what else arrives, and never in anybody else's threads."""
        site, receipt = self._site, None
        admitted = site.admit(found, request)  # tokens and headers only: it waits for nothing
        if isinstance(admitted, Response):
            await _drain(receive, request)
            response = admitted.with_headers({"connection": "close"})
        elif line.full:
            response = site.busy(found, admitted)
        else:
            line.now += 1
            try:
                response, receipt = await self._hand_in(found, admitted, receive, line)
            finally:
                line.now -= 1
        hooks.count(site.desk, found.route, response, receipt)
        return response

    async def _hand_in(
        self, found: Found, visit: Visit, receive: Receive, line: Line
    ) -> tuple[Response, Receipt | None]:
        whole = await self._whole(found, visit, receive, line)
        if isinstance(whole, Response):
            return whole, None
        body = whole.request.body
        line.bytes_now += len(body)
        try:
            with guarded("the hook"):  # what breaks here is ours: the sender keeps its body and tries again
                try:
                    if (forged := self._site.forged(found, whole)) is not None:
                        return forged, None
                    stored, receipt = await self._funnel().hand_in(found.route.source, body)
                except ParapetError as error:
                    return hooks.away(error), None
                return hooks.told(stored, receipt), receipt
        finally:
            line.bytes_now -= len(body)
        return hooks.away(EvidenceError("It broke here. Nothing is known to be stored.")), None

    async def _stream(self, found: Found, request: Request, receive: Receive, send: Send) -> None:
        admitted = await in_thread(found.route.lane, lambda: self._site.admit(found, request))
        pulse = self._pulse()
        if isinstance(admitted, Response):
            await _send(send, admitted, request.method)
        elif pulse.streams >= events.MOST_AT_ONCE:
            await _send(send, self._site.busy(found, admitted), request.method)
        else:
            await events.stream(pulse, request, receive, send)

    def _pulse(self) -> events.Pulse:
        """The pulse of this event loop."""
        try:
            return self._pulses.get()
        except LookupError:
            pulse = events.Pulse(lambda: self._site.desk.app.look.revision())
            self._pulses.set(pulse)
            return pulse

    def _funnel(self) -> Funnel:
        """The funnel of this event loop: what waits in it belongs to one loop."""
        try:
            return self._funnels.get()
        except LookupError:
            funnel = Funnel(lambda: self._site.desk.app.inbox)
            self._funnels.set(funnel)
            return funnel

    async def _whole(self, found: Found, visit: Visit, receive: Receive, line: Line) -> Visit | Response:
        """The visit with its body, or why it has none."""
        site = self._site
        try:
            with anyio.fail_after(self._body_seconds):
                return visit.with_body(await _body(receive, visit.request, found.route.most_bytes, line))
        except BodyTooLarge:
            return site.too_large(found, visit)
        except (TimeoutError, ClientGone, TooMuchAtOnce):
            return site.busy(found, visit)


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
) -> Workbench:
    """The workbench of *parapet*, to mount anywhere: `app.mount("/parapet", workbench(...))`.

    Args:
        authenticate: who sent this request, or None. Called in a thread of Parapet's own; `request.native` is the
            Starlette request, with the host's session if the host has one.
        authorize: a further say, after the role: it can only take away.
        links: other places to look, shown on every incident, filtered to its window.
        login_url: where strangers are sent; without it they get a page with status 401.
        read_only: nobody may write.

    Raises:
        ConfigurationError: `authenticate` is missing, or the service has no `form_key` to sign its forms with.
    """
    if not callable(authenticate):
        raise ConfigurationError(
            "The workbench needs authenticate=: a function from a request to a Principal, or None for strangers."
        )
    if parapet.secrets.form_key is None:
        raise ConfigurationError(
            "The workbench needs Secrets(form_key=...) to sign its forms: the same value on every process."
        )
    desk = Desk(
        app=parapet,
        form_key=parapet.secrets.form_key,
        authenticate=authenticate,
        authorize=authorize,
        links=tuple(links),
        login_url=login_url,
        read_only=read_only,
    )
    return Workbench(Site(desk))


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
        query=first_values(scope.get("query_string", b"").decode("latin-1")),
        headers=headers,
        cookies=native.cookies,
        client=scope["client"][0] if scope.get("client") else None,
        native=native,
    )


async def _body(receive: Receive, request: Request, most_bytes: int, line: Line) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most_bytes:
        raise BodyTooLarge
    parts: list[bytes] = []
    size = 0
    try:
        while True:
            message: Message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            part: bytes = message.get("body", b"")
            size += len(part)
            line.bytes_now += len(part)
            if size > most_bytes:
                raise BodyTooLarge
            if line.bytes_now > line.most_bytes:
                raise TooMuchAtOnce
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)
    finally:
        line.bytes_now -= size


async def _drain(receive: Receive, request: Request) -> None:
    """Read a small body that nobody wants: a sender that is still sending might else not hear the answer."""
    declared = request.headers.get("content-length", "")
    if not declared.isdecimal() or not 0 < int(declared) <= DRAINED_BYTES:
        return
    with anyio.move_on_after(DRAINED_SECONDS):
        while (await receive()).get("more_body", False):
            pass


async def _send(send: Send, response: Response, method: str) -> None:
    whole = response.with_headers({**security.HEADERS, "content-length": str(len(response.body))})
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in whole.headers.items()]
    await send({"type": "http.response.start", "status": whole.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else whole.body})


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
