"""The WSGI middleware in process: what the host's application and its server see is what they would see without it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.util import FileWrapper

import pytest

from parapet.core import guard
from parapet.signals.recorder import Recorder
from parapet.signals.wsgi import Environ, StartResponse, WSGIApp, instrument

Seen = dict[tuple[str, ...], int]


def counts(recorder: Recorder) -> Seen:
    """The requests counted so far, by (method, route, status class), without those at zero."""
    series = recorder.http.snapshot().series
    return {labels: n for labels, cells in series.items() if (n := int(sum(cells[:-1])))}


class Exchange:
    """One request as a server makes it: the status line, what was raised, and whether the body was closed."""

    def __init__(
        self, app: WSGIApp, *, stop_after: int | None = None, environ: Environ | None = None, **more: object
    ) -> None:
        self.lines: list[object] = []
        self.raised: BaseException | None = None
        self.parts: list[bytes] = []
        self.body: Iterable[bytes] | None = None
        request: Environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SCRIPT_NAME": "", **(environ or {}), **more}
        try:
            self.body = app(request, self.start_response)
            self._read(stop_after)
        except (RuntimeError, ArithmeticError, TypeError, ValueError, LookupError, AttributeError) as error:
            self.raised = error

    def start_response(self, line: str, headers: object, exc_info: object = None) -> Any:
        self.lines.append(line)
        return self.parts.append

    def _read(self, stop_after: int | None) -> None:
        assert self.body is not None
        try:
            for index, part in enumerate(self.body):
                if index == stop_after:
                    break
                self.parts.append(part)
        finally:
            if hasattr(self.body, "close"):
                self.body.close()


def answering(line: str, body: Iterable[bytes] = (b"fine",)) -> WSGIApp:
    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response(line, [])
        return body

    return app


class Closing:
    """A body that knows whether it was closed, and may break."""

    def __init__(self, *, breaks: bool = False) -> None:
        self.closed = 0
        self.breaks = breaks

    def __iter__(self) -> Iterator[bytes]:
        yield b"one"
        yield b"two"
        if self.breaks:
            raise RuntimeError("broken off")

    def close(self) -> None:
        self.closed += 1


def test_a_host_without_routes_tells_the_template_itself() -> None:
    """What it does not know is unmatched, and so is everything where it tells nothing."""
    recorder = Recorder()

    def route(environ: Environ) -> str | None:
        return "/orders/{order}" if str(environ["PATH_INFO"]).startswith("/orders/") else None

    app = instrument(answering("200 OK"), recorder, route=route)
    for path in ["/orders/1", "/orders/2", "/elsewhere"]:
        Exchange(app, PATH_INFO=path)
    Exchange(instrument(answering("404 Not Found"), recorder))
    assert counts(recorder) == {
        ("GET", "/orders/{order}", "2xx"): 2,
        ("GET", "unmatched", "2xx"): 1,
        ("GET", "unmatched", "4xx"): 1,
    }


@pytest.mark.parametrize("answer", [7, b"/x", object()])
def test_a_route_function_that_fails_costs_its_template_only(answer: object) -> None:
    """The answer arrives, the request is counted, and so is what was swallowed."""
    recorder = Recorder()
    told: Any = lambda environ: answer  # noqa: E731
    broken: Any = lambda environ: 1 // 0  # noqa: E731
    before = guard.swallowed["wsgi.route", "ZeroDivisionError"]
    for route in (told, broken):
        one = Exchange(instrument(answering("200 OK"), recorder, route=route))
        assert (one.parts, one.raised) == ([b"fine"], None)
    assert counts(recorder) == {("GET", "unmatched", "2xx"): 2}
    assert guard.swallowed["wsgi.route", "ZeroDivisionError"] == before + 1


def test_a_complete_body_reaches_the_server_as_it_is() -> None:
    """Servers look at the length of a list to set Content-Length: it must stay one."""
    recorder = Recorder()
    for body in ([b"fine"], (b"fine",)):
        assert Exchange(instrument(answering("200 OK", body), recorder)).body is body
    assert counts(recorder) == {("GET", "unmatched", "2xx"): 2}


def test_a_body_is_read_and_closed_as_without_us() -> None:
    """Its parts arrive one by one, and it is closed once."""
    recorder, body = Recorder(), Closing()
    one = Exchange(instrument(answering("200 OK", body), recorder))
    assert (one.parts, body.closed) == ([b"one", b"two"], 1)
    assert counts(recorder) == {("GET", "unmatched", "2xx"): 1}


def test_a_body_that_breaks_off_is_a_failure_and_closed() -> None:
    """The server gets the exception of the application, and the request is counted once."""
    recorder, body = Recorder(), Closing(breaks=True)
    one = Exchange(instrument(answering("200 OK", body), recorder))
    assert (str(one.raised), body.closed) == ("broken off", 1)
    assert counts(recorder) == {("GET", "unmatched", "5xx"): 1}


def test_a_body_that_the_server_does_not_read_to_its_end_keeps_its_status() -> None:
    """Because the client left, or asked with HEAD."""
    recorder, body = Recorder(), Closing()
    app = instrument(answering("200 OK", body), recorder)
    assert Exchange(app, stop_after=1).parts == [b"one"]
    assert Exchange(app, stop_after=0).parts == []
    unread = app({"REQUEST_METHOD": "HEAD"}, lambda line, headers: print)
    unread.close()  # type: ignore[attr-defined]
    assert body.closed == 3
    assert counts(recorder) == {("GET", "unmatched", "2xx"): 2, ("HEAD", "unmatched", "2xx"): 1}


def test_an_application_that_begins_its_answer_late_is_counted_right() -> None:
    """A generator calls start_response when it is first read, which WSGI allows."""
    recorder = Recorder()

    def late(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        start_response("201 Created", [])
        yield b"late"

    assert Exchange(instrument(late, recorder)).lines == ["201 Created"]
    assert counts(recorder) == {("GET", "unmatched", "2xx"): 1}


def test_an_application_that_changes_its_mind_is_counted_by_its_last_word() -> None:
    """With exc_info, a status may be replaced before anything was sent."""
    recorder = Recorder()

    def repents(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        try:
            raise RuntimeError("broken")
        except RuntimeError as error:
            start_response("500 Internal Server Error", [], (type(error), error, None))
        return [b"sorry"]

    assert Exchange(instrument(repents, recorder)).lines == ["200 OK", "500 Internal Server Error"]
    assert counts(recorder) == {("GET", "unmatched", "5xx"): 1}


def test_an_exception_passes_through_and_is_counted_once() -> None:
    """Before or after the answer had begun."""
    recorder = Recorder()

    def boom(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/begun":
            start_response("200 OK", [])
        raise RuntimeError("broken")

    app = instrument(boom, recorder)
    for path in ["/", "/begun"]:
        assert str(Exchange(app, PATH_INFO=path).raised) == "broken"
    assert counts(recorder) == {("GET", "unmatched", "5xx"): 2}


def test_a_process_told_to_end_during_a_request_counts_a_failure() -> None:
    """As gunicorn does with a request that takes too long: it raises SystemExit in the middle."""
    recorder = Recorder()

    def killed(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        raise SystemExit(1)

    with pytest.raises(SystemExit):
        instrument(killed, recorder)({"REQUEST_METHOD": "GET"}, lambda *args: print)
    assert counts(recorder) == {("GET", "unmatched", "5xx"): 1}


def test_a_file_stays_with_the_server_that_sends_it() -> None:
    """Servers know their file wrapper by its class, and send the file without reading it; its close is the end."""
    recorder = Recorder()
    files: list[io.BytesIO] = []

    def sends(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        files.append(io.BytesIO(b"file"))
        wrapper: Any = environ["wsgi.file_wrapper"]
        body: Iterable[bytes] = wrapper(files[-1])
        return body

    one = Exchange(instrument(sends, recorder), environ={"wsgi.file_wrapper": FileWrapper})
    assert type(one.body) is FileWrapper
    assert one.parts == [b"file"]
    assert files[0].closed
    assert counts(recorder) == {("GET", "unmatched", "2xx"): 1}

    class Sealed:
        __slots__ = ()

        def __init__(self, file: object) -> None:
            pass

        def __iter__(self) -> Iterator[bytes]:
            return iter([b"file"])

    one = Exchange(instrument(sends, recorder), environ={"wsgi.file_wrapper": Sealed})
    assert type(one.body) is Sealed
    assert counts(recorder) == {("GET", "unmatched", "2xx"): 2}


@pytest.mark.parametrize("line", ["999 Strange", "no number", "", "-1 Sneaky", "２００ OK", None, 200, b"200 OK"])
def test_a_status_line_that_is_none_changes_nothing_for_the_host(line: Any) -> None:
    """It reaches the server as it is, and is counted as a failure."""
    recorder = Recorder()
    one = Exchange(instrument(answering(line), recorder))
    assert (one.lines, one.parts, one.raised) == ([line], [b"fine"], None)
    assert counts(recorder) == {("GET", "unmatched", "5xx"): 1}


@pytest.mark.parametrize("method", ["BREW", "", "get", None, 7, [], {}])
def test_a_method_that_is_none_becomes_other(method: object) -> None:
    """Whatever a server lets through."""
    recorder = Recorder()
    app = instrument(answering("200 OK"), recorder)
    for _ in range(2):
        assert Exchange(app, REQUEST_METHOD=method).raised is None
    assert counts(recorder) == {("other", "unmatched", "2xx"): 2}


def test_hostile_routes_stay_within_the_ceiling() -> None:
    """A host that gives a path for a template by mistake gets the route `other`, and no growth of memory."""
    recorder = Recorder(max_routes=10)
    app = instrument(answering("200 OK"), recorder, route=lambda environ: str(environ["PATH_INFO"]))
    for index in range(5_000):
        Exchange(app, PATH_INFO=f"/orders/{index}", REQUEST_METHOD=f"M{index}" if index % 2 else "GET")
    assert sum(counts(recorder).values()) == 5_000
    assert len({route for _, route, _ in recorder.http.snapshot().series}) <= 11


def test_a_broken_recorder_changes_no_answer() -> None:
    """What finds the series may fail: the request is answered all the same."""

    class Broken(Recorder):
        @property
        def admission(self) -> Any:
            raise ZeroDivisionError

        @admission.setter
        def admission(self, value: object) -> None:
            pass

    for body in ([b"fine"], Closing()):
        one = Exchange(instrument(answering("200 OK", body), Broken()))
        assert one.raised is None
        assert one.parts in ([b"fine"], [b"one", b"two"])
