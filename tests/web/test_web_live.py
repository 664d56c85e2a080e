"""The stream that open pages listen to, over a real server; and what hosts answer that cannot stream."""

from __future__ import annotations

import gzip
import http.client
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest
from starlette.applications import Starlette
from tests.web.conftest import who_is_it

from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.incidents.model import ChangeKind
from parapet.web.assets import load
from parapet.web.mount import site_of
from parapet.web.site import ROUTES
from parapet.web.starlette import Workbench

if TYPE_CHECKING:
    from tests.web.conftest import Serve, Server, Shop

ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")
STREAM = {"accept": "text/event-stream", "cookie": "who=Ana:responder"}
MOST_SCRIPT_BYTES = 15_000
MOST_PAGE_BYTES = 60_000


@contextmanager
def listening(server: Server, seen: str = "", headers: dict[str, str] = STREAM) -> Iterator[http.client.HTTPResponse]:
    """One open stream."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", f"/parapet/live?at={seen}", headers=headers)
    try:
        yield connection.getresponse()
    finally:
        connection.close()


def heard(answer: http.client.HTTPResponse, *wanted: str) -> tuple[str, str]:
    """The next event with one of the names in *wanted*, and its data; no wanted name: any event."""
    name = ""
    while line := answer.readline().decode():
        if line.startswith("event: "):
            name = line.removeprefix("event: ").strip()
        if line.startswith("data:") and (not wanted or name in wanted):
            return name, line.removeprefix("data:").strip()
    raise AssertionError(f"the stream ended without {wanted}")


def test_an_open_page_is_told_what_happened(shop: Shop, server: Server) -> None:
    """First the revision, then another one for an alert, a verb of a person and a change, however they came in."""
    with listening(server) as answer:
        assert answer.status == 200
        assert answer.getheader("content-type") == "text/event-stream"
        assert answer.getheader("x-accel-buffering") == "no"
        assert "no-transform" in (answer.getheader("cache-control") or "")
        assert "connect-src 'self'" in (answer.getheader("content-security-policy") or "")
        seen = {heard(answer, "revision")[1]}
        shop.fire()
        seen.add(heard(answer, "revision")[1])
        shop.parapet.operator.acknowledge(IncidentId(1), actor=ANA, reason="looking", version=1)
        seen.add(heard(answer, "revision")[1])
        shop.parapet.changes.mark(kind=ChangeKind.DEPLOY, version="1.8.2", actor=ANA)
        seen.add(heard(answer, "revision")[1])
    assert len(seen) == 4


def test_what_a_page_has_seen_is_not_told_again_and_what_it_missed_is(shop: Shop, server: Server) -> None:
    """Whoever comes back says what it saw last: nothing is missed between two streams, and nothing comes twice."""
    with listening(server) as answer:
        _, seen = heard(answer, "revision")
    with listening(server, seen) as answer:
        assert heard(answer) == ("beat", "")
    shop.fire()
    with listening(server, seen) as answer:
        assert heard(answer, "revision")[1] != seen


def test_a_stream_ends_by_itself_and_says_so(shop: Shop, serve: Serve) -> None:
    """A server that stops waits no longer than that; the page asks again, and shows who it is again."""
    site = site_of(shop.parapet, authenticate=who_is_it)
    host = Starlette()
    host.mount("/parapet", Workbench(site, stream_seconds=0.2))
    with serve(host) as server, listening(server) as answer:
        assert heard(answer, "bye") == ("bye", "")
        assert answer.read() == b"\n"


def test_every_worker_tells_the_same(shop: Shop, serve: Serve) -> None:
    """The state is the database's: what one process took in, the pages of another hear."""
    with serve(shop.host) as one, serve(shop.host) as other, listening(one) as here, listening(other) as there:
        assert heard(here, "revision") == heard(there, "revision")
        shop.fire()
        assert heard(here, "revision") == heard(there, "revision")


def test_a_page_hears_that_the_evidence_is_away(shop: Shop, server: Server) -> None:
    """Nothing heard is not nothing new."""
    shop.parapet.store.close()
    path = shop.parapet.store.engine.url.database
    assert path is not None
    with open(path, "r+b") as file:
        file.truncate(100)
    with listening(server) as answer:
        assert heard(answer, "away") == ("away", "")


def test_where_no_events_are_asked_for_one_answer_says_the_revision(shop: Shop) -> None:
    """For hosts that cannot stream, and for pages that cannot hear: the same word, asked from time to time."""
    first = shop.browser().get("/parapet/live")
    assert (first.status, first.headers["content-type"]) == (200, "application/json")
    assert shop.browser().get("/parapet/live").json == first.json
    shop.fire()
    assert shop.browser().get("/parapet/live").json != first.json


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
def test_strangers_hear_nothing(server: Server, accept: str) -> None:
    """Not even that something happened."""
    with listening(server, headers={"accept": accept}) as answer:
        assert answer.status == 401
        assert b"revision" not in answer.read()


