"""A storm while pages are open: what is read stays where it is, in every tab, though the server goes and comes back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tests.web.conftest import who_is_it
from tests.web.test_browser_live import SHIFTS
from tests.web.test_web_live import heard, listening

from parapet import Parapet, Secrets
from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.testing import alert, alertmanager_payload
from parapet.web import workbench

if TYPE_CHECKING:
    from tests.web.conftest import Serve, Server, Shop

pytestmark = [pytest.mark.real, pytest.mark.waits]
SECRETS = Secrets(form_key="form-key-0123456789")
TOM = Actor(kind=ActorClass.OPERATOR, name="Tom")
STORM, BODY = 2_000, 100
SEEN = "new Promise(done => requestAnimationFrame(() => setTimeout(() => done(window.shifts || []), 50)))"
"""What moved, once the browser has said all of it."""


@contextmanager
def served(shop: Shop, port: int) -> Iterator[int]:
    """The shop on *port*, or on one that is free; at the end its streams are cut off."""
    config = uvicorn.Config(shop.host, port=port, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            thread.join(0.02)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(30)


def nodes(page: Page) -> int:
    """How much the tab holds, after what is no longer needed was thrown away."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return int(metrics["Nodes"])


def test_three_open_pages_stay_calm_in_a_storm(shop: Shop, chromium: Browser) -> None:
    """Home, queue and incident while two thousand alerts arrive, and while the server is away for a while.

    Values change in place, order and membership wait, nothing moves, hands are respected; stale is said and controls
    are off; no tab listens twice or grows.
    """
    shop.fire()
    with served(shop, 0) as port:
        base = f"http://127.0.0.1:{port}/parapet/"
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        context.add_cookies([{"name": "who", "value": "Ana:responder", "url": base}])
        context.add_init_script(SHIFTS)
        context.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        home, queue, incident, moved = (context.new_page() for _ in range(4))
        for page, path in ((home, ""), (queue, "incidents"), (incident, "incidents/1")):
            page.goto(base + path)
            expect(page.locator(".live b")).to_have_text("Live")
        moved.goto(f"{base}incidents/1")
        moved.evaluate("document.body.prepend(Object.assign(document.createElement('p'), {textContent: 'in the way'}))")
        assert moved.evaluate(SEEN) != [], "what moves is seen"
        moved.close()
        note = incident.get_by_label("What you saw or did")
        note.fill("The provider is fine")
        before = {page: nodes(page) for page in (home, queue, incident)}
        row = queue.locator("tbody tr").bounding_box()
        labels = {"alertname": "Disk", "service": "shop", "severity": "page"}
        for first in range(0, STORM, BODY):
            body = [alert({**labels, "disk": f"{n}"}, starts_at=shop.clock.now()) for n in range(first, first + BODY)]
            shop.parapet.inbox.receive(alertmanager_payload(*body))
        shop.parapet.operator.acknowledge(IncidentId(1), actor=TOM, reason="looking", version=1)
        expect(queue.locator("tbody tr")).to_contain_text("Tom")
        expect(queue.locator("#news")).to_contain_text("+ new")
        expect(home.locator("#news")).to_be_visible()
        expect(incident.locator(".live b")).to_have_text("Paused")
        assert queue.locator("tbody tr").count() == 1
        assert queue.locator("tbody tr").bounding_box() == row
        assert "Nobody has it" in incident.locator(".strip").inner_text()
        expect(note).to_have_value("The provider is fine")
    for page in (home, queue, incident):
        expect(page.locator(".live b")).to_have_text("Stale")
        expect(page.get_by_role("alert")).to_contain_text("Nothing has been heard since")
    expect(incident.get_by_role("button", name="Save note")).to_be_disabled()
    with served(shop, port):
        for page in (home, queue):
            expect(page.locator(".live b")).to_have_text("Live")
        expect(incident.locator(".live b")).to_have_text("Paused")
        expect(incident.get_by_role("button", name="Save note")).to_be_enabled()
        incident.keyboard.press("Escape")
        incident.keyboard.press(".")
        expect(incident.locator(".strip")).to_contain_text("Tom has it, acknowledged")
        expect(note).to_have_value("The provider is fine")
        assert queue.locator("tbody tr").bounding_box() == row
        assert [page.evaluate(SEEN) for page in (home, queue, incident)] == [[], [], []]
        for page, held in before.items():
            assert nodes(page) < 4 * held, page.url  # itself, what it was told last, and what waits to be thrown away
        context.close()


def falteringly(app: ASGIApp) -> ASGIApp:
    """Each page of *app* in two pieces, with a pause in the midst of its first line."""

    async def faltering(scope: Scope, receive: Receive, send: Send) -> None:
        async def pieces(message: Message) -> None:
            first, end, rest = message.get("body", b"").partition(b'<a class="btn btn-quiet unscripted"')
            if end:
                await send({**message, "body": first, "more_body": True})
                await asyncio.sleep(0.5)
            await send({**message, "body": end + rest} if end else message)

        scope["headers"] = [each for each in scope["headers"] if each[0] != b"accept-encoding"]
        await app(scope, receive, pieces)

    return faltering


def test_a_page_that_comes_in_pieces_is_shown_whole(shop: Shop, serve: Serve, chromium: Browser) -> None:
    """Over a slow line nothing that was seen makes room for what comes after it."""
    shop.fire()
    with serve(falteringly(shop.host)) as server:
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        context.add_init_script(SHIFTS)
        page = open_at(context.new_page(), server)
        assert page.evaluate(SEEN) == []
        context.close()


def test_what_is_done_at_one_worker_is_seen_at_another(shop: Shop, serve: Serve, chromium: Browser) -> None:
    """Two servers on one database, as behind a proxy: a page of the one shows what was done at the other."""
    shop.fire()
    second = Parapet(service="shop", evidence=f"{shop.parapet.store.engine.url}", clock=shop.clock, secrets=SECRETS)
    host = Starlette()
    host.mount("/parapet", workbench(second, authenticate=who_is_it))
    with serve(shop.host) as one, serve(host) as other, listening(other) as events:
        heard(events, "revision")
        context = chromium.new_context()
        here, there = (open_at(context.new_page(), server) for server in (one, other))
        here.get_by_label("Why, or what you will look at first").fill("looking at the provider")
        here.get_by_role("button", name="Acknowledge").click()
        expect(there.locator(".strip")).to_contain_text("Ana has it, acknowledged")
        heard(events, "revision")
        context.close()
    second.store.close()


def open_at(page: Page, server: Server) -> Page:
    """The incident, as that server shows it."""
    address = f"http://127.0.0.1:{server.port}/parapet/"
    page.context.add_cookies([{"name": "who", "value": "Ana:responder", "url": address}])
    page.goto(f"{address}incidents/1")
    expect(page.locator(".live b")).to_have_text("Live")
    return page
