"""Every address of the route table, so that a new one is covered by itself: who may, from where, with what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, urlencode

import pytest
from tests.web.conftest import API_TOKEN, HOST, WEBHOOK_TOKEN

import parapet.web
from parapet.core.types import IncidentId
from parapet.web import Principal, Role
from parapet.web.desk import Desk
from parapet.web.principal import Action
from parapet.web.routes import Door, Route
from parapet.web.site import ROUTES

if TYPE_CHECKING:
    from tests.web.conftest import Answer, Shop

    from parapet.web.reads import App

SOURCES = "\n".join(path.read_text() for path in Path(parapet.web.__file__).parent.rglob("*.py"))
QUERY = sorted({"done", "q", *re.findall(r'query\.get\("(\w+)"', SOURCES)})
FIELDS = sorted({"reason", "text", "version", *re.findall(r'form\.get\("(\w+)"', SOURCES)})
HOSTILE = (
    '"><script>alert(1)</script><img src=x onerror=alert(1)>',
    "{{7*191}}${7*191}%s\r\nset-cookie: a=b",
    "../../../../etc/passwd\x00",
    "99999999999999999999999999",
    "-1",
    "\ud7ff\u202e’; DROP TABLE parapet_incidents;--",
)
EVIL = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
OURS = {"origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}
PEOPLE = (Door.PERSON, Door.API)


def address(route: Route, value: str = "1") -> str:
    """An address that *route* answers."""
    name = quote(value, safe="")[:80] if value != "1" else value
    filled = re.sub(
        r"\{(\w+)\}", lambda found: "icon.svg" if found[1] == "name" and value == "1" else name, route.pattern
    )
    return f"/parapet{filled}"


def named(routes: Iterator[Route]) -> list[object]:
    return [pytest.param(one, id=f"{one.method} {one.pattern}") for one in routes]


def ask(
    shop: Shop,
    route: Route,
    who: str | None,
    *,
    path: str = "",
    headers: Mapping[str, str] = OURS,
    fields: Mapping[str, str] | None = None,
    bearer: str = "",
) -> Answer:
    """One request as *who*; writes bring a form, or JSON where that is what they take."""
    browser = shop.browser(who)
    sent = {**headers, **({"authorization": f"Bearer {bearer}"} if bearer else {})}
    if route.method != "POST":
        return browser.send(route.method, path or address(route), headers=sent)
    if route.form:
        body = urlencode(fields or {}).encode()
        sent["content-type"] = "application/x-www-form-urlencoded"
    else:
        body = json.dumps(dict(fields or {})).encode()
        sent["content-type"] = "application/json"
    return browser.send("POST", path or address(route), headers=sent, body=body)


def token(shop: Shop, who: str) -> str:
    """A form token of *who*'s own, as `/api/session` gives it."""
    said = shop.browser(who).get("/parapet/api/session").json
    return str(said.get("form_token") or said.get("token"))


def strict(answer: Answer) -> None:
    """The headers that every answer carries."""
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("route", named(iter(ROUTES)))
def test_without_a_principal_nothing_opens(untouched: Shop, route: Route) -> None:
    """No session, no token, a wrong token: 401, and nothing of the evidence; only static files are for everybody."""
    for bearer in ("", "a-wrong-token-0123456789"):
        answer = ask(untouched, route, None, bearer=bearer)
        strict(answer)
        if route.door is Door.PUBLIC:
            assert answer.status == 200
            continue
        assert answer.status == 401, answer.text
        assert "Checkout fails" not in answer.text
    assert untouched.parapet.look.incident(IncidentId(1)).incident.version == 1


