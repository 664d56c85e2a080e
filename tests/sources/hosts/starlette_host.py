"""starlette_exporter, with its own defaults and grouped paths."""

from __future__ import annotations

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette_exporter import PrometheusMiddleware, handle_metrics
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


app = Starlette(
    routes=[
        Route("/fine", fine),
        Route("/items/{number}", fine),
        Route("/slow", slow),
        Route("/broken", broken),
        Route("/crash", crash),
        Route("/metrics", handle_metrics),
    ]
)
app.add_middleware(PrometheusMiddleware, app_name="shop", group_paths=True)

if __name__ == "__main__":
    serve_asgi(app)
