"""The same small application on every framework, bare and measured by each contestant. One framework per process."""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from importlib.util import find_spec
from time import perf_counter
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram

from parapet.core.vocabulary import HTTP_BUCKETS_SECONDS
from parapet.signals.recorder import Recorder

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]
Run = Callable[[int], None]

BARE, PARAPET, BY_HAND, OPENTELEMETRY, NATIVE = (
    "bare request itself",
    "Parapet",
    "by hand, children bound once",
    "OpenTelemetry instrumentation",
    "FastAPI's native OpenTelemetry, metrics only",
)
# Framework -> peer -> the module that has to be there.
PEERS: Mapping[str, Mapping[str, str]] = {
    "starlette": {
        "prometheus-fastapi-instrumentator": "prometheus_fastapi_instrumentator",
        "starlette_exporter": "starlette_exporter",
        OPENTELEMETRY: "opentelemetry.instrumentation.starlette",
    },
    "fastapi": {
        "prometheus-fastapi-instrumentator": "prometheus_fastapi_instrumentator",
        "starlette_exporter": "starlette_exporter",
        OPENTELEMETRY: "opentelemetry.instrumentation.fastapi",
        NATIVE: "fastapi.telemetry",
    },
    "flask": {
        "prometheus-flask-exporter": "prometheus_flask_exporter",
        OPENTELEMETRY: "opentelemetry.instrumentation.flask",
    },
    "django": {"django-prometheus": "django_prometheus", OPENTELEMETRY: "opentelemetry.instrumentation.django"},
}


_TELEMETRY = "fastapi.telemetry"


def is_there(module: str) -> bool:
    """Whether *module* could be imported."""
    try:
        if module == _TELEMETRY and not is_there("opentelemetry.sdk"):
            return False
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


class Children:
    """What an engineer who knows prometheus_client writes: one counter, one histogram, children looked up by tuple."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        labels = ("method", "route", "status_class")
        self._requests = Counter("requests", "Requests.", labels, registry=registry)
        self._durations = Histogram(
            "duration_seconds", "Durations.", labels, registry=registry, buckets=HTTP_BUCKETS_SECONDS
        )
        self._bound: dict[tuple[str, str, int], tuple[Callable[[], None], Callable[[float], None]]] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        key = (method, route, status // 100)
        bound = self._bound.get(key)
        if bound is None:
            labels = (method, route, f"{status // 100}xx")
            bound = self._requests.labels(*labels).inc, self._durations.labels(*labels).observe
            self._bound[key] = bound
        bound[0]()
        bound[1](seconds)


def present(framework: str) -> list[str]:
    """Everybody who can take part here, the bare application first."""
    return [BARE, PARAPET, BY_HAND, *(peer for peer, module in PEERS[framework].items() if is_there(module))]


def build(framework: str, name: str, routes: int, recorder: Recorder) -> Run:
    """A contestant's application as a function that sends it so many requests to a route in the middle."""
    if name in {OPENTELEMETRY, NATIVE}:
        from opentelemetry.metrics import set_meter_provider
        from opentelemetry.sdk.metrics import MeterProvider  # type: ignore[import-not-found, unused-ignore]
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # type: ignore[import-not-found, unused-ignore]

        set_meter_provider(MeterProvider(metric_readers=[InMemoryMetricReader()]))
    return {"starlette": _starlette, "fastapi": _fastapi, "flask": _flask, "django": _django}[framework](
        name, routes, recorder
    )


def by_hand(app: Application) -> Application:
    """A careful middleware for ASGI."""
    children = Children()

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
            template = route.path_format if route is not None else "unmatched"
            children.count(scope["method"], template, status, perf_counter() - start)

    return middleware