@pytest.mark.parametrize("route", named(one for one in ROUTES if one.door is not Door.PUBLIC))
def test_each_role_does_what_it_may_and_no_more(shop: Shop, route: Route) -> None:
    """What the table says a role may do is not refused; what it may not is refused before anything happens."""
    shop.fire()
    desk = Desk(app=shop.parapet, form_key="x" * 20, authenticate=lambda _: None)
    for role in Role:
        who = f"Tom:{role.value}"
        version = shop.parapet.look.incident(IncidentId(1)).incident.version
        token_ = token(shop, who)
        fields = {"token": token_, "version": "0"}
        answer = ask(shop, route, who, fields=fields, headers={**OURS, "parapet-token": token_})
        strict(answer)
        if route.door not in PEOPLE:
            assert answer.status == 401, "a session opens no door of machines"
            continue
        why = desk.may(Principal(id="tom", name="Tom", role=role), route.action)
        assert (answer.status == 403) == (why is not None), answer.text
        assert answer.status < 500, answer.text
        if why is not None:
            assert shop.parapet.look.incident(IncidentId(1)).incident.version == version


def test_what_each_role_may_is_written_here_too() -> None:
    """A viewer reads; only an admin makes evidence less; everything else is a responder's. A new action must choose."""
    desk = Desk(app=cast("App", None), form_key="x" * 20, authenticate=lambda _: None)

    def may(role: Role) -> set[Action]:
        return {one for one in Action if desk.may(Principal(id="tom", name="Tom", role=role), one) is None}

    assert may(Role.VIEWER) == {Action.READ}
    assert may(Role.ADMIN) - may(Role.RESPONDER) == {Action.REDACT, Action.DROP}
    assert may(Role.ADMIN) == set(Action)
    asked = {one.action for one in ROUTES if one.door in PEOPLE}
    assert asked | {Action.BREAK_GLASS} == set(Action), "every action is asked for by some address"


@pytest.mark.parametrize("route", named(one for one in ROUTES if one.method == "POST" and one.door in PEOPLE))
def test_another_site_cannot_make_a_browser_act(untouched: Shop, route: Route) -> None:
    """Even with the person's own token, an admin's session and every field right."""
    who = "Ana:admin"
    token_ = token(untouched, who)
    fields = {"token": token_, "version": "1", "reason": "x", "text": "x"}
    for headers in (
        EVIL,
        {**EVIL, "sec-fetch-site": "same-origin"},
        {"origin": "null"},
        {"sec-fetch-site": "same-site"},
    ):
        answer = ask(untouched, route, who, fields=fields, headers={**headers, "parapet-token": token_})
        assert answer.status == 403, answer.text
    assert ask(untouched, route, who, fields={**fields, "token": ""}, headers=OURS).status == 403
    assert untouched.parapet.look.incident(IncidentId(1)).incident.version == 1


@pytest.mark.parametrize("route", named(iter(ROUTES)))
def test_hostile_input_is_text_or_refused(shop: Shop, route: Route) -> None:
    """In the address, the query, the form, JSON and headers: no failure of ours, no markup, no header of theirs."""
    shop.fire()
    who = "Ana:admin"
    token_ = token(shop, who)
    bearer = {Door.HOOK: WEBHOOK_TOKEN, Door.MACHINE: API_TOKEN}.get(route.door, "")
    for words in HOSTILE:
        query = urlencode(dict.fromkeys(QUERY, words))
        for value in {"1", words} if "{" in route.pattern else {"1"}:
            path = f"{address(route, value)}{'?' + query if route.method == 'GET' else ''}"
            fields = {**dict.fromkeys(FIELDS, words), "token": token_}
            headers = {**OURS, "parapet-token": token_, "x-forwarded-for": words.encode().decode("latin-1")[:40]}
            answer = ask(shop, route, who, path=path, fields=fields, headers=headers, bearer=bearer)
            strict(answer)
            assert answer.status < 500, (words, answer.text)
            assert "set-cookie" not in answer.headers or "a=b" not in answer.headers["set-cookie"]
            if answer.headers.get("content-type", "").startswith("text/html"):
                assert "<script>alert" not in answer.text
                assert "<img" not in answer.text
                assert "1337" not in answer.text
    assert Action.READ is Action("read")
