"""Calls the host's functions, sync or async. What they raise is counted, and goes no further than its class."""

from __future__ import annotations

import asyncio
import atexit
import inspect
import os
from asyncio import AbstractEventLoop
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from threading import Lock, Thread, current_thread
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


def call(capability: Capability, verb: str, function: Callable[[], T | Awaitable[T]]) -> Answer[T]:
    """Call *function* of *capability* and wait for what it promises. An exception is counted; its words are not
    logged."""
    value: T | None = None
    with guarded(f"capability.{capability.name}.{verb}", words=False) as attempt:
        value = _waited(function(), capability)
    return Answer(value=value, error=attempt.error)


def propose(capability: Capability, situation: Situation) -> Proposal:
    """What *capability* would do now, as the host says.

    Raises:
        PreviewFailed: the host could not say.
    """
    where = f"capability.{capability.name}.preview"
    with guarded(where, words=False) as attempt, (capability.reads or nullcontext)() as connection:
        answer = _waited(capability.preview(replace(situation, database=connection)), capability)
        if not isinstance(answer, Proposal):
            raise ConfigurationError(f"{where} answered a {type(answer).__name__}; expected a Proposal.")
        return answer
    raise PreviewFailed(
        f"The preview of {capability.title!r} ended with {type(attempt.error).__name__}. Nothing ran.",
    )


def _waited(found: T | Awaitable[T], capability: Capability) -> T:
    """*found*, or what it promises, on the loop of *capability*.

    Raises:
        ConfigurationError: this is that loop's own thread, which would wait for itself.
    """
    if not inspect.isawaitable(found):
        return found
    promised = found

    async def wait() -> T:
        return await promised

    loop = capability.loop() if capability.loop is not None else _own.running()
    try:
        here = asyncio.get_running_loop()
    except RuntimeError:
        here = None
    if here is loop:
        if inspect.iscoroutine(found):
            found.close()
        raise ConfigurationError(
            f"{capability.name!r} was asked for on the event loop that its async functions need. "
            "Ask from a thread: await asyncio.to_thread(...)."
        )
    return asyncio.run_coroutine_threadsafe(wait(), loop).result()


class _Loop:
    """A loop in a thread of its own, as long as the process lives: what the host keeps on it, such as the connections
    of an async engine, is still good when the next function runs."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._loop: AbstractEventLoop | None = None
        self._process = 0

    def running(self) -> AbstractEventLoop:
        """The loop; a child of a fork, in which no thread went along, gets one of its own."""
        with self._lock:
            if self._loop is None or self._process != os.getpid():
                self._loop, self._process = asyncio.new_event_loop(), os.getpid()
                thread = Thread(target=self._loop.run_forever, name="parapet-capabilities", daemon=True)
                thread.start()
                atexit.register(_end, self._loop, thread)
            return self._loop


def _end(loop: AbstractEventLoop, thread: Thread) -> None:
    """What still runs at the end of the process ends with it."""
    if thread.is_alive() and thread is not current_thread():
        loop.call_soon_threadsafe(loop.stop)
        thread.join(1.0)
        if not thread.is_alive():
            loop.close()


_own = _Loop()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: setattr(_own, "_lock", Lock()))
