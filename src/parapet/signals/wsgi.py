"""The middleware for any WSGI application: counts every request, changes none."""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Iterator
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

UNKNOWN = 1_000
"""Stands for what an application gave for a status and is none."""


class Routing(Protocol):
    """What a framework knows about the routes of its requests."""

    def anchor(self, environ: Environ) -> object:
        """What tells the matched route from others, read as the answer begins; None: nothing. Must not raise."""
        ...

    def key(self, anchor: object) -> Hashable:
        """*anchor*, or its identity if it cannot be the key of a dict. Must not raise."""
        ...

    def template(self, environ: Environ, anchor: object, status: int) -> tuple[str | None, bool]:
        """The route's template; and whether all answers with this anchor and this status have the same one."""
        ...

    def served(self) -> Iterable[tuple[str, str]]:
        """Every (method, template) that the application serves."""
        ...


class Told:
    """The routing of an application without any: the host tells the template of a request, if it can."""

    def __init__(self, route: Callable[[Environ], str | None] | None) -> None:
        self._route = route

    def anchor(self, environ: Environ) -> object:
        """The template itself."""
        if self._route is not None:
            with guarded("wsgi.route"):
                template = self._route(environ)
                return template if type(template) is str else None
        return None

    def key(self, anchor: object) -> Hashable:
        """The template itself."""
        return anchor if isinstance(anchor, str) else vocabulary.UNMATCHED

    def template(self, environ: Environ, anchor: object, status: int) -> tuple[str | None, bool]:
        """The template itself."""
        return (anchor if isinstance(anchor, str) else None), True

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
    # Everything that a request needs is bound here: a closure costs less than an instance with attributes.
    here, anchor_of, key_of, clock = tally.here, routes.anchor, routes.key, perf_counter
    bounds, bucket = recorder.http.bounds_seconds, bisect_left
    due, sample = recorder.http.exemplars.due, recorder.http.sample
    prepared = False

    def first_sight(environ: Environ, anchor: object, status: int, status_key: str | None) -> list[float]:
        template, lasting = None, False
        with guarded("wsgi.template"):
            template, lasting = routes.template(environ, anchor, status)
        return tally.cells(
            environ.get("REQUEST_METHOD"),
            template or vocabulary.UNMATCHED,
            status,
            key=key_of(anchor) if lasting and status_key else None,
            status_key=status_key,
            keep=anchor,
        )

    class Answer:
        """One request: what its application calls to begin the answer, and around the answer's body."""

        __slots__ = ("anchor", "body", "environ", "line", "start", "start_response")

        # Filled by whoever makes it: a constructor would cost a tenth of the whole.
        anchor: object
        body: Iterable[bytes]
        environ: Environ
        line: str
        start: float
        """When the request began; 0 once it is counted."""
        start_response: StartResponse

        def begin(self, line: str, headers: object, exc_info: object = None) -> Callable[[bytes], object]:
            if exc_info is None:
                write = self.start_response(line, headers)
            else:
                write = self.start_response(line, headers, exc_info)
            if not self.line:  # later on, frameworks have forgotten
                self.anchor = anchor_of(self.environ)
            self.line = line
            return write

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
            seconds = clock() - start
            self.start = 0.0
            line = self.line
            if error is not None:
                status = settled(_status(line), False, error)
                cells = first_sight(self.environ, getattr(self, "anchor", None), status, None)
            else:
                try:
                    cells = here.fast[key_of(self.anchor)][self.environ["REQUEST_METHOD"]][line[:3]]
                except (LookupError, AttributeError, TypeError, ValueError):
                    cells = first_sight(self.environ, getattr(self, "anchor", None), _status(line), _key(line))
            at = bucket(bounds, seconds)
            cells[at] += 1
            cells[-1] += seconds
            if start > due[at]:
                sample(cells, at, seconds)

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
        answer = Answer()
        answer.environ = environ
        answer.start_response = start_response
        answer.line = ""
        answer.start = clock()
        returned = False
        try:
            body = app(environ, answer.begin)
            returned = True
        finally:
            if not returned:
                answer.end(sys.exc_info()[1])
        answer.body = body
        kind = type(body)
        if kind is list or kind is tuple:  # all there is; servers look at its length
            answer.end(None)
        elif kind is environ.get(
            "wsgi.file_wrapper"
        ):  # servers know it by its class, and send it in a way of their own
            if not answer.attach():
                answer.end(None)
        else:
            return answer
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
