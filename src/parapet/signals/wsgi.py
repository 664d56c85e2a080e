"""The middleware for any WSGI application: counts every request, changes none."""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import Protocol, TypeAlias

from parapet.core import vocabulary
from parapet.core.guard import guarded
from parapet.signals.admission import NO_ANSWER
from parapet.signals.recorder import Recorder
from parapet.signals.sight import settled
from parapet.signals.tally import Tally

Environ: TypeAlias = dict[str, object]
StartResponse: TypeAlias = Callable[..., Callable[[bytes], object]]
WSGIApp: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]
Begun: TypeAlias = Callable[[], tuple[str, str]]
"""What was told when the answer began: the route's anchor, and the status line."""

UNKNOWN = 1_000
"""Stands for what an application gave for a status and is none."""


class Routing(Protocol):
    """What a framework knows about the routes of its requests."""

    def anchor(self, environ: Environ) -> str:
        """What tells the matched route from others, read as the answer begins; `UNMATCHED` for none. Must not raise."""
        ...

    def template(self, environ: Environ, anchor: str, status: int) -> tuple[str | None, bool]:
        """The route's template; and whether all answers with this anchor and this status have the same one."""
        ...

    def whole(self, body: object) -> bool:
        """Whether all of a body is there already, though it is no list: nothing happens while it is sent. Must not
        raise."""
        ...

    def served(self) -> Iterable[tuple[str, str]]:
        """Every (method, template) that the application serves."""
        ...


class Told:
    """The routing of an application without any: the host tells the template of a request, if it can."""

    def __init__(self, route: Callable[[Environ], str | None] | None) -> None:
        self._route = route

    def anchor(self, environ: Environ) -> str:
        """The template itself."""
        if self._route is not None:
            with guarded("wsgi.route"):
                template = self._route(environ)
                return template if type(template) is str else vocabulary.UNMATCHED
        return vocabulary.UNMATCHED

    def template(self, environ: Environ, anchor: str, status: int) -> tuple[str | None, bool]:
        """The template itself."""
        return anchor, True

    def whole(self, body: object) -> bool:
        """Nobody knows."""
        return False

    def served(self) -> Iterable[tuple[str, str]]:
        """Nobody knows."""
        return ()


