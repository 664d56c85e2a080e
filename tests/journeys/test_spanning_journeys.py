"""Journeys that begin in one process and end in another: counted once, as what they were."""

from __future__ import annotations

import time
from typing import Any

import pytest

from parapet.core.errors import ConfigurationError
from parapet.core.vocabulary import Outcome
from parapet.signals.spanning import SWEEP_AT_ONCE, InProcess, Kept, Pending
from parapet.testing import ManualClock


@pytest.fixture(params=["memory", "redis", "sqlite", "postgres"])
def place(request: pytest.FixtureRequest) -> str:
    """Where pending journeys are kept: every requirement holds for every store."""
    name: str = request.param
    return name


@pytest.fixture
def database(place: str) -> str:
    return place


@pytest.fixture
def pair(place: str, clock: ManualClock, request: pytest.FixtureRequest, process: Any) -> tuple[Any, Any]:
    """Two processes that keep what is pending in one store; in memory they are one process."""
    if place == "memory":
        only = InProcess()
        return process(only, clock), process(only, clock)
    open_store = request.getfixturevalue("open_store")
    return process(open_store(), clock), process(open_store(), clock)


def test_what_begins_here_ends_elsewhere(pair: tuple[Any, Any], clock: ManualClock) -> None:
    """Whoever ends it counts it, with the time since it began."""
    request, job = pair
    assert request.checkout.start("order-1", deadline_seconds=600)
    clock.advance(12.5)
    assert job.checkout.finish("order-1") is Outcome.SUCCESS
    assert job.counted() == {"success": (1, 12.5)}
    assert request.counted() == {}


@pytest.mark.parametrize("outcome", list(Outcome))
def test_it_ends_as_whoever_ends_it_says(outcome: Outcome, pair: tuple[Any, Any]) -> None:
    """Success, failure, the user's mistake, or abandoned."""
    request, job = pair
    request.checkout.start(7, deadline_seconds=60, otherwise=Outcome.FAILURE)
    assert job.checkout.finish(7, outcome) is outcome
    assert list(job.counted()) == [outcome.value]


def test_telling_the_end_twice_counts_it_once(pair: tuple[Any, Any]) -> None:
    """As a broker does that delivers a job again, or a provider that repeats its callback."""
    request, job = pair
    request.checkout.start("order-1", deadline_seconds=600)
    assert job.checkout.finish("order-1") is Outcome.SUCCESS
    assert job.checkout.finish("order-1") is None
    assert request.checkout.finish("order-1", Outcome.FAILURE) is None
    assert job.counted() == {"success": (1, 0.0)}
    assert request.counted() == {}


@pytest.mark.parametrize("otherwise", [Outcome.ABANDONED, Outcome.FAILURE])
def test_what_nobody_ends_in_time_is_what_was_said_at_the_start(
    otherwise: Outcome, pair: tuple[Any, Any], clock: ManualClock
) -> None:
    """Counted once, by whoever sweeps, and as long as it was waited for."""
    request, other = pair
    request.checkout.start("order-1", deadline_seconds=600, otherwise=otherwise)
    clock.advance(599.5)
    assert other.spanning.sweep() == 0
    clock.advance(300)
    assert other.spanning.sweep() == 1
    assert request.spanning.sweep() == 0
    assert request.checkout.finish("order-1") is None
    assert other.counted() == {otherwise.value: (1, 600.0)}
    assert request.counted() == {}


def test_an_end_that_comes_too_late_counts_as_if_it_had_not_come(pair: tuple[Any, Any], clock: ManualClock) -> None:
    """What an attempt counts as must not depend on whether somebody swept before."""
    request, job = pair
    request.checkout.start("order-1", deadline_seconds=600, otherwise=Outcome.FAILURE)
    clock.advance(601)
    assert job.checkout.finish("order-1", Outcome.SUCCESS) is Outcome.FAILURE
    assert job.counted() == {"failure": (1, 600.0)}
    assert request.spanning.sweep() == 0


def test_what_never_began_is_not_counted(pair: tuple[Any, Any]) -> None:
    """A job without a request, such as one that an operator runs again."""
    _, job = pair
    assert job.checkout.finish("order-1") is None
    assert job.counted() == {}


def test_beginning_twice_is_one_attempt(pair: tuple[Any, Any], clock: ManualClock) -> None:
    """The first one counts, with its deadline."""
    request, job = pair
    assert request.checkout.start("order-1", deadline_seconds=60)
    clock.advance(10)
    assert not job.checkout.start("order-1", deadline_seconds=600)
    clock.advance(10)
    assert job.checkout.finish("order-1") is Outcome.SUCCESS
    assert job.counted() == {"success": (1, 20.0)}


