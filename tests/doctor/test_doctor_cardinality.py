"""`parapet doctor cardinality`: how many series there are, how many there may be, and which label makes them."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.forked import Forks

from parapet import Parapet
from parapet.core import names, vocabulary
from parapet.core.errors import MalformedPayload
from parapet.signals.cardinality import ORIGINS, FamilySize

Doctor: TypeAlias = "Callable[..., subprocess.CompletedProcess[str]]"
HOST = """
from parapet import Parapet
parapet = Parapet(service="shop")
parapet.journey("checkout", objective=0.99)
parapet.delivery("receipts", provider="ses", channel="email")
"""
TOKEN = "a-token-of-a-test"


def of(found: tuple[FamilySize, ...], metric: str) -> FamilySize:
    """The family *metric*."""
    return next(one for one in found if one.metric == metric)


def lines(text: str) -> int:
    """Series in an exposition."""
    return sum(1 for line in text.splitlines() if line and not line.startswith("#"))


def test_what_is_defined_is_counted_as_it_will_be_exported(shop: Parapet) -> None:
    """Not roughly: every series of the exposition, and no other."""
    found = shop.cardinality()
    assert sum(one.series_now for one in found) == lines(shop.recorder.render().decode())
    journeys = of(found, names.JOURNEY_DURATION)
    assert journeys.series_now == 5 * 15
    assert {one.label: (one.now, one.most) for one in journeys.labels} == {"journey": (1, 51), "outcome": (5, 5)}
    assert journeys.series_most == 51 * 5 * 15


def test_every_family_is_told_whether_or_not_it_is_used(shop: Parapet) -> None:
    """Growth is what has not happened yet."""
    found = shop.cardinality()
    assert {one.metric for one in found} == set(vocabulary.LABELS)
    assert all(one.series_most is not None and one.series_most >= one.series_now for one in found)


def test_no_family_can_outgrow_what_is_told(shop: Parapet) -> None:
    """A label that takes ten thousand values ends where it was said to end."""
    most = of(shop.cardinality(), names.JOB_WAIT).series_most
    assert most is not None
    for number in range(10_000):
        shop.recorder.observe(names.JOB_WAIT, (f"task-{number}", f"queue-{number % 977}"), 1.0)
    found = of(shop.cardinality(), names.JOB_WAIT)
    assert found.series_now <= most
    task = next(one for one in found.labels if one.label == names.TASK)
    assert task.full


def test_the_worst_comes_first(shop: Parapet) -> None:
    """By what there is; then by what there may be."""
    found = shop.cardinality()
    assert [one.series_now for one in found] == sorted((one.series_now for one in found), reverse=True)
    idle = [one.series_most or 0 for one in found if one.series_now == 0]
    assert idle == sorted(idle, reverse=True)


def test_every_open_label_says_where_its_values_come_from() -> None:
    """A label that is added without saying so is found here."""
    opened = {label for labels in vocabulary.LABELS.values() for label, closed in labels.items() if closed is None}
    assert opened == set(ORIGINS)


def test_a_scrape_tells_of_other_peoples_families_too(shop: Parapet) -> None:
    """They count as well, and nobody bounds them; their widest label comes first."""
    text = shop.recorder.render().decode()
    text += "# TYPE orders_total counter\n"
    text += "".join(f'orders_total{{customer="c{n}",country="de"}} 1\n' for n in range(1_000))
    found = shop.cardinality(text)
    worst = found[0]
    assert (worst.metric, worst.series_now, worst.ours) == ("orders_total", 1_000, False)
    assert [(one.label, one.now) for one in worst.labels] == [("customer", 1_000), ("country", 1)]
    mine = of(found, names.JOURNEY_DURATION)
    assert mine == of(shop.cardinality(), names.JOURNEY_DURATION)


def test_what_is_no_exposition_is_refused(shop: Parapet) -> None:
    """An error page, for example."""
    with pytest.raises(MalformedPayload, match="text format"):
        shop.cardinality("<html>not {found}</html>")


@pytest.fixture
def shop() -> Parapet:
    """A shop with a journey and a delivery."""
    made = Parapet(service="shop")
    made.journey("checkout", objective=0.99)
    made.delivery("receipts", provider="ses", channel="email")
    return made


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """The folder of a host's module."""
    (tmp_path / "host.py").write_text(HOST)
    return tmp_path


@pytest.fixture
def metrics(shop: Parapet) -> Iterator[str]:
    """Where a running shop exports, behind a token."""

    class Door(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the library's
            return

        def do_GET(self) -> None:
            allowed = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            body = shop.recorder.render() if allowed else b"no"
            self.send_response(200 if allowed else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/metrics"
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def doctor(host: Path, forks: Forks) -> Doctor:
    """The command's answer."""
    return partial(
        forks.run, "-m", "parapet", "doctor", "cardinality", "--app", "host:parapet", cwd=host, env=os.environ
    )


def test_the_command_speaks_to_people_and_to_scripts(doctor: Doctor) -> None:
    """A table, worst first, with where each label comes from; or JSON with everything."""
    told = doctor()
    assert told.returncode == 0, told.stderr
    assert "parapet_journey_duration_seconds" in told.stdout
    assert "journey 1 of 51 (journeys you define)" in told.stdout
    assert "outcome 5 of 5 (closed vocabulary)" in told.stdout
    assert "15 series for each label set" in told.stdout
    assert "--all shows them" in told.stdout
    assert "--all" not in doctor("--all").stdout
    found = json.loads(doctor("--json").stdout)
    assert {one["metric"] for one in found} == set(vocabulary.LABELS)


def test_the_command_reads_a_running_application(doctor: Doctor, host: Path, metrics: str) -> None:
    """With its token; without it, it says what is missing."""
    secret = host / "token"
    secret.write_text(f"{TOKEN}\n")
    told = doctor("--url", metrics, "--token-file", str(secret))
    assert told.returncode == 0, told.stderr
    assert f"exported at {metrics}" in told.stdout
    refused = doctor("--url", metrics)
    assert refused.returncode == 1
    assert "answered 401" in refused.stderr
    assert "--token-file" in refused.stderr
