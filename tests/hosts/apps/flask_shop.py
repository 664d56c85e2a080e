"""A shop on Flask: blueprints, streams, files, errors."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from flask import Blueprint, Flask, Response, request, send_file
from tests.hosts.apps.reliability import parapet

from parapet.integrations.flask import instrument

app = Flask(__name__, static_folder=None)
items = Blueprint("items", __name__, url_prefix="/items")
api = Blueprint("api", __name__, url_prefix="/api/v1")


@items.get("/<int:item>")
def item(item: int) -> str:
    return f"item {item}"


api.register_blueprint(items)
app.register_blueprint(api)


@app.get("/metrics")
def metrics() -> Response:
    return Response(parapet.recorder.render(), mimetype="text/plain")


@app.get("/orders/<int:order>")
def order(order: int) -> str:
    return f"order {order}"


@app.post("/checkout/<cart>")
def checkout(cart: str) -> tuple[str, int]:
    return request.get_data(as_text=True), 402 if cart == "poor" else 201


@app.get("/boom")
def boom() -> str:
    raise RuntimeError("broken")


def parts(count: int, pause_seconds: float, *, breaks: bool = False) -> Iterator[bytes]:
    for _ in range(count):
        yield b"x" * 1_000
        time.sleep(pause_seconds)
    if breaks:
        raise RuntimeError("broken off")


@app.get("/stream")
def stream() -> Response:
    return Response(parts(3, 0.03))


@app.get("/endless")
def endless() -> Response:
    return Response(parts(1_000_000, 0.002))


@app.get("/breaks")
def breaks() -> Response:
    return Response(parts(2, 0.0, breaks=True))


@app.get("/file")
def file() -> Response:
    return send_file(Path(__file__).absolute(), mimetype="text/plain")


instrument(app, parapet)