def test_the_script_is_small_and_writes_nothing() -> None:
    """Under 15 KB, from our own address, under its digest; it sends no form and no body, and makes no markup."""
    script = load()["workbench.js"]
    words = script.body.decode()
    assert len(script.body) < MOST_SCRIPT_BYTES
    assert re.fullmatch(r"static/workbench\.js\?v=[0-9a-f]{12}", script.address)
    assert script.content_type == "text/javascript; charset=utf-8"
    for never in ("method:", ".submit", "requestSubmit", "sendBeacon", "innerHTML =", "insertAdjacentHTML", "eval("):
        assert never not in words, never
    assert [route.pattern for route in ROUTES if route.stream] == ["/live"]


def test_a_reader_sees_what_is_new_since_they_last_looked(shop: Shop) -> None:
    """The first look marks nothing, the next one what was written meanwhile; a page's own refresh is no look."""
    shop.fire()
    ana = shop.browser()
    first = ana.get("/parapet/incidents/1")
    assert "New to you" not in first.text
    cookie = {"cookie": f"who=Ana:responder; {first.headers['set-cookie'].partition(';')[0]}"}
    assert "HttpOnly; SameSite=Lax" in first.headers["set-cookie"]
    shop.clock.advance(60)
    shop.parapet.operator.acknowledge(IncidentId(1), actor=ANA, reason="looking", version=1)
    again = ana.get("/parapet/incidents/1", headers=cookie)
    assert "1 new since you last looked" in again.text
    assert again.text.count("New to you") == 1
    refreshed = ana.get("/parapet/incidents/1", headers={**cookie, "parapet-live": "1"})
    assert "set-cookie" not in refreshed.headers


def test_who_looked_is_kept_only_where_the_host_wants_it(shop: Shop) -> None:
    """By day and person, a page that refreshes itself left out; for a bounded time; shown to the next one who looks."""
    number = IncidentId(shop.fire())
    shop.browser().get(f"/parapet/incidents/{number}")
    shop.parapet.looks.flush()
    assert shop.parapet.looks.newest() == ()
    assert "Who looked" not in shop.browser().get(f"/parapet/incidents/{number}").text

    shop.parapet.incidents = replace(shop.parapet.incidents, looks_kept_seconds=86_400.0)
    for cached in ("_context", "looks", "look", "worker"):
        shop.parapet.__dict__.pop(cached, None)
    for who in ("Ana:responder", "Vic:viewer", "Ana:responder"):
        shop.clock.advance(1)
        shop.browser(who).get(f"/parapet/incidents/{number}")
    shop.browser("Eve:admin").get(f"/parapet/incidents/{number}", headers={"parapet-live": "1"})
    shop.browser("Eve:admin").get("/parapet/incidents/999")
    shop.parapet.looks.flush()
    kept = shop.parapet.looks.of(number)
    assert [(one.who, one.times) for one in kept] == [("Ana", 2), ("Vic", 1)]
    page = shop.browser().get(f"/parapet/incidents/{number}").text
    assert "Who looked" in page
    assert "Ana, 02:13 UTC, 2 times that day" in page
    shop.parapet.looks.flush()
    shop.clock.advance(90_000)
    shop.parapet.tick()
    assert shop.parapet.looks.newest() == ()


def test_a_cookie_of_anybody_breaks_nothing(shop: Shop) -> None:
    """It is text from outside like any other."""
    number = shop.fire()
    for hostile in ("1", "1.", "1.9999999999", "a.b_1.2_1.2", "1.2_" * 500, "²." * 3):
        cookie = {"cookie": f"who=Ana:responder; parapet-seen={hostile}"}
        assert shop.browser().get(f"/parapet/incidents/{number}", headers=cookie).status == 200


def test_a_chronology_of_many_entries_is_read_by_the_hundred(shop: Shop) -> None:
    """Beginning and end stand on the page, one row says how many are between, and every entry can be reached."""
    number = IncidentId(shop.fire())
    for place in range(240):
        shop.clock.advance(1)
        version = shop.parapet.look.incident(number).incident.version
        shop.parapet.operator.note(number, actor=ANA, text=f"seen {place}", version=version)
    address = f"/parapet/incidents/{number}"
    page = shop.browser().get(address).text
    assert "141 more until" in page
    assert len(gzip.compress(page.encode())) < MOST_PAGE_BYTES
    assert "seen 0" in page
    assert "seen 239" in page
    assert "seen 120" not in page
    read = page
    while following := re.search(r'<a href="([^"]+)#chronology"(?: rel="next">Later|>Read them)</a>', read):
        read = shop.browser().get(urljoin(address, unescape(following[1]))).text
        page += read
    assert all(f"seen {place}<" in page for place in range(240))
    assert "Now. " in read
    backwards = 0
    while following := re.search(r'<a href="([^"]+)#chronology" rel="prev">Earlier</a>', read):
        read = shop.browser().get(urljoin(address, unescape(following[1]))).text
        backwards += 1
    assert (backwards, "seen 0<" in read) == (3, True)
    for strange in ("0", "242", "999999999999", "-1", "x", "²", "9" * 40):
        assert "141 more until" in shop.browser().get(f"/parapet/incidents/{number}?from={strange}").text
