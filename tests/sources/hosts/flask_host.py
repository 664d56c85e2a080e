"""prometheus-flask-exporter, with its own defaults."""

from __future__ import annotations

import time

from flask import Flask, Response
from prometheus_flask_exporter import PrometheusMetrics
from traffic import SLOW_SECONDS, serve_wsgi

app = Flask("shop")
PrometheusMetrics(app)


@app.get("/fine")
def fine() -> str:
    return "fine"


@app.get("/items/<int:number>")
def item(number: int) -> str:
    return str(number)


@app.get("/slow")
def slow() -> str:
    time.sleep(SLOW_SECONDS)
    return "slow"


@app.get("/broken")
def broken() -> Response:
    return Response(status=500)


@app.get("/crash")
def crash() -> str:
    raise RuntimeError("on purpose")


if __name__ == "__main__":
    serve_wsgi(app)
