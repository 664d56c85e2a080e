"""Attempts at a journey: how they end, and what they let through."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi import HTTPException as FastAPIHTTPException
from starlette.exceptions import HTTPException

from parapet.core.errors import ConfigurationError
from parapet.core.vocabulary import Outcome
from parapet.signals.journey import Attempt, Journey, outcome_of
from parapet.signals.recorder import Recorder

Counts = Callable[[Recorder], dict[tuple[str, ...], int]]


@pytest.fixture
def checkout() -> Journey:
    return Journey("checkout", "Checkout", Recorder())


def only(checkout: Journey, outcomes: Counts) -> str:
    ((_, outcome),) = outcomes(checkout.recorder)
    return outcome


def test_an_attempt_without_a_word_is_a_success(checkout: Journey, outcomes: Counts) -> None:
    """What ends without an exception succeeded."""
    with checkout.attempt():
        pass
    assert only(checkout, outcomes) == "success"


@pytest.mark.parametrize(
    ("say", "expected"),
    [(Attempt.user_error, "user_error"), (Attempt.abandoned, "abandoned"), (Attempt.failed, "failure")],
)
@pytest.mark.parametrize("raises", [False, True])
def test_what_the_host_says_wins(
    say: Callable[[Attempt], None], expected: str, raises: bool, checkout: Journey, outcomes: Counts
) -> None:
    """`attempt.user_error()` and then an exception, as web handlers do, is the user's error."""

    def attempt() -> None:
        with checkout.attempt() as attempt:
            say(attempt)
            if raises:
                raise RuntimeError("as the framework wants it")

    if raises:
        with pytest.raises(RuntimeError):
            attempt()
    else:
        attempt()
    assert only(checkout, outcomes) == expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RuntimeError("broken"), Outcome.FAILURE),
        (HTTPException(402), Outcome.USER_ERROR),
        (FastAPIHTTPException(422), Outcome.USER_ERROR),
        (HTTPException(303), Outcome.SUCCESS),
        (HTTPException(503), Outcome.FAILURE),
        (asyncio.CancelledError(), Outcome.ABANDONED),
        (GeneratorExit(), Outcome.ABANDONED),
        (SystemExit(1), Outcome.FAILURE),
        (None, Outcome.SUCCESS),
    ],
)
def test_an_exception_says_how_it_ended(error: BaseException | None, expected: Outcome) -> None:
    """An exception is our failure, unless the framework says that the request was wrong, or the user left."""
    assert outcome_of(error) is expected


def test_a_foreign_status_code_is_no_excuse() -> None:
    """A provider that answered 429 failed our user, whatever its exception looks like."""

    class RateLimited(Exception):
        status_code = 429

    assert outcome_of(RateLimited()) is Outcome.FAILURE


def test_exceptions_go_through_unchanged(checkout: Journey, outcomes: Counts) -> None:
    """The very same exception arrives outside."""
    error = ValueError("mine")

    def attempt() -> None:
        with checkout.attempt():
            raise error

    with pytest.raises(ValueError, match="mine") as caught:
        attempt()
    assert caught.value is error
    assert only(checkout, outcomes) == "failure"


def test_an_attempt_is_an_asynchronous_context_manager_too(checkout: Journey, outcomes: Counts) -> None:
    """`async with` ends the same way; a cancellation is an abandoned attempt."""

    async def run() -> None:
        async with checkout.attempt() as attempt:
            attempt.user_error()

        async def wait() -> None:
            async with checkout.attempt():
                await asyncio.Event().wait()

        task = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert outcomes(checkout.recorder) == {("checkout", "user_error"): 1, ("checkout", "abandoned"): 1}


def test_measured_functions_stay_what_they_were(checkout: Journey, outcomes: Counts) -> None:
    """Sync stays sync, async stays async, results and names arrive, every call is an attempt."""

    @checkout.measured
    def add(left: int, right: int) -> int:
        return left + right

    @checkout.measured
    async def later(value: int) -> int:
        await asyncio.sleep(0)
        if value < 0:
            raise ValueError(value)
        return value

    assert add(1, right=2) == 3
    assert inspect.iscoroutinefunction(later)
    assert not inspect.iscoroutinefunction(add)
    assert add.__name__ == "add"
    assert asyncio.run(later(4)) == 4
    with pytest.raises(ValueError, match="-1"):
        asyncio.run(later(-1))
    assert outcomes(checkout.recorder) == {("checkout", "success"): 2, ("checkout", "failure"): 1}


def test_an_object_with_an_asynchronous_call_is_measured_to_its_end(checkout: Journey, outcomes: Counts) -> None:
    """What is called is what runs, not the making of a coroutine."""

    class Pay:
        async def __call__(self) -> None:
            raise RuntimeError("declined by a bug")

    with pytest.raises(RuntimeError):
        asyncio.run(checkout.measured(Pay())())
    assert only(checkout, outcomes) == "failure"


def test_generators_are_refused(checkout: Journey) -> None:
    """Calling one does nothing yet, so it would be a success whatever follows."""

    def steps() -> Iterator[int]:
        yield 1

    async def asynchronous() -> AsyncIterator[int]:
        yield 1

    for function in (steps, asynchronous):
        with pytest.raises(ConfigurationError, match="is a generator"):
            checkout.measured(function)


def test_a_measured_handler_keeps_its_parameters_in_fastapi(checkout: Journey) -> None:
    """The framework reads the signature through the decorator, string annotations included."""
    app = FastAPI()

    @app.get("/orders/{order}")
    @checkout.measured
    async def order(order: int, page: int = 1) -> dict[str, int]:
        return {"order": order, "page": page}

    parameters = app.openapi()["paths"]["/orders/{order}"]["get"]["parameters"]
    assert [(one["name"], one["in"], one["schema"]["type"]) for one in parameters] == [
        ("order", "path", "integer"),
        ("page", "query", "integer"),
    ]


def test_the_duration_is_what_the_attempt_took(checkout: Journey) -> None:
    """Seconds between entering and leaving, not since the attempt was made."""
    attempt = checkout.attempt()
    asyncio.run(asyncio.sleep(0.05))
    with attempt:
        pass
    assert checkout.recorder.histograms()[1].series["checkout", "success"][-1] < 0.04


def test_recording_by_hand_needs_no_duration(checkout: Journey, outcomes: Counts) -> None:
    """A journey that ends elsewhere, as in a webhook, is recorded with what is known."""
    checkout.record(Outcome.SUCCESS)
    checkout.record("failure", duration_seconds=0.2)
    assert outcomes(checkout.recorder) == {("checkout", "success"): 1, ("checkout", "failure"): 1}
