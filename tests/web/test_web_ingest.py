"""The hooks of every source over a real server: signatures, storms, and a host that has nothing left."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest
from sqlalchemy import create_engine, event
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from parapet import Parapet, Secrets
from parapet.core import names, signing
from parapet.core.errors import UnknownName
from parapet.core.guard import swallowed
from parapet.core.types import IncidentId
from parapet.slo.maintenance import Once
from parapet.store import dialect
from parapet.testing import alert, alertmanager_payload
from parapet.web import workbench
from parapet.web.lanes import Lane

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from tests.web.conftest import Serve, Server, Shop

TOKEN = {"Authorization": "Bearer webhook-token-0123456789"}
KEYS = ("signing-key-0123456789", "the-next-signing-key")
BEGAN = datetime(2026, 11, 12, 2, 13, 4, tzinfo=UTC)
EVENTS = json.dumps(
    {"sender": "ci", "events": [{"id": "1", "status": "firing", "title": "A", "started_at": BEGAN.isoformat()}]}
).encode()
GRAFANA = alertmanager_payload(alert({"alertname": "Memory"}, starts_at=BEGAN) | {"values": {"B": 44.2}})


def hook(source: str) -> str:
    return f"/parapet/hooks/{source}"


def signed(body: bytes, when: datetime, *, key: str = KEYS[0], between: str = ".") -> dict[str, str]:
    timestamp = str(int(when.timestamp()))
    made = signing.sign(body, timestamp=timestamp, secret=key, between=between)
    return TOKEN | {names.TIMESTAMP_HEADER: timestamp, names.SIGNATURE_HEADER: made}


def counted(shop: Shop, source: str) -> Mapping[str, float]:
    """How often each outcome was counted for *source*."""
    found: dict[str, float] = {}
    for line in shop.parapet.recorder.expose().body.decode().splitlines():
        if line.startswith(f'{names.INGEST}{{source="{source}"'):
            series, _, value = line.rpartition(" ")
            found[series.partition('outcome="')[2].partition('"')[0]] = float(value)
    return found


def test_every_source_has_its_hook(shop: Shop, server: Server) -> None:
    """All end in the same inbox; what is no body of theirs is refused with its place, and each outcome is counted."""
    for source, body in (("events", EVENTS), ("grafana", GRAFANA)):
        status, said, _ = server.send("POST", hook(source), body, TOKEN)
        assert (status, said["state"], said["reports"]) == (200, "done", 1)
        assert server.send("POST", hook(source), b'{"alerts": 3}', TOKEN)[0] == 422
        assert server.send("POST", hook(source), body, {})[0] == 401
        assert counted(shop, source) == {"done": 1, "rejected": 1, "unauthenticated": 1}
    assert server.send("POST", hook("events"), b"", TOKEN | {"Content-Length": str(2**25)})[0] == 413
    assert counted(shop, "events")["too_large"] == 1
    assert {one.source for one in shop.parapet.bodies.page("done")} == {"events", "grafana"}
    assert len(shop.parapet.bodies.page("rejected")) == 2
    entry = shop.parapet.look.chronology(IncidentId(1))[0]
    assert (entry.actor.name, entry.payload["alert_count"]) == ("events/ci", 1)


def test_alerts_are_taken_in_although_a_promise_cannot_hold(shop: Shop, server: Server) -> None:
    """Whoever runs the service finds out by the log and by whatever reads promises; nobody's alert waits for that."""
    shop.parapet.maintenance("drill", Once(start=BEGAN, end=BEGAN + timedelta(hours=1)), slices=("no-such",))
    with pytest.raises(UnknownName, match="no-such"):
        _ = shop.parapet.catalog
    assert server.send("POST", hook("grafana"), GRAFANA, TOKEN)[1]["state"] == "done"
    assert shop.parapet.look.incident(IncidentId(1)).incident.firing == 1
    assert shop.parapet.tick().stuck == 0, "people are told, too: the worker goes round"
    assert swallowed["definitions.catalog", "UnknownName"] >= 1


@pytest.fixture
def signing_shop(shop: Shop) -> Shop:
    """The shop, whose senders sign."""
    shop.parapet.secrets = Secrets(
        form_key="form-key-0123456789", webhook_tokens=("webhook-token-0123456789",), signing_keys=KEYS
    )
    return shop


def test_signed_bodies_are_taken_with_either_key(signing_shop: Shop, server: Server) -> None:
    """Rotation without a gap; Grafana signs in its own way; Alertmanager cannot sign and needs none."""
    now = signing_shop.clock.now()
    for key in KEYS:
        assert server.send("POST", hook("events"), EVENTS, signed(EVENTS, now, key=key))[0] == 200
    headers = signed(GRAFANA, now, between=":")
    headers[names.GRAFANA_SIGNATURE_HEADER] = headers.pop(names.SIGNATURE_HEADER)
    assert server.send("POST", hook("grafana"), GRAFANA, headers)[0] == 200
    assert server.send("POST", hook("alertmanager"), GRAFANA, TOKEN)[0] == 200
    assert server.send("POST", hook("alertmanager"), GRAFANA, signed(GRAFANA, now))[0] == 200


