"""A workbench where a request holds one of the host's threads: how many it may hold is bounded. Knows no framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import BoundedSemaphore
from typing import TypeAlias

from parapet.core.errors import EvidenceError
from parapet.core.guard import guarded
from parapet.web.desk import Visit
from parapet.web.lanes import Lane
from parapet.web.pages import hooks
from parapet.web.reads import Receipt
from parapet.web.request import Request
from parapet.web.response import Response, refusal
from parapet.web.routes import Door, Found
from parapet.web.site import Site

PATIENCE_SECONDS: Mapping[Lane, float] = {Lane.PEOPLE: 5.0, Lane.MACHINES: 2.0, Lane.HOOKS: 0.5}
"""How long a request waits for others of its lane. Senders of alerts try again; the host has use for its threads."""

Read: TypeAlias = Callable[[int], bytes | None]
"""At most so many bytes of the body; None when the client left before it was whole."""


class Blocking:
    """Takes the requests of one workbench in, and answers them in the thread that brings them."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._places = {lane: BoundedSemaphore(lane.value) for lane in Lane}

    def answer(self, request: Request, read: Read) -> Response:
        """The answer to *request*, whose body *read* reads."""
        found = self.site.find(request)
        if isinstance(found, Response):
            return found
        if found.route.door is Door.PUBLIC:
            visit = self.site.admit(found, request)
            return visit if isinstance(visit, Response) else self.site.answer(found, visit)
        if found.route.door is Door.HOOK:
            return self._hook(found, request, read)
        return self._in_place(found, request, lambda: self._answer(found, request, read))

    def _in_place(self, found: Found, request: Request, work: Callable[[], Response]) -> Response:
        """What *work* answers once there is a place in the lane; that too much is under way, when there is none."""
        lane = found.route.lane
        if not self._places[lane].acquire(timeout=PATIENCE_SECONDS[lane]):
            return self.site.busy(found, Visit(request=request, principal=None, now=self.site.desk.app.clock.now()))
        try:
            return work()
        finally:
            self._places[lane].release()

    def _answer(self, found: Found, request: Request, read: Read) -> Response:
        visit = self.site.admit(found, request)
        if isinstance(visit, Response):
            return self._signed_out(found, request, read) or visit if visit.status == 401 else visit
        if not found.route.most_bytes:
            return self.site.answer(found, visit)
        whole = self._whole(found, visit, read)
        return whole if isinstance(whole, Response) else self.site.answer(found, whole)

    def _signed_out(self, found: Found, request: Request, read: Read) -> Response | None:
        if not found.route.form:
            return None
        body = read(found.route.most_bytes + 1)
        if body is None or len(body) > found.route.most_bytes:
            return None
        return self.site.signed_out(found, replace(request, body=body))

    def _hook(self, found: Found, request: Request, read: Read) -> Response:
        receipt: Receipt | None = None

        def work() -> Response:
            nonlocal receipt
            response, receipt = self._take(found, request, read)
            return response

        response = self._in_place(found, request, work)
        hooks.count(self.site.desk, found.route, response, receipt)
        return response

    def _take(self, found: Found, request: Request, read: Read) -> tuple[Response, Receipt | None]:
        """A body for the inbox."""
        visit = self.site.admit(found, request)  # before the body is read
        if isinstance(visit, Response):
            return visit, None
        whole = self._whole(found, visit, read)
        if isinstance(whole, Response):
            return whole, None
        with guarded("the hook"):  # what breaks here is ours: the sender keeps its body and tries again
            if (forged := self.site.forged(found, whole)) is not None:
                return forged, None
            return hooks.take(self.site.desk, whole, found.route.source)
        return hooks.away(EvidenceError("It broke here. Nothing is known to be stored.")), None

    def _whole(self, found: Found, visit: Visit, read: Read) -> Visit | Response:
        """The visit with its body, or why it has none."""
        most = found.route.most_bytes
        declared = visit.request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > most:
            return self.site.too_large(found, visit)
        body = read(most + 1)
        if body is None:
            return refusal(400, "The body broke off. Nothing of it is taken.")
        return self.site.too_large(found, visit) if len(body) > most else visit.with_body(body)