def instrument(
    app: WSGIApp,
    recorder: Recorder,
    *,
    route: Callable[[Environ], str | None] | None = None,
    routing: Routing | None = None,
) -> WSGIApp:
    """*app*, whose requests *recorder* counts by route template, method and status class.

    A duration ends with the last part of the answer's body. Files that the server sends itself stay with the server.

    Args:
        route: tells the template of a request, such as `/orders/{order}`, as its answer begins; without it, and where
            it returns None or fails, requests are counted as unmatched.
        routing: what a framework's integration brings instead.
    """
    routes: Routing = routing or Told(route)
    tally = Tally(recorder)
    # What a request needs is bound here: a closure costs less than an instance with attributes.
    here, anchor_of, whole = tally.here, routes.anchor, routes.whole
    bounds, due, sample = recorder.http.bounds_seconds, recorder.http.exemplars.due, recorder.http.sample
    prepared = False
    sum_at = 0  # where cells hold the sum: counted from their beginning, which is cheaper than from their end

    def first_sight(environ: Environ, anchor: str, status: int, status_key: str | None) -> list[float]:
        template, lasting = None, False
        with guarded("wsgi.template"):
            template, lasting = routes.template(environ, anchor, status)
        return tally.cells(
            environ.get("REQUEST_METHOD"),
            template or vocabulary.UNMATCHED,
            status,
            key=anchor if lasting and status_key else None,
            status_key=status_key,
        )

    def count(environ: Environ, anchor: str, line: str, start: float) -> None:
        nonlocal sum_at
        seconds = perf_counter() - start
        try:
            cells = here.fast[anchor][environ["REQUEST_METHOD"]][line[:3]]
        except (LookupError, AttributeError, TypeError, ValueError):
            cells = first_sight(environ, anchor, _status(line), _key(line))
            sum_at = len(cells) - 1
        at = 0 if seconds <= bounds[0] else bisect_left(bounds, seconds)
        cells[at] += 1.0
        cells[sum_at] += seconds
        if start > due[at]:
            sample(cells, at, seconds)

    def break_off(environ: Environ, anchor: str, line: str, start: float, error: BaseException | None) -> None:
        seconds = perf_counter() - start
        cells = first_sight(environ, anchor, settled(_status(line), False, error), None)
        at = bisect_left(bounds, seconds)
        cells[at] += 1.0
        cells[-1] += seconds
        if start > due[at]:
            sample(cells, at, seconds)

    class Stream:
        """The body of an answer that is made while it is sent."""

        __slots__ = ("begun", "body", "environ", "start")

        def __init__(self, body: Iterable[bytes], environ: Environ, start: float, begun: Begun) -> None:
            self.body = body
            self.environ = environ
            self.start = start
            """When the request began; 0 once it is counted."""
            self.begun = begun

        def __iter__(self) -> Iterator[bytes]:
            whole = False
            try:
                yield from self.body
                whole = True
            finally:
                self.end(None if whole else sys.exc_info()[1])

        def close(self) -> None:
            if self.start:  # the server had enough before the end: the client left, or wanted no body
                self.end(None)
            try:
                close = self.body.close  # type: ignore[attr-defined]
            except AttributeError:
                return
            close()

        def end(self, error: BaseException | None) -> None:
            start = self.start
            if not start:
                return
            self.start = 0.0
            anchor, line = self.begun()
            if error is None:
                count(self.environ, anchor, line, start)
            else:
                break_off(self.environ, anchor, line, start, error)

        def attach(self) -> bool:
            """Have a file that the server sends itself tell its end; says whether that can be done."""
            body = self.body
            close = getattr(body, "close", None)

            def closing() -> None:
                self.end(None)
                if close is not None:
                    close()

            with guarded("wsgi.file"):
                try:
                    body.close = closing  # type: ignore[attr-defined]
                except (AttributeError, TypeError):
                    return False
                return True
            return False

    def prepare(told: Recorder) -> None:
        """Show the routes at zero, before the first request is counted and before a first scrape is answered."""
        nonlocal prepared
        if not prepared:
            prepared = True
            with guarded("wsgi.routes"):
                told.declare_routes(routes.served())

    recorder.collect_at_scrape(prepare)

    def measured(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not prepared:
            prepare(recorder)
        line = ""
        anchor = vocabulary.UNMATCHED

        # Without annotations, which would be put together anew for every request.
        def begin(told, headers, exc_info=None):  # type: ignore[no-untyped-def]
            nonlocal line, anchor
            write = start_response(told, headers, exc_info) if exc_info else start_response(told, headers)
            if not line:  # later on, frameworks have forgotten
                anchor = anchor_of(environ)
            line = told
            return write

        returned = False
        start = perf_counter()
        try:
            body = app(environ, begin)
            returned = True
        finally:
            if not returned:
                break_off(environ, anchor, line, start, sys.exc_info()[1])
        kind = type(body)
        if kind is list or kind is tuple or whole(body):  # all there is; servers look at its length
            count(environ, anchor, line, start)
            return body
        answer = Stream(body, environ, start, lambda: (anchor, line))
        if kind is not environ.get("wsgi.file_wrapper"):
            return answer
        # Servers know it by its class, and send it in a way of their own.
        if not answer.attach():
            answer.end(None)
        return body

    return measured


def _key(line: object) -> str | None:
    """What tells a status from others. A line that is no text is remembered by nothing."""
    return line[:3] if isinstance(line, str) else None


def _status(line: object) -> int:
    """The number in a status line. What is none stays one that nobody knows; no line at all is no answer."""
    if not line:
        return NO_ANSWER
    digits = line.split(" ", 1)[0] if isinstance(line, str) else ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) == 3 else UNKNOWN
