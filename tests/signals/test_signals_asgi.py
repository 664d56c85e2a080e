"""The ASGI middleware on Starlette and FastAPI, in process: which series a request belongs to, and no harm done."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Host, Mount, Route, Router

from parapet.core import guard, vocabulary
from parapet.signals.asgi import instrument
from parapet.signals.recorder import Recorder

Call = Callable[..., int | None]
Counts = Callable[[Recorder], dict[tuple[str, ...], int]]


async def fine(request: Request) -> Response:
    return PlainTextResponse("fine")


async def boom(request: Request) -> Response:
    raise RuntimeError("broken")


def measured(app: Any) -> Recorder:
    recorder = Recorder()
    app.add_middleware(lambda inner: instrument(inner, recorder))
    return recorder


async def plain(scope: Any, receive: Any, send: Any) -> None:
    """An application that we cannot look into."""
    await PlainTextResponse("plain")(scope, receive, send)


def test_starlette_routes_are_counted_by_template(call: Call, counts: Counts) -> None:
    """Convertors are not part of a template, mounts and hosts are walked into, and mount parameters do not leak."""
    app = Starlette(
        routes=[
            Route("/order/{id:int}", fine, methods=["GET", "POST"]),
            Mount("/tenant/{name}", routes=[Route("/order/{id}", fine), Mount("/deep", routes=[Route("/", fine)])]),
            Mount("/files", app=plain),
            Host("api.example", app=Router([Route("/by-host/{x}", fine)])),
            Route("/boom", boom),
        ]
    )
    recorder = measured(app)
    for method, path in [
        ("GET", "/order/1"),
        ("POST", "/order/2"),
        ("GET", "/tenant/acme/order/1"),
        ("GET", "/tenant/zenith/order/2"),
        ("GET", "/tenant/acme/deep/"),
        ("GET", "/files/a/b.txt"),
        ("GET", "/files/c.txt"),
        ("GET", "/boom"),
        ("DELETE", "/order/1"),
        ("GET", "/nowhere"),
        ("GET", "/tenant/acme/nowhere"),
        ("GET", "/order/1/"),
    ]:
        call(app, method, path)
    call(app, "GET", "/by-host/1", headers=[(b"host", b"api.example")])
    assert counts(recorder) == {
        ("GET", "/order/{id}", "2xx"): 1,
        ("POST", "/order/{id}", "2xx"): 1,
        ("GET", "/tenant/{name}/order/{id}", "2xx"): 2,
        ("GET", "/tenant/{name}/deep/", "2xx"): 1,
        ("GET", "/files", "2xx"): 2,
        ("GET", "/boom", "5xx"): 1,
        ("DELETE", "/order/{id}", "4xx"): 1,
        ("GET", "unmatched", "4xx"): 2,
        ("GET", "unmatched", "3xx"): 1,
        ("GET", "/by-host/{x}", "2xx"): 1,
    }


def test_fastapi_routes_are_counted_by_template(call: Call, counts: Counts) -> None:
    """Included routers keep their prefixes, nested ones too; mounted FastAPI applications keep theirs."""
    leaf = APIRouter(prefix="/items")

    @leaf.get("/{item}")
    async def item(item: int) -> int:
        return item

    @leaf.post("/{item}")
    async def change(item: int) -> int:
        raise HTTPException(409)

    middle = APIRouter(prefix="/shop/{shop}")
    middle.include_router(leaf)
    middle.add_route("/plain/{x:int}", fine)
    middle.mount("/static", plain)
    inner = FastAPI(openapi_url=None)
    inner.include_router(leaf, prefix="/v2")
    app = FastAPI(openapi_url=None)
    app.include_router(middle, prefix="/api")
    app.include_router(leaf)
    app.add_api_route("/direct/{x}", lambda x: x, methods=["GET"])
    app.mount("/mounted/{tenant}", inner)
    app.mount("/opaque", plain)
    recorder = measured(app)
    for method, path in [
        ("GET", "/api/shop/7/items/1"),
        ("GET", "/api/shop/8/items/2"),
        ("POST", "/api/shop/8/items/2"),
        ("GET", "/api/shop/8/items/no-number"),
        ("GET", "/api/plain/4"),
        ("GET", "/api/static/x.css"),
        ("GET", "/items/1"),
        ("GET", "/direct/1"),
        ("GET", "/mounted/acme/v2/items/1"),
        ("GET", "/mounted/acme/v2/nowhere"),
        ("GET", "/opaque/anything"),
        ("PUT", "/items/1"),
        ("GET", "/nowhere"),
    ] * 2:
        call(app, method, path)
    assert counts(recorder) == {
        ("GET", "/api/shop/{shop}/items/{item}", "2xx"): 4,
        ("POST", "/api/shop/{shop}/items/{item}", "4xx"): 2,
        ("GET", "/api/shop/{shop}/items/{item}", "4xx"): 2,
        ("GET", "/api/plain/{x}", "2xx"): 2,
        ("GET", "/api/static", "2xx"): 2,
        ("GET", "/items/{item}", "2xx"): 2,
        ("GET", "/direct/{x}", "2xx"): 2,
        ("GET", "/mounted/{tenant}/v2/items/{item}", "2xx"): 2,
        ("GET", "/opaque", "2xx"): 2,
        ("PUT", "/items/{item}", "4xx"): 2,
        ("GET", "unmatched", "4xx"): 4,
    }


def test_what_is_reached_by_two_templates_is_told_apart_every_time(call: Call, counts: Counts) -> None:
    """One application mounted twice shares its route objects, so nothing is remembered about them."""
    shared = Starlette(routes=[Route("/x/{id}", fine)])
    app = Starlette(routes=[Mount("/one", shared), Mount("/two", shared)])
    recorder = measured(app)
    for path in ["/one/x/1", "/two/x/1", "/one/x/2", "/two/x/2", "/two/x/3"]:
        call(app, "GET", path)
    call(app, "POST", "/one/x/1")
    assert counts(recorder) == {
        ("GET", "/one/x/{id}", "2xx"): 2,
        ("GET", "/two/x/{id}", "2xx"): 3,
        ("POST", "/one/x/{id}", "4xx"): 1,
    }


def test_routes_behind_a_wrapped_application_keep_their_prefix(call: Call, counts: Counts) -> None:
    """A mounted application inside a middleware cannot be looked into, but its route is known when it has answered."""
    hidden = Starlette(routes=[Route("/x/{id}", fine), Mount("/files", app=plain)])

    async def wrapper(scope: Any, receive: Any, send: Any) -> None:
        await hidden(scope, receive, send)

    app = Starlette(routes=[Mount("/hidden", app=wrapper)])
    recorder = measured(app)
    for path in ["/hidden/x/1", "/hidden/x/2", "/hidden/files/a", "/hidden/nowhere"]:
        call(app, "GET", path)
    assert counts(recorder) == {
        ("GET", "/hidden/x/{id}", "2xx"): 2,
        ("GET", "/hidden/files", "2xx"): 1,
        ("GET", "/hidden", "4xx"): 1,
    }


def test_a_server_root_path_is_no_part_of_a_template(call: Call, counts: Counts) -> None:
    """Behind a proxy that serves under a prefix, the templates stay what the code says."""
    shared = Starlette(routes=[Route("/x", fine)])
    app = Starlette(routes=[Mount("/a", shared), Mount("/b", shared), Route("/direct", fine)])
    recorder = measured(app)
    for path in ["/prefix/a/x", "/prefix/b/x", "/prefix/direct"]:
        assert call(app, "GET", path, root_path="/prefix") == 200
    assert set(counts(recorder)) == {("GET", "/a/x", "2xx"), ("GET", "/b/x", "2xx"), ("GET", "/direct", "2xx")}


def test_an_answer_before_routing_belongs_to_the_route_it_was_meant_for(call: Call, counts: Counts) -> None:
    """A maintenance page for checkout is a failed checkout, although no route ever ran."""

    def closed(app: Any) -> Any:
        async def answer(scope: Any, receive: Any, send: Any) -> None:
            await PlainTextResponse("closed", status_code=503)(scope, receive, send)

        return answer

    app = Starlette(routes=[Route("/checkout/{cart}", fine, methods=["POST"])], middleware=[Middleware(closed)])
    recorder = measured(app)
    call(app, "POST", "/checkout/1")
    call(app, "POST", "/nowhere")
    assert counts(recorder) == {("POST", "/checkout/{cart}", "5xx"): 1, ("POST", "unmatched", "5xx"): 1}


def test_a_middleware_that_copies_the_scope_does_not_hide_the_route(call: Call, counts: Counts) -> None:
    """The template is then matched again."""

    def copying(app: Any) -> Any:
        async def copy(scope: Any, receive: Any, send: Any) -> None:
            await app(dict(scope), receive, send)

        return copy

    app = Starlette(routes=[Route("/x/{id}", fine)], middleware=[Middleware(copying)])
    recorder = measured(app)
    call(app, "GET", "/x/1")
    assert counts(recorder) == {("GET", "/x/{id}", "2xx"): 1}


def test_hostile_paths_and_methods_add_no_series(call: Call, counts: Counts) -> None:
    """Ten thousand paths that match nothing, and methods nobody knows, stay within a handful of series."""
    app = Starlette(routes=[Route("/x/{id}", fine), Mount("/files", app=plain)])
    recorder = measured(app)

    async def flood() -> None:
        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            pass

        for index in range(10_000):
            path = ("/nowhere/", "/x/", "/files/", '/"\n\\')[index % 4] + str(index)
            scope: dict[str, Any] = {
                "type": "http",
                "method": f"M{index}" if index % 5 == 0 else "GET",
                "path": path,
                "root_path": "",
                "headers": [(b"host", str(index).encode())],
                "query_string": b"",
            }
            await app(scope, receive, send)

    asyncio.run(flood())
    assert sum(counts(recorder).values()) == 10_000
    assert len(recorder.histograms()[0].series) <= 20
    assert {route for _, route, _ in counts(recorder)} == {"/x/{id}", "/files", "unmatched"}


def test_declared_routes_are_at_zero_before_the_first_request(call: Call) -> None:
    """The lifespan shows successes and failures of every declared method and template; HEAD comes with GET, unasked."""

    class ByVerb(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            return PlainTextResponse("fine")

        async def put(self, request: Request) -> Response:
            return PlainTextResponse("fine")

    router = APIRouter()
    router.add_api_route("/items/{item}", lambda item: item, methods=["GET", "DELETE"])
    inner = FastAPI(openapi_url=None)
    inner.include_router(router, prefix="/v1")
    app = Starlette(
        routes=[
            Route("/plain", fine),
            Route("/verbs", ByVerb),
            Mount("/api/{tenant}", inner),
            Mount("/opaque", plain),
        ]
    )
    recorder = measured(app)
    incoming = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Any:
        return next(incoming)

    async def send(message: Any) -> None:
        pass

    asyncio.run(app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send))
    series = recorder.histograms()[0].series
    assert set(series) == {
        (method, route, status_class)
        for method, route in [
            ("GET", "/plain"),
            ("GET", "/verbs"),
            ("PUT", "/verbs"),
            ("GET", "/api/{tenant}/v1/items/{item}"),
            ("DELETE", "/api/{tenant}/v1/items/{item}"),
        ]
        for status_class in ("2xx", "5xx")
    }
    assert all(set(cells) == {0} for cells in series.values())


def test_without_a_lifespan_the_first_request_already_sees_the_zeros(call: Call) -> None:
    """The first request is often the scrape itself; it must not be answered with nothing."""
    recorder = Recorder()

    async def scrape(request: Request) -> Response:
        return Response(recorder.render())

    app = Starlette(routes=[Route("/metrics", scrape), Route("/checkout", fine, methods=["POST"])])
    sent: list[Mapping[str, Any]] = []
    call(instrument(app, recorder), "GET", "/metrics", sent=sent)
    assert b'_count{method="POST",route="/checkout",status_class="5xx"} 0\n' in sent[1]["body"]


def test_a_middleware_inside_a_mounted_application_shows_no_route_without_its_prefix(
    call: Call, counts: Counts
) -> None:
    """There the prefix is only known when a request was routed, so nothing is shown at zero before."""
    inner = Starlette(routes=[Route("/x", fine), Route("/y", fine)])
    recorder = measured(inner)
    app = Starlette(routes=[Mount("/inner", inner)])
    call(app, "GET", "/inner/x")
    assert counts(recorder) == {("GET", "/inner/x", "2xx"): 1}
    assert {route for _, route, _ in recorder.histograms()[0].series} == {"/inner/x"}


@pytest.mark.parametrize("outside", [True, False])
def test_an_exception_is_one_failure(outside: bool, call: Call, counts: Counts) -> None:
    """Whether the middleware stands around the error page or within, one request is counted once, and raised on."""
    app = Starlette(routes=[Route("/boom", boom)])
    recorder = Recorder()
    raised: list[BaseException] = []
    if outside:
        call(instrument(app, recorder), "GET", "/boom", raised=raised)
    else:
        app.add_middleware(lambda inner: instrument(inner, recorder))
        call(app, "GET", "/boom", raised=raised)
    assert counts(recorder) == {("GET", "/boom", "5xx"): 1}
    assert [str(error) for error in raised] == ["broken"]


def test_no_answer_at_all_is_a_failure(call: Call, counts: Counts) -> None:
    """An application that returns without answering lets the user down."""

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        pass

    recorder = Recorder()
    call(instrument(silent, recorder))
    assert counts(recorder) == {("GET", "unmatched", "5xx"): 1}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("nothing", "disconnected"), ("raises", "disconnected"), ("200", "disconnected"), ("500", "disconnected")],
)
def test_a_client_that_left_before_the_answer_is_no_failure(
    answer: str, expected: str, call: Call, counts: Counts
) -> None:
    """Whatever the application did after it heard of it, nobody was there to see it."""

    async def endpoint(request: Request) -> Response:
        if answer == "raises":
            await request.body()
        message = await request.receive()
        assert message["type"] == "http.disconnect"
        return PlainTextResponse("gone", status_code=int(answer))

    async def raw(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    app = Starlette(routes=[Route("/x", raw_endpoint(raw) if answer == "nothing" else endpoint, methods=["POST"])])
    recorder = measured(app)
    call(app, "POST", "/x", incoming=[{"type": "http.disconnect"}])
    assert counts(recorder) == {("POST", "/x", expected): 1}


def raw_endpoint(app: Any) -> Any:
    class Raw:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await app(scope, receive, send)

    return Raw()


def test_a_disconnection_after_the_answer_changes_nothing(call: Call, counts: Counts) -> None:
    """Servers report a disconnection after every complete answer."""

    async def late(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("fine")(scope, receive, send)
        await receive()
        assert (await receive())["type"] == "http.disconnect"

    recorder = Recorder()
    call(instrument(late, recorder))
    assert counts(recorder) == {("GET", "unmatched", "2xx"): 1}


@pytest.mark.parametrize(("begun", "expected"), [(False, "disconnected"), (True, "2xx")])
def test_a_cancelled_request_is_counted_and_stays_cancelled(begun: bool, expected: str, counts: Counts) -> None:
    """Some servers cancel when the client leaves: before the answer a disconnection, later what was begun."""
    arrived = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        arrived.set()
        await asyncio.Event().wait()

    async def nothing(*message: Any) -> Any:
        return {"type": "http.request"}

    recorder = Recorder()

    async def run() -> None:
        scope: dict[str, object] = {"type": "http", "method": "GET", "path": "/"}
        task = asyncio.ensure_future(instrument(slow, recorder)(scope, nothing, nothing))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert counts(recorder) == {("GET", "unmatched", expected): 1}


def test_an_answer_that_breaks_off_is_a_failure(call: Call, counts: Counts) -> None:
    """A stream that raises in the middle never reached the user whole, although it began with 200."""

    async def parts() -> AsyncIterator[str]:
        yield "first"
        raise RuntimeError("broken")

    async def stream(request: Request) -> Response:
        return StreamingResponse(parts())

    app = Starlette(routes=[Route("/stream", stream)])
    recorder = measured(app)
    call(app, "GET", "/stream", asgi={"version": "3.0", "spec_version": "2.4"})
    assert counts(recorder) == {("GET", "/stream", "5xx"): 1}


def test_background_tasks_are_neither_latency_nor_failure(call: Call, counts: Counts) -> None:
    """The duration ends with the body, and what a task raises afterwards does not change the answer."""
    ran = threading.Event()

    async def afterwards() -> None:
        await asyncio.sleep(0.15)
        ran.set()
        raise RuntimeError("too late to matter")

    async def answer(request: Request) -> Response:
        return PlainTextResponse("fine", background=BackgroundTask(afterwards))

    app = Starlette(routes=[Route("/x", answer)])
    recorder = measured(app)
    raised: list[BaseException] = []
    call(app, "GET", "/x", raised=raised)
    assert ran.is_set()
    assert [str(error) for error in raised] == ["too late to matter"]
    assert counts(recorder) == {("GET", "/x", "2xx"): 1}
    assert recorder.histograms()[0].series["GET", "/x", "2xx"][-1] < 0.1


def test_base_http_middleware_in_between_is_fine(call: Call, counts: Counts) -> None:
    """The commonest middleware of Starlette wraps messages of its own around."""

    class Between(BaseHTTPMiddleware):
        async def dispatch(self, request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
            return await call_next(request)

    app = Starlette(routes=[Route("/x/{id}", fine), Route("/boom", boom)], middleware=[Middleware(Between)])
    recorder = measured(app)
    assert call(app, "GET", "/x/1") == 200
    call(app, "GET", "/boom")
    assert counts(recorder) == {("GET", "/x/{id}", "2xx"): 1, ("GET", "/boom", "5xx"): 1}


def test_websockets_and_lifespan_pass_through(call: Call) -> None:
    """The host's lifespan runs, and a WebSocket gets the very same receive and send."""
    events: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        events.append("up")
        yield
        events.append("down")

    app = Starlette(lifespan=lifespan)
    recorder = measured(app)
    incoming = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Any:
        return next(incoming)

    async def send(message: Any) -> None:
        events.append(message["type"])

    asyncio.run(app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send))
    assert events == ["up", "lifespan.startup.complete", "down", "lifespan.shutdown.complete"]

    seen: list[object] = []

    async def socket(*arguments: Any) -> None:
        seen.extend(arguments)

    scope: dict[str, object] = {"type": "websocket", "path": "/ws"}
    asyncio.run(instrument(socket, recorder)(scope, receive, send))  # type: ignore[arg-type]
    assert seen == [scope, receive, send]
    assert recorder.histograms()[0].series == {}


