"""Who gets in: every address, without a principal, as each role, from elsewhere, with wrong tokens."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import product
from typing import TYPE_CHECKING

import pytest

from parapet import Parapet, Secrets
from parapet.core.errors import ConfigurationError
from parapet.core.types import IncidentId
from parapet.web import Action, Principal, Role, workbench
from parapet.web.routes import Door
from parapet.web.site import ROUTES
from parapet.web.views.objects import MOST_AT_ONCE

if TYPE_CHECKING:
    from tests.web.conftest import Answer, Shop

PAGES = [
    "/",
    "/journeys/checkout",
    "/journeys/checkout-latency",
    "/journeys/zzz",
    "/incidents",
    "/incidents?scope=resolved",
    "/incidents?q=nothing",
    "/incidents/1",
    "/incidents/1?entries=all",
    "/incidents/1/retrospective",
    "/incidents/1/work",
    "/declare",
    "/inbox",
    "/inbox?shelf=done",
    "/inbox/1",
    "/changes",
    "/about",
    "/zone",
    "/nowhere/at/all",
    "/incidents/zzz",
]
FORMS = [route.pattern.replace("{id}", "1").replace("{number}", "1") for route in ROUTES if route.form]
OWN_TASTE = "/zone"
"""A form that changes nothing but what its sender sees: anybody who may read may send it."""
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>{{7*191}}' + "W" * 2000


def test_every_address_has_a_door() -> None:
    """Deny by default: only the style sheet is public, every form is checked, every body is bounded."""
    public = [route.pattern for route in ROUTES if route.door is Door.PUBLIC]
    assert public == ["/static/{name}"]
    for route in ROUTES:
        if route.method == "POST":
            assert route.most_bytes > 0
            assert route.form == (route.door is Door.PERSON)
            assert bool(route.source) == (route.door is Door.HOOK)
            writes = route.door in {Door.PERSON, Door.API} and route.pattern != OWN_TASTE
            assert writes == (route.action is not Action.READ)


@pytest.mark.parametrize("path", PAGES)
def test_strangers_see_no_page(shop: Shop, path: str) -> None:
    """401 and nothing of the incident, whether the page exists or not."""
    shop.fire()
    answer = shop.browser(who=None).get(f"/parapet{path}")
    assert answer.status == 401
    assert "Checkout" not in answer.text
    assert "Please sign in" in answer.text


def test_strangers_change_nothing(shop: Shop) -> None:
    """401 before anything of the form is looked at."""
    shop.fire()
    for path in FORMS:
        assert shop.browser(who=None).post(f"/parapet{path}", {"text": "x", "version": "1"}).status == 401, path
    assert shop.parapet.look.incident(IncidentId(1)).incident.version == 1


def test_viewers_read_but_do_not_write(shop: Shop) -> None:
    """A viewer's form is refused in words, even with a token of their own."""
    shop.fire()
    viewer = shop.browser("Vera:viewer")
    for path in ("/incidents/1", "/incidents/1/work", "/declare", "/inbox/1"):
        page = viewer.get(f"/parapet{path}")
        assert page.status == 200
        assert "You are a viewer" in page.text
        assert 'method="post"' not in page.text
    for path in (path for path in FORMS if path != OWN_TASTE):
        answer = viewer.post(f"/parapet{path}", {"text": "x", "reason": "x", "version": "1"})
        assert answer.status == 403, path
        assert "You are a viewer" in answer.text
    assert shop.parapet.look.incident(IncidentId(1)).incident.version == 1


