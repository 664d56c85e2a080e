"""VictoriaMetrics and its vmalert run the generated files as they are: scrape job, rules, alerts."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.artifacts.servers import LOOPBACK, asked, free_port, installed, running, wait

from parapet import BurnPolicy, Outcome, Parapet, Wiring
from parapet.artifacts.bundle import build
from parapet.artifacts.files import write
from parapet.core import names
from parapet.signals.journey import Journey
from parapet.signals.port import serve_metrics

pytestmark = [pytest.mark.real, pytest.mark.waits]

Bundle = tuple[str, dict[str, str]]
PACKAGE = "victoria-metrics"


def test_vmalert_accepts_the_files(bundle: Bundle, tmp_path: Path) -> None:
    """Every expression and every template, of production windows and of scaled ones."""
    vmalert = installed(PACKAGE, "vmalert")
    _, files = bundle
    write(tmp_path, files)
    rules = [f"-rule={tmp_path / 'prometheus' / name}" for name in ("recording.yml", "alerts.yml")]
    assert os.spawnv(os.P_WAIT, vmalert, [vmalert, "-dryRun", "-loggerLevel=ERROR", *rules]) == 0


class Traffic:
    """Attempts at a journey, a hundred a second, as long as the block runs."""

    def __init__(self, journey: Journey) -> None:
        self.outcome = Outcome.SUCCESS
        self._journey = journey
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Traffic:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.05):
            for _ in range(5):
                self._journey.record(self.outcome)


@pytest.fixture
def told() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Whom vmalert notifies, as it would an Alertmanager: its address, and the labels of what fires."""
    firing: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            firing.extend(one["labels"] for one in body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.05))
    thread.start()
    yield f"http://{LOOPBACK}:{server.server_address[1]}", firing
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_outage_pages_through_vmalert_and_recovery_clears_it(
    tmp_path: Path, told: tuple[str, list[dict[str, str]]]
) -> None:
    """VictoriaMetrics scrapes and stores, vmalert evaluates what Prometheus would; an hour is 48 seconds here."""
    servers = {name: installed(PACKAGE, name) for name in ("victoria-metrics", "vmalert")}
    notified, firing = told
    with ExitStack() as stack:
        app = Parapet(service="shop", burn=BurnPolicy().scaled_down(75))
        journey = app.journey("login", objective=0.99)
        port = stack.enter_context(serve_metrics(app.recorder, 0)).port
        wiring = Wiring(
            scrape_targets=(f"{LOOPBACK}:{port}",),
            metrics_token_file=None,
            scrape_interval_seconds=1,
            evaluation_interval_seconds=1,
        )
        write(tmp_path, build(app.catalog, wiring))
        store, alerts = (f"http://{LOOPBACK}:{free_port()}" for _ in range(2))
        stack.enter_context(
            running(
                [
                    servers["victoria-metrics"],
                    f"-httpListenAddr={store.removeprefix('http://')}",
                    f"-storageDataPath={tmp_path / 'data'}",
                    f"-promscrape.config={tmp_path / 'prometheus' / 'scrape.yml'}",
                    "-search.latencyOffset=0s",
                    "-memory.allowedBytes=256MB",
                ],
                f"{store}/health",
                tmp_path / "victoria-metrics.log",
            )
        )
        stack.enter_context(
            running(
                [
                    servers["vmalert"],
                    f"-httpListenAddr={alerts.removeprefix('http://')}",
                    *(f"-rule={tmp_path / 'prometheus' / name}" for name in ("recording.yml", "alerts.yml")),
                    f"-datasource.url={store}",
                    f"-remoteWrite.url={store}",
                    "-remoteWrite.flushInterval=200ms",
                    f"-notifier.url={notified}",
                ],
                f"{alerts}/health",
                tmp_path / "vmalert.log",
            )
        )
        traffic = stack.enter_context(Traffic(journey))

        def value(expr: str) -> float | None:
            answer = json.loads(asked(f"{store}/api/v1/query?query={quote(expr, safe='')}") or b"{}")
            found = answer.get("data", {}).get("result", [])
            return float(found[0]["value"][1]) if found else None

        burn = 'parapet:slo_burn:current{slice="login"}'
        wait("a healthy journey burns nothing", lambda: value(burn) == 0)
        assert firing == []
        traffic.outcome = Outcome.FAILURE
        wait("it pages", lambda: any(one["alertname"] == names.ALERT_PAGE for one in firing))
        page = next(one for one in firing if one["alertname"] == names.ALERT_PAGE)
        assert {page[name] for name in (names.SERVICE, names.SLICE, names.SEVERITY)} == {"shop", "login", "page"}
        kept = f'ALERTS{{alertname="{names.ALERT_PAGE}",alertstate="firing",slice="login"}}'
        wait("vmalert keeps that it fires, which the rules read back", lambda: value(kept) == 1)
        traffic.outcome = Outcome.SUCCESS
        wait("it clears", lambda: value(kept) is None)
        assert (value('parapet:slo_budget_remaining:ratio{slice="login"}') or 0) < 1
