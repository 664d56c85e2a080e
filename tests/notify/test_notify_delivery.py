"""Announcements reach real receivers, or are told as lost; never twice as two, and never with a secret in the file."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.core.types import IncidentId
from parapet.incidents.model import EntryKind
from parapet.notify.webhook import WebhookChannel, verify
from parapet.ops.deliver import MAX_ATTEMPTS
from parapet.store.outbox import OutboxState, Settled

if TYPE_CHECKING:
    from tests.conftest import Desk

SECRET = "a-shared-secret-0123456789"
ONE = IncidentId(1)


class Receiver:
    """A real HTTP server on the loopback that answers as told and remembers what came."""

    def __init__(self) -> None:
        self.status = 200
        self.hangs = threading.Event()
        self.hanging = False
        self.got: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((dict(self.headers.items()), body))
                if receiver.hanging:
                    receiver.hangs.wait(10)
                self.send_response(receiver.status)
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/path-token"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def stop(self) -> None:
        self.hangs.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that answers 200."""
    started = Receiver()
    yield started
    started.stop()


def telling(desk: Desk, url: str, *, timeout_seconds: float = 5.0) -> Desk:
    """The desk with one webhook channel, whose incident was just opened."""
    channel = WebhookChannel(name="ops", url=url, secret=SECRET, timeout_seconds=timeout_seconds, clock=desk.clock)
    told = desk.changed(channels=[channel])
    told.fire("02:13")
    return told


def test_a_receiver_can_tell_who_sent_it_and_when(desk: Desk, receiver: Receiver) -> None:
    """Signed, with the time and an id; a changed byte, another secret and an old message do not verify."""
    told = telling(desk, receiver.url)
    assert told.worker.tick().delivered == 1
    headers, body = receiver.got[0]
    now = told.clock.now()
    assert verify(body, headers, secret=SECRET, now=now)
    assert not verify(body + b" ", headers, secret=SECRET, now=now)
    assert not verify(body, headers, secret="another-secret-0123456789", now=now)
    assert not verify(body, headers, secret=SECRET, now=now + timedelta(minutes=6))
    assert not verify(body, {}, secret=SECRET, now=now)
    document = json.loads(body)
    assert (document["ref"], document["announcement"], document["severity"]) == ("INC-1", "opened", "page")
    assert document["url"] == "http://shop.test/parapet/incidents/1"
    assert told.worker.tick().idle
    assert len(receiver.got) == 1
    assert told.kinds() == ["opened", "notified"]


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_receiver_in_trouble_is_told_again_later(desk: Desk, receiver: Receiver, status: int) -> None:
    """With the same id each time, so that hearing it twice is harmless; written down once, when it got through."""
    receiver.status = status
    told = telling(desk, receiver.url)
    assert told.worker.tick().failed == 1
    assert told.worker.tick().idle, "not before the pause is over"
    receiver.status = 200
    told.clock.advance(2)
    assert told.worker.tick().delivered == 1
    assert len({headers[names.DELIVERY_HEADER] for headers, _ in receiver.got}) == 1
    assert told.kinds() == ["opened", "notified"]
    notification = told.look.incident(ONE).notifications[0]
    assert (notification.attempts, notification.last_error) == (2, None)


@pytest.mark.parametrize("status", [302, 307, 400, 401, 404, 410])
def test_a_receiver_that_refuses_is_not_asked_again(desk: Desk, receiver: Receiver, status: int) -> None:
    """Redirects included: nothing is sent to an address nobody configured."""
    receiver.status = status
    told = telling(desk, receiver.url)
    assert told.worker.tick().dead == 1
    told.clock.advance(10_000)
    assert told.worker.tick().idle
    assert told.kinds() == ["opened", "notification_failed"]
    assert told.look.trust().outbox_dead_24h == 1
    failed = told.look.chronology(ONE)[-1]
    assert failed.kind is EntryKind.NOTIFICATION_FAILED
    assert str(status) in str(failed.payload["error"])


