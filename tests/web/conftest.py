"""A real workbench on a real evidence database, and a small browser that speaks ASGI to it."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlencode, urljoin, urlsplit

import anyio
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp, Message
from tests.artifacts.servers import installed
from tests.web.night import FARES, FIRST_DAY, NIGHT, Fare, Night, evidence, weather

from parapet import Parapet, Secrets, Wiring
from parapet.core.types import Actor, ActorClass
from parapet.incidents.model import ChangeKind
from parapet.store import migrate
from parapet.testing import ManualClock, SequentialIds, alert, alertmanager_payload
from parapet.web import Link, Principal, Request, Role, metrics, workbench

if TYPE_CHECKING:
    from playwright.sync_api import Browser as Chromium

WEBHOOK_TOKEN = "webhook-token-0123456789"
API_TOKEN = "api-token-0123456789"
METRICS_TOKEN = "metrics-token-0123456789"
HOST = "shop.test"
EVERY = os.environ.get("PARAPET_PAGES") == "all"
"""Every page in every form, and what hands do in both; else each page in one form, in turn."""
LABELS = {"alertname": "ParapetBudgetBurnPage", "service": "shop", "slice": "checkout", "severity": "page"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> dict[str, object]:
        answered = json.loads(self.body)
        assert isinstance(answered, dict)
        return answered

    def fields(self, action: str) -> dict[str, str]:
        """The hidden fields of the first form whose address ends with *action*."""
        form = re.search(rf'<form[^>]*action="[^"]*{action}"[^>]*>(.*?)</form>', self.text, re.DOTALL)
        assert form is not None, f"no form for {action}"
        return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form[1]))


class Browser:
    """Sends one request at a time, as a browser on HOST would. `who` is the signed-in person: name:role."""

    def __init__(self, app: ASGIApp, who: str | None = "Ana:responder") -> None:
        self.app = app
        self.who = who

    def get(self, path: str, *, headers: Mapping[str, str] | None = None, method: str = "GET") -> Answer:
        return self.send(method, path, headers=headers or {})

    def post(
        self,
        path: str,
        fields: Mapping[str, str],
        *,
        headers: Mapping[str, str] | None = None,
        origin: str | None = None,
    ) -> Answer:
        sent = {
            "content-type": "application/x-www-form-urlencoded",
            "origin": origin or f"http://{HOST}",
            "sec-fetch-site": "same-origin",
            **(headers or {}),
        }
        return self.send("POST", path, headers=sent, body=urlencode(fields).encode())

    def follow(self, answer: Answer) -> Answer:
        """Where a redirect leads."""
        assert answer.status in {302, 303, 307}
        return self.get(urljoin(answer.url, answer.headers["location"]))

    def send(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """One request; the answer is read whole."""
        parts = urlsplit(path)
        given = {"host": HOST, **headers}
        if self.who is not None:
            given.setdefault("cookie", f"who={self.who}")
        if body:
            given.setdefault("content-length", str(len(body)))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 40000),
            "server": ("127.0.0.1", 80),
        }
        sent: list[Message] = []
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return waiting.pop(0) if waiting else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        async def run() -> None:
            await self.app(scope, receive, send)

        anyio.run(run)
        start = next(message for message in sent if message["type"] == "http.response.start")
        got = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
        answered = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(status=start["status"], headers=answered, body=got, url=path)


def who_is_it(request: Request) -> Principal | None:
    """The host's sign-in, for tests: a cookie that says name:role."""
    name, _, role = unescape(request.cookies.get("who", "")).partition(":")
    if role == "broken":
        raise RuntimeError("the session store is down")
    return Principal(id=name.lower(), name=name, role=Role(role)) if role else None


@dataclass(kw_only=True)
class Shop:
    """A service with its workbench mounted at /parapet and its metrics at /metrics."""

    parapet: Parapet
    clock: ManualClock
    host: Starlette

    def browser(self, who: str | None = "Ana:responder") -> Browser:
        return Browser(self.host, who)

    def fire(
        self,
        started: str = "02:13:04",
        ended: str | None = None,
        *,
        labels: Mapping[str, str] = LABELS,
        annotations: Mapping[str, str] | None = None,
    ) -> int:
        """Hand one alert in, at the time the clock shows; the number of its incident."""
        one = alert(
            labels,
            starts_at=at(started),
            ends_at=at(ended) if ended else None,
            annotations=annotations or {"title": "Checkout fails after payment", "summary": "Checkout burns 15x"},
        )
        receipt = self.parapet.inbox.receive(alertmanager_payload(one))
        return int(next(iter(receipt.incident_ids)))


def at(clock: str) -> datetime:
    """A time of the night of 12 November 2026, UTC."""
    hour, minute, second = (int(part) for part in clock.split(":"))
    return datetime(2026, 11, 12, hour, minute, second, tzinfo=UTC)


