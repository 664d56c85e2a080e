"""What only Flask does: rules in every way it can write them, blueprints, mounted applications, and what breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, abort
from flask.views import MethodView
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter
from werkzeug.test import Client, EnvironBuilder
from werkzeug.wsgi import ClosingIterator

from parapet import Parapet
from parapet.core import guard
from parapet.integrations.flask import instrument
from parapet.signals.templates import template_of

Seen = dict[tuple[str, ...], int]


def made() -> tuple[Flask, Parapet]:
    return Flask(__name__, static_folder=None), Parapet(service="shop")


def counts(parapet: Parapet) -> Seen:
    """The requests counted so far, by (method, route, status class), without those at zero."""
    series = parapet.recorder.http.snapshot().series
    return {labels: n for labels, cells in series.items() if (n := int(sum(cells[:-1])))}


def ask(app: Any, path: str, method: str = "GET", **more: Any) -> int:
    """The status of one request, whose answer was read to its end and closed."""
    with Client(app).open(path, method=method, **more) as response:
        response.get_data()
        return response.status_code


@pytest.mark.parametrize(
    ("rule", "template"),
    [
        ("/", "/"),
        ("/orders/<order>", "/orders/{order}"),
        ("/orders/<int:order>/lines/<float(signed=True):line>", "/orders/{order}/lines/{line}"),
        ('/<any(about, "help)>me"):page>/x', "/{page}/x"),
        ("/files/<path:name>", "/files/{name}"),
        ("/a<int(min=1, max=9):n>b", "/a{n}b"),
    ],
)
def test_a_rule_becomes_a_template(rule: str, template: str) -> None:
    """Converters and their arguments are no part of it."""
    assert template_of(rule) == template


def test_requests_are_counted_by_rule() -> None:
    """Nested blueprints, views of classes, converters of the host's own, automatic HEAD and OPTIONS, redirects."""
    app, parapet = made()

    class Word(BaseConverter):
        regex = "[a-z]+"

    app.url_map.converters["word"] = Word
    inner, outer = Blueprint("inner", __name__), Blueprint("outer", __name__)
    inner.add_url_rule("/x/", view_func=lambda level, name: name, endpoint="x")
    outer.register_blueprint(inner, url_prefix="/in/<int:level>/<word:name>")

    class Things(MethodView):
        def get(self) -> str:
            return "things"

        def post(self) -> tuple[str, int]:
            return "made", 201

    app.add_url_rule("/things", view_func=Things.as_view("things"))
    app.add_url_rule("/one", view_func=lambda: "get", endpoint="one.get", methods=["GET"])
    app.add_url_rule("/one", view_func=lambda: "put", endpoint="one.put", methods=["PUT"])
    app.register_blueprint(outer, url_prefix="/out")
    instrument(app, parapet)
    instrument(app, parapet)  # again, which changes nothing
    asked = [
        ("GET", "/out/in/3/abc/x/", 200),
        ("GET", "/out/in/3/abc/x", 308),
        ("GET", "/out/in/3/ABC/x/", 404),
        ("GET", "/things", 200),
        ("POST", "/things", 201),
        ("HEAD", "/things", 200),
        ("OPTIONS", "/things", 200),
        ("DELETE", "/things", 405),
        ("PUT", "/one", 200),
        ("PATCH", "/one", 405),
        ("BREW", "/one", 405),
    ]
    for method, path, status in asked:
        assert ask(app, path, method) == status, (method, path)
    assert counts(parapet) == {
        ("GET", "/out/in/{level}/{name}/x/", "2xx"): 1,
        ("GET", "unmatched", "3xx"): 1,
        ("GET", "unmatched", "4xx"): 1,
        ("GET", "/things", "2xx"): 1,
        ("POST", "/things", "2xx"): 1,
        ("HEAD", "/things", "2xx"): 1,
        ("OPTIONS", "/things", "2xx"): 1,
        ("DELETE", "/things", "4xx"): 1,
        ("PUT", "/one", "2xx"): 1,
        ("PATCH", "/one", "4xx"): 1,
        ("other", "/one", "4xx"): 1,
    }
    shown = parapet.recorder.http.snapshot().series
    assert {("POST", "/things", "5xx"), ("PUT", "/one", "5xx"), ("GET", "/out/in/{level}/{name}/x/", "5xx")} <= set(
        shown
    )


