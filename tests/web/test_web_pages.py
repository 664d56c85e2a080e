"""The pages over real evidence: what they say when there is much, little, or nothing to say."""

from __future__ import annotations

import socket
from collections.abc import MutableMapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from anyio import to_thread
from starlette.routing import Route

from parapet import Parapet, Secrets
from parapet.core.types import Actor, ActorClass
from parapet.incidents.model import ChangeKind
from parapet.notify.webhook import WebhookChannel
from parapet.testing import alert, alertmanager_payload
from parapet.web import Principal, Request, Role, metrics, workbench
from parapet.web.desk import Desk
from parapet.web.reception import Reception
from parapet.web.response import Response
from parapet.web.site import Site

if TYPE_CHECKING:
    from tests.web.conftest import Shop

CI = Actor(kind=ActorClass.EXTERNAL, name="ci")


def test_home_without_prometheus_says_that_it_cannot_know(shop: Shop) -> None:
    """No Prometheus is configured: nothing is green, and the page says what to set."""
    page = shop.browser().get("/parapet/")
    assert page.status == 200
    assert "Nobody can say right now whether users succeed." in page.text
    assert "Set prometheus_url in Wiring" in page.text
    assert 'data-tone="good">' not in page.text.partition('aria-labelledby="hears"')[0]
    assert "Never heard" in page.text
    assert "Not running" in page.text


def test_home_shows_what_is_open_and_what_changed_today(shop: Shop) -> None:
    """The way from the first page to the incident, and the deploy beside it."""
    shop.parapet.changes.mark(kind=ChangeKind.DEPLOY, title="1.8.2 went live", actor=CI)
    shop.fire()
    shop.parapet.tick()
    page = shop.browser().get("/parapet/")
    assert 'href="./incidents/1"' in page.text
    assert "1.8.2 went live" in page.text
    assert "On time" in page.text


def test_an_empty_queue_says_what_is_watched_and_since_when_nothing_came(shop: Shop) -> None:
    """An empty list is a statement; it says what it rests on."""
    page = shop.browser().get("/parapet/incidents")
    assert "No open incident" in page.text
    assert "3 promises are watched." in page.text
    assert "Alertmanager has not sent anything yet" in page.text


def test_the_queue_is_worst_first_then_oldest_and_searchable(shop: Shop) -> None:
    """Severity, then age; the search finds title and number; the filter says that it hides."""
    ticket = {"alertname": "Disk", "severity": "ticket", "service": "shop"}
    for number in range(3):
        shop.fire(f"0{number}:10:00", labels={**ticket, "mount": f"/{number}"}, annotations={"title": f"Disk {number}"})
    shop.fire()
    page = shop.browser().get("/parapet/incidents").text
    places = [page.index(f">{title}</a>") for title in ("Checkout fails after payment", "Disk 0", "Disk 1", "Disk 2")]
    assert places == sorted(places)
    assert "4 open incidents, 4 without an owner" in page
    found = shop.browser().get("/parapet/incidents?q=disk+1").text
    assert ">Disk 1</a>" in found
    assert ">Disk 2</a>" not in found
    assert "Shows only what matches" in found
    assert "Nothing matches this search" in shop.browser().get("/parapet/incidents?q=zzz").text


def test_scopes_hold_what_their_names_say(shop: Shop) -> None:
    """Nobody has it, mine, resolved."""
    shop.fire()
    browser = shop.browser()
    assert "Checkout fails" in browser.get("/parapet/incidents?scope=unowned").text
    fields = browser.get("/parapet/incidents/1").fields("/acknowledge")
    browser.post("/parapet/incidents/1/acknowledge", {**fields, "reason": "mine"})
    assert "Checkout fails" not in browser.get("/parapet/incidents?scope=unowned").text
    assert "Checkout fails" in browser.get("/parapet/incidents?scope=mine").text
    assert "Checkout fails" not in shop.browser("Tom:viewer").get("/parapet/incidents?scope=mine").text
    assert "Checkout fails" not in browser.get("/parapet/incidents?scope=resolved").text


