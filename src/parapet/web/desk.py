"""What every page has at hand: the host's Parapet, the templates, the locks. No page keeps state of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias
from urllib.parse import urlencode

from parapet.core.guard import guarded
from parapet.web import assets, security, zones
from parapet.web.assets import Asset
from parapet.web.looks import LOGO, OURS, STYLE, Looks
from parapet.web.principal import ADMINS_ONLY, Action, Authenticate, Authorize, Principal, Role
from parapet.web.reads import App
from parapet.web.render import Renderer
from parapet.web.request import Request
from parapet.web.response import Response, html
from parapet.web.text import stamp
from parapet.web.views.chrome import Chrome, made_at
from parapet.web.views.links import Link
from parapet.web.views.since import since as since_words
from parapet.web.words import DONE

OwnLogin: TypeAlias = Callable[[Request], str | None]
"""Where the host signs people in, as a browser that sent the request sees it; None: it does not know."""


def no_login(_: Request) -> str | None:
    """Of a host that does not know."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One mounted workbench."""

    app: App
    form_key: str = field(repr=False)
    authenticate: Authenticate
    authorize: Authorize | None = None
    links: Sequence[Link] = ()
    login_url: str | None = None
    """Where strangers sign in; None: where the host's own login is; empty: nowhere."""
    own_login: OwnLogin = no_login
    """Where the host's framework signs people in."""
    read_only: bool = False
    looks: Looks = OURS
    zone: str = zones.HOME
    """In which times are shown to people who chose none, and of whom the host knows none."""
    renderer: Renderer = field(init=False)
    assets: Mapping[str, Asset] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "renderer", Renderer(self.looks.templates))
        object.__setattr__(self, "assets", assets.load(self.looks))

    def may(self, principal: Principal, action: str) -> str | None:
        """Why *principal* may not do *action*; None when they may."""
        if action != Action.READ:
            if self.read_only:
                return "The workbench is switched to read-only."
            if not principal.may_write:
                return f"You are a {principal.role.value}: you may read. Responders and admins may act."
            if action in ADMINS_ONLY and principal.role is not Role.ADMIN:
                return f"You are a {principal.role.value}. It cannot be taken back, so only admins may."
        if self.authorize is not None and not self.authorize(principal, action):
            return f"You lack the permission {action}."
        return None

    def sign_in(self, request: Request) -> str | None:
        """Where whoever sent *request* signs in; None: nobody knows where they sign in."""
        if self.login_url is not None:
            return self.login_url or None
        with guarded("the address of the host's own login"):
            return self.own_login(request)
        return None

    def permits(self, principal: Principal) -> Callable[[str], bool]:
        """Tells whether *principal* has a permission."""
        return lambda permission: self.may(principal, permission) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request that was let in."""

    request: Request
    principal: Principal | None
    """None only where nobody needs to be known."""
    params: Mapping[str, str] = field(default_factory=dict)
    now: datetime

    @property
    def person(self) -> Principal:
        """Who is asking; pages behind a door always know."""
        if self.principal is None:
            raise LookupError("This page was reached without a principal; its route lacks a door.")
        return self.principal

    def with_body(self, body: bytes) -> Visit:
        """The same visit, once its body has been read."""
        return replace(self, request=replace(self.request, body=body))


def since(desk: Desk, visit: Visit) -> str:
    """Since when the evidence is kept, for a list that is empty."""
    return since_words(desk.app.look.began_at(), visit.now)


def show(
    desk: Desk,
    visit: Visit,
    template: str,
    view: object,
    *,
    title: str,
    place: str = "",
    open_count: int | None = None,
    status: int = 200,
) -> Response:
    """The page *template* around *view*, inside the frame that all pages share."""
    request, principal, now = visit.request, visit.principal, visit.now
    style, script, icon = (desk.assets[name] for name in ("workbench.css", "workbench.js", "icon.svg"))
    chrome = Chrome(
        title=title,
        base=request.base,
        style=style.address,
        script=script.address,
        icon=icon.address,
        own_style=_address(desk, STYLE),
        logo=_address(desk, LOGO),
        name=desk.looks.name,
        service=desk.app.service,
        environment=desk.app.environment,
        place=place,
        open_count=open_count,
        who=None if principal is None else f"{principal.name}, {principal.role.value}",
        made_clock=stamp(now, now, seconds=True),
        made_at=made_at(now),
        read_only=desk.read_only,
        form_token="" if principal is None else security.form_token(desk.form_key, principal, now),
        toast=DONE.get(request.query.get("done", "")),
        reload=reload_address(request),
        zone=zones.zone(now, zones.of(request, principal, desk.zone)),
        live=principal is not None and status == 200 and request.method == "GET",
    )
    return html(desk.renderer.render(template, chrome, view), status)


def _address(desk: Desk, name: str) -> str:
    return desk.assets[name].address if name in desk.assets else ""


def reload_address(request: Request) -> str:
    """The page of *request* again, relative to itself; the toast's code is left out."""
    from_here = request.base + request.path.lstrip("/")
    kept = {name: value for name, value in request.query.items() if name != "done"}
    return from_here + ("?" + urlencode(kept) if kept else "")
