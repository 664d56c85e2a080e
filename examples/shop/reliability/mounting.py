"""Puts Parapet into the application."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from parapet.web import metrics, workbench
from starlette.routing import BaseRoute, Mount, Route

from examples.shop.reliability import mitigation
from examples.shop.reliability.access import authenticate
from examples.shop.reliability.links import links
from examples.shop.reliability.service import parapet, settings

WORKER_SECONDS = 1.0


def attach(app: FastAPI) -> None:
    """Count every request of *app*, and answer for /metrics and /parapet before any other route.

    Each door needs its secret. Staff may turn the fault off from the workbench.
    """
    mitigation.offer(parapet, app.state.faults, watch_seconds=3 * settings.quiet_seconds)
    app.add_middleware(parapet.middleware)
    added: list[BaseRoute] = [Route("/metrics", metrics(parapet))]
    if parapet.secrets.form_key is not None:
        pages = workbench(parapet, authenticate=authenticate, login_url="/login", links=links(settings))
        added.append(Mount("/parapet", pages))
    app.router.routes[:0] = added
    if settings.worker == "thread":
        _work_meanwhile(app)


def _work_meanwhile(app: FastAPI) -> None:
    """Do what is due in a thread of this process, from its start to its end."""
    before = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        stop = threading.Event()
        worker = threading.Thread(target=lambda: parapet.worker.run(stop, interval_seconds=WORKER_SECONDS))
        async with before(app) as state:
            worker.start()
            yield state
            stop.set()
            worker.join()

    app.router.lifespan_context = lifespan
