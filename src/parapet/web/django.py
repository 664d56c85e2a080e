"""The workbench and /metrics in Django: addresses to include, and a view. Over WSGI and over ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence
from contextlib import suppress
from functools import wraps
from typing import Any, ParamSpec, TypeVar

try:
    from django.conf import settings
    from django.db import close_old_connections
    from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
    from django.http.response import HttpResponseBase
    from django.shortcuts import resolve_url
    from django.urls import (
        NoReverseMatch,
        URLPattern,
        get_script_prefix,
        is_valid_path,
        re_path,
        reverse,
        set_script_prefix,
    )
except ImportError as error:
    raise ImportError("Django is not installed. Install it, or do not import parapet.web.django.") from error

from parapet.signals.gate import Gate
from parapet.web import security, zones
from parapet.web.blocking import Blocking
from parapet.web.exposition import expose
from parapet.web.looks import OURS, Looks
from parapet.web.mount import site_of
from parapet.web.principal import Authenticate, Authorize
from parapet.web.reads import App, Measured
from parapet.web.request import Request
from parapet.web.response import Response, Stream
from parapet.web.site import Site
from parapet.web.views.links import Link

P = ParamSpec("P")
T = TypeVar("T")

PART_BYTES = 64 * 1024


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
    asgi: bool = False,
) -> list[URLPattern]:
    """The addresses of *parapet*'s workbench: `path("parapet/", include(workbench(...)))`.

    Args:
        authenticate: who sent this request, or None; `request.native` is Django's request, so `request.native.user`
            is who Django's own login says.
        authorize: a further say, after the role: it can only take away.
        links: other places to look, shown on every incident, filtered to its window.
        login_url: where strangers are sent; without it, to Django's own login: `LOGIN_URL` of the settings, or that of
            the admin; an empty one: they get a page with status 401. A relative one, such as
            `../login`, is seen from the mount, and holds behind any prefix of a proxy. Where they came from goes there
            as `next`, or in the place of `{back}`.
        read_only: nobody may write.
        looks: the host's own name, logo, colours and templates.
        zone: in which times are shown to people who chose none and whose principal has none.
        asgi: the site is served over ASGI. Pages then answer from threads of Parapet's own, however busy Django's are.

    Raises:
        ConfigurationError: `authenticate` is missing, or the service has no `form_key` to sign its forms with.
        ImportError: over ASGI, anyio is not installed.
    """
    site = site_of(
        parapet,
        authenticate=_tidy(authenticate) if asgi else authenticate,
        authorize=_tidy(authorize) if asgi and authorize is not None else authorize,
        links=links,
        login_url=login_url,
        own_login=_own_login,
        read_only=read_only,
        looks=looks,
        zone=zone,
    )
    view = _ours(_asynchronous(site) if asgi else _synchronous(site))
    return [re_path(r"^(?P<below>(?s:.*))\Z", view, name="parapet")]


def metrics(parapet: Measured, *, allow_networks: Iterable[str] = ()) -> Callable[[HttpRequest], HttpResponse]:
    """The signals of *parapet* for Prometheus: `path("metrics", metrics(parapet))`.

    Behind `Secrets.metrics_tokens`; with neither a token nor a network it answers 403 and says how to configure one.

    Args:
        allow_networks: whose peers need no token, such as `10.0.0.0/8`. Behind a proxy that the server does not know
            as one, everybody comes from the proxy's address: leave that out.

    Raises:
        ConfigurationError: one of them is no network.
    """
    gate = Gate.of(allow_networks)

    def view(native: HttpRequest) -> HttpResponse:
        return _response(expose(parapet, gate, _request(native, "")), str(native.method))

    ours: Callable[[HttpRequest], HttpResponse] = _ours(view)
    return ours


def _ours(view: Any) -> Any:
    """*view*, past the locks of Django's middleware: it has its own."""
    view.csrf_exempt = True  # our forms bring tokens, machines bring bearer tokens
    view.login_required = False  # who may come in is asked of `authenticate`
    return view


def _synchronous(site: Site) -> Callable[..., HttpResponse]:
    blocking = Blocking(site)

    def view(native: HttpRequest, below: str) -> HttpResponse:
        request = _request(native, below)
        return _response(blocking.answer(request, lambda most: _read(native, most)), request.method)

    return view


def _asynchronous(site: Site) -> Callable[..., Awaitable[HttpResponseBase]]:
    from parapet.web.reception import Reception

    reception = Reception(site)

    async def view(native: HttpRequest, below: str) -> HttpResponseBase:
        request = _request(native, below)

        async def receive() -> MutableMapping[str, Any]:  # the server's handler has the whole body, in memory or a file
            part = _read(native, PART_BYTES)
            if part is None:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": part, "more_body": bool(part)}

        response = await reception.answer(request, receive)
        if isinstance(response, Stream):
            return StreamingHttpResponse(response.parts, headers={**security.HEADERS, **response.headers})
        return _response(response, request.method)

    return view


def _own_login(request: Request) -> str | None:
    """Where Django signs people in: at `LOGIN_URL`, if the project says it or has a page there; else in the admin."""
    native = request.native
    if not isinstance(native, HttpRequest):
        return None
    before, prefix = get_script_prefix(), native.path.removesuffix(native.path_info.lstrip("/"))
    set_script_prefix(prefix)  # of the host's threads; ours do not have it
    try:
        with suppress(NoReverseMatch):
            if settings.is_overridden("LOGIN_URL"):
                return str(resolve_url(settings.LOGIN_URL))
            if is_valid_path(settings.LOGIN_URL):
                return f"{prefix.rstrip('/')}{settings.LOGIN_URL}"
        with suppress(NoReverseMatch):
            return reverse("admin:login")
        return None
    finally:
        set_script_prefix(before)


def _tidy(asked: Callable[P, T]) -> Callable[P, T]:
    """*asked*, leaving no connection of Django's open in a thread that no request of Django's ever ends in."""

    @wraps(asked)
    def tidied(*args: P.args, **kwargs: P.kwargs) -> T:
        close_old_connections()
        try:
            return asked(*args, **kwargs)
        finally:
            close_old_connections()

    return tidied


def _request(native: HttpRequest, below: str) -> Request:
    return Request(
        method=str(native.method),
        path="/" + below,
        root=native.path[: len(native.path) - len(below)].rstrip("/"),
        query_string=native.META.get("QUERY_STRING", ""),
        headers={name.lower(): value for name, value in native.headers.items()},
        cookies=native.COOKIES,
        client=native.META.get("REMOTE_ADDR"),
        native=native,
    )


def _read(native: HttpRequest, most_bytes: int) -> bytes | None:
    """The next bytes of the body; none at its end; None when the client left."""
    parts, size = [], 0
    try:
        while size < most_bytes and (part := native.read(min(PART_BYTES, most_bytes - size))):
            parts.append(part)
            size += len(part)
    except OSError:
        return None
    return b"".join(parts)


def _response(response: Response, method: str) -> HttpResponse:
    whole = response.with_headers({**security.HEADERS, "content-length": str(len(response.body))})
    answer = HttpResponse(b"" if method == "HEAD" else whole.body, status=whole.status)
    del answer["content-type"]
    for name, value in whole.headers.items():
        answer[name] = value
    return answer