class Hostile:
    """Raises at whatever is asked of it."""

    def __getattr__(self, name: str) -> object:
        raise ValueError(name)

    def __hash__(self) -> int:
        raise ValueError("hash")

    def __bool__(self) -> bool:
        raise ValueError("bool")


@pytest.mark.parametrize(
    "damage",
    [
        lambda scope: scope.clear(),
        lambda scope: scope.pop("method"),
        lambda scope: scope.update(method=[]),
        lambda scope: scope.update(method=None, route=7),
        lambda scope: scope.update(route=object(), router=object()),
        lambda scope: scope.update(fastapi=7),
        lambda scope: scope.update(fastapi={"effective_route_context": object()}),
        lambda scope: scope.update(fastapi={"frontend_path": 7}),
        lambda scope: scope.update(endpoint=Hostile(), route=None),
        lambda scope: scope.update(route=Hostile()),
        lambda scope: scope.update(router=Hostile()),
        lambda scope: scope.update(app=Hostile()),
        lambda scope: scope.update(method=Hostile()),
        lambda scope: scope.update(path=None, root_path=None),
    ],
)
def test_a_broken_scope_changes_no_answer_and_loses_no_request(
    damage: Callable[[dict[str, Any]], object], call: Call, counts: Counts
) -> None:
    """Whatever the application does to the scope, its answer arrives and the request is counted."""

    async def vandal(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("fine", status_code=201)(scope, receive, send)
        damage(scope)

    recorder = Recorder()
    app = instrument(vandal, recorder)
    raised: list[BaseException] = []
    for _ in range(3):
        assert call(app, raised=raised) == 201
    assert raised == []
    seen = counts(recorder)
    assert sum(seen.values()) == 3
    assert {status_class for _, _, status_class in seen} == {"2xx"}


def test_a_status_that_is_none_is_rejected(call: Call, counts: Counts) -> None:
    """It is counted as a failure, remembered by nobody, and the counter of rejected values says so."""

    async def strange(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 999, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    recorder = Recorder()
    app = instrument(strange, recorder)
    assert call(app) == 999
    assert call(app) == 999
    assert counts(recorder) == {("GET", "unmatched", "5xx"): 2}
    series = recorder.counters(*recorder.histograms())[0].series
    assert series["http.request", "status"] == 2


def test_what_routes_raise_is_swallowed_and_counted(call: Call, counts: Counts) -> None:
    """A route of the host that cannot be read costs its template, never its request."""

    class Strange(Route):
        @property
        def path_format(self) -> str:
            raise ZeroDivisionError

        @path_format.setter
        def path_format(self, value: str) -> None:
            pass

    app = Starlette(routes=[Strange("/x", fine)])
    recorder = measured(app)
    before = guard.swallowed["signals.route", "ZeroDivisionError"]
    assert call(app, "GET", "/x") == 200
    assert guard.swallowed["signals.route", "ZeroDivisionError"] == before + 1
    assert counts(recorder) == {("GET", vocabulary.UNMATCHED, "2xx"): 1}


def test_front_ends_of_fastapi_have_one_template_each(call: Call, counts: Counts, tmp_path: Path) -> None:
    """Files of a front end are no routes, yet they matched: they are told apart from paths that nobody serves."""
    (tmp_path / "index.html").write_text("home")
    (tmp_path / "a.js").write_text("code")
    router = APIRouter()
    router.frontend("/inner", directory=tmp_path)
    app = FastAPI(openapi_url=None)
    app.frontend("/app", directory=tmp_path)
    app.include_router(router, prefix="/pre")
    recorder = measured(app)
    for path in ["/nowhere", "/app/a.js", "/app/", "/pre/inner/a.js", "/nowhere"]:
        call(app, "GET", path, asgi={"version": "3.0", "spec_version": "2.4"})
    assert counts(recorder) == {
        ("GET", "/app/{path}", "2xx"): 2,
        ("GET", "/pre/inner/{path}", "2xx"): 1,
        ("GET", "unmatched", "4xx"): 2,
    }
