"""The ledger: exported, summed up, and mirrored to sinks of the host, each line exactly once."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.conftest import ANA

from parapet.core import names
from parapet.core.errors import ConfigurationError, DeliveryFailed
from parapet.core.signing import holds
from parapet.core.types import JsonObject
from parapet.notify.sinks import CallableSink, HttpSink, JsonLinesSink, Sink
from parapet.ops.mirroring import Mirroring
from parapet.ops.records import Records
from parapet.response.capability import Effect
from parapet.response.record import ledger_csv, record_object

if TYPE_CHECKING:
    from tests.actions.conftest import Floor

SECRET = "sink-secret-0123456789"


def ran(floor: Floor, times: int = 1, reason: str = "go") -> None:
    for _ in range(times):
        preview = floor.preview()
        floor.actions.confirm(preview.id, digest=preview.digest, actor=ANA, reason=reason)
        floor.host.set("job-1", "dead")
        floor.desk.clock.advance(1_500)


def mirroring(floor: Floor, *sinks: Sink) -> Mirroring:
    return Mirroring(floor.desk.context, sinks)


class Server(ThreadingHTTPServer):
    """An audit service: keeps each idempotency key once, and may be told to fail."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.kept: dict[str, bytes] = {}
        self.heard = 0
        self.answers: list[int] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        timestamp, signature = self.headers[names.TIMESTAMP_HEADER], self.headers[names.SIGNATURE_HEADER]
        assert holds(body, signature, timestamp=timestamp, secrets=(SECRET,))
        self.server.heard += 1
        status = self.server.answers.pop(0) if self.server.answers else 200
        if status != 500:
            self.server.kept.setdefault(self.headers["idempotency-key"], body)
        self.send_response(status)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """It listens."""
    made = Server()
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def test_a_callable_has_every_line_once_and_in_order(floor: Floor) -> None:
    """Told nothing twice, also by another worker; a line that fails is told again before those behind it."""
    told: list[JsonObject] = []
    fails = [True]

    def keep(line: JsonObject) -> None:
        if fails and line["id"] == 3:
            fails.clear()
            raise RuntimeError("password=hunter2-planted")
        told.append(line)

    ran(floor, 2)
    mirror = mirroring(floor, CallableSink(keep))
    assert mirror.tell() == 2
    assert mirror.tell() == 0, "it waits before it tries again"
    floor.desk.clock.advance(10)
    assert mirroring(floor, CallableSink(keep)).tell() == 2
    assert mirror.tell() == 0
    assert [line["id"] for line in told] == [1, 2, 3, 4]
    assert [line["kind"] for line in told] == ["intent", "done"] * 2


def test_two_who_mirror_at_once_tell_each_line_once(floor: Floor) -> None:
    """While one holds the lease, the other waits; who loses it stops."""
    told: list[object] = []
    ran(floor, 1)
    other = mirroring(floor, CallableSink(lambda line: None, name="siem"))

    def keep(line: JsonObject) -> None:
        told.append(line["id"])
        assert other.tell() == 0

    assert mirroring(floor, CallableSink(keep, name="siem")).tell() == 2
    assert told == [1, 2]


def test_a_file_has_each_line_once_whatever_died_on_the_way(floor: Floor, tmp_path: Path) -> None:
    """A line that was written before its cursor is known from the file; half a line is cut off."""
    ran(floor, 2)
    path = tmp_path / "audit.jsonl"
    first = Records(floor.desk.context).ledger(limit=1)[0]
    from parapet.response.acted_document import line_object

    sink = JsonLinesSink(path)
    sink.tell(line_object(first))
    with path.open("ab") as file:
        file.write(b'{"id": 2, "half')
    assert mirroring(floor, sink).tell() == 4
    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == [1, 2, 3, 4]
    with pytest.raises(DeliveryFailed):
        JsonLinesSink(tmp_path / "none" / "audit.jsonl").tell({"id": 1})


def test_an_address_hears_signed_lines_and_keeps_each_once(floor: Floor, server: Server) -> None:
    """An answer that is lost makes it hear a line again, under the same key."""
    ran(floor, 1)
    server.answers = [500, 503, 200]
    sink = HttpSink(f"http://127.0.0.1:{server.server_port}/audit", secret=SECRET)
    mirror = mirroring(floor, sink)
    for _ in range(4):
        mirror.tell()
        floor.desk.clock.advance(300)
    assert list(server.kept) == ["ledger-1", "ledger-2"]
    assert server.heard == 4
    assert SECRET not in repr(sink)
    with pytest.raises(ConfigurationError):
        HttpSink("ftp://x", secret=SECRET)


def test_the_ledger_is_exported_for_spreadsheets_without_formulas(floor: Floor) -> None:
    """With who, which preview, why, how it ended, and whether it helped."""
    floor = floor.having(verify=lambda situation, targets: Effect.WORKED, watch_seconds=60.0)
    ran(floor, 1, reason="=HYPERLINK(1)")
    floor.aftermath.look()
    rows = list(csv.DictReader(io.StringIO(ledger_csv(Records(floor.desk.context).ledger()))))
    assert [row["kind"] for row in rows] == ["intent", "done", "effect"]
    assert rows[0]["reason"] == "'=HYPERLINK(1)"
    assert rows[0]["by"] == "Ana"
    assert rows[0]["preview"]
    assert (rows[1]["outcome"], rows[2]["effect"]) == ("done", "worked")


def test_a_capability_has_a_record(floor: Floor) -> None:
    """Runs, their ends and effects, by month."""
    ran(floor, 2)
    record = Records(floor.desk.context).record("retry-jobs")
    assert (record.runs, record.done, record.targets, record.success_ratio) == (2, 2, 4, 1.0)
    assert record.effect_ratio is None
    assert record_object(record)["months"] == [{"month": "2026-11", "runs": 2, "done": 2, "judged": 0, "worked": 0}]
    assert Records(floor.desk.context).record("other").runs == 0


def test_no_planted_secret_is_in_the_database_or_the_log(
    floor: Floor, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """What the host's functions raise may hold one; it goes nowhere."""
    planted = "hunter2-planted-secret"

    def breaks(*_: object) -> None:
        raise RuntimeError(f"redis://:{planted}@broker:6379")

    broken = floor.having(execute=breaks, verify=breaks)
    ran(broken)
    broken.aftermath.look()
    mirroring(floor, CallableSink(breaks)).tell()
    floor.desk.store.engine.dispose()
    assert planted not in caplog.text
    from sqlalchemy import text

    from parapet.store.schema import metadata

    with floor.desk.store.engine.connect() as connection:
        for name in metadata.tables:
            for row in connection.execute(text(f"SELECT * FROM {name}")):
                assert planted not in repr(tuple(row)), name
