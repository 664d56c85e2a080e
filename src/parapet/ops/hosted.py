"""Calls the host's functions, sync or async. What they raise is counted, and goes no further than its class."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from threading import Thread
from typing import Generic, TypeVar

from parapet.core.errors import ConfigurationError, PreviewFailed
from parapet.core.guard import guarded
from parapet.response.capability import Capability, Proposal, Situation

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T]):
    """What came of a call: a value, or an error that is known by its class alone."""

    value: T | None = None
    error: Exception | None = None


def call(where: str, function: Callable[[], T | Awaitable[T]]) -> Answer[T]:
    """Call *function* and wait for what it promises. An exception is counted at *where*; its words are not logged."""
    value: T | None = None
    with guarded(where, words=False) as attempt:
        value = _waited(function())
    return Answer(value=value, error=attempt.error)


def propose(capability: Capability, situation: Situation) -> Proposal:
    """What *capability* would do now, as the host says.

    Raises:
        PreviewFailed: the host could not say.
    """
    where = f"capability.{capability.name}.preview"
    with guarded(where, words=False) as attempt, (capability.reads or nullcontext)() as connection:
        answer = _waited(capability.preview(replace(situation, database=connection)))
        if not isinstance(answer, Proposal):
            raise ConfigurationError(f"{where} answered a {type(answer).__name__}; expected a Proposal.")
        return answer
    raise PreviewFailed(
        f"The preview of {capability.title!r} ended with {type(attempt.error).__name__}. Nothing ran.",
    )


def _waited(found: T | Awaitable[T]) -> T:
    """*found*, or what it promises: on a loop of its own, also where the caller's thread has one that runs."""
    if not inspect.isawaitable(found):
        return found
    promised = found

    async def wait() -> T:
        return await promised

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(wait())
    kept: list[T] = []
    failed: list[Exception] = []

    def run() -> None:
        with guarded("capability.async", words=False) as attempt:
            kept.append(asyncio.run(wait()))
        if attempt.error is not None:
            failed.append(attempt.error)

    thread = Thread(target=run, name="parapet-capability", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return kept[0]
