"""What the shop on Django answers with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.decorators import sync_and_async_middleware
from django.views import View
from django.views.decorators.http import require_POST
from tests.hosts.apps.reliability import parapet


@sync_and_async_middleware
def closed(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Answers before the routes are asked, as a maintenance page does."""
    shut = "/closed/"
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> Any:
            return HttpResponse(status=503) if request.path.startswith(shut) else await get_response(request)

        return answer_async

    def answer(request: HttpRequest) -> Any:
        return HttpResponse(status=503) if request.path.startswith(shut) else get_response(request)

    return answer


def metrics(request: HttpRequest) -> HttpResponse:
    return HttpResponse(parapet.recorder.render(), content_type="text/plain")


class Order(View):
    def get(self, request: HttpRequest, order: int) -> HttpResponse:
        return HttpResponse(f"order {order}")


def item(request: HttpRequest, item: int) -> HttpResponse:
    return HttpResponse(f"item {item}")


def old(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    return HttpResponse("old")


@require_POST
def checkout(request: HttpRequest, cart: str) -> HttpResponse:
    return HttpResponse(request.body, status=402 if cart == "poor" else 201)


def boom(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("broken")


def parts(count: int, pause_seconds: float, *, breaks: bool = False) -> Iterator[bytes]:
    for _ in range(count):
        yield b"x" * 1_000
        time.sleep(pause_seconds)
    if breaks:
        raise RuntimeError("broken off")


async def async_parts(count: int, pause_seconds: float, *, breaks: bool = False) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 1_000
        await asyncio.sleep(pause_seconds)
    if breaks:
        raise RuntimeError("broken off")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(parts(3, 0.03))


def endless(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(parts(1_000_000, 0.002))


def breaks(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(parts(2, 0.0, breaks=True))


async def async_stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(async_parts(3, 0.03))


async def async_endless(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(async_parts(1_000_000, 0.002))


async def slow(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(60)
    return HttpResponse("nobody waits that long")


def file(request: HttpRequest) -> FileResponse:
    return FileResponse(Path(__file__).open("rb"), content_type="text/plain")
