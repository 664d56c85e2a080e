"""OpenTelemetry's ASGI instrumentation in its stable semantic conventions, exported to Prometheus."""

from __future__ import annotations

import asyncio

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import make_asgi_app
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from traffic import SLOW_SECONDS, serve_asgi


async def fine(request: Request) -> Response:
    return PlainTextResponse("fine")


async def slow(request: Request) -> Response:
    await asyncio.sleep(SLOW_SECONDS)
    return PlainTextResponse("slow")


async def broken(request: Request) -> Response:
    return Response(status_code=500)


async def crash(request: Request) -> Response:
    raise RuntimeError("on purpose")


provider = MeterProvider(metric_readers=[PrometheusMetricReader()])
app = OpenTelemetryMiddleware(
    Starlette(
        routes=[
            Route("/fine", fine),
            Route("/items/{number}", fine),
            Route("/slow", slow),
            Route("/broken", broken),
            Route("/crash", crash),
            Mount("/metrics", make_asgi_app()),
        ]
    ),
    meter_provider=provider,
)

if __name__ == "__main__":
    serve_asgi(app, "/metrics/")