def test_a_long_queue_goes_on_on_the_next_page(shop: Shop) -> None:
    """Fifty rows a page, every incident once."""
    ticket = {"alertname": "Disk", "severity": "ticket", "service": "shop"}
    for number in range(53):
        shop.fire(labels={**ticket, "mount": f"/{number}"}, annotations={"title": f"Disk {number:02d}"})
    first = shop.browser().get("/parapet/incidents")
    rest = first.text.partition('rel="next"')[0].rpartition('href="./')[2].partition('"')[0].replace("&amp;", "&")
    second = shop.browser().get(f"/parapet/{rest}")
    for number in range(53):
        assert (f">Disk {number:02d}</a>" in first.text) != (f">Disk {number:02d}</a>" in second.text)
    assert shop.browser().get("/parapet/incidents?before=nonsense").status == 422


def test_an_incident_shows_the_change_before_it_under_the_number_of_its_drawing(shop: Shop) -> None:
    """Deploy 1.8.2, 4 min before; the same number in the drawing and in the list."""
    shop.clock.advance(-244)
    shop.parapet.changes.mark(
        kind=ChangeKind.DEPLOY, title="1.8.2 went live", actor=CI, url="https://git.example/compare"
    )
    shop.clock.advance(244)
    shop.fire()
    page = shop.browser().get("/parapet/incidents/1").text
    assert '<span class="numeral">1</span><span class="when">4 min before</span>' in page
    assert 'class="mark"' in page
    assert 'href="https://git.example/compare"' in page
    assert "https://logs.example/?slice=checkout&amp;from=" in page
    assert "You do this. Parapet changes nothing." in page


def test_an_incident_shows_which_objects_went_wrong(shop: Shop) -> None:
    """Identifiers in full, to be copied; how each ended; the closest to onset first seen, the others folded."""
    shop.clock.advance(-70)
    for number in range(9):
        shop.parapet._journeys["checkout"].record("failure", refs={"order": 4700 + number})
        shop.clock.advance(1)
    shop.parapet._journeys["checkout"].record("user_error", refs={"order": "declined card"})
    assert shop.parapet.refs.drain(10)
    shop.clock.advance(61)
    shop.fire()
    page = shop.browser().get("/parapet/incidents/1").text
    shown, folded = page.partition("<summary>3 more</summary>")[::2]
    assert "<dt>order</dt><dd><code>4708</code></dd>" in shown
    assert "<dt>order</dt><dd><code>4700</code></dd>" in folded
    assert "9 events that went wrong near onset" in shown
    assert "declined card" not in page
    shop.fire(labels={"alertname": "Disk", "severity": "ticket", "service": "shop"})
    assert "Exact objects" not in shop.browser().get("/parapet/incidents/2").text


def test_the_same_trouble_later_leads_back_to_the_last_time(shop: Shop) -> None:
    """A new incident, linked to the one before; the old one is read from there."""
    shop.fire()
    shop.clock.set(shop.clock.now() + timedelta(minutes=8))
    shop.fire("02:13:04", "02:21:10")
    shop.clock.advance(3600)
    shop.parapet.tick()
    shop.clock.advance(6 * 3600)
    assert shop.fire("09:20:00") == 2
    browser = shop.browser()
    page = browser.get("/parapet/incidents/2").text
    assert '<a href="../incidents/1">Read INC-1</a>' in page
    over = browser.get("/parapet/incidents/1").text
    assert "Reported clear" in over
    assert browser.get("/parapet/incidents/1/retrospective").status == 200
    assert "INC-1, checkout, reported clear" in browser.get("/parapet/incidents?scope=resolved").text


