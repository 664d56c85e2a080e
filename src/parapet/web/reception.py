"""A workbench in an event loop: own threads, bounded bodies, alerts that share transactions. Knows no framework."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from typing import Any, TypeAlias

import anyio
from anyio.lowlevel import RunVar

from parapet.core.errors import EvidenceError, ParapetError
from parapet.core.guard import guarded
from parapet.web import stream as events
from parapet.web.desk import Visit
from parapet.web.funnel import Funnel
from parapet.web.lanes import MOST_AT_ONCE, MOST_BYTES_AT_ONCE, Line
from parapet.web.pages import hooks
from parapet.web.reads import Receipt
from parapet.web.request import Request
from parapet.web.response import Response, Stream
from parapet.web.routes import Door, Found
from parapet.web.site import Site
from parapet.web.threads import in_thread

BODY_SECONDS = 15.0
"""A body must be here in this time."""
ANSWER_SECONDS = 10.0
"""A page must be made in this time: who waits for a database that hangs is told so instead."""
DRAINED_BYTES = 64 * 1024
DRAINED_SECONDS = 2.0

Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
"""The next part of a body, as ASGI has it."""


class BodyTooLarge(Exception):
    """The body went past its limit."""


class ClientGone(Exception):
    """The client left before its body was whole: nothing of it is taken."""


class TooMuchAtOnce(Exception):
    """The bodies under way together went past their limit."""


class Reception:
    """Takes the requests of one workbench in, and answers them without ever waiting for the host's threads."""

    def __init__(
        self,
        site: Site,
        *,
        body_seconds: float = BODY_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
        stream_seconds: float = events.LIFE_SECONDS,
    ) -> None:
        self.site = site
        self._answer_seconds = answer_seconds
        self._body_seconds = body_seconds
        self._stream_seconds = stream_seconds
        self._lines = {lane: Line(most, MOST_BYTES_AT_ONCE) for lane, most in MOST_AT_ONCE.items()}
        self._funnels: RunVar[Funnel] = RunVar(f"parapet_funnel_{id(self)}")
        self._pulses: RunVar[events.Pulse] = RunVar(f"parapet_pulse_{id(self)}")

    async def answer(self, request: Request, receive: Receive) -> Response | Stream:
        """The answer to *request*, whose body comes from *receive*."""
        found = self.site.find(request)
        if isinstance(found, Response):
            return found
        if found.route.stream and events.wanted(request):
            return await self._stream(found, request)
        return await self._answer(found, request, receive)

    async def _stream(self, found: Found, request: Request) -> Response | Stream:
        admitted = await in_thread(found.route.lane, lambda: self.site.admit(found, request))
        pulse = self._pulse()
        if isinstance(admitted, Response):
            return admitted
        if pulse.streams >= events.MOST_AT_ONCE:
            return self.site.busy(found, admitted)
        return Stream(headers=events.HEADERS, parts=events.parts(pulse, request, self._stream_seconds))

    async def _answer(self, found: Found, request: Request, receive: Receive) -> Response:
        site, lane = self.site, found.route.lane
        if found.route.door is Door.PUBLIC:
            visit = site.admit(found, request)
            return visit if isinstance(visit, Response) else site.answer(found, visit)
        line = self._lines[lane]
        if found.route.door is Door.HOOK:
            return await self._take(found, request, receive, line)
        if line.full:
            visit = Visit(request=request, principal=None, now=site.desk.app.clock.now())
            return site.busy(found, visit)
        line.now += 1
        try:
            admitted = await in_thread(lane, lambda: site.admit(found, request))
            if isinstance(admitted, Response):
                body = await _drain(receive, request)
                if admitted.status == 401 and body and (kept := site.signed_out(found, replace(request, body=body))):
                    admitted = kept
                return admitted.with_headers({"connection": "close"} if request.method == "POST" else {})
            if not found.route.most_bytes:
                return await self._in_time(found, admitted)
            whole = await self._whole(found, admitted, receive, line)
            if isinstance(whole, Response):
                return whole
            return await in_thread(lane, lambda: site.answer(found, whole))
        finally:
            line.now -= 1

    async def _in_time(self, found: Found, visit: Visit) -> Response:
        """The answer to what only reads; for a person, that it takes too long, when it does."""
        site, lane = self.site, found.route.lane
        if found.route.door is not Door.PERSON:
            return await in_thread(lane, lambda: site.answer(found, visit))
        with anyio.move_on_after(self._answer_seconds):
            return await in_thread(lane, lambda: site.answer(found, visit), only_reads=True)
        return site.slow(found, visit)

    async def _take(self, found: Found, request: Request, receive: Receive, line: Line) -> Response:
        """A body for the inbox: with what else arrives, and never in anybody else's threads."""
        site, receipt = self.site, None
        admitted = site.admit(found, request)  # tokens and headers only: it waits for nothing
        if isinstance(admitted, Response):
            await _drain(receive, request)
            response = admitted.with_headers({"connection": "close"})
        elif line.full:
            response = site.busy(found, admitted)
        else:
            line.now += 1
            try:
                response, receipt = await self._hand_in(found, admitted, receive, line)
            finally:
                line.now -= 1
        hooks.count(site.desk, found.route, response, receipt)
        return response

    async def _hand_in(
        self, found: Found, visit: Visit, receive: Receive, line: Line
    ) -> tuple[Response, Receipt | None]:
        whole = await self._whole(found, visit, receive, line)
        if isinstance(whole, Response):
            return whole, None
        body = whole.request.body
        line.bytes_now += len(body)
        try:
            with guarded("the hook"):  # what breaks here is ours: the sender keeps its body and tries again
                try:
                    if (forged := self.site.forged(found, whole)) is not None:
                        return forged, None
                    stored, receipt = await self._funnel().hand_in(found.route.source, body)
                except ParapetError as error:
                    return hooks.away(error), None
                return hooks.told(stored, receipt), receipt
        finally:
            line.bytes_now -= len(body)
        return hooks.away(EvidenceError("It broke here. Nothing is known to be stored.")), None

    def _pulse(self) -> events.Pulse:
        """The pulse of this event loop."""
        try:
            return self._pulses.get()
        except LookupError:
            pulse = events.Pulse(lambda: self.site.desk.app.look.revision())
            self._pulses.set(pulse)
            return pulse

    def _funnel(self) -> Funnel:
        """The funnel of this event loop: what waits in it belongs to one loop."""
        try:
            return self._funnels.get()
        except LookupError:
            funnel = Funnel(lambda: self.site.desk.app.inbox)
            self._funnels.set(funnel)
            return funnel

    async def _whole(self, found: Found, visit: Visit, receive: Receive, line: Line) -> Visit | Response:
        """The visit with its body, or why it has none."""
        site = self.site
        try:
            with anyio.fail_after(self._body_seconds):
                return visit.with_body(await _body(receive, visit.request, found.route.most_bytes, line))
        except BodyTooLarge:
            return site.too_large(found, visit)
        except (TimeoutError, ClientGone, TooMuchAtOnce):
            return site.busy(found, visit)


async def _body(receive: Receive, request: Request, most_bytes: int, line: Line) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most_bytes:
        raise BodyTooLarge
    parts: list[bytes] = []
    size = 0
    try:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            part: bytes = message.get("body", b"")
            size += len(part)
            line.bytes_now += len(part)
            if size > most_bytes:
                raise BodyTooLarge
            if line.bytes_now > line.most_bytes:
                raise TooMuchAtOnce
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)
    finally:
        line.bytes_now -= size


async def _drain(receive: Receive, request: Request) -> bytes:
    """A small body that was not let in: a sender that is still sending might else not hear the answer.

    Empty if it is too large, or does not come soon.
    """
    declared = request.headers.get("content-length", "")
    if not declared.isdecimal() or not 0 < int(declared) <= DRAINED_BYTES:
        return b""
    parts, size = [], 0
    with anyio.move_on_after(DRAINED_SECONDS):
        while True:
            message = await receive()
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > DRAINED_BYTES:
                return b""
            if not message.get("more_body", False):
                return b"".join(parts)
    return b""
