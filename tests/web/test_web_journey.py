"""The page of one promise: its burn, its budget, the releases meanwhile; and what it says when nobody knows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from parapet import Parapet, Secrets, Wiring
from parapet.core.types import Actor, ActorClass
from parapet.incidents.model import ChangeKind
from parapet.testing import ManualClock
from parapet.web import workbench
from parapet.web.views.drawing import Axis
from parapet.web.views.trend import trend

if TYPE_CHECKING:
    from tests.web.conftest import Shop

NOW = datetime(2026, 11, 12, 2, 45, tzinfo=UTC)
CI = Actor(kind=ActorClass.EXTERNAL, name="ci")


@pytest.fixture
def prometheus() -> Iterator[str]:
    """A server that answers ranges as Prometheus does: the burn rises to 15, the budget falls from 90 to 40 %."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            result: list[object] = []
            if "query_range" in self.path and "slo_" in asked["query"] and "max" in asked["query"]:
                result = [series(asked, 0.0, 15.0)]
            elif "query_range" in self.path and asked["query"].startswith("min("):
                result = [series(asked, 0.9, 0.4)]
            kind = "matrix" if "query_range" in self.path else "vector"
            body = json.dumps({"status": "success", "data": {"resultType": kind, "result": result}}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            return

    def series(asked: dict[str, str], first: float, last: float) -> object:
        start, end, step = (float(asked[name]) for name in ("start", "end", "step"))
        count = int((end - start) / step)
        values = [[start + step * n, str(first + (last - first) * n / count)] for n in range(count + 1)]
        return {"metric": {}, "values": values}

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_promise_over_its_period(prometheus: str, empty_evidence: Path, tmp_path: Path) -> None:
    """Burn of the last day, budget of thirty, and the release marked in both under the number of the list."""
    from tests.web.conftest import Browser, who_is_it

    (tmp_path / "evidence.db").write_bytes(empty_evidence.read_bytes())
    parapet = Parapet(
        service="shop",
        evidence=f"sqlite:///{tmp_path}/evidence.db",
        wiring=Wiring(prometheus_url=prometheus),
        secrets=Secrets(form_key="form-key-0123456789"),
        clock=ManualClock(NOW),
    )
    parapet.journey("login", objective=0.995, title="Login")
    parapet.changes.mark(kind=ChangeKind.DEPLOY, version="1.8.2", occurred_at=NOW - timedelta(hours=3), actor=CI)
    host = Starlette()
    host.mount("/parapet", workbench(parapet, authenticate=who_is_it))
    page = Browser(host).get("/parapet/journeys/login")
    assert page.status == 200
    assert "At most 15.0×, at 02:45 UTC" in page.text
    assert "Budget left, last 30\xa0d" in page.text
    assert "90\xa0% at its beginning, 40\xa0% now." in page.text
    assert page.text.count('<rect class="mark"') == 2
    assert "Deploy</span> 1.8.2" in page.text
    assert 'href="./journeys/login"' in Browser(host).get("/parapet/").text
    parapet.store.close()


def test_a_promise_of_which_nobody_knows_anything(shop: Shop) -> None:
    """Without Prometheus nothing is drawn, and nothing is called calm."""
    shop.fire()
    page = shop.browser().get("/parapet/journeys/checkout")
    assert page.status == 200
    assert "What users experience is not known here." in page.text
    assert "That is not the same as nothing burned." in page.text
    assert "Not in sight" not in page.text
    assert "Checkout fails after payment: open for" in page.text
    assert shop.browser().get("/parapet/journeys/nothing").status == 404


@given(st.lists(st.tuples(st.integers(0, 86_400), st.floats(-5, 1e6)), min_size=1, max_size=80))
def test_a_trend_stays_inside_its_frame(raw: list[tuple[int, float]]) -> None:
    """Whatever was measured, and with whatever gaps."""
    points = sorted((NOW + timedelta(seconds=second), value) for second, value in dict(raw).items())
    drawing = trend(
        points,
        Axis(start=NOW, end=NOW + timedelta(days=1)),
        step_seconds=600.0,
        share=lambda value: value / 100,
        levels=[(0.0, "0", "grid"), (100.0, "100", "grid")],
        changes=(),
        title="t",
        caption="c",
        tone="none",
    )
    assert sum(line.count("L") + 1 for line in drawing.lines) == len(points)
    for path in (*drawing.lines, *drawing.areas):
        for x, y in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", path):
            assert 0 <= float(x) <= 1000
            assert 0 <= float(y) <= 120