def test_who_was_told_and_who_could_not_be_is_on_the_page(shop: Shop) -> None:
    """A channel that does not answer is shown as waiting, and the first page counts it."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    channel = WebhookChannel(name="ops", url=f"http://127.0.0.1:{port}/", secret="channel-secret-0123456789")
    telling = Parapet(
        service="shop",
        evidence=shop.parapet.evidence,
        channels=(channel,),
        clock=shop.clock,
        secrets=shop.parapet.secrets,
    )
    one = alert({"alertname": "Disk", "severity": "page"}, starts_at=shop.clock.now())
    telling.inbox.receive(alertmanager_payload(one))
    telling.tick()
    page = shop.browser().get("/parapet/incidents/1").text
    assert "ops: opened, waiting since 02:13 UTC" in page
    home = shop.browser().get("/parapet/").text
    assert "1 waiting, 1 failing" in home
    assert "Calls says why" in home
    telling.store.close()


def test_what_is_too_slow_is_not_called_failing(shop: Shop) -> None:
    """The number of a promise to be fast says so."""
    number = shop.fire(
        labels={
            "alertname": "ParapetBudgetBurnPage",
            "service": "shop",
            "slice": "checkout-latency",
            "severity": "page",
        }
    )
    page = shop.browser().get(f"/parapet/incidents/{number}").text
    assert "Too slow lately" in page
    assert "Failing lately" not in page


def test_an_alert_that_belongs_to_no_slice_still_has_its_page(shop: Shop) -> None:
    """A foreign alert: no promise, no runbook, and the page says so."""
    shop.fire(labels={"alertname": "Disk", "severity": "ticket"}, annotations={})
    page = shop.browser().get("/parapet/incidents/1")
    assert page.status == 200
    assert "No runbook belongs to this one" in page.text


def test_numbers_are_taken_as_people_write_them(shop: Shop) -> None:
    """INC-1 and 1 are the same; nonsense is 404 in words."""
    shop.fire()
    browser = shop.browser()
    assert browser.get("/parapet/incidents/INC-1").status == 200
    for wrong in ("0", "99", "-1", "1e9", "9" * 40, "%D9%A1"):
        assert browser.get(f"/parapet/incidents/{wrong}").status == 404
    assert browser.get("/parapet/incidents/1/retrospective").status == 404


def test_the_link_of_an_alert_finds_the_latest_incident_of_its_slice(shop: Shop) -> None:
    """/go leads to the incident, or to the queue with a search while there is none."""
    browser = shop.browser()
    nothing = browser.get("/parapet/go?service=shop&slice=checkout")
    assert (nothing.status, nothing.headers["location"]) == (302, "./incidents?q=checkout")
    shop.fire()
    found = browser.get("/parapet/go?service=shop&slice=checkout")
    assert found.headers["location"] == "./incidents/1"
    assert browser.follow(found).status == 200
    assert browser.get("/parapet/go?slice=//evil.example").headers["location"].startswith("./incidents?q=%2F%2F")


def test_changes_are_told_by_day_newest_first(shop: Shop) -> None:
    """Every marked change, and how to mark the first one."""
    browser = shop.browser()
    assert "parapet deploy mark" in browser.get("/parapet/changes").text
    shop.parapet.changes.mark(kind=ChangeKind.DEPLOY, version="1.8.2", actor=CI)
    shop.clock.advance(60)
    shop.parapet.changes.mark(kind=ChangeKind.ROLLBACK, title="Back to 1.8.1", actor=CI)
    page = browser.get("/parapet/changes").text
    assert page.index("Back to 1.8.1") < page.index("1.8.2, by ci")
    assert "Thu 12 Nov 2026" in page


def test_when_the_evidence_is_away_the_page_says_so_and_what_it_means() -> None:
    """503, in words, for every page; the first page included."""
    parapet = Parapet(
        service="shop",
        evidence="postgresql://nobody@127.0.0.1:1/none?connect_timeout=1",
        secrets=Secrets(form_key="form-key-0123456789"),
    )
    answer = ask(parapet, "/incidents")
    assert answer[0] == 503
    assert "The evidence cannot be read right now." in answer[1]


def test_a_page_whose_database_hangs_says_so_in_its_time() -> None:
    """A server that takes the connection and never says a word: nobody waits for it as long as it likes."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"postgresql://nobody@127.0.0.1:{mute.getsockname()[1]}/none?connect_timeout=2"
        parapet = Parapet(service="shop", evidence=url, secrets=Secrets(form_key="form-key-0123456789"))
        ana = Principal(id="ana", name="Ana", role=Role.RESPONDER)
        desk = Desk(app=parapet, form_key="form-key-0123456789", authenticate=lambda _: ana)
        reception = Reception(Site(desk), answer_seconds=0.1)

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.disconnect"}

        answer = anyio.run(reception.answer, Request(method="GET", path="/incidents"), receive)
    assert isinstance(answer, Response)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert b"This page takes too long." in answer.body


