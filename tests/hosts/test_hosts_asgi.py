"""What only ASGI applications do: background tasks, disconnections, traces; and frameworks older than the newest."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.environments import python_of
from tests.hosts.conftest import Start
from tests.hosts.test_hosts_servers import DJANGO, GRANIAN, GUNICORN, UVICORN


@pytest.mark.parametrize("server", [UVICORN, GRANIAN + " --interface asgi"], ids=["uvicorn", "granian"])
def test_background_tasks_are_no_latency_and_leaving_is_a_disconnection(server: str, start: Start) -> None:
    """The client has its answer long before the task is done; a client that leaves is counted all the same."""
    running = start(server + " {apps}.asgi_shops:starlette")
    assert running.ask("GET", "/later") == (200, b"later")
    running.leave("/slow", once_logged="slow begins")
    running.settles_at({("GET", "/later", "2xx"): 1, ("GET", "/slow", "disconnected"): 1})
    assert running.seconds("GET", "/later", "2xx") < 0.3
    running.end()


@pytest.mark.parametrize("app", ["starlette", "fastapi"])
def test_a_websocket_is_left_alone(app: str, start: Start) -> None:
    """It talks as if nobody measured, and is no request."""
    running = start(f"{GRANIAN} --interface asgi {{apps}}.asgi_shops:{app}")
    assert running.talk("/talk", "you") == "heard you"
    assert running.ask("GET", "/orders/1")[0] == 200
    running.settles_at({("GET", "/orders/{order}", "2xx"): 1})
    running.end()


@pytest.mark.parametrize(
    "command",
    [UVICORN + " {apps}.asgi_shops:plain", GUNICORN + " {apps}.wsgi_shop:app"],
    ids=["asgi", "wsgi"],
)
def test_applications_without_a_framework_are_counted(command: str, start: Start) -> None:
    """Without routes everything is unmatched, unless the host tells the template."""
    running = start(command)
    knows = "wsgi_shop" in command
    assert running.ask("GET", "/orders/1")[0] == 200
    assert running.ask("GET", "/orders/2")[0] == 200
    assert running.ask("GET", "/boom")[0] == 500
    seen = running.requests()
    order = "/orders/{order}" if knows else "unmatched"
    assert seen["GET", "unmatched", "5xx"] == 1
    assert seen["GET", order, "2xx"] >= 2
    assert all(route in {"/metrics", "unmatched", order} for _, route, _ in seen if not route.startswith("/checkout"))
    running.end()


@pytest.mark.parametrize(
    "command",
    [
        UVICORN + " {apps}.asgi_shops:starlette",
        UVICORN + " {apps}.asgi_shops:fastapi",
        UVICORN + f" --lifespan off {DJANGO}.asgi:application",
        GUNICORN + f" --preload {DJANGO}.wsgi:application",
        GUNICORN + " --preload {apps}.flask_shop:app",
    ],
    ids=["starlette", "fastapi", "django-asgi", "django-wsgi", "flask"],
)
def test_the_oldest_frameworks_are_counted_as_the_newest(command: str, start: Start) -> None:
    """Starlette before 1.7 leaves only the endpoint in the scope, and one endpoint may serve several routes."""
    running = start(command, python=python_of("oldest-hosts"))
    for path, status in [
        ("/orders/1", 200),
        ("/api/v1/items/2", 200),
        ("/orders/3", 200),
        ("/api/v1/items/4", 200),
        ("/nowhere", 404),
        ("/boom", 500),
        ("/stream", 200),
        ("/file", 200),
    ]:
        assert running.ask("GET", path)[0] == status, path
    assert running.ask("DELETE", "/orders/1")[0] == 405
    assert running.ask("POST", "/checkout/full", body=b"tea")[0] == 201
    running.settles_at(
        {
            ("GET", "/orders/{order}", "2xx"): 2,
            ("GET", "/api/v1/items/{item}", "2xx"): 2,
            ("GET", "unmatched", "4xx"): 1,
            ("GET", "/boom", "5xx"): 1,
            ("GET", "/stream", "2xx"): 1,
            ("GET", "/file", "2xx"): 1,
            ("DELETE", "/orders/{order}", "4xx"): 1,
            ("POST", "/checkout/{cart}", "2xx"): 1,
        }
    )
    assert ("GET", "/orders/{order}", "5xx") in running.requests()
    assert running.seconds("GET", "/stream", "2xx") > 0.06
    running.end()


TRACED = """
import asyncio, json
from fastapi import APIRouter, FastAPI
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

spans = InMemorySpanExporter()
tracing, metering = TracerProvider(), MeterProvider(metric_readers=[InMemoryMetricReader()])
tracing.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(tracing)
metrics.set_meter_provider(metering)

from parapet import Parapet
from parapet.signals.text import Format
parapet = Parapet(service="shop")
router = APIRouter(prefix="/orders")

@router.get("/{order}")
async def order(order: int) -> int:
    return order

app = FastAPI(openapi_url=None)
app.include_router(router, prefix="/v1")
app.add_middleware(parapet.middleware)

async def ask(path):
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}
    async def send(message):
        pass
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": path,
             "raw_path": path.encode(), "root_path": "", "query_string": b"", "headers": [], "scheme": "http",
             "server": ("shop", 80), "client": ("192.0.2.1", 1)}
    await app(scope, receive, send)

asyncio.run(ask("/v1/orders/7"))
served = [span for span in spans.get_finished_spans() if span.kind is trace.SpanKind.SERVER]
print(json.dumps({
    "same providers": trace.get_tracer_provider() is tracing and metrics.get_meter_provider() is metering,
    "servers": [span.name for span in served],
    "trace": f"{served[0].context.trace_id:032x}",
    "scrape": parapet.recorder.render(Format.OPENMETRICS).decode(),
}))
"""


def test_the_tracing_of_fastapi_itself_goes_on_and_lends_us_its_trace(tmp_path: Path) -> None:
    """FastAPI traces requests by itself: one span for a request, the host's providers, and exemplars of that trace."""
    done = subprocess.run(
        [python_of("http-peers"), "-c", TRACED], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["same providers"]
    assert said["servers"] == ["GET /v1/orders/{order}"]
    counted = [line for line in said["scrape"].splitlines() if 'route="/v1/orders/{order}",status_class="2xx"' in line]
    assert any(f'trace_id="{said["trace"]}"' in line for line in counted)