def _starlette(name: str, routes: int, recorder: Recorder) -> Run:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def endpoint(request: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    app = Starlette(routes=[Route(f"/r{index}/{{item}}", endpoint) for index in range(routes)])
    return _asgi(name, app, routes, recorder)


def _fastapi(name: str, routes: int, recorder: Recorder) -> Run:
    from fastapi import FastAPI
    from fastapi.responses import PlainTextResponse

    async def typed(item: int) -> PlainTextResponse:
        return PlainTextResponse("ok")

    # What FastAPI measures by itself would otherwise be part of every contestant, the bare application included.
    told = {"telemetry": {"metrics": name == NATIVE, "tracing": False, "logs": False}} if is_there(_TELEMETRY) else {}
    app = FastAPI(openapi_url=None, **told)  # type: ignore[arg-type, unused-ignore]
    for index in range(routes):
        app.add_api_route(f"/r{index}/{{item}}", typed, methods=["GET"])
    return _asgi(name, app, routes, recorder)


def _asgi(name: str, app: Any, routes: int, recorder: Recorder) -> Run:
    if name == PARAPET:
        from parapet.signals.asgi import instrument

        app.add_middleware(lambda inner: instrument(inner, recorder))
    elif name == BY_HAND:
        app.add_middleware(by_hand)
    elif name == "starlette_exporter":
        from starlette_exporter import PrometheusMiddleware  # type: ignore[import-not-found, unused-ignore]

        app.add_middleware(PrometheusMiddleware, group_paths=True, buckets=HTTP_BUCKETS_SECONDS)
    elif name == "prometheus-fastapi-instrumentator":
        from prometheus_fastapi_instrumentator import Instrumentator  # type: ignore[import-not-found, unused-ignore]

        Instrumentator().instrument(app)
    elif name == OPENTELEMETRY:
        kind = "fastapi" if type(app).__name__ == "FastAPI" else "starlette"
        _instrumentor(kind, f"{'FastAPI' if kind == 'fastapi' else 'Starlette'}Instrumentor").instrument_app(app)
    path = f"/r{routes // 2}/7"
    request = {"type": "http.request", "body": b"", "more_body": False}
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

    async def receive() -> dict[str, Any]:
        return request

    async def send(message: Any) -> None:
        pass

    async def drive(requests: int) -> None:
        for _ in range(requests):
            await app(base.copy(), receive, send)

    loop = _loop()
    return lambda requests: loop.run_until_complete(drive(requests))


def _loop() -> asyncio.AbstractEventLoop:
    """One loop for all contestants."""
    try:
        return asyncio.get_event_loop_policy().get_event_loop()
    except RuntimeError:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        return loop


def _flask(name: str, routes: int, recorder: Recorder) -> Run:
    from flask import Flask, Response, g, request

    app = Flask(__name__, static_folder=None)
    for index in range(routes):
        app.add_url_rule(f"/r{index}/<int:item>", f"r{index}", lambda item: "ok")
    if name == PARAPET:
        from parapet.integrations import flask as integration

        integration.instrument(app, _Host(recorder))
    elif name == BY_HAND:
        children = Children()

        def before() -> None:
            g.start = perf_counter()

        def after(response: Response) -> Response:
            rule = str(request.url_rule) if request.url_rule is not None else "unmatched"
            children.count(request.method, rule, response.status_code, perf_counter() - g.start)
            return response

        app.before_request(before)
        app.after_request(after)
    elif name == "prometheus-flask-exporter":
        from prometheus_flask_exporter import PrometheusMetrics  # type: ignore[import-not-found, unused-ignore]

        registry = CollectorRegistry()
        PrometheusMetrics(app, path=None, registry=registry, buckets=HTTP_BUCKETS_SECONDS, group_by="url_rule")
    elif name == OPENTELEMETRY:
        _instrumentor("flask", "FlaskInstrumentor").instrument_app(app)
    return _wsgi(app, routes)


def _django(name: str, routes: int, recorder: Recorder) -> Run:
    import django
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpRequest, HttpResponse
    from django.urls import path

    here = sys.modules[__name__]
    if not settings.configured:
        settings.configure(
            SECRET_KEY="for a benchmark, which signs nothing", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, MIDDLEWARE=[]
        )
        django.setup()

        def view(request: HttpRequest, item: int) -> HttpResponse:
            return HttpResponse("ok")

        here.urlpatterns = [path(f"r{index}/<int:item>", view) for index in range(routes)]  # type: ignore[attr-defined]
    settings.MIDDLEWARE = []
    if name == PARAPET:
        from parapet.integrations import django as integration

        here.measured = integration.instrument(_Host(recorder))  # type: ignore[attr-defined]
        settings.MIDDLEWARE = [f"{__name__}.measured"]
    elif name == BY_HAND:
        settings.MIDDLEWARE = [f"{__name__}.django_by_hand"]
    elif name == "django-prometheus":
        module = "django_prometheus.middleware"
        settings.MIDDLEWARE = [f"{module}.PrometheusBeforeMiddleware", f"{module}.PrometheusAfterMiddleware"]
    elif name == OPENTELEMETRY:
        _instrumentor("django", "DjangoInstrumentor").instrument()
    return _wsgi(WSGIHandler(), routes)


def django_by_hand(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A careful middleware for Django."""
    children = Children()

    def middleware(request: Any) -> Any:
        start = perf_counter()
        response = get_response(request)
        match = request.resolver_match
        route = match.route if match is not None else "unmatched"
        children.count(request.method, route, response.status_code, perf_counter() - start)
        return response

    return middleware


def _wsgi(app: Callable[..., Iterable[bytes]], routes: int) -> Run:
    base: dict[str, object] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": f"/r{routes // 2}/7",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "bench",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "bench",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }

    def start_response(line: str, headers: object, exc_info: object = None) -> None:
        return None

    def drive(requests: int) -> None:
        for _ in range(requests):
            body = app(base.copy(), start_response)
            for _ in body:
                pass
            body.close()  # type: ignore[attr-defined]

    return drive


class _Host:
    """A Parapet, as far as an integration needs one."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder


def _instrumentor(module: str, name: str) -> Any:
    from importlib import import_module

    return getattr(import_module(f"opentelemetry.instrumentation.{module}"), name)()
