"""Django, over WSGI and ASGI: a middleware that counts requests by the route that Django matched.

Two lines of settings: `PARAPET = "shop.reliability.parapet"`, and "parapet.integrations.django.middleware" as the first
entry of MIDDLEWARE. Over ASGI, `parapet.integrations.django_asgi` adds what no middleware of Django sees.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from time import perf_counter
from typing import Protocol, TypeAlias, cast

try:
    from asgiref.sync import iscoroutinefunction
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.http import HttpRequest, StreamingHttpResponse
    from django.http.response import HttpResponseBase
    from django.utils.decorators import sync_and_async_middleware
    from django.utils.module_loading import import_string
except ImportError as error:
    raise ImportError("Django is not installed. Install it, or do not import parapet.integrations.django.") from error

from parapet.core import vocabulary
from parapet.core.guard import guarded
from parapet.integrations.django_routes import Templates
from parapet.signals.recorder import Recorder
from parapet.signals.sight import settled
from parapet.signals.tally import Tally
from parapet.signals.wsgi import UNKNOWN

Sync: TypeAlias = Callable[[HttpRequest], HttpResponseBase]
Async: TypeAlias = Callable[[HttpRequest], Awaitable[HttpResponseBase]]
Handler: TypeAlias = Sync | Async
End: TypeAlias = Callable[[BaseException | None], None]


class Host(Protocol):
    """What this needs of a Parapet."""

    @property
    def recorder(self) -> Recorder:
        """Where requests are counted."""
        ...


def middleware(get_response: Handler) -> Handler:
    """The middleware of the Parapet that `settings.PARAPET` is, or names as `module.attribute`.

    Raises:
        ImproperlyConfigured: the setting is missing, or names something else.
    """
    return instrument(host_of_settings())(get_response)


def host_of_settings() -> Host:
    """The Parapet that `settings.PARAPET` is, or names as `module.attribute`.

    Raises:
        ImproperlyConfigured: the setting is missing, or names something else.
    """
    told = getattr(settings, "PARAPET", None)
    try:
        host = import_string(told) if isinstance(told, str) else told
    except ImportError as error:
        raise ImproperlyConfigured(f"settings.PARAPET is {told!r}, which cannot be imported: {error}") from error
    if host is None or not isinstance(getattr(host, "recorder", None), Recorder):
        raise ImproperlyConfigured(
            f"settings.PARAPET is {told!r}. Set it to your Parapet object, or to where it lives, such as "
            "'shop.reliability.parapet'."
        )
    return cast("Host", host)


middleware.sync_capable = middleware.async_capable = True  # type: ignore[attr-defined]


def instrument(parapet: Host) -> Callable[[Handler], Handler]:
    """A middleware that counts into *parapet*, for hosts that keep it in a module of their own.

    Put its dotted name first in MIDDLEWARE. It takes part in sync and async chains alike and never adapts one to the
    other. A duration ends when the answer is ready to be sent; that of a stream when it has been sent.
    """
    recorder = parapet.recorder
    templates = Templates()
    tally = Tally(recorder)
    here, bounds = tally.here, recorder.http.bounds_seconds
    due, sample = recorder.http.exemplars.due, recorder.http.sample
    prepared = False
    sum_at = 0  # where cells hold the sum: counted from their beginning, which is cheaper than from their end

    def prepare(told: Recorder) -> None:
        nonlocal prepared
        if prepared:
            return
        prepared = True
        with guarded("django.routes"):
            served, anything = templates.served()
            # A view that is a function takes whatever method it likes: what a journey expects of it is not missing.
            served |= {(method, at) for _, method, at in told.missing_routes(served) if at in anything}
            told.declare_routes(served)

    def first_sight(request: HttpRequest, status: object) -> list[float]:
        template, key = None, None
        number = status if type(status) is int else UNKNOWN
        with guarded("django.template"):
            template, key = templates.of(request, number)
        method = getattr(request, "method", None)
        return tally.cells(method, template or vocabulary.UNMATCHED, number, key=key, status_key=number)

    def count(request: HttpRequest, status: object, start: float) -> None:
        nonlocal sum_at
        seconds = perf_counter() - start
        try:
            cells = here.fast[request.resolver_match.route][request.method][status]  # type: ignore[union-attr]
        except (LookupError, AttributeError, TypeError, ValueError):
            cells = first_sight(request, status)
            sum_at = len(cells) - 1
        at = 0 if seconds <= bounds[0] else bisect_left(bounds, seconds)
        cells[at] += 1.0
        cells[sum_at] += seconds
        if start > due[at]:
            sample(cells, at, seconds)

    def raised(request: HttpRequest, start: float) -> None:
        count(request, settled(0, False, sys.exc_info()[1]), start)

    def stream(request: HttpRequest, response: HttpResponseBase, start: float) -> None:
        status: object = getattr(response, "status_code", None)
        counted = False

        def end(error: BaseException | None) -> None:
            nonlocal counted
            if not counted:
                counted = True
                ended = settled(status, False, error) if error is not None and type(status) is int else status
                count(request, ended, start)

        with guarded("django.stream"):
            watch(cast("StreamingHttpResponse", response), end)
            return
        end(None)

    @sync_and_async_middleware
    def factory(get_response: Handler) -> Handler:
        recorder.collect_at_scrape(prepare)
        if iscoroutinefunction(get_response):
            answer_async = cast("Async", get_response)

            async def measured_async(request: HttpRequest) -> HttpResponseBase:
                if not prepared:
                    prepare(recorder)
                returned = False
                start = perf_counter()
                try:
                    response = await answer_async(request)
                    returned = True
                finally:
                    if not returned:
                        raised(request, start)
                if response.streaming:
                    stream(request, response, start)
                else:
                    count(request, response.status_code, start)
                return response

            return measured_async

        answer = cast("Sync", get_response)

        def measured(request: HttpRequest) -> HttpResponseBase:
            if not prepared:
                prepare(recorder)
            returned = False
            start = perf_counter()
            try:
                response = answer(request)
                returned = True
            finally:
                if not returned:
                    raised(request, start)
            if response.streaming:
                stream(request, response, start)
            else:
                count(request, response.status_code, start)
            return response

        return measured

    return cast("Callable[[Handler], Handler]", factory)


def watch(response: StreamingHttpResponse, end: End) -> None:
    """Call *end* when the stream of *response* has ended, with what broke it off, or when the response is closed."""
    # A stream may be closed before it began.
    response._resource_closers.append(lambda: end(None))  # type: ignore[attr-defined]
    if getattr(response, "file_to_stream", None) is not None:
        return  # the server may send the file itself, which it could not if we stood in between
    if response.is_async:
        response.streaming_content = _watched_async(cast("AsyncIterator[bytes]", response.streaming_content), end)
    else:
        response.streaming_content = _watched(cast("Iterator[bytes]", response.streaming_content), end)


def _watched(content: Iterator[bytes], end: End) -> Iterator[bytes]:
    whole = False
    try:
        yield from content
        whole = True
    finally:
        end(None if whole else sys.exc_info()[1])


async def _watched_async(content: AsyncIterator[bytes], end: End) -> AsyncIterator[bytes]:
    whole = False
    try:
        async for part in content:
            yield part
        whole = True
    finally:
        end(None if whole else sys.exc_info()[1])
