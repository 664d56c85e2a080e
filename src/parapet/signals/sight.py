"""The first time that a request of some kind is seen: which series it belongs to. After that, a cache answers."""

from __future__ import annotations

from collections.abc import Mapping
from threading import local
from types import FunctionType
from typing import TypeAlias

from parapet.core import vocabulary
from parapet.core.guard import guarded
from parapet.signals import reading, routes
from parapet.signals.admission import DISCONNECTED, NO_ANSWER, class_of
from parapet.signals.histogram import Cells
from parapet.signals.recorder import Recorder

ByMethod: TypeAlias = dict[str, dict[int, Cells]]
"""Method -> status -> the current thread's cells."""

MOST_ANCHORS = 4_096

_CLIENT_DISCONNECT = ("starlette.requests", "ClientDisconnect")  # known by name: not every host has it installed


class Memory:
    """What one thread knows already."""

    def __init__(self) -> None:
        self.fast: dict[object, ByMethod] = {}
        """By the function of a route that nobody but that route has: found quicker than by an identity."""
        self.by_anchor: dict[int, ByMethod] = {}
        """By the identity of whatever else tells the route."""
        self.templates: dict[int, str] = {}
        self.ambiguous: set[int] = set()
        self.anchors: list[object] = []  # kept alive, or their identities would be given to others

    def keep(self, anchor: object) -> None:
        """Make the identity of *anchor* safe to use as a key; a host that makes routes without end starts us anew."""
        if len(self.anchors) >= MOST_ANCHORS:
            self.fast.clear()
            self.by_anchor.clear()
            self.templates.clear()
            self.ambiguous.clear()
            self.anchors.clear()
        self.anchors.append(anchor)


class Sight:
    """Finds the series of a request from the scope it left behind. Never raises."""

    def __init__(self, app: object, recorder: Recorder) -> None:
        self._app = app
        self._recorder = recorder
        self.here = local()
        """`fast` of the current thread, once it has seen something. Not a class of its own: those are slower."""
        self.included = False
        """Whether FastAPI has answered here: only then may a request know its route as that of an included router."""
        recorder.http.cached_in(self.here)

    def prepare(self, scope: Mapping[str, object]) -> None:
        """Show the routes of the application at zero, before it has answered anything."""
        with guarded("signals.routes"):
            if "router" not in scope:  # else we are inside a mounted application, whose prefix is not known yet
                self._recorder.declare_routes(routes.served(self._routes(scope)))

    def cells(self, scope: Mapping[str, object], status: object) -> Cells:
        """The current thread's cells of a request, remembered where that is safe."""
        recorder = self._recorder
        anchor: object = None
        template = vocabulary.UNMATCHED
        method: object = None
        with guarded("signals.route"):
            self.included = self.included or routes.FASTAPI in scope
            anchor = routes.anchor_of(scope)
            method = scope.get("method")
            known = self._known(anchor, method, status)
            if known is not None:
                return known
            template = self._template(scope, anchor) or vocabulary.UNMATCHED
        with guarded("signals.request"):
            if class_of(status) is None:
                recorder.reject(reading.HTTP_REQUEST, reading.UNKNOWN_STATUS)
            cells = recorder.http.cells(recorder.admission.labels(method, template, status))
            plain = isinstance(method, str) and method in vocabulary.METHODS
            if plain and isinstance(status, int) and status != NO_ANSWER and class_of(status) is not None:
                self._remember(scope, anchor, str(method), status, cells)
            return cells
        return recorder.http.empty()

    def _known(self, anchor: object, method: object, status: object) -> Cells | None:
        by_method = self._memory().by_anchor.get(id(anchor))
        if by_method is None or not isinstance(method, str) or not isinstance(status, int):
            return None
        return by_method.get(method, {}).get(status)

    def _memory(self) -> Memory:
        memory: Memory | None = getattr(self.here, "memory", None)
        if memory is None:
            memory = self.here.memory = Memory()
            self.here.fast = memory.fast
        return memory

    def _remember(self, scope: Mapping[str, object], anchor: object, method: str, status: int, cells: Cells) -> None:
        memory = self._memory()
        if id(anchor) not in memory.templates:
            return
        by_method = memory.by_anchor.setdefault(id(anchor), {})
        by_method.setdefault(method, {})[status] = cells
        own = getattr(anchor, "app", None)
        if isinstance(own, FunctionType) and own not in memory.fast:
            below = getattr(scope.get("router"), "routes", None)
            if routes.templates_of(below, own) == {memory.templates[id(anchor)]}:
                memory.fast[own] = by_method

    def _template(self, scope: Mapping[str, object], anchor: object) -> str | None:
        memory = self._memory()
        frontend = routes.frontend_template(scope)
        if frontend is not None:
            return frontend
        if anchor is None:
            return self._unrouted(scope)
        known = memory.templates.get(id(anchor))
        if known is not None:
            return known
        router = scope.get("router")
        below = getattr(router, "routes", None)
        if id(anchor) not in memory.ambiguous:
            found = routes.templates_of(below, anchor)
            memory.keep(anchor)
            if found is not None and len(found) == 1:
                template = memory.templates[id(anchor)] = found.pop() or "/"
                return template
            memory.ambiguous.add(id(anchor))
        return self._again(scope, below, anchor)

    def _again(self, scope: Mapping[str, object], below: object, anchor: object) -> str | None:
        """The template of what several templates lead to, or of what lies behind something we cannot look into."""
        matched = routes.match(scope, below)
        if matched is None:
            return None
        template, opaque = matched
        if opaque and getattr(anchor, "app", None) is not None:
            inner = routes.own_path(anchor)
            return template.removesuffix("/{path}") + inner if inner else template
        return template

    def _unrouted(self, scope: Mapping[str, object]) -> str | None:
        """No route was left behind: none matched, or something answered before the routes were asked."""
        if "router" in scope:
            return None
        matched = routes.match(scope, self._routes(scope))
        return matched[0] if matched else None

    def _routes(self, scope: Mapping[str, object]) -> object:
        return getattr(scope.get("app"), "routes", None) or getattr(self._app, "routes", None)


def settled(status: int, complete: bool, error: BaseException | None) -> int:
    """The status of a request whose application did not return; *complete*: the whole answer was sent.

    A client that left is no failure of ours: what was begun keeps its status, the rest is a disconnection. An
    exception after the complete answer, as a background task may raise, does not change the answer; before that it
    makes it a 500, because the client never got all of it.
    """
    kinds = {(kind.__module__, kind.__name__) for kind in type(error).__mro__}
    left = not isinstance(error, Exception | SystemExit) or _CLIENT_DISCONNECT in kinds
    if left or status == DISCONNECTED:
        return status or DISCONNECTED
    return status if status and complete else 500
