"""The burn around an incident is kept while a real Prometheus remembers it, and drawn when nobody does any more."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from parapet import Parapet
from parapet.core.types import ActorClass
from parapet.core.vocabulary import Severity
from parapet.incidents.gist import gist_of
from parapet.incidents.measured import MOST_POINTS, Limit, Moment, Unit, series_of
from parapet.incidents.model import Entry, EntryKind, Incident
from parapet.ops.measure import MOST_ATTEMPTS, Measurer
from parapet.ops.prometheus import Prometheus
from parapet.ops.work import Worker
from parapet.slo.catalog import Catalog
from parapet.slo.diagnostic import Diagnostic
from parapet.store.columns import canonical
from parapet.web.views.burn_chart import burn_chart

if TYPE_CHECKING:
    from tests.conftest import Desk

NIGHT = datetime(2026, 11, 12, tzinfo=UTC)
READY_SECONDS = 120.0
TICKET = {"alertname": "ParapetBudgetBurnTicket", "service": "shop", "slice": "checkout", "severity": "ticket"}


def burn_at(minute: int) -> float:
    """What is recorded of checkout *minute* minutes after midnight: calm, then an outage from 02:10 to 02:40."""
    return 42.123456 if minute == 140 else 30.0 if 130 <= minute <= 160 else 0.25


def history() -> Iterator[str]:
    """Three hours of one slice and one diagnostic, a sample a minute, with a hole."""
    series = [
        ('parapet:slo_burn:current{service="shop",slice="checkout"}', burn_at),
        ('parapet:diagnostic_bad:ratio{service="shop",slice="suppressed",journey="checkout"}', lambda minute: 0.08),
        ('parapet:diagnostic_bad:ratio{service="shop",slice="suppressed",journey="login"}', lambda minute: 0.5),
    ]
    for name, value in series:
        for minute in range(200):
            if not 100 <= minute < 115:
                yield f"{name} {value(minute)} {(NIGHT + timedelta(minutes=minute)).timestamp():.0f}\n"
    yield "# EOF\n"


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A real Prometheus that remembers that night."""
    if shutil.which("promtool") is None or shutil.which("prometheus") is None:
        message = "prometheus is not installed (Debian: prometheus)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    home = tmp_path_factory.mktemp("prometheus")
    (home / "history.txt").write_text("".join(history()))
    (home / "prometheus.yml").write_text("global: {}\n")
    backfill = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "history.txt", "data"]
    subprocess.run(backfill, cwd=home, check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    command = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data"]
    command += ["--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{port}"]
    with (home / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=home, stdout=log, stderr=log)
    try:
        _wait(f"http://127.0.0.1:{port}/-/ready", process)
        yield Prometheus(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline, pause = monotonic() + READY_SECONDS, Event()
    while monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError as error:
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            pause.wait(0.05)
        else:
            return
    pytest.fail("Prometheus did not become ready")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """The promises of the shop."""
    parapet = Parapet(service="shop", owner="Shop team")
    journey = parapet.journey("checkout", objective=0.999)
    assert journey.name == "checkout"
    made = parapet.catalog
    sli = made.slice("checkout").sli
    drift = Diagnostic(name="suppressed", title="Suppressed", sli=sli, threshold_ratio=0.05, group_by=("journey",))
    return Catalog(service="shop", slices=made.slices, diagnostics=(drift,), runbooks=made.runbooks)


class Room:
    """The shop's desk, whose incidents want their burn kept."""

    def __init__(self, desk: Desk, catalog: Catalog, prometheus: Prometheus) -> None:
        self.desk = replace(desk, measures=True)
        self.measurer = Measurer(self.desk.context, catalog, prometheus)

    @cached_property
    def worker(self) -> Worker:
        return Worker(self.desk.context, measurer=self.measurer)

    def entries(self, incident: Incident | None = None) -> tuple[Entry, ...]:
        """The chronology of the only incident, or of *incident*."""
        number = (incident or self.desk.only).id
        assert number is not None
        return self.desk.look.chronology(number)


@pytest.fixture
def room(desk: Desk, catalog: Catalog, prometheus: Prometheus) -> Room:
    """A room whose Prometheus answers."""
    return Room(desk, catalog, prometheus)


@pytest.fixture
def deaf(desk: Desk, catalog: Catalog) -> Room:
    """A room whose Prometheus is not there."""
    return Room(desk, catalog, Prometheus("http://127.0.0.1:9"))


def test_the_burn_around_opening_and_end_is_kept(room: Room) -> None:
    """As a measured fact in the chain: its time, its step, its values, and what an alert is raised above."""
    room.desk.fire("02:13", now="02:14")
    assert room.worker.tick().measured == 1
    room.desk.fire("02:13", "02:41", now="02:42")
    room.desk.clock.set(NIGHT + timedelta(hours=3))
    assert room.worker.tick().settled == 1
    assert room.desk.count("measurements") == 0
    opened, ended = series_of(room.entries())
    assert (opened.moment, ended.moment) == (Moment.OPENED, Moment.RESOLVED)
    assert opened.unit is Unit.BURN
    assert opened.limit == Limit(severity=Severity.PAGE, value=14.4)
    assert opened.start == NIGHT + timedelta(hours=1, minutes=13)
    assert ended.peak == (NIGHT + timedelta(hours=2, minutes=20), 42.12)
    assert None in ended.values, "nothing was recorded from 01:40 to 01:55"
    assert room.desk.audit.verify().broken is None
    kept = [entry for entry in room.entries() if entry.kind is EntryKind.MEASURED]
    assert {entry.actor.kind for entry in kept} == {ActorClass.EVIDENCE}
    assert all(len(canonical(entry.payload)) < 4_000 for entry in kept)
    assert all(len(one.values) <= MOST_POINTS for one in (opened, ended))


def test_it_is_drawn_from_the_record_alone(room: Room) -> None:
    """A line, what it may not pass, and the moments of the incident; in words, too. No server is asked."""
    room.desk.fire("02:13", now="02:14")
    room.measurer.measure_due()
    room.desk.fire("02:13", "02:41", now="02:42")
    room.desk.clock.set(NIGHT + timedelta(hours=3))
    room.worker.tick()
    room.worker.tick()
    drawing = burn_chart(room.desk.only, gist_of(room.entries()), (), now=room.desk.clock.now())
    assert drawing is not None
    assert len(drawing.lines) == 2, "what was not recorded is not joined"
    assert {instant.text for instant in drawing.instants} == {"opened 02:14", "resolved 03:00"}
    assert "at most 42.1 times the pace at 02:20" in drawing.caption
    assert "A page is raised above 14.4 times the pace." in drawing.caption


def test_an_escalation_to_a_page_is_a_moment_of_its_own(room: Room) -> None:
    """A ticket that becomes a page: what it looked like then is kept."""
    room.desk.fire("02:11", labels=TICKET, now="02:12")
    room.desk.fire("02:13", now="02:14")
    assert room.measurer.measure_due() == 2
    assert [one.moment for one in series_of(room.entries())] == [Moment.OPENED, Moment.ESCALATED]


def test_a_diagnostic_keeps_its_share_of_its_own_group(room: Room) -> None:
    """Its unit is a share, not a pace, and the other group is not in it."""
    labels = {"alertname": "ParapetDiagnostic", "service": "shop", "slice": "suppressed", "severity": "ticket"}
    room.desk.fire("02:13", labels={**labels, "journey": "checkout"}, now="02:14")
    room.measurer.measure_due()
    (one,) = series_of(room.entries())
    assert one.unit is Unit.RATIO
    assert one.peak is not None
    assert one.peak[1] == 0.08
    assert one.limit == Limit(severity=Severity.TICKET, value=0.05)


def test_what_is_no_promise_of_ours_is_not_asked_for(room: Room) -> None:
    """Another system's alert with a slice nobody here defined: no entry, and no row that waits for ever."""
    room.desk.fire("02:13", labels={"alertname": "Else", "service": "shop", "slice": "nobody", "severity": "page"})
    room.desk.fire("02:13", labels={"alertname": "Disk", "severity": "page"})
    assert room.measurer.measure_due() == 0
    assert room.desk.count("measurements") == 0
    assert room.desk.count("entries", "kind = 'measured'") == 0


def test_a_server_that_is_away_holds_up_nothing_and_is_written_down(deaf: Room) -> None:
    """The alert is taken in at once; asking again goes on for a while, and then the chronology says that it failed."""
    assert deaf.desk.fire("02:13", now="02:14").state == "done"
    for attempt in range(MOST_ATTEMPTS):
        assert deaf.desk.count("measurements") == 1, attempt
        assert deaf.worker.tick().measured == 0
        deaf.desk.clock.advance(timedelta(hours=1).total_seconds())
    assert deaf.desk.count("measurements") == 0
    (said,) = [entry for entry in deaf.entries() if entry.kind is EntryKind.NOT_MEASURED]
    assert said.payload["moment"] == "opened"
    assert said.payload["attempts"] == MOST_ATTEMPTS
    assert "did not answer" in f"{said.payload['error']}"


def test_workers_that_measure_at_once_keep_it_once(room: Room) -> None:
    """Whoever takes the row has it."""
    room.desk.fire("02:13", now="02:14")
    with ThreadPoolExecutor(4) as pool:
        kept = sum(pool.map(lambda _: room.measurer.measure_due(), range(4)))
    assert kept == 1
    assert room.desk.kinds().count("measured") == 1
