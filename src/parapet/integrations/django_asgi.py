"""Django over ASGI: clients that leave while they send. Django reads a body before it asks any middleware, so these
requests never reach one; everything else is counted by `parapet.integrations.django`.

One line of `asgi.py`: `application = counted(get_asgi_application())`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Awaitable, Callable
from io import BytesIO
from time import perf_counter

from django.core.handlers.asgi import ASGIRequest

from parapet.core import vocabulary
from parapet.core.guard import guarded
from parapet.integrations.django import Host, host_of_settings
from parapet.integrations.django_routes import Templates
from parapet.signals.admission import DISCONNECTED
from parapet.signals.asgi import ASGIApp, Message, Receive, Scope, Send
from parapet.signals.tally import Tally


def counted(application: Callable[..., Awaitable[None]], parapet: Host | None = None) -> ASGIApp:
    """*application*, whose requests that end before Django has read them are counted as `disconnected`.

    Args:
        parapet: where they are counted; None: as `settings.PARAPET` says.

    Raises:
        ImproperlyConfigured: the setting is missing, or names something else.
    """
    recorder = (parapet or host_of_settings()).recorder
    templates, tally = Templates(), Tally(recorder)

    def count(scope: Scope, seconds: float) -> None:
        template = None
        with guarded("django.template"):
            template, _ = templates.of(ASGIRequest(scope, BytesIO()), DISCONNECTED)
        cells = tally.cells(
            scope.get("method"), template or vocabulary.UNMATCHED, DISCONNECTED, key=None, status_key=None
        )
        cells[bisect_left(recorder.http.bounds_seconds, seconds)] += 1.0
        cells[-1] += seconds

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        whole = left = False

        async def listen() -> Message:
            nonlocal whole, left
            message = await receive()
            if message["type"] == "http.disconnect":
                left = True
            elif not message.get("more_body"):
                whole = True
            return message

        start = perf_counter()
        try:
            await application(scope, listen, send)
        finally:
            if left and not whole:
                count(scope, perf_counter() - start)

    return serve
