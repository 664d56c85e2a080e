"""The alert webhook and the changes API over a real server: what is taken, what is refused, and how it is said."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from parapet import Parapet, Secrets
from parapet.core.types import IncidentId
from parapet.testing import alert, alertmanager_payload
from parapet.web import workbench
from parapet.web.desk import Desk
from parapet.web.site import Site
from parapet.web.starlette import Workbench

if TYPE_CHECKING:
    from starlette.types import Message
    from tests.web.conftest import Serve, Server, Shop

TOKEN = {"Authorization": "Bearer webhook-token-0123456789"}
API = {"Authorization": "Bearer api-token-0123456789"}
HOOK = "/parapet/hooks/alertmanager"
RECORDED = Path(__file__).parents[1] / "fixtures" / "alertmanager"
LABELS = {"alertname": "ParapetBudgetBurnPage", "service": "shop", "slice": "checkout", "severity": "page"}

BODY = alertmanager_payload(alert(LABELS, starts_at=datetime(2026, 11, 12, 2, 13, 4, tzinfo=UTC)))


def test_an_alert_is_stored_before_it_is_answered(shop: Shop, server: Server) -> None:
    """200 with what became of it; the incident is there."""
    status, said, _ = server.send("POST", HOOK, BODY, TOKEN)
    assert (status, said["incidents"], said["reports"]) == (200, [1], 1)
    assert shop.parapet.look.incident(IncidentId(1)).incident.firing == 1


def test_the_next_token_is_live_too(server: Server) -> None:
    """Rotation without a gap."""
    assert server.send("POST", HOOK, BODY, {"Authorization": "Bearer the-next-webhook-token"})[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic webhook-token-0123456789"},
        {"Authorization": "Bearer api-token-0123456789"},
        {"Cookie": "who=Ana:admin"},
    ],
)
def test_without_its_token_nothing_is_read(shop: Shop, server: Server, headers: dict[str, str]) -> None:
    """401, whatever else is presented; a session is no token."""
    status, said, answered = server.send("POST", HOOK, BODY, headers)
    assert status == 401
    assert "bearer token" in str(said["detail"])
    assert answered["www-authenticate"].startswith("Bearer")
    assert shop.parapet.look.trust().last_received_at is None


def test_a_stranger_is_turned_away_before_the_body_is_read(server: Server) -> None:
    """The answer comes while 15 MiB are still announced and unsent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        head = f"POST {HOOK} HTTP/1.1\r\nHost: x\r\nContent-Length: {15 * 1024 * 1024}\r\n\r\n"
        client.sendall(head.encode())
        assert client.recv(64).startswith(b"HTTP/1.1 401")


def test_a_body_that_is_announced_too_large_is_refused_at_once(server: Server) -> None:
    """413 from its announcement alone."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        lines = [f"POST {HOOK} HTTP/1.1", "Host: x", f"Authorization: {TOKEN['Authorization']}"]
        client.sendall("\r\n".join([*lines, "Content-Length: 17000000", "", ""]).encode())
        assert client.recv(64).startswith(b"HTTP/1.1 413")


def test_a_body_that_grows_too_large_is_cut_off(server: Server) -> None:
    """413 while streaming, when nothing was announced: the rest is not read."""
    chunk = b"x" * 1_000_000
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        lines = [f"POST {HOOK} HTTP/1.1", "Host: x", f"Authorization: {TOKEN['Authorization']}"]
        client.sendall("\r\n".join([*lines, "Transfer-Encoding: chunked", "", ""]).encode())
        sent = 0
        try:
            for _ in range(40):
                client.sendall(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
                sent += len(chunk)
        except (BrokenPipeError, ConnectionResetError):
            assert sent < 40_000_000  # the server hung up
            return
        assert client.recv(64).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"alerts": 1}', b"\xff\xfe", b'{"alerts": [{"status": "loud"}]}'])
def test_a_body_that_is_no_alert_is_told_why(shop: Shop, server: Server, body: bytes) -> None:
    """422 with a reason a person can act on; counted, and visible to the operator."""
    status, said, _ = server.send("POST", HOOK, body, TOKEN)
    assert status == 422
    assert said["detail"]
    assert shop.parapet.look.trust().inbox_rejected_24h == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_post_is_taken(server: Server, method: str) -> None:
    """405 for the rest, with what is taken."""
    status, _, answered = server.send(method, HOOK, None, TOKEN)
    assert (status, answered["allow"]) == (405, "POST")


def test_without_a_configured_token_the_hook_is_closed(shop: Shop, serve: Serve) -> None:
    """404 and the setting's name: deny by default."""
    closed = Parapet(service="shop", secrets=Secrets(form_key="form-key-0123456789"))
    shop.host.mount("/closed", workbench(closed, authenticate=lambda _: None))
    with serve(shop.host) as found:
        status, said, _ = found.send("POST", "/closed/hooks/alertmanager", BODY, TOKEN)
        assert status == 404
        assert "webhook_tokens" in str(said["detail"])


def test_when_the_database_is_away_the_sender_is_asked_to_come_back(shop: Shop, serve: Serve) -> None:
    """503, which Alertmanager retries; never a 4xx, which it would send once an interval for ever."""
    away = Parapet(
        service="shop",
        evidence="postgresql://nobody@127.0.0.1:1/none?connect_timeout=1",
        secrets=Secrets(form_key="form-key-0123456789", webhook_tokens=("webhook-token-0123456789",)),
    )
    shop.host.mount("/away", workbench(away, authenticate=lambda _: None))
    with serve(shop.host) as found:
        status, said, answered = found.send("POST", "/away/hooks/alertmanager", BODY, TOKEN)
        assert status == 503
        assert int(answered["retry-after"]) > 0
        assert said["detail"]


