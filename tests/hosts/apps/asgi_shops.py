"""The same shop on Starlette, on FastAPI, and on nothing but ASGI."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket
from tests.hosts.apps.reliability import parapet


async def metrics(request: Request) -> Response:
    return Response(parapet.recorder.render(), media_type="text/plain")


async def order(request: Request) -> Response:
    return PlainTextResponse("order")


async def checkout(request: Request) -> Response:
    return Response(await request.body(), 402 if request.path_params["cart"] == "poor" else 201)


async def boom(request: Request) -> Response:
    raise RuntimeError("broken")


async def parts(count: int, pause_seconds: float, *, breaks: bool = False) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 1_000
        await asyncio.sleep(pause_seconds)
    if breaks:
        raise RuntimeError("broken off")


async def stream(request: Request) -> Response:
    return StreamingResponse(parts(3, 0.03))


async def endless(request: Request) -> Response:
    return StreamingResponse(parts(1_000_000, 0.002))


async def breaks(request: Request) -> Response:
    return StreamingResponse(parts(2, 0.0, breaks=True))


async def slow(request: Request) -> Response:
    print("slow begins", file=sys.stderr, flush=True)
    while not await request.is_disconnected():
        await asyncio.sleep(0.01)
    return PlainTextResponse("nobody reads this")


async def file(request: Request) -> Response:
    return FileResponse(Path(__file__), media_type="text/plain")


async def later(request: Request) -> Response:
    return PlainTextResponse("later", background=BackgroundTask(asyncio.sleep, 0.3))


async def talk(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(f"heard {await socket.receive_text()}")
    await socket.close()


pages: list[BaseRoute] = [
    Route("/metrics", metrics),
    Route("/orders/{order:int}", order),
    Route("/checkout/{cart}", checkout, methods=["POST"]),
    Route("/boom", boom),
    Route("/stream", stream),
    Route("/endless", endless),
    Route("/breaks", breaks),
    Route("/slow", slow),
    Route("/file", file),
    Route("/later", later),
    WebSocketRoute("/talk", talk),
]
starlette = Starlette(routes=[*pages, Mount("/api/v1", routes=[Route("/items/{item:int}", order)])])
starlette.add_middleware(parapet.middleware)

items = APIRouter(prefix="/items")


@items.get("/{item}")
async def item(item: int) -> dict[str, int]:
    return {"item": item}


api = APIRouter(prefix="/v1")
api.include_router(items)
fastapi = FastAPI(openapi_url=None, routes=[*pages])
fastapi.include_router(api, prefix="/api")
fastapi.add_middleware(parapet.middleware)


async def _plain(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        return
    body = parapet.recorder.render() if scope["path"] == "/metrics" else b"plain"
    if scope["path"] == "/boom":
        raise RuntimeError("broken")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


plain = parapet.middleware(_plain)