def test_without_an_evidence_database_the_page_says_what_to_configure() -> None:
    """Signals only: the workbench has nothing to show, and says why."""
    answer = ask(Parapet(service="shop", secrets=Secrets(form_key="form-key-0123456789")), "/incidents")
    assert answer[0] == 503
    assert "There is no evidence database." in answer[1]


def test_pages_do_not_queue_behind_the_hosts_threads(shop: Shop) -> None:
    """Every thread of the host is stuck; the workbench answers all the same."""

    async def stuck_host() -> int:
        release = anyio.Event()
        started = 0

        def wait() -> None:
            anyio.from_thread.run(release.wait)

        async with anyio.create_task_group() as tasks:
            for _ in range(60):
                tasks.start_soon(to_thread.run_sync, wait)
                started += 1
            await anyio.wait_all_tasks_blocked()
            with anyio.fail_after(20):
                status = await status_of(shop)
            release.set()
        return status

    assert anyio.run(stuck_host) == 200


async def status_of(shop: Shop) -> int:
    sent: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        if message["type"] == "http.response.start":
            sent.append(message["status"])

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/parapet/incidents",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"shop.test"), (b"cookie", b"who=Ana:responder")],
    }
    await shop.host(scope, receive, send)
    return sent[0]


def ask(parapet: Parapet, path: str) -> tuple[int, str]:
    """Status and text of one page of a workbench where everybody is Ana."""
    app = workbench(parapet, authenticate=lambda _: Principal(id="ana", name="Ana", role=Role.RESPONDER))
    parts: list[bytes] = []
    status: list[int] = []

    async def run() -> None:
        async def receive() -> dict[str, object]:
            return {"type": "http.disconnect"}

        async def send(message: object) -> None:
            assert isinstance(message, dict)
            if message["type"] == "http.response.start":
                status.append(message["status"])
            else:
                parts.append(message["body"])

        scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
        await app(scope, receive, send)

    anyio.run(run)
    return status[0], b"".join(parts).decode()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": "Basic metrics-token-0123456789"}, 401),
        ({"authorization": "Bearer metrics-token-0123456789"}, 200),
    ],
)
def test_metrics_are_read_with_their_token_only(shop: Shop, headers: dict[str, str], status: int) -> None:
    """A session of the workbench does not open them; their token does."""
    answer = shop.browser().get("/metrics/", headers=headers)
    assert answer.status == status
    assert ("parapet_journey_duration_seconds" in answer.text) == (status == 200)
    if status == 200:
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_metrics_without_a_configured_token_are_closed_and_say_how_to_open_them(shop: Shop) -> None:
    """403: deny by default, with the setting's name."""
    shop.host.mount("/closed", metrics(Parapet(service="shop")))
    answer = shop.browser().get("/closed/", headers={"authorization": "Bearer "})
    assert answer.status == 403
    assert "metrics_tokens" in answer.text
    assert shop.browser().get("/metrics/", method="POST").status == 405


def test_metrics_are_served_at_the_very_path_they_were_given(shop: Shop) -> None:
    """As a route they need no slash at the end, so that no scrape is redirected."""
    shop.host.routes.append(Route("/internal/metrics", metrics(shop.parapet)))
    headers = {"authorization": "Bearer metrics-token-0123456789"}
    assert shop.browser().get("/internal/metrics", headers=headers).status == 200
    assert shop.browser().get("/internal/metrics").status == 401