@pytest.fixture(scope="session")
def empty_evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables and nothing in them, to copy."""
    from parapet.store.store import Store

    path = tmp_path_factory.mktemp("evidence") / "empty.db"
    store = Store(f"sqlite:///{path}")
    migrate.upgrade(store.engine)
    store.close()
    return path


@pytest.fixture
def shop(empty_evidence: Path, tmp_path: Path) -> Iterator[Shop]:
    """The shop at 02:13:16, with nothing in its evidence."""
    yield from opened(empty_evidence, tmp_path)


@pytest.fixture(scope="module")
def untouched(empty_evidence: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop with an incident in it, for all the requests of a module that may change nothing."""
    for shop in opened(empty_evidence, tmp_path_factory.mktemp("untouched")):
        shop.fire()
        yield shop


def opened(empty_evidence: Path, folder: Path) -> Iterator[Shop]:
    """A shop with its evidence in *folder*, until it is closed."""
    path = folder / "evidence.db"
    path.write_bytes(empty_evidence.read_bytes())
    clock = ManualClock(at("02:13:16"))
    parapet = Parapet(
        service="shop",
        environment="test",
        evidence=f"sqlite:///{path}",
        wiring=Wiring(workbench_url=f"http://{HOST}/parapet"),
        secrets=Secrets(
            form_key="form-key-0123456789",
            webhook_tokens=(WEBHOOK_TOKEN, "the-next-webhook-token"),
            api_tokens=(API_TOKEN,),
            metrics_tokens=(METRICS_TOKEN,),
        ),
        clock=clock,
        ids=SequentialIds(),
    )
    parapet.journey("checkout", objective=0.999, title="Checkout", latency=(0.5, 0.99))
    parapet.journey("login", objective=0.995, title="Login")
    host = Starlette()
    links = (Link(title="Logs", url="https://logs.example/?slice={slice}&from={from_ms}", note="errors only"),)
    host.mount("/parapet", workbench(parapet, authenticate=who_is_it, links=links))
    host.mount("/metrics", metrics(parapet))
    yield Shop(parapet=parapet, clock=clock, host=host)
    parapet.store.close()


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server on loopback."""

    port: int

    def get(self, path: str) -> bytes:
        """What is there."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, object], dict[str, str]]:
        """Status, JSON and headers of one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            said = json.loads(answer.read() or b"{}")
            assert isinstance(said, dict)
            return answer.status, said, {name.lower(): value for name, value in answer.getheaders()}
        finally:
            connection.close()


@contextmanager
def serving(app: ASGIApp) -> Iterator[Server]:
    """*app* under uvicorn for as long as the block takes."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1_024)
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield Server(port=listening.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(15)


Serve: TypeAlias = "Callable[[ASGIApp], AbstractContextManager[Server]]"


@pytest.fixture
def server(shop: Shop) -> Iterator[Server]:
    """The shop, served."""
    with serving(shop.host) as served:
        yield served


@pytest.fixture
def serve() -> Serve:
    """Serves an application for as long as a block takes."""
    return serving


@pytest.fixture
def address(shop: Shop) -> Iterator[str]:
    """The workbench on loopback, with one incident four minutes after a deploy."""
    shop.clock.advance(-244)
    ci = Actor(kind=ActorClass.EXTERNAL, name="ci")
    shop.parapet.changes.mark(kind=ChangeKind.DEPLOY, version="1.8.2", actor=ci)
    shop.clock.advance(200)
    for number in range(9):
        shop.parapet._journeys["checkout"].record("failure", refs={"order": number, "payment": f"pi_{number:060d}"})
    assert shop.parapet.refs.drain(10)
    shop.clock.advance(44)
    shop.fire()
    shop.clock.advance(60)
    with serving(shop.host) as served:
        yield f"http://127.0.0.1:{served.port}/parapet/"


@dataclass(frozen=True, kw_only=True)
class ServedNight:
    """A rich night and a first day, served."""

    night: Night
    address: str
    """Of the workbench of that night, with a slash at its end."""
    places: Mapping[str, str]
    """Every page by name: its address."""
    fares: dict[str, Fare]
    """What its Prometheus says."""


@pytest.fixture(scope="module")
def served_night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedNight]:
    """One for a module."""
    folder = tmp_path_factory.mktemp("night")
    fares = dict(FARES)
    with weather(clock := ManualClock(NIGHT), fares) as prometheus:
        night = Night(evidence(folder / "night.db"), prometheus, clock)
        first = Night(evidence(folder / "first.db"), None, clock)
        night.happen()
        with serving(night.host) as served, serving(first.host) as bare:
            here, there = (f"http://127.0.0.1:{each.port}/parapet/" for each in (served, bare))
            places = {name: here + path for name, path in night.places.items()}
            places |= {f"first day, {path or 'home'}": there + path for path in FIRST_DAY}
            yield ServedNight(night=night, address=here, places=places, fares=fares)
        for one in (night, first):
            one.parapet.store.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """One browser for a module."""
    from playwright.sync_api import sync_playwright

    executable = installed("chromium", "chromium", "chromium-browser")
    switches = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[*switches, "--disable-sync"])
        yield browser
        browser.close()