def test_a_receiver_that_is_gone_is_given_up_after_many_attempts(desk: Desk, receiver: Receiver) -> None:
    """Refused connections: ever longer pauses, then given up, and the incident says so. The address stays secret."""
    receiver.stop()
    told = telling(desk, receiver.url)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        tick = told.worker.tick()
        assert (tick.failed, tick.dead) == ((1, 0) if attempt < MAX_ATTEMPTS else (0, 1))
        told.clock.advance(901)
    notification = told.look.incident(ONE).notifications[0]
    assert (notification.state, notification.attempts) == (OutboxState.DEAD, MAX_ATTEMPTS)
    assert "path-token" not in (notification.last_error or "")


def test_a_receiver_that_hangs_does_not_hang_the_worker(desk: Desk, receiver: Receiver) -> None:
    """The time limit holds, and it is tried again."""
    receiver.hanging = True
    told = telling(desk, receiver.url, timeout_seconds=0.2)
    assert told.worker.tick().failed == 1
    receiver.hanging = False
    told.clock.advance(2)
    assert told.worker.tick().delivered == 1


def test_a_channel_that_was_removed_is_told_as_lost(desk: Desk, receiver: Receiver) -> None:
    """What waits for it cannot be delivered, and does not wait for ever."""
    told = telling(desk, receiver.url)
    assert told.changed(channels=[]).worker.tick().dead == 1
    assert "no channel 'ops'" in str(told.look.chronology(ONE)[-1].payload["error"])


def test_a_lease_keeps_others_away_until_it_ends(desk: Desk, receiver: Receiver) -> None:
    """A worker that died with a delivery in hand: nobody takes it before its lease is over, then somebody does."""
    told = telling(desk, receiver.url)
    now = told.clock.now()
    with told.store.begin() as tx:
        until = now + timedelta(seconds=60)
        (held,) = tx.outbox.claim_due("ops", owner="dead", now=now, until=until, limit=10)
    assert told.worker.tick().idle
    told.clock.advance(60)
    assert told.worker.tick().delivered == 1
    with told.store.begin() as tx:
        given_up = Settled(id=held.id, state=OutboxState.DEAD, due_at=now, error="late", said=None)
        late = tx.outbox.settle_all([given_up], owner="dead", now=now)
    assert not late, "whoever lost the lease has no say any more"
    assert told.kinds() == ["opened", "notified"]


def test_many_workers_deliver_once(desk: Desk, receiver: Receiver) -> None:
    """Four at once, each with its own connection: one message arrives."""
    told = telling(desk, receiver.url)
    workers = [told.changed().worker for _ in range(4)]
    threads = [threading.Thread(target=worker.tick) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receiver.got) == 1
    assert told.kinds() == ["opened", "notified"]


def test_no_secret_reaches_the_database(
    desk: Desk, receiver: Receiver, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the key nor the address is in any byte of it, nor in a log line; not even after failures."""
    receiver.status = 500
    told = telling(desk, receiver.url)
    told.worker.tick()
    receiver.status = 404
    told.clock.advance(2)
    told.worker.tick()
    if database == "sqlite":
        folder = told.url.removeprefix("sqlite:///").rsplit("/", 1)[0]
        from pathlib import Path

        kept = b"".join(path.read_bytes() for path in Path(folder).iterdir() if path.is_file())
        assert b"INC-1" in kept
    else:
        from sqlalchemy import select

        from parapet.store.schema import metadata

        with told.store.engine.connect() as connection:
            kept = str([connection.execute(select(t)).all() for t in metadata.sorted_tables]).encode()
    for secret in (SECRET, "path-token"):
        assert secret.encode() not in kept
        assert secret not in caplog.text
    assert SECRET not in repr(told.channels)


@pytest.mark.parametrize("wrong", [{"secret": "short"}, {"name": ""}, {"name": "x" * 65}, {"url": "ftp://x/"}])
def test_a_channel_that_cannot_work_is_refused_when_it_is_made(wrong: dict[str, str]) -> None:
    """Not at night, when it is needed."""
    values = {"name": "ops", "url": "http://127.0.0.1:9/", "secret": SECRET} | wrong
    with pytest.raises(ConfigurationError):
        WebhookChannel(name=values["name"], url=values["url"], secret=values["secret"])
