"""prometheus-fastapi-instrumentator, with its own defaults."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI, Response
from prometheus_fastapi_instrumentator import Instrumentator
from traffic import SLOW_SECONDS, serve_asgi

app = FastAPI()


@app.get("/fine")
async def fine() -> str:
    return "fine"


@app.get("/items/{number}")
async def item(number: int) -> int:
    return number


@app.get("/slow")
async def slow() -> str:
    await asyncio.sleep(SLOW_SECONDS)
    return "slow"


@app.get("/broken")
async def broken() -> Response:
    return Response(status_code=500)


@app.get("/crash")
async def crash() -> None:
    raise RuntimeError("on purpose")


Instrumentator().instrument(app).expose(app)

if __name__ == "__main__":
    serve_asgi(app)
