"""What measuring a request costs: bare, Parapet, a careful middleware by hand, and peers where they are installed.

Run as `python benchmarks/signals/http.py [--short]`. Contestants take turns in one process, in a new order every
round, and each round compares with the bare application of the same round; the median over the rounds is the median
of a process, the median over processes is what is printed. Ratios travel between machines, microseconds do not.
"""

# ruff: noqa: E402

from __future__ import annotations

import sys
from pathlib import Path

# A script's folder comes first when modules are looked up, where this file would hide the standard library's `http`.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]

import argparse
import asyncio
import gc
import json
import random
import subprocess
from collections.abc import Awaitable, Callable, MutableMapping
from importlib.util import find_spec
from statistics import median
from time import perf_counter
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from parapet.core.vocabulary import HTTP_BUCKETS_SECONDS
from parapet.signals.asgi import instrument
from parapet.signals.recorder import Recorder

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]
Results = dict[str, dict[str, list[float]]]

PEERS = {
    "prometheus-fastapi-instrumentator": "prometheus_fastapi_instrumentator",
    "starlette_exporter": "starlette_exporter",
}
BARE, PARAPET, BY_HAND = "bare request itself", "Parapet", "by hand, children bound once"


def by_hand(app: Application) -> Application:
    """What an engineer who knows prometheus_client writes: route templates, and children looked up by tuple."""
    registry = CollectorRegistry()
    requests = Counter("requests", "Requests.", ("method", "route", "status_class"), registry=registry)
    durations = Histogram(
        "duration_seconds",
        "Durations.",
        ("method", "route", "status_class"),
        registry=registry,
        buckets=HTTP_BUCKETS_SECONDS,
    )
    children: dict[tuple[str, str, int], tuple[Callable[[], None], Callable[[float], None]]] = {}

    async def middleware(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        status = 500

        async def answer(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        start = perf_counter()
        try:
            await app(scope, receive, answer)
        finally:
            route = scope.get("route")
            key = (scope["method"], route.path_format if route is not None else "unmatched", status // 100)
            bound = children.get(key)
            if bound is None:
                labels = (key[0], key[1], f"{key[2]}xx")
                bound = children[key] = (requests.labels(*labels).inc, durations.labels(*labels).observe)
            bound[0]()
            bound[1](perf_counter() - start)

    return middleware


def application(framework: str, routes: int, middleware: Any = None) -> Any:
    """An application with *routes* routes that answer `ok`, and with *middleware*, if any."""
    if framework == "starlette":
        from starlette.applications import Starlette
        from starlette.requests import Request
        from starlette.responses import PlainTextResponse
        from starlette.routing import Route

        async def endpoint(request: Request) -> PlainTextResponse:
            return PlainTextResponse("ok")

        app: Any = Starlette(routes=[Route(f"/r{index}/{{item}}", endpoint) for index in range(routes)])
    else:
        from fastapi import FastAPI
        from fastapi.responses import PlainTextResponse

        async def typed(item: int) -> PlainTextResponse:
            return PlainTextResponse("ok")

        app = FastAPI(openapi_url=None)
        for index in range(routes):
            app.add_api_route(f"/r{index}/{{item}}", typed, methods=["GET"])
    if middleware is not None:
        app.add_middleware(middleware)
    return app


def contestants(framework: str, routes: int) -> tuple[dict[str, Any], Recorder]:
    """Every contestant's application, and Parapet's recorder."""
    recorder = Recorder()

    def parapet(app: Any) -> Any:
        return instrument(app, recorder)

    apps = {
        BARE: application(framework, routes),
        PARAPET: application(framework, routes, parapet),
        BY_HAND: application(framework, routes, by_hand),
    }
    for name, module in PEERS.items():
        if find_spec(module) is not None:
            apps[name] = with_peer(name, application(framework, routes))
    return apps, recorder


def with_peer(name: str, app: Any) -> Any:
    """*app* with a peer as its documentation says."""
    if name == "starlette_exporter":
        from starlette_exporter import PrometheusMiddleware  # type: ignore[import-not-found, unused-ignore]

        app.add_middleware(PrometheusMiddleware, group_paths=True, buckets=HTTP_BUCKETS_SECONDS)
    else:
        from prometheus_fastapi_instrumentator import Instrumentator  # type: ignore[import-not-found, unused-ignore]

        Instrumentator().instrument(app)
    return app


async def drive(app: Any, requests: int, routes: int) -> float:
    """Microseconds per request, over *requests* requests to a route in the middle."""
    path = f"/r{routes // 2}/7"
    request = {"type": "http.request", "body": b"", "more_body": False}

    async def receive() -> dict[str, Any]:
        return request

    async def send(message: Any) -> None:
        pass

    base = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"bench")],
        "scheme": "http",
        "server": ("bench", 80),
        "client": ("192.0.2.1", 1),
    }
    start = perf_counter()
    for _ in range(requests):
        await app(base.copy(), receive, send)
    return (perf_counter() - start) / requests * 1e6