def test_recorded_deliveries_of_a_real_alertmanager_are_taken(shop: Shop, server: Server) -> None:
    """Every body that a real Alertmanager sent and that is one, is one to us."""
    for path in sorted(RECORDED.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            body = json.loads(line)["body"]
            sent = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            assert server.send("POST", HOOK, sent, TOKEN)[0] == 200, path.name


def test_a_storm_leaves_nobody_without_an_answer(shop: Shop, server: Server) -> None:
    """Sixty at once: each is stored (200) or asked to come back (503), and the pages still answer."""
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(server.send("POST", HOOK, BODY, TOKEN)[0])) for _ in range(60)
    ]
    for thread in threads:
        thread.start()
    page = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    page.request("GET", "/parapet/incidents", headers={"Cookie": "who=Ana:viewer"})
    assert page.getresponse().status == 200
    page.close()
    for thread in threads:
        thread.join(30)
    assert len(answers) == 60
    assert set(answers) <= {200, 503}
    assert 200 in answers
    assert shop.parapet.look.queue("open").counts["open"] == 1


def marked(server: Server, given: object, headers: dict[str, str] | None = None) -> tuple[int, dict[str, object]]:
    status, said, _ = server.send("POST", "/parapet/api/changes", json.dumps(given).encode(), headers or API)
    return status, said


def test_a_pipeline_marks_its_deploy_once(shop: Shop, server: Server) -> None:
    """201 with what was recorded; told twice with its time, it is one change."""
    deploy = {"kind": "deploy", "version": "1.8.2", "at": "2026-11-12T03:09:12+01:00", "url": "https://ci.example/7"}
    status, said = marked(server, deploy)
    assert status == 201
    assert (said["title"], said["occurred_at"], said["by"]) == ("Deploy 1.8.2", "2026-11-12T02:09:12Z", "api")
    assert marked(server, deploy)[0] == 201
    assert len(shop.parapet.look.changes()) == 1


@pytest.mark.parametrize(
    "given",
    [
        [],
        {},
        {"kind": "party", "version": "1"},
        {"kind": 7, "version": "1"},
        {"version": "1", "at": "yesterday"},
        {"version": "1", "at": "2026-11-12T02:09:12"},
        {"version": "1", "at": "0001-01-01T00:00:00+14:00"},
        {"version": "1", "url": "javascript:alert(1)"},
        {"version": "x" * 400},
        {"version": "1", "colour": "red"},
        {"title": ""},
    ],
)
def test_a_change_that_cannot_be_read_is_told_why(shop: Shop, server: Server, given: object) -> None:
    """422 and nothing recorded."""
    status, said = marked(server, given)
    assert status == 422
    assert said["detail"]
    assert shop.parapet.look.changes() == ()


def test_changes_need_their_own_token(server: Server) -> None:
    """A webhook token or a session opens another door, not this one."""
    for headers in ({}, TOKEN, {"Cookie": "who=Ana:admin"}):
        assert marked(server, {"version": "1"}, {"X-Test": "1", **headers})[0] == 401


def test_incidents_are_listed_for_people_and_for_machines(shop: Shop, server: Server) -> None:
    """A principal or an API token; times in UTC; nothing for strangers."""
    server.send("POST", HOOK, BODY, TOKEN)
    for headers in (API, {"Cookie": "who=Vera:viewer"}):
        status, said, _ = server.send("GET", "/parapet/api/incidents", None, headers)
        assert status == 200
        listed = said["incidents"]
        assert isinstance(listed, list)
        assert [(each["ref"], each["severity"], each["started_at"]) for each in listed] == [
            ("INC-1", "page", "2026-11-12T02:13:04Z")
        ]
    assert server.send("GET", "/parapet/api/incidents", None, {})[0] == 401
    assert server.send("GET", "/parapet/api/incidents", None, TOKEN)[0] == 401
    assert server.send("GET", "/parapet/api/incidents?scope=all", None, API)[0] == 422


def test_half_a_body_is_never_taken(shop: Shop) -> None:
    """A client that leaves, or sends too slowly, is asked to come back; nothing of it is stored."""
    site = Site(
        Desk(app=shop.parapet, form_key="form-key-0123456789", authenticate=lambda _: None),
    )
    head = {"type": "http.request", "body": BODY[:50], "more_body": True}
    for gone in (True, False):
        waiting: list[Message] = [head, {"type": "http.disconnect"}] if gone else [head]
        assert anyio.run(status_for, Workbench(site, body_seconds=0.05), waiting) == 503
    assert shop.parapet.look.trust().last_received_at is None


async def status_for(app: Workbench, waiting: list[Message]) -> int:
    """The status that *app* answers to a client that sends *waiting* and then nothing."""
    sent: list[int] = []

    async def receive() -> Message:
        if not waiting:
            await anyio.sleep_forever()
        return waiting.pop(0)

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            sent.append(message["status"])

    headers = [(b"authorization", TOKEN["Authorization"].encode())]
    scope = {"type": "http", "method": "POST", "path": "/hooks/alertmanager", "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    return sent[0]