def test_an_answer_before_the_view_belongs_to_the_route_it_was_meant_for() -> None:
    """A before_request hook, an abort, and a middleware that answers instead of Flask."""
    app, parapet = made()
    app.add_url_rule("/orders/<int:order>", view_func=lambda order: abort(404), endpoint="order")
    app.add_url_rule("/hooked/<x>", view_func=lambda x: x, endpoint="hooked")
    app.before_request_funcs[None] = [_refuse]
    plain = app.wsgi_app

    def closed(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] == "/orders/13":
            return ServiceUnavailable()(environ, start_response)
        return plain(environ, start_response)

    app.wsgi_app = closed  # type: ignore[method-assign]
    instrument(app, parapet)
    assert [ask(app, path) for path in ("/orders/1", "/orders/13", "/hooked/1")] == [404, 503, 418]
    assert counts(parapet) == {
        ("GET", "/orders/{order}", "4xx"): 1,
        ("GET", "/orders/{order}", "5xx"): 1,
        ("GET", "/hooked/{x}", "4xx"): 1,
    }


def _refuse() -> tuple[str, int] | None:
    from flask import request

    return ("no", 418) if request.path.startswith("/hooked") else None


def test_an_exception_is_counted_once_and_handlers_have_the_last_word() -> None:
    """A handled exception is what its handler made of it; an unhandled one a failure, propagated or not."""
    app, parapet = made()
    app.add_url_rule("/boom", view_func=lambda: str(1 // 0), endpoint="boom")
    app.add_url_rule("/known", view_func=lambda: dict[str, str]()["missing"], endpoint="known")
    app.register_error_handler(KeyError, lambda error: ("not here", 404))
    instrument(app, parapet)
    app.logger.disabled = True
    assert [ask(app, path) for path in ("/boom", "/known")] == [500, 404]
    app.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(ZeroDivisionError):
        ask(app, "/boom")
    assert counts(parapet) == {("GET", "/boom", "5xx"): 2, ("GET", "/known", "4xx"): 1}


def test_what_runs_after_the_answer_is_no_latency() -> None:
    """As with background tasks: call_on_close runs when the client has everything."""
    from threading import Event

    app, parapet = made()

    def view() -> Response:
        response = Response("fine")
        response.call_on_close(lambda: Event().wait(0.3))
        return response

    app.add_url_rule("/x", view_func=view)
    instrument(app, parapet)
    assert ask(app, "/x") == 200
    assert counts(parapet) == {("GET", "/x", "2xx"): 1}
    assert parapet.recorder.http.snapshot().series["GET", "/x", "2xx"][-1] < 0.2


def test_applications_side_by_side_keep_their_own_rules() -> None:
    """Under a dispatcher each knows its own templates, behind a proxy too; one mounted at a path does not tell it."""
    (front, parapet), (back, other) = made(), made()
    front.add_url_rule("/x/<a>", view_func=lambda a: a, endpoint="x")
    back.add_url_rule("/x/<b>", view_func=lambda b: b, endpoint="x")
    front.wsgi_app = ProxyFix(front.wsgi_app, x_prefix=1)  # type: ignore[method-assign]
    instrument(front, parapet)
    instrument(back, other)
    both = DispatcherMiddleware(front, {"/admin": back})
    assert ask(both, "/x/1", headers={"X-Forwarded-Prefix": "/pre"}) == 200
    assert ask(both, "/admin/x/1") == 200
    assert counts(parapet) == {("GET", "/x/{a}", "2xx"): 1}
    assert counts(other) == {("GET", "/x/{b}", "2xx"): 1}


def test_a_stream_that_breaks_off_is_a_failure() -> None:
    """The status was sent already; the client never got all of it."""
    app, parapet = made()

    def parts() -> Iterator[bytes]:
        yield b"first"
        raise RuntimeError("broken")

    app.add_url_rule("/x", view_func=lambda: Response(parts()))
    instrument(app, parapet)
    with pytest.raises(RuntimeError):
        ask(app, "/x")
    assert counts(parapet) == {("GET", "/x", "5xx"): 1}


def test_hostile_clients_add_no_series() -> None:
    """Paths, methods and Host headers as they come."""
    app, parapet = made()
    app.add_url_rule("/x/<a>", view_func=lambda a: a)
    instrument(app, parapet)
    for index in range(500):
        ask(app, f"/x/{index}", f"M{index}", headers={"Host": f"h{index}.example"})
        ask(app, f"/nowhere/{index}")
        ask(app, f"/x/{index}?q={index}")
    assert counts(parapet) == {
        ("other", "/x/{a}", "4xx"): 500,
        ("GET", "unmatched", "4xx"): 500,
        ("GET", "/x/{a}", "2xx"): 500,
    }


@pytest.mark.parametrize("error", [LookupError, RuntimeError, ValueError, AttributeError, TypeError])
def test_a_request_that_hides_its_rule_keeps_its_template(error: type[Exception]) -> None:
    """Whatever a host leaves in the place where Flask keeps the request, the path still leads to the route."""

    class Hiding:
        def __getattr__(self, name: str) -> object:
            raise error

    class Answer(Response):
        def __call__(self, environ: Any, start_response: Any) -> Any:
            environ["werkzeug.request"] = Hiding()
            return super().__call__(environ, start_response)

    app, parapet = made()
    app.response_class = Answer
    app.add_url_rule("/x/<a>", view_func=lambda a: a)
    instrument(app, parapet)
    assert ask(app, "/x/1") == 200
    assert counts(parapet) == {("GET", "/x/{a}", "2xx"): 1}


@pytest.mark.parametrize("break_it", [lambda app: setattr(app, "url_map", None), lambda app: delattr(app, "url_map")])
def test_a_broken_url_map_is_swallowed_and_counted(break_it: Callable[[Flask], object]) -> None:
    """What a middleware answers instead of Flask arrives, although its route cannot be told."""
    app, parapet = made()
    app.wsgi_app = ServiceUnavailable()  # type: ignore[method-assign]
    instrument(app, parapet)
    break_it(app)
    before = sum(guard.swallowed.values())
    assert ask(app.wsgi_app, "/x") == 503
    assert counts(parapet) == {("GET", "unmatched", "5xx"): 1}
    assert sum(guard.swallowed.values()) > before


def test_routes_beyond_the_ceiling_share_a_series() -> None:
    """And say so in the log, not in an exception."""
    app, parapet = made()
    for index in range(300):
        app.add_url_rule(f"/r{index}/<x>", view_func=lambda x: x, endpoint=f"r{index}")
    instrument(app, parapet)
    for index in range(300):
        assert ask(app, f"/r{index}/1") == 200
    seen = counts(parapet)
    assert sum(seen.values()) == 300
    assert seen["GET", "other", "2xx"] == 100


def test_routes_are_shown_at_zero_even_if_nobody_asks_but_the_scraper() -> None:
    """Where metrics have a port of their own, the first scrape may come before the first request."""
    app, parapet = made()
    instrument(app, parapet)
    app.add_url_rule("/later/<x>", view_func=lambda x: x)
    zero = b'parapet_http_request_duration_seconds_count{method="GET",route="/later/{x}",status_class="5xx"} 0'
    assert zero in parapet.recorder.render()


def test_journeys_are_measured_by_rules_written_as_flask_writes_them() -> None:
    """The same words as in the route's own declaration."""
    app, parapet = made()
    parapet.journey("checkout", objective=0.99, routes=["POST /checkout/<int:cart>"])
    app.add_url_rule("/checkout/<int:cart>", view_func=lambda cart: ("sorry", 503), methods=["POST"])
    instrument(app, parapet)
    assert ask(app, "/checkout/1", "POST") == 503
    _, journeys = parapet.recorder.histograms()
    assert sum(journeys.series["checkout", "failure"][:-1]) == 1


@pytest.mark.parametrize(("status", "outcome"), [(404, "user_error"), (503, "failure")])
def test_what_a_view_aborts_with_is_the_outcome_of_its_journey(status: int, outcome: str) -> None:
    """A 4xx is the user's mistake, whether it is raised as a number or as a whole answer."""
    app, parapet = made()
    checkout = parapet.journey("checkout", objective=0.99)
    app.add_url_rule("/n", view_func=checkout.measured(lambda: abort(status)), endpoint="n")
    app.add_url_rule("/r", view_func=checkout.measured(lambda: abort(Response("no", status))), endpoint="r")
    assert [ask(app, path) for path in ("/n", "/r")] == [status, status]
    _, journeys = parapet.recorder.histograms()
    assert sum(journeys.series["checkout", outcome][:-1]) == 2


def test_only_what_is_made_while_it_is_sent_is_followed_to_its_end() -> None:
    """An answer that is all there goes to the server as Flask gave it, and is counted by then; a stream is not."""
    app, parapet = made()
    app.add_url_rule("/text", view_func=lambda: "text", endpoint="text")
    app.add_url_rule("/json", view_func=lambda: {"a": 1}, endpoint="json")
    app.add_url_rule("/stream", view_func=lambda: Response(part for part in ("a", "b")), endpoint="stream")
    instrument(app, parapet)

    def counted_before_the_body_is_read(path: str) -> bool:
        begin: Any = lambda line, headers: None  # noqa: E731
        body: Any = app(EnvironBuilder(path).get_environ(), begin)
        before = counts(parapet).get(("GET", path, "2xx"), 0)
        assert (type(body) is ClosingIterator) is (before == 1)
        assert b"".join(body)
        body.close()
        assert counts(parapet)["GET", path, "2xx"] == 1
        return before == 1

    assert [counted_before_the_body_is_read(path) for path in ("/text", "/json", "/stream")] == [True, True, False]