@pytest.mark.parametrize("role", ["responder", "admin"])
def test_responders_and_admins_write(shop: Shop, role: str) -> None:
    """A form of their own page, sent from it, is taken."""
    shop.fire()
    browser = shop.browser(f"Tom:{role}")
    fields = browser.get("/parapet/incidents/1").fields("/note")
    answer = browser.post("/parapet/incidents/1/note", {**fields, "text": "Looking"})
    assert (answer.status, answer.headers["location"]) == (303, "../1?done=noted")
    assert "Note saved" in browser.follow(answer).text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
        {"origin": "null"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_forms_from_elsewhere_are_refused(shop: Shop, headers: dict[str, str]) -> None:
    """Another site cannot make a browser act, even when it has guessed the token."""
    shop.fire()
    browser = shop.browser("Ana:admin")
    fields = browser.get("/parapet/incidents/1").fields("/note")
    for path in FORMS:
        answer = browser.post(f"/parapet{path}", {**fields, "text": "x", "reason": "x"}, headers=headers)
        assert answer.status == 403, path
        assert "did not come from here" in answer.text
    assert shop.parapet.look.incident(IncidentId(1)).incident.version == 1


def test_forms_without_their_own_token_are_refused_and_keep_the_words(shop: Shop) -> None:
    """No token, another person's, an old one: nothing is saved, nothing that was typed is lost."""
    shop.fire()
    ana, tom = shop.browser("Ana:admin"), shop.browser("Tom:admin")
    fields = ana.get("/parapet/incidents/1").fields("/note")
    typed = {"text": "my words", "reason": "my words"}
    wrong = ((ana, ""), (ana, "0.deadbeef"), (tom, fields["token"]))
    for path, (browser, token) in product(FORMS, wrong):
        answer = browser.post(f"/parapet{path}", {**fields, **typed, "token": token})
        assert answer.status == 403
        assert "my words" in answer.text
    shop.clock.advance(13 * 3600)
    for path in FORMS:
        assert ana.post(f"/parapet{path}", {**fields, **typed}).status == 403
    assert shop.parapet.look.incident(IncidentId(1)).incident.version == 1


def test_a_session_that_ended_keeps_what_was_typed(shop: Shop) -> None:
    """The form is shown again with all of it, beside the way to sign in; sent once more, it is taken."""
    shop.fire()
    signed_in = [True]

    def ana(_: object) -> Principal | None:
        return Principal(id="ana", name="Ana", role=Role.RESPONDER) if signed_in[0] else None

    shop.host.mount("/signed", workbench(shop.parapet, authenticate=ana, login_url="/login"))
    browser = shop.browser()
    fields = browser.get("/signed/incidents/1").fields("/note")
    signed_in[0] = False
    lost = browser.post("/signed/incidents/1/note", {**fields, "text": "The <provider> is fine"})
    assert lost.status == 401
    assert "The &lt;provider&gt; is fine</textarea>" in lost.text
    assert 'href="/login?next=%2Fsigned%2Fincidents%2F1"' in lost.text
    assert lost.fields("/note") == fields
    elsewhere = browser.post("/signed/incidents/1/note", {**fields, "text": "x"}, origin="https://evil.example")
    assert (elsewhere.status, "textarea" in elsewhere.text) == (401, False)
    signed_in[0] = True
    again = browser.post("/signed/incidents/1/note", {**lost.fields("/note"), "text": "The <provider> is fine"})
    assert again.status == 303


def test_a_form_of_another_content_type_is_no_form(shop: Shop) -> None:
    """text/plain needs no preflight, so it must not be read as a form."""
    shop.fire()
    browser = shop.browser()
    fields = browser.get("/parapet/incidents/1").fields("/note")
    answer = browser.post("/parapet/incidents/1/note", {**fields, "text": "x"}, headers={"content-type": "text/plain"})
    assert answer.status == 403


def test_a_form_that_is_too_large_is_refused(shop: Shop) -> None:
    """At most 64 KiB; the rest is not read."""
    shop.fire()
    answer = shop.browser().post("/parapet/incidents/1/note", {"text": "x" * 70_000})
    assert answer.status == 413


def test_a_sign_in_that_breaks_lets_nobody_in(shop: Shop) -> None:
    """The host's authenticate raised: 503, counted, and no page."""
    answer = shop.browser("Ana:broken").get("/parapet/incidents")
    assert answer.status == 503
    assert "Who you are could not be found out" in answer.text


def test_the_host_may_take_permissions_away_and_switch_writing_off(shop: Shop) -> None:
    """authorize is asked after the role; the read-only switch beats both."""
    shop.fire()

    def ana(_: object) -> Principal:
        return Principal(id="ana", name="Ana", role=Role.ADMIN)

    asked: list[str] = []

    def only_notes(principal: Principal, action: str) -> bool:
        asked.append(action)
        return action in {Action.READ, Action.NOTE}

    shop.host.mount("/limited", workbench(shop.parapet, authenticate=ana, authorize=only_notes))
    shop.host.mount("/frozen", workbench(shop.parapet, authenticate=ana, read_only=True))
    browser = shop.browser()
    fields = browser.get("/limited/incidents/1").fields("/note")
    refused = browser.post("/limited/incidents/1/resolve", {**fields, "reason": "x"})
    assert refused.status == 403
    assert "incident.resolve" in refused.text
    assert browser.post("/limited/incidents/1/note", {**fields, "text": "x"}).status == 303
    assert Action.RESOLVE in asked
    frozen = browser.get("/frozen/incidents/1")
    assert "switched to read-only" in frozen.text
    assert browser.post("/frozen/incidents/1/note", {**fields, "text": "x"}).status == 403


def test_a_workbench_without_locks_does_not_mount() -> None:
    """No authenticate, or no form key: refused when it is built, with what to do."""

    def nobody(_: object) -> None:
        return None

    with pytest.raises(ConfigurationError, match="form_key"):
        workbench(Parapet(service="shop"), authenticate=nobody)
    open_shop = Parapet(service="shop", secrets=Secrets(form_key="form-key-0123456789"))
    with pytest.raises(ConfigurationError, match="authenticate"):
        workbench(open_shop, authenticate=None)  # type: ignore[arg-type]


def test_strangers_are_sent_to_sign_in_and_back(shop: Shop) -> None:
    """With a login address: there, with this host's own path to come back to."""
    shop.host.mount("/signed", workbench(shop.parapet, authenticate=lambda _: None, login_url="/login?via=parapet"))
    answer = shop.browser(who=None).get("/signed/incidents?scope=mine")
    assert answer.status == 303
    assert answer.headers["location"] == "/login?via=parapet&next=%2Fsigned%2Fincidents%3Fscope%3Dmine"
    assert shop.browser(who=None).post("/signed/incidents/1/note", {}).status == 401


class Reader(HTMLParser):
    """Reads a page and notes whatever a strict policy would block, or a parser would repair."""

    VOID = frozenset({"meta", "link", "input", "br", "img"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        own = tag == "script" and list(named) == ["defer", "src"]  # our own file; what is between the tags is looked at
        if not own and tag in {"script", "style", "iframe", "object", "embed", "base", "img"}:
            self.wrong.append(f"<{tag}>")
        self.wrong += [name for name in named if name.startswith("on") or name == "style"]
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name in {"href", "action"} and value]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")


def read(answer: Answer) -> Reader:
    reader = Reader()
    reader.feed(answer.text)
    reader.close()
    return reader


@pytest.fixture
def hostile(shop: Shop) -> Shop:
    """An incident and changes whose every text is an attack, resolved and open."""
    labels = {"alertname": HOSTILE, "severity": "page", "mount": HOSTILE}
    annotations = {"title": HOSTILE, "summary": HOSTILE, "runbook_url": "javascript:alert(1)", "fault_plane": HOSTILE}
    shop.fire(labels=labels, annotations=annotations)
    checkout = shop.parapet._journeys["checkout"]
    for number in range(MOST_AT_ONCE + 1):
        checkout.record("failure", refs={HOSTILE[:60]: HOSTILE, "number": number})
    assert shop.parapet.refs.drain(10)
    browser = shop.browser()
    fields = browser.get("/parapet/incidents/1").fields("/note")
    assert browser.post("/parapet/incidents/1/note", {**fields, "text": HOSTILE[:99]}).status == 303
    fields = browser.get("/parapet/incidents/1").fields("/resolve")
    assert browser.post("/parapet/incidents/1/resolve", {**fields, "reason": HOSTILE[:99]}).status == 303
    shop.fire()
    return shop


@pytest.mark.parametrize("path", [*PAGES, "/incidents/2"])
def test_no_page_carries_what_a_strict_policy_blocks(hostile: Shop, path: str) -> None:
    """No inline style or script, every tag closed, every id once, hostile text only as text, every link of the web."""
    answer = hostile.browser().get(f"/parapet{path}")
    assert answer.status == (404 if "nowhere" in path or "zzz" in path else 200)
    reader = read(answer)
    assert (reader.wrong, reader.open) == ([], [])
    assert len(reader.ids) == len(set(reader.ids))
    assert all(re.match(r"(\./|\.\./|#|https?://)", link) for link in reader.links), reader.links
    assert "1337" not in answer.text
    scripts = re.findall(r"<script[^>]*>(?:(?!</script>).)*", answer.text, re.DOTALL)
    assert all(re.fullmatch(r'<script defer src="[./]*static/workbench\.js\?v=[0-9a-f]+">', one) for one in scripts)
    assert "javascript:" not in answer.text
    assert "W" * 601 not in answer.text or path == "/inbox/1", "a body is shown as it came, within its own bounds"


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_the_strict_headers(shop: Shop, path: str) -> None:
    """Signed in or not: the policy, no sniffing, no framing, no caching."""
    shop.fire()
    for who in ("Ana:responder", None):
        headers = shop.browser(who).get(f"/parapet{path}").headers
        assert headers["content-security-policy"] == (
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
            "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


def test_the_style_sheet_is_kept_for_ever_under_its_digest(shop: Shop) -> None:
    """Public, typed, immutable under its own digest, asked again under any other."""
    page = shop.browser().get("/parapet/")
    address = re.search(r'href="(\./static/workbench\.css\?v=[0-9a-f]+)"', page.text)
    assert address is not None
    style = shop.browser(who=None).get("/parapet/" + address[1].removeprefix("./"))
    assert (style.status, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in style.headers["cache-control"]
    old = shop.browser(who=None).get("/parapet/static/workbench.css?v=000", headers={"if-none-match": "x"})
    assert (old.status, old.headers["cache-control"]) == (200, "no-cache")
    same = shop.browser(who=None).get("/parapet/static/workbench.css", headers={"if-none-match": old.headers["etag"]})
    assert (same.status, same.body) == (304, b"")
    for name in ("secrets.py", "..%2f__init__.py", "%2e%2e"):
        assert shop.browser(who=None).get(f"/parapet/static/{name}").status == 404


def test_a_wrong_method_is_told_which_are_taken(shop: Shop) -> None:
    """405 with Allow; HEAD is GET without its body."""
    browser = shop.browser()
    answer = browser.get("/parapet/incidents", method="DELETE")
    assert (answer.status, answer.headers["allow"]) == (405, "GET")
    assert browser.get("/parapet/hooks/alertmanager").status == 405
    head = browser.get("/parapet/incidents", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) > 1000


def test_the_mount_itself_leads_to_its_first_page(shop: Shop) -> None:
    """Without the slash, relative addresses would miss."""
    answer = shop.browser().get("/parapet")
    assert answer.status == 307
    assert shop.browser().follow(answer).status == 200
