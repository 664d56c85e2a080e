"""`parapet slo backtest` where there is little to see, much to read, a lock, or something to hold it against."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from parapet.core import names
from parapet.store import migrate
from parapet.store.store import Store
from parapet.testing import alert, alertmanager_payload

pytestmark = pytest.mark.real

Run = Callable[..., subprocess.CompletedProcess[str]]
Recorded = Callable[..., str]

START = 1_794_441_600
"""12 November 2026, a midnight in UTC."""
HOURS = 24
OUTAGE = (6 * 60, 6 * 60 + 40)
UNTIL = ("--until", datetime.fromtimestamp(START + HOURS * 3_600, UTC).isoformat(), "--days", "1")
APP = """
from parapet import Parapet
parapet = Parapet(service="shop", evidence={evidence!r})
parapet.journey("login", objective=0.999)
parapet.journey("signup", objective=0.99)
"""


def at(minute: int) -> str:
    """ISO 8601 so many minutes after the start."""
    return datetime.fromtimestamp(START + 60 * minute, UTC).isoformat()


def day_of_logins() -> Iterator[str]:
    """A day with one outage in the morning. Nobody ever signs up, and nothing is recorded of it."""
    for outcome in ("success", "failure"):
        reached = 0
        for minute in range(HOURS * 60 + 1):
            down = OUTAGE[0] <= minute < OUTAGE[1]
            reached += 60 if down == (outcome == "failure") else 0
            labels = f'job="shop",journey="login",outcome="{outcome}"'
            yield f"{names.JOURNEY_DURATION}_count{{{labels}}} {reached} {START + 60 * minute}"


@pytest.fixture
def shop(project: Path, tmp_path: Path) -> Path:
    """The host, with an evidence database."""
    (project / "reliability.py").write_text(APP.format(evidence=f"sqlite:///{tmp_path / 'evidence.db'}"))
    return project


def test_a_day_is_told_in_words_and_drawn(slo: Run, shop: Path, recorded: Recorded) -> None:
    """Alerts, budget and noise; another objective beside; no evidence is said, and is no good news."""
    said = slo("backtest", "--prometheus", recorded(day_of_logins()), *UNTIL, "--objective", "0.5", "--svg", "day.svg")
    assert said.returncode == 0, said.stderr
    lines = [" ".join(line.split()) for line in said.stdout.splitlines()]
    assert "Backtest of shop, 12 Nov 2026 to 13 Nov 2026 UTC" in lines
    (history,) = (line for line in lines if line.startswith("history"))
    assert history.startswith("history 86,")
    assert "2,400 of them bad (2.8 %)" in history
    (page,) = (line for line in lines if line.startswith("page 12 Nov 06:0"))
    assert page.endswith("69 minutes 667")
    assert any(line.startswith("noise 1 page, 7 a week; 1 ticket") for line in lines)
    assert any(line.startswith("50 % ") for line in lines)
    assert "Nothing was recorded: there is no evidence, good or bad." in " ".join(lines)
    assert any(line.startswith("signup") and line.endswith("never") for line in lines)
    assert max(len(line) for line in said.stdout.splitlines()) <= 100
    drawing = ET.fromstring((shop / "day.svg").read_text())
    texts = {element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")}
    assert {"login: Login", "99.9 % = 43.2 minutes in 30 days", "burn 1", "page 14.4"} <= texts
    assert "prefers-color-scheme: dark" in (shop / "day.svg").read_text()
    for name in ("href", "src"):
        assert not any(name in element.attrib for element in drawing.iter())


def test_where_nothing_was_recorded_the_status_says_so(slo: Run, shop: Path, recorded: Recorded) -> None:
    """Exit status 1, so that no script takes silence for success."""
    said = slo("backtest", "--prometheus", recorded(day_of_logins()), *UNTIL, "--slice", "signup")
    assert said.returncode == 1
    assert "Nothing was recorded" in said.stdout


def test_known_incidents_tell_lead_time_and_noise(slo: Run, shop: Path, recorded: Recorded) -> None:
    """From a file: what was told, how long before people knew, and what was missed."""
    incidents = [
        {
            "title": "Outage",
            "slice": "login",
            "start": at(OUTAGE[0]),
            "noticed": at(OUTAGE[0] + 20),
            "end": at(OUTAGE[1]),
        },
        {"title": "A rumour", "start": at(20 * 60), "end": at(20 * 60 + 5)},
        {"title": "Of another", "slice": "signup", "start": at(OUTAGE[0]), "end": at(OUTAGE[1])},
    ]
    (shop / "known.json").write_text(json.dumps(incidents))
    url = recorded(day_of_logins())
    asked = ("backtest", "--prometheus", url, *UNTIL, "--slice", "login", "--known-incidents", "known.json")
    (verdict,) = json.loads(slo(*asked, "--json").stdout)["slices"][0]["objectives"]
    told = {one["title"]: one["lead_seconds"] for one in verdict["incidents"]}
    assert told.keys() == {"Outage", "A rumour"}
    assert 15 * 60 <= told["Outage"] <= 20 * 60
    assert told["A rumour"] is None
    assert [alert["about"] for alert in verdict["alerts"]] == ["Outage", "Outage"]
    words = slo(*asked, columns=80).stdout
    assert "missed" in words
    assert max(len(line) for line in words.splitlines()) <= 80
    (shop / "known.json").write_text(json.dumps([{**incidents[0], "slice": "logn"}]))
    assert "Did you mean 'login'?" in slo(*asked).stderr
    (shop / "known.json").write_text(json.dumps([{**incidents[0], "end": "2026-11-12T07:00"}]))
    assert "Incident 1 in known.json: end has no time zone." in slo(*asked).stderr


def test_known_incidents_come_from_the_evidence_database(
    slo: Run, shop: Path, recorded: Recorded, tmp_path: Path
) -> None:
    """What Parapet remembers of that night, with the time at which it heard of it."""
    store = Store(f"sqlite:///{tmp_path / 'evidence.db'}")
    migrate.upgrade(store.engine)
    store.close()
    began = datetime.fromisoformat(at(OUTAGE[0] + 1))
    labels = {"alertname": "ParapetBudgetBurnPage", "service": "shop", "slice": "login", "severity": "page"}
    body = alertmanager_payload(alert(labels, starts_at=began, ends_at=None, annotations={"title": "Login"}))
    receive = "import sys; from reliability import parapet; parapet.inbox.receive(sys.stdin.buffer.read())"
    subprocess.run([sys.executable, "-c", receive], cwd=shop, input=body, check=True)
    said = slo("backtest", "--prometheus", recorded(day_of_logins()), *UNTIL, "--known-incidents", "evidence", "--json")
    assert said.returncode == 0, said.stderr
    (told,) = json.loads(said.stdout)["slices"][0]["objectives"][0]["incidents"]
    assert told["title"] == "INC-1 Login"
    assert told["page"] is not None


def test_a_server_that_takes_little_at_once_is_read_in_pieces(slo: Run, shop: Path, recorded: Recorded) -> None:
    """The same answer as from one that takes all; a piece that is refused is halved."""
    asked = (*UNTIL, "--slice", "login", "--json")
    small = recorded(day_of_logins(), "--query.max-samples=2000")
    refused = subprocess.run(
        [
            "promtool",
            "query",
            "range",
            "--step=60s",
            f"--start={START - 86_400}",
            f"--end={START + 86_400}",
            small,
            "vector(1)",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "too many samples" in refused.stdout + refused.stderr
    said = slo("backtest", "--prometheus", small, *asked)
    assert said.returncode == 0, said.stderr
    alerts = json.loads(said.stdout)["slices"][0]["objectives"][0]["alerts"]
    assert [alert["severity"] for alert in alerts] == ["page", "ticket"]


def test_basic_credentials_come_from_a_file_or_the_environment(slo: Run, shop: Path, recorded: Recorded) -> None:
    """Prometheus's own lock; without the key it says what is missing, and never shows the key."""
    hashed = "$2b$04$g9cPyzmIx9bLm.BUxtJwfejZjpdBAiTXC9vKKHnCNNk5YUuXPofQi"
    (shop / "web.yml").write_text(f"basic_auth_users:\n  ana: {hashed}\n")
    (shop / "key").write_text("ana:open sesame\n")
    url = recorded(day_of_logins(), f"--web.config.file={shop / 'web.yml'}")
    asked = ("backtest", "--prometheus", url, *UNTIL, "--slice", "login", "--json")
    locked = slo(*asked)
    assert locked.returncode == 1
    assert "answered 401: it wants other credentials" in locked.stderr
    assert slo(*asked, "--credentials-file", "key").returncode == 0
    assert slo(*asked, environment={"PARAPET_PROMETHEUS_CREDENTIALS": "ana:open sesame"}).returncode == 0
    wrong = slo(*asked, environment={"PARAPET_PROMETHEUS_CREDENTIALS": "ana:guess"})
    assert wrong.returncode == 1
    assert "guess" not in wrong.stderr


