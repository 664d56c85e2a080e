"""How promises stand, as pages are told of it: here, while they are under maintenance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from parapet import Parapet, Secrets, Wiring
from parapet.ops.prometheus import Sample
from parapet.ops.sparks import Steps
from parapet.slo.maintenance import once, weekly
from parapet.slo.state import JourneyState
from parapet.testing import ManualClock

KEYS: list[str | None] = []
"""What the server was shown, request by request."""
ASKED: list[str] = []
"""What stretches of time it was asked for, and then refused."""


@pytest.fixture
def silent_prometheus() -> Iterator[str]:
    """A server that answers as Prometheus does that knows no series."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            KEYS.append(self.headers.get("Authorization"))
            body = b'{"status": "success", "data": {"resultType": "vector", "result": []}}'
            if "query_range" in self.path:
                body = body.replace(b"vector", b"matrix")
            if "query_range" in self.path and "budget_remaining" in self.path:
                ASKED.append(self.path)
                body = b'{"status": "error", "error": "query processing would load too many samples"}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *words: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_maintenance_is_told_with_its_end_instead_of_silence(silent_prometheus: str) -> None:
    """While it lasts, and for a base window after it; then silence is silence again. Others are never excused."""
    clock = ManualClock(datetime(2026, 11, 29, 1, 30, tzinfo=UTC))
    parapet = Parapet(service="shop", wiring=Wiring(prometheus_url=silent_prometheus), clock=clock)
    parapet.journey("login", objective=0.999)
    parapet.journey("checkout", objective=0.99)
    parapet.maintenance(
        "backup",
        weekly("Sunday 02:00-03:00 Europe/Berlin"),
        once("2026-11-29 02:00", "2026-11-30 05:00", "UTC"),
        slices=("login",),
    )

    def told() -> tuple[JourneyState, str]:
        login, checkout = parapet.observe.journeys().readings
        assert checkout.state is JourneyState.STALE
        return login.state, login.note

    resting = JourneyState.MAINTENANCE
    assert told() == (resting, "Until 30 Nov 05:00 UTC, nothing counts and nobody is told.")
    clock.advance(24 * 3_600)
    assert told() == (resting, "Until 05:00 UTC, nothing counts and nobody is told.")
    clock.advance(3.5 * 3_600 + 120)
    assert told() == (resting, "Over since 05:00 UTC; counts again within 5 minutes.")
    clock.advance(240)
    state, note = told()
    assert state is JourneyState.STALE
    assert "no sample" in note


def test_small_charts_are_true_to_time() -> None:
    """What began late lies at the end, what fell silent leaves its end open, and of groups the worst is drawn."""
    now = datetime(2026, 11, 29, tzinfo=UTC)
    steps = Steps.within(86_400, 48, now)

    def series(name: str, *points: tuple[int, float]) -> Sample:
        pairs = tuple((now.timestamp() - 1_800 * ago, value) for ago, value in points)
        return Sample(labels={"slice": name}, points=pairs)

    told = steps.values(
        [
            series("new", (1, 2.0), (0, 3.0)),
            series("new", (1, 5.0), (0, math.nan)),
            series("gone", (48, 1.0), (46, 4.0)),
            series("never", (3, math.nan)),
        ],
        max,
    )
    assert told["new"] == (*[None] * 47, 5.0, 3.0)
    assert told["gone"] == (1.0, None, 4.0, *[None] * 46)
    assert "never" not in told


def test_a_refused_chart_of_the_budget_costs_nothing_else(silent_prometheus: str) -> None:
    """The page has all the rest, and the long question is not asked again at once."""
    clock = ManualClock(datetime(2026, 11, 29, 1, 30, tzinfo=UTC))
    parapet = Parapet(service="shop", wiring=Wiring(prometheus_url=silent_prometheus), clock=clock)
    parapet.journey("login", objective=0.999)
    ASKED.clear()
    for seconds in (0, 5, 30, 40):
        clock.advance(seconds)
        sky = parapet.observe.journeys()
        assert sky.problem is None
        assert sky.readings[0].budget_spark == ()
    assert len(ASKED) == 2


@pytest.mark.parametrize(
    ("given", "shown"), [("ana:key", "Basic YW5hOmtleQ=="), ("a-token", "Bearer a-token"), (None, None)]
)
def test_prometheus_is_shown_its_credentials(silent_prometheus: str, given: str | None, shown: str | None) -> None:
    """User and password, or a token: apart from the address."""
    KEYS.clear()
    secrets = Secrets(prometheus_credentials=given)
    parapet = Parapet(service="shop", wiring=Wiring(prometheus_url=silent_prometheus), secrets=secrets)
    parapet.journey("login", objective=0.999)
    parapet.observe.journeys()
    assert set(KEYS) == {shown}
