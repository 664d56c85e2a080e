"""User journeys: what a host names, attempts and records. Knows nothing of objectives."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from time import perf_counter
from types import TracebackType
from typing import ParamSpec, TypeVar, cast

from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.core.guard import guarded
from parapet.core.vocabulary import Outcome
from parapet.signals import delays
from parapet.signals.reading import JOURNEY
from parapet.signals.recorder import Recorder
from parapet.signals.refs import Refs
from parapet.signals.spanning import Ref, Spanning

P = ParamSpec("P")
R = TypeVar("R")

# By name, because not every host has them installed: how a handler says what to answer, and where it says the status.
_ANSWERS: Mapping[tuple[str, str], str | int] = {
    ("starlette.exceptions", "HTTPException"): "status_code",
    ("werkzeug.exceptions", "HTTPException"): "code",
    ("rest_framework.exceptions", "APIException"): "status_code",
    ("django.http.response", "Http404"): 404,
    ("django.core.exceptions", "PermissionDenied"): 403,
    ("django.core.exceptions", "SuspiciousOperation"): 400,
    ("django.core.exceptions", "BadRequest"): 400,
}


class Attempt:
    """One attempt at a journey, as a context manager, sync or async. Lets every exception through.

    Without a word from the host it ends as a success, or with an exception as `outcome_of` says. What the host says
    inside wins, exception or not; the last word counts.
    """

    __slots__ = ("_journey", "_outcome", "_refs", "_started")

    def __init__(self, journey: Journey, refs: Mapping[str, object] | None = None) -> None:
        self._journey = journey
        self._refs = refs
        self._outcome: Outcome | None = None
        self._started = perf_counter()

    def user_error(self) -> None:
        """The user made a mistake: a wrong password, a declined card. Burns no budget."""
        self._outcome = Outcome.USER_ERROR

    def abandoned(self) -> None:
        """The user left before the end. Burns no budget."""
        self._outcome = Outcome.ABANDONED

    def failed(self) -> None:
        """We let the user down, although nothing was raised. Burns budget."""
        self._outcome = Outcome.FAILURE

    def about(self, **refs: object) -> None:
        """What it concerns, exactly, once that is known: `attempt.about(order=order.id)`. Never becomes a label."""
        self._refs = {**(self._refs or {}), **refs}

    def __enter__(self) -> Attempt:
        self._started = perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds = perf_counter() - self._started
        self._journey.record(self._outcome or outcome_of(error), seconds, refs=self._refs)

    async def __aenter__(self) -> Attempt:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)


class Journey:
    """Something users attempt that matters: login, checkout. Shows all its outcomes at zero from the start.

    Raises:
        ConfigurationError: the name cannot be used.
    """

    __slots__ = ("_refs", "name", "recorder", "spanning", "title")

    def __init__(
        self,
        name: str,
        title: str,
        recorder: Recorder,
        spanning: Spanning | None = None,
        refs: Refs | None = None,
    ) -> None:
        recorder.register_journey(name)
        self.name = name
        self.title = title
        self.recorder = recorder
        self.spanning = spanning or Spanning(recorder)
        self._refs = refs

    def __repr__(self) -> str:
        return f"Journey({self.name!r})"

    def attempt(self, refs: Mapping[str, object] | None = None) -> Attempt:
        """A context manager around one attempt: `with checkout.attempt() as attempt:`, or `async with`.

        Args:
            refs: exactly what it concerns: {"order": 4711}. Never a label; see also `Attempt.about`.
        """
        return Attempt(self, refs)

    def record(
        self,
        outcome: Outcome | str,
        duration_seconds: float = 0.0,
        *,
        refs: Mapping[str, object] | None = None,
    ) -> None:
        """Count one attempt that ended as *outcome* after *duration_seconds*. Never raises."""
        self.recorder.record(self.name, outcome, duration_seconds)
        if refs and self._refs is not None:
            with guarded("signals.journey"):
                fields = {names.JOURNEY: self.name, names.OUTCOME: delays.text_of(outcome)}
                self._refs.offer(JOURNEY, fields, refs)

    def by_job(self, *, task: str, queue: str | None = None) -> Journey:
        """Measure the journey by the runs of a background job, in one *queue* or in all; returns the journey itself.

        A run that will be tried again is no end of an attempt. What is recorded explicitly is added.

        Raises:
            ConfigurationError: there are too many tasks, or jobs that count already lack a bound of journeys.
        """
        self.recorder.job_journey(self.name, task, queue)
        return self

    def start(self, ref: Ref, *, deadline_seconds: float, otherwise: Outcome = Outcome.ABANDONED) -> bool:
        """Begin an attempt that ends elsewhere, before it is handed over to whoever will finish it. Never raises.

        Args:
            ref: tells this attempt from others, such as the number of an order. It never becomes a label.
            deadline_seconds: if nobody finished it by then, it counts as *otherwise*: the user abandoned it, or it is
                a failure of ours.

        Returns:
            Whether it waits now; not if it already did, or if the store of pending attempts does not answer.
        """
        return self.spanning.start(self.name, ref, deadline_seconds=deadline_seconds, otherwise=otherwise)

    def finish(self, ref: Ref, outcome: Outcome = Outcome.SUCCESS) -> Outcome | None:
        """End an attempt that began anywhere. Never raises; telling it twice counts it once.

        Returns:
            What was counted: *outcome*, or what was said at the start if the deadline has passed; None if nothing was.
        """
        return self.spanning.finish(self.name, ref, outcome)

    def measured(self, function: Callable[P, R]) -> Callable[P, R]:
        """Make every call of *function*, sync or async, an attempt.

        Raises:
            ConfigurationError: it is a generator function, whose call does nothing yet.
        """
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise ConfigurationError(
                f"{function!r} is a generator: its call would count as a success before it did anything. "
                "Put `with journey.attempt():` around what it does."
            )
        if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None)):  # noqa: B004

            @wraps(function)
            async def measured_coroutine(*args: P.args, **kwargs: P.kwargs) -> object:
                with self.attempt():
                    return await cast("Awaitable[object]", function(*args, **kwargs))

            return cast("Callable[P, R]", measured_coroutine)

        @wraps(function)
        def measured_call(*args: P.args, **kwargs: P.kwargs) -> R:
            with self.attempt():
                return function(*args, **kwargs)

        return measured_call


def outcome_of(error: BaseException | None) -> Outcome:
    """How an attempt ended that raised *error*, or nothing.

    An exception is our failure. Two are not: a cancellation (the user left), and an HTTP error of Starlette, FastAPI,
    Flask or Django with a status of 4xx, which is how a handler says that the request was wrong.
    """
    if error is None:
        return Outcome.SUCCESS
    if not isinstance(error, Exception | SystemExit):
        return Outcome.ABANDONED
    told = (_ANSWERS.get((kind.__module__, kind.__name__)) for kind in type(error).__mro__)
    status: object = next((one for one in told if one is not None), None)
    if isinstance(status, str):
        with guarded("signals.outcome"):
            status = getattr(error, status, None)
            if status is None:  # a whole answer may be raised
                status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(status, int) and status < 500:
        return Outcome.USER_ERROR if status >= 400 else Outcome.SUCCESS
    return Outcome.FAILURE
