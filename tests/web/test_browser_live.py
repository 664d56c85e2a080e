"""Open pages in a real browser, with script: what changes by itself, what waits, what a key may do."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, Response, Route, expect

from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from tests.web.conftest import Shop

pytestmark = pytest.mark.real
TOM = Actor(kind=ActorClass.OPERATOR, name="Tom")
LOGIN = {"alertname": "ParapetBudgetBurnPage", "service": "shop", "slice": "login", "severity": "page"}
SHIFTS = """new PerformanceObserver(list => {
  window.shifts = window.shifts || [];
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifts.push(
    one.sources.map(source => `${one.value} ${source.node?.className || source.node?.nodeName}`).join(", "));
}).observe({type: "layout-shift", buffered: true})"""
SAID = """window.said = [];
new MutationObserver(() => {
  const word = document.querySelector(".live b")?.textContent;
  if (word && word !== window.said.at(-1)) window.said.push(word);
}).observe(document, {subtree: true, childList: true, characterData: true})"""
"""Every word of the chip, in the order in which the page said them."""


@contextmanager
def opened(chromium: Browser, address: str, *, who: str = "Ana:responder") -> Iterator[Page]:
    """A page with script; it must keep the policy and never complain, nothing on it moves by itself."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": "who", "value": who, "url": address}])
    context.add_init_script(SHIFTS)
    page = context.new_page()
    page.set_default_timeout(20_000)
    expect.set_options(timeout=20_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    yield page
    assert complaints == []
    assert page.evaluate("window.shifts || []") == []
    context.close()


def refreshed(response: Response) -> bool:
    """The page asked for itself again: for a moment later what it knows is of then."""
    return "parapet-live" in response.request.headers


def test_the_queue_keeps_its_order_and_says_what_waits(shop: Shop, chromium: Browser, address: str) -> None:
    """A value changes in place; a new incident waits for the reader's word, an ended one stays until then."""
    with opened(chromium, f"{address}incidents") as page:
        page.goto(f"{address}incidents")
        expect(page.locator(".live b")).to_have_text("Live")
        shop.parapet.operator.acknowledge(IncidentId(1), actor=TOM, reason="looking", version=1)
        expect(page.locator("tbody tr")).to_contain_text("Tom")
        shop.fire(labels=LOGIN, annotations={"title": "Login fails"})
        expect(page.locator("#news")).to_contain_text("1 new")
        assert page.locator("tbody tr").count() == 1
        assert page.title().startswith("(1) ")
        shop.parapet.operator.resolve(IncidentId(1), actor=TOM, reason="over", version=2)
        expect(page.locator("#news")).to_contain_text("1 new, 1 gone")
        expect(page.locator("tbody tr")).to_have_class("gone")
        page.locator("#news").press("Enter")
        expect(page.locator("main")).to_be_focused()
        expect(page.locator("tbody tr")).to_contain_text("Login fails")
        expect(page.locator("#news")).to_be_hidden()


def test_a_storm_does_not_move_the_page_that_is_read(shop: Shop, chromium: Browser, address: str) -> None:
    """Two hundred incidents at once: the row being read stays where it is, what came is counted, one key shows it."""
    with opened(chromium, address) as page:
        page.goto(f"{address}incidents")
        expect(page.locator(".live b")).to_have_text("Live")
        page.keyboard.press("j")
        before = page.locator("tr.here").bounding_box()
        labels = {"alertname": "Disk", "service": "shop", "severity": "ticket"}
        storm = [alert({**labels, "disk": str(n)}, starts_at=shop.clock.now()) for n in range(200)]
        shop.parapet.inbox.receive(alertmanager_payload(*storm))
        expect(page.locator("#news")).to_contain_text("49+ new")
        assert page.locator("tbody tr").count() == 1
        assert page.locator("tr.here").bounding_box() == before
        page.keyboard.press(".")
        expect(page.locator("tbody tr")).to_have_count(50)
        expect(page.locator("tr.here")).to_contain_text("Checkout fails after payment")
        expect(page.locator("tr.here a.title")).to_be_focused()
        expect(page.get_by_role("heading", level=1)).to_contain_text("201 open incidents")


def test_what_a_person_writes_is_never_touched(shop: Shop, chromium: Browser, address: str) -> None:
    """While somebody writes, the page waits and says so; on command it is true again, and the words are kept."""
    with opened(chromium, address) as page:
        with page.expect_response(refreshed) as first:
            page.goto(f"{address}incidents/1")
        first.value.finished()
        note = page.get_by_label("What you saw or did")
        note.fill("The provider is fine")
        with page.expect_response(refreshed) as news:
            shop.parapet.operator.acknowledge(IncidentId(1), actor=TOM, reason="looking", version=1)
        news.value.finished()
        expect(page.locator(".live b")).to_have_text("Paused")
        expect(page.locator(".strip")).to_contain_text("Nobody has it")
        page.keyboard.press("Escape")
        page.keyboard.press(".")
        expect(page.locator(".strip")).to_contain_text("Tom has it, acknowledged")
        expect(note).to_have_value("The provider is fine")
        page.get_by_role("button", name="Save note").click()
        expect(page.locator(".chron")).to_contain_text("The provider is fine")
        assert shop.parapet.look.incident(IncidentId(1)).incident.version == 3


def test_a_page_that_hears_nothing_says_so_and_switches_its_buttons_off(chromium: Browser, address: str) -> None:
    """Stale is a state of its own: dashed, in words, and nothing can be written from it until it is heard again.

    Until somebody answers, the page is not called live.
    """
    with opened(chromium, address) as page:
        page.add_init_script(SAID)
        page.route("**/live*", lambda route: route.abort())
        page.goto(f"{address}incidents/1")
        expect(page.get_by_role("alert")).to_contain_text("Nothing has been heard since")
        expect(page.locator(".live b")).to_have_text("Stale")
        assert page.evaluate("window.said.slice(-2)") == ["Joining", "Stale"]
        assert "Live" not in page.evaluate("window.said")
        expect(page.get_by_role("button", name="Save note")).to_be_disabled()
        page.unroute("**/live*")
        expect(page.locator(".live b")).to_have_text("Live")
        expect(page.get_by_role("button", name="Save note")).to_be_enabled()
        expect(page.locator("#stale")).to_be_hidden()


def test_while_the_readers_hand_is_on_it_nothing_changes(shop: Shop, chromium: Browser, address: str) -> None:
    """A cursor in a field, a word in one, words that are marked, a dialog: the page waits, then goes on."""
    holds = {
        "document.querySelector('[name=q]').focus()": "document.activeElement.blur()",
        "document.querySelector('[name=q]').value = 'pay'": "document.querySelector('[name=q]').value = ''",
        "getSelection().selectAllChildren(document.querySelector('main h1'))": "getSelection().removeAllRanges()",
        "document.getElementById('keys').showPopover()": "document.getElementById('keys').hidePopover()",
    }
    with opened(chromium, address) as page:
        page.goto(f"{address}incidents")
        expect(page.locator(".live b")).to_have_text("Live")
        for version, (begin, end) in enumerate(holds.items(), 1):
            who = Actor(kind=ActorClass.OPERATOR, name=f"Tom{version}")
            page.evaluate(begin)
            shop.parapet.operator.acknowledge(IncidentId(1), actor=who, reason="looking", version=version)
            expect(page.locator(".live b")).to_have_text("Paused")
            assert who.name not in page.locator("tbody tr").inner_text()
            page.evaluate(end)
            expect(page.locator("tbody tr")).to_contain_text(who.name)
            expect(page.locator(".live b")).to_have_text("Live")


def test_pages_that_lost_their_server_come_back_spread_out(chromium: Browser, address: str) -> None:
    """Between three quarters and five quarters of what is due, longer while nobody answers: never all at once."""
    for chance, waits in ((0, (375, 750)), (1, (625, 1250))):
        with opened(chromium, address) as page:
            page.add_init_script(
                f"""const wait = setTimeout, waits = []; Math.random = () => {chance};
                window.setTimeout = (then, ms) => {{
                  waits.push(Math.round(ms)); document.documentElement.dataset.waits = `,${{waits}},`;
                  return wait(then, ms);
                }};"""
            )
            page.route("**/live*", lambda route: route.abort())
            page.goto(f"{address}incidents")
            for ms in waits:
                expect(page.locator("html")).to_have_attribute("data-waits", re.compile(f",{ms},"))


def test_who_signed_out_reads_so_and_writes_nothing(chromium: Browser, address: str) -> None:
    """The page says it is old because nobody is signed in, and its buttons are off; signed in again, they are on."""
    with opened(chromium, address) as page:
        page.goto(f"{address}incidents/1")
        expect(page.locator(".live b")).to_have_text("Live")
        page.context.clear_cookies()
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.get_by_role("alert")).to_contain_text("You are not signed in any more")
        expect(page.get_by_role("button", name="Save note")).to_be_disabled()
        page.context.add_cookies([{"name": "who", "value": "Ana:responder", "url": address}])
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(page.get_by_role("button", name="Save note")).to_be_enabled()