def test_a_reference_may_be_used_again_once_it_ended(pair: tuple[Any, Any], clock: ManualClock) -> None:
    """A second try for the same order is a second attempt; its deadline is its own."""
    request, job = pair
    request.checkout.start("order-1", deadline_seconds=60)
    job.checkout.finish("order-1", Outcome.USER_ERROR)
    clock.advance(30)
    assert request.checkout.start("order-1", deadline_seconds=60)
    clock.advance(40)
    assert job.spanning.sweep() == 0
    assert job.checkout.finish("order-1") is Outcome.SUCCESS
    assert job.counted() == {"user_error": (1, 0.0), "success": (1, 40.0)}


def test_journeys_do_not_share_references(pair: tuple[Any, Any]) -> None:
    """Order 1 of one journey is not order 1 of another; nor do words run into each other."""
    request, _ = pair
    request.recorder.register_journey("check")
    assert request.spanning.start("checkout", "1", deadline_seconds=60, otherwise=Outcome.FAILURE)
    assert request.spanning.start("check", "out1", deadline_seconds=60, otherwise=Outcome.FAILURE)
    assert request.spanning.finish("check", "1") is None
    assert request.spanning.finish("check", "out1") is Outcome.SUCCESS
    assert request.spanning.finish("checkout", "1") is Outcome.SUCCESS


@pytest.mark.parametrize("ref", ["ü/" * 40, "x" * 5_000, 12_345_678_901_234, "a\"b'c]\\", ""])
def test_any_reference_will_do(ref: str | int, pair: tuple[Any, Any]) -> None:
    """Long ones, strange ones and numbers arrive at the other side."""
    request, job = pair
    assert request.checkout.start(ref, deadline_seconds=60)
    assert job.checkout.finish(ref) is Outcome.SUCCESS


def test_everything_overdue_is_swept_at_once(pair: tuple[Any, Any], clock: ManualClock) -> None:
    """However much it is; what is not due stays."""
    request, other = pair
    count = SWEEP_AT_ONCE + 20
    for number in range(count):
        request.checkout.start(number, deadline_seconds=10)
    request.checkout.start("later", deadline_seconds=100)
    clock.advance(50)
    assert other.spanning.sweep() == count
    assert other.counted() == {"abandoned": (count, 10.0 * count)}
    assert request.checkout.finish("later") is Outcome.SUCCESS


def test_a_store_keeps_what_it_was_given(pair: tuple[Any, Any]) -> None:
    """Every value comes back as it went in, to the microsecond."""
    request, other = pair
    kept = Pending(
        journey="checkout",
        ref="ö",
        started=1_794_448_800.123456,
        deadline=1_794_449_400.654321,
        otherwise=Outcome.FAILURE,
    )
    first, second = request.spanning._pending, other.spanning._pending
    assert first.add(kept) is Kept.KEPT
    assert second.add(kept) is Kept.ALREADY
    assert second.take_overdue(kept.deadline - 0.001, 10) == []
    assert second.take_overdue(kept.deadline, 10) == [kept]
    assert first.take("checkout", "ö") is None


def test_mistakes_of_the_host_do_not_break_it(pair: tuple[Any, Any]) -> None:
    """Nothing raises; nothing waits that could not be counted."""
    request, _ = pair
    for deadline in (0, -1, float("nan"), float("inf"), 1e9):
        assert not request.checkout.start("order-1", deadline_seconds=deadline)
    assert not request.checkout.start("order-1", deadline_seconds=None)
    assert not request.checkout.start("order-1", deadline_seconds=60, otherwise="lost")
    assert request.checkout.finish("order-1", "wonderful") is None
    assert request.checkout.finish("order-1") is None
    assert request.rejected()["deadline"] == 5


def test_a_watch_sweeps_by_itself(pair: tuple[Any, Any], clock: ManualClock) -> None:
    """Until it is stopped."""
    request, other = pair
    request.checkout.start("order-1", deadline_seconds=60)
    clock.advance(61)
    watch = other.spanning.watch(every_seconds=0.01)
    deadline = time.monotonic() + 10
    while other.counted() != {"abandoned": (1, 60.0)}:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    watch.stop()
    request.checkout.start("order-2", deadline_seconds=60)
    clock.advance(61)
    assert request.spanning.sweep() == 1
    with pytest.raises(ConfigurationError, match="every_seconds"):
        other.spanning.watch(every_seconds=0)