async def compare(framework: str, routes: int, rounds: int, requests: int) -> dict[str, float]:
    """One process' medians: the bare request, and what each contestant adds to it."""
    apps, recorder = contestants(framework, routes)
    for app in apps.values():
        await drive(app, 200, routes)
    bare: list[float] = []
    added: dict[str, list[float]] = {name: [] for name in apps if name != BARE}
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        turns = list(apps)
        random.shuffle(turns)
        took = {name: await drive(apps[name], requests, routes) for name in turns}
        bare.append(took[BARE])
        for name in added:
            added[name].append(took[name] - took[BARE])
    counted = sum(int(sum(cells[:-1])) for cells in recorder.histograms()[0].series.values())
    expected = 200 + rounds * requests
    if counted != expected:
        raise SystemExit(f"Parapet counted {counted} of {expected} requests.")
    return {BARE: median(bare)} | {name: median(values) for name, values in added.items()}


def scrape(label_sets: int) -> tuple[int, float, float]:
    """The series of so many label sets, and the milliseconds of a scrape: by us, and by prometheus_client."""
    recorder = Recorder(max_routes=label_sets, max_series=label_sets * 2)
    for index in range(label_sets):
        recorder.http.observe(("GET", f"/route/{index}", "2xx"), 0.2)
    registry = CollectorRegistry()
    registry.register(recorder.collector())

    def best(render: Callable[[], bytes]) -> float:
        took = []
        for _ in range(7):
            start = perf_counter()
            render()
            took.append(perf_counter() - start)
        return min(took) * 1e3

    series = recorder.render().count(b"\nparapet_http")
    return series, best(recorder.render), best(lambda: generate_latest(registry))


def main() -> None:
    """Run the child processes and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="one process, fewer rounds")
    parser.add_argument("--routes", type=int, default=20, help="how many routes the applications have")
    parser.add_argument("--child", choices=["starlette", "fastapi"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    rounds, requests, processes = (7, 1_000, 1) if options.short else (15, 3_000, 3)
    if options.child:
        print(json.dumps(asyncio.run(compare(options.child, options.routes, rounds, requests))))
        return
    print(f"{processes} process(es) x {rounds} rounds x {requests} requests, {options.routes} routes")
    for name, module in PEERS.items():
        if find_spec(module) is None:
            print(f"{name} is not installed; it would join if it were.")
    for framework in ("starlette", "fastapi"):
        command = [sys.executable, __file__, "--child", framework, "--routes", str(options.routes)]
        command += ["--short"] if options.short else []
        runs = [
            json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            for _ in range(processes)
        ]
        middle: dict[str, float] = {name: median(run[name] for run in runs) for name in runs[0]}
        print(f"\n{framework:<38}{'added us':>10}{'of bare':>10}{'x Parapet':>11}")
        for name, value in middle.items():
            if name == BARE:
                print(f"{name:<38}{value:>10.2f}")
            else:
                print(f"{name:<38}{value:>10.2f}{value / middle[BARE]:>10.1%}{value / middle[PARAPET]:>11.1f}")
    series, ours, theirs = scrape(670)
    print(f"\nscrape of {series} series: {ours:.1f} ms; by generate_latest {theirs:.1f} ms ({theirs / ours:.0f} times)")


if __name__ == "__main__":
    main()