def test_where_the_host_cannot_stream_the_page_asks(shop: Shop, chromium: Browser, address: str) -> None:
    """The same page, true in the same time, from a host that answers every request at once."""

    def one_answer(route: Route, request: Request) -> None:
        route.continue_(headers={**request.headers, "accept": "application/json"})

    with opened(chromium, address) as page:
        page.route("**/live*", one_answer)
        page.goto(f"{address}incidents")
        shop.fire(labels=LOGIN, annotations={"title": "Login fails"})
        expect(page.locator("#news")).to_contain_text("1 new")


def test_behind_a_proxy_that_holds_back_words_the_page_asks(shop: Shop, chromium: Browser, address: str) -> None:
    """A stream that says nothing is no stream: the page asks from time to time instead, and hears the same."""
    asked: list[str] = []

    class Holding(BaseHTTPRequestHandler):
        """Answers with what the workbench said once it has said all of it."""

        def do_GET(self) -> None:
            """Pass one request on."""
            if urlsplit(self.path).path.endswith("/live"):
                asked.append(self.headers.get("accept", ""))
            with closing(HTTPConnection("127.0.0.1", urlsplit(address).port, timeout=60)) as there:
                there.request("GET", self.path, headers=dict(self.headers))
                answer = there.getresponse()
                body = answer.read()
            with suppress(ConnectionError):  # the page may have left meanwhile
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in {"transfer-encoding", "content-length", "connection", "date", "server"}:
                        self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing is logged."""

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Holding)
    proxy.daemon_threads = True
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        through = f"http://127.0.0.1:{proxy.server_port}/parapet/"
        with opened(chromium, through) as page:
            page.goto(f"{through}incidents")
            with page.expect_request(lambda one: "/live" in one.url and "json" in (one.headers.get("accept") or "")):
                pass
            shop.fire(labels=LOGIN, annotations={"title": "Login fails"})
            expect(page.locator("#news")).to_contain_text("1 new")
            expect(page.locator(".live b")).to_have_text("Live")
        assert "text/event-stream" in asked[0]
        assert "application/json" in asked
    finally:
        proxy.shutdown()
        proxy.server_close()


def test_keys_lead_to_places_and_never_act(shop: Shop, chromium: Browser, address: str) -> None:
    """Every single key, on every page, for somebody who may do anything: nothing is written."""
    shop.fire(labels=LOGIN, annotations={"title": "Login fails"})
    with opened(chromium, address, who="Ana:admin") as page:
        writes: list[str] = []
        page.on("request", lambda request: writes.append(request.url) if request.method != "GET" else None)
        page.goto(f"{address}incidents")
        page.keyboard.press("j")
        page.keyboard.press("j")
        expect(page.locator("tr.here")).to_contain_text("Login fails")
        page.keyboard.press("k")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Checkout fails after payment")
        page.keyboard.press("]")
        expect(page.get_by_role("heading", level=1)).to_have_text("Login fails")
        page.keyboard.press("[")
        expect(page.get_by_role("heading", level=1)).to_have_text("Checkout fails after payment")
        page.keyboard.press("a")
        expect(page.get_by_label("Why, or what you will look at first")).to_be_focused()
        page.keyboard.press("Escape")
        page.keyboard.press("n")
        expect(page.get_by_label("What you saw or did")).to_be_focused()
        page.keyboard.press("Escape")
        page.keyboard.press("c")
        expect(page.locator("#copied")).to_be_visible()
        page.keyboard.press("?")
        expect(page.get_by_role("heading", name="Keys")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("u")
        expect(page.get_by_role("heading", level=1)).to_contain_text("open incident")
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox")).to_be_focused()
        page.keyboard.press("Escape")
        for path in ("", "incidents", "incidents/1", "incidents/1/work", "declare", "inbox/1", "changes"):
            page.goto(address + path)
            for key in "abdefghilmnopqrstvwxyz0123456789,;-_ ":
                page.evaluate("document.activeElement.blur()")
                page.keyboard.press(key if key != " " else "Space")
        assert writes == []
        assert shop.parapet.look.incident(IncidentId(1)).incident.version == 1