@pytest.fixture
def answering() -> Iterator[Callable[[int, str, dict[str, str]], tuple[str, list[str | None]]]]:
    """Starts servers that answer everything alike; gives their address, and who asked."""
    running: list[ThreadingHTTPServer] = []

    def start(status: int, body: str, headers: dict[str, str]) -> tuple[str, list[str | None]]:
        asked: list[str | None] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.headers.get("Authorization"))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *words: object) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}", asked

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "headers", "expected"),
    [
        (200, "<html>a login page</html>", {}, "answered with status 200, and not as a Prometheus does"),
        (404, "404 page not found", {}, "answered with status 404, and not as a Prometheus does"),
        (302, "", {"Location": "https://login.test/"}, "It points to https://login.test/"),
        (403, "no", {}, "answered 403: it wants other credentials"),
        (503, '{"status": "error", "error": "query timed out"}', {}, "Prometheus refused a query: query timed out"),
    ],
)
def test_what_is_no_prometheus_is_told_in_a_sentence(
    slo: Run,
    shop: Path,
    answering: Callable[[int, str, dict[str, str]], tuple[str, list[str | None]]],
    status: int,
    body: str,
    headers: dict[str, str],
    expected: str,
) -> None:
    """Asked once, with the bearer token that the environment holds, before anything is read."""
    url, asked = answering(status, body, headers)
    said = slo("backtest", "--prometheus", url, environment={"PARAPET_PROMETHEUS_CREDENTIALS": "a-token"})
    assert said.returncode == 1
    assert expected in said.stderr
    assert "Traceback" not in said.stderr
    assert asked == ["Bearer a-token"]


def test_without_an_address_it_is_a_usage_error(slo: Run, shop: Path) -> None:
    """Exit status 2, and both ways to give one."""
    said = slo("backtest")
    assert said.returncode == 2
    assert "--prometheus URL, or prometheus_url in Wiring" in said.stderr


def test_progress_is_shown_in_terminals_only(slo: Run, shop: Path, recorded: Recorded) -> None:
    """On standard error: what is piped stays what it is."""
    url = recorded(day_of_logins())
    asked = ["backtest", "--prometheus", url, *UNTIL, "--slice", "login"]
    assert slo(*asked).stderr == ""
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "parapet", "slo", *asked],
        cwd=shop,
        env={**os.environ, "PARAPET_APP": "reliability:parapet"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
    )
    os.close(theirs)
    shown = os.read(ours, 65_536).decode()
    os.close(ours)
    assert "Reading 1 day " in shown
    assert "100%" in shown
    assert b"Reading" not in done.stdout