def test_a_body_that_is_not_what_was_signed_is_not_stored(signing_shop: Shop, server: Server) -> None:
    """Another body, another key, another time, too old, too early, no signature, no token: 401, and why."""
    now = signing_shop.clock.now()
    good = signed(EVENTS, now)
    later = {names.TIMESTAMP_HEADER: str(int(now.timestamp()) + 1)}
    for headers in (
        TOKEN,
        signed(EVENTS + b" ", now),
        signed(EVENTS, now, key="another-key-0123456789"),
        signed(EVENTS, now, between=":"),
        signed(EVENTS, now - timedelta(seconds=301)),
        signed(EVENTS, now + timedelta(seconds=301)),
        good | later,
        good | {names.TIMESTAMP_HEADER: "now"},
        {name: value for name, value in good.items() if name != "Authorization"},
    ):
        status, said, _ = server.send("POST", hook("events"), EVENTS, headers)
        assert (status, bool(said)) == (401, True)
    assert server.send("POST", hook("alertmanager"), GRAFANA, signed(EVENTS, now))[0] == 401
    assert signing_shop.parapet.bodies.counts() == {"waiting": 0, "failing": 0, "rejected": 0, "dropped": 0}
    assert signing_shop.parapet.bodies.page("done").rows == ()


def test_a_storm_shares_its_transactions(shop: Shop) -> None:
    """Three hundred groups at once: each is stored and is an incident of its own; far fewer commits than bodies."""
    bodies = [alertmanager_payload(alert({"alertname": f"Burn{number}"}, starts_at=BEGAN)) for number in range(300)]
    app, commits, statuses = workbench(shop.parapet, authenticate=lambda _: None), [], []
    event.listen(shop.parapet.store.engine, "commit", lambda _: commits.append(1))

    async def deliver(body: bytes) -> None:
        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Mapping[str, object]) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/hooks/alertmanager",
            "headers": [(b"authorization", TOKEN["Authorization"].encode())],
        }
        await app(scope, receive, send)

    async def storm() -> None:
        async with anyio.create_task_group() as tasks:
            for body in bodies:
                tasks.start_soon(deliver, body)

    anyio.run(storm)
    assert statuses == [200] * 300
    assert len(commits) < 20
    shop.clock.advance(60)
    while shop.parapet.inbox.replay()[0]:
        pass
    assert shop.parapet.bodies.counts()["waiting"] == 0
    assert shop.parapet.look.queue("open").counts["open"] == 300


def test_a_host_that_has_nothing_left_still_takes_alerts(shop: Shop, serve: Serve, tmp_path: Path) -> None:
    """Every thread and every connection of the host is held: the alert that says so is stored all the same."""
    pool = create_engine(f"sqlite:///{tmp_path / 'host.db'}", pool_size=1, max_overflow=0, pool_timeout=60)
    release, busy = threading.Event(), []

    def stuck(request: Request) -> Response:
        busy.append(1)
        release.wait(60)
        with pool.connect():
            return PlainTextResponse("late")

    host = Starlette(routes=[Route("/stuck", stuck)])
    host.mount("/parapet", workbench(shop.parapet, authenticate=lambda _: None))
    with serve(host) as served, pool.connect():
        stuck_ones = [threading.Thread(target=served.get, args=("/stuck",)) for _ in range(45)]
        for thread in stuck_ones:
            thread.start()
        while len(busy) < 40:  # as many threads as the host has
            time.sleep(0.01)
        assert served.send("POST", hook("grafana"), GRAFANA, TOKEN)[0] == 200
        release.set()
    for thread in stuck_ones:
        thread.join(60)
    pool.dispose()


def test_every_lane_has_its_connections() -> None:
    """However busy the other lanes are, a thread that needs a connection of Parapet's gets one."""
    assert sum(lane.value for lane in Lane) + 4 <= dialect.POOL_MOST


def test_bodies_that_are_too_much_together_are_asked_to_come_back(shop: Shop) -> None:
    """503, which every sender tries again; what was under way is finished."""
    bench = workbench(shop.parapet, authenticate=lambda _: None)
    line = bench._reception._lines[Lane.HOOKS]
    line.bytes_now = line.most_bytes
    shop.host.mount("/second", bench)
    answer = shop.browser(None).send("POST", "/second/hooks/events", headers=TOKEN, body=EVENTS)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    line.bytes_now = 0
    assert shop.browser(None).send("POST", "/second/hooks/events", headers=TOKEN, body=EVENTS).status == 200
    assert counted(shop, "events") == {"unavailable": 1, "done": 1}


def test_a_service_without_evidence_stores_nothing_and_says_so(shop: Shop) -> None:
    """503 and what to configure, not a broken page: the sender keeps its body."""
    secrets = Secrets(form_key="form-key-0123456789", webhook_tokens=("webhook-token-0123456789",))
    bench = workbench(Parapet(service="shop", secrets=secrets), authenticate=lambda _: None)
    shop.host.mount("/bare", bench)
    answer = shop.browser(None).send("POST", "/bare/hooks/events", headers=TOKEN, body=EVENTS)
    assert (answer.status, "evidence=" in answer.text) == (503, True)


def test_a_hook_without_its_token_is_not_open(shop: Shop) -> None:
    """No token, no door: 404 and the setting's name, on every hook."""
    bench = workbench(
        Parapet(service="shop", secrets=Secrets(form_key="form-key-0123456789")), authenticate=lambda _: None
    )
    shop.host.mount("/closed", bench)
    for source in ("events", "grafana", "alertmanager"):
        assert shop.browser(None).send("POST", f"/closed/hooks/{source}", headers=TOKEN, body=EVENTS).status == 404
    mistyped = shop.browser(None).send("POST", "/parapet/hooks/event", headers=TOKEN, body=EVENTS)
    assert (mistyped.status, "hooks/events" in mistyped.text) == (404, True), "a program is not asked to sign in"
