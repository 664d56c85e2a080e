"""Counts, bounds and threads of one histogram family."""

from __future__ import annotations

import gc
import threading
from bisect import bisect_left
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parapet.core.errors import ConfigurationError
from parapet.signals.histogram import Histogram

BOUNDS = (0.1, 0.5, 1.0)
seconds = st.floats(min_value=0, max_value=1e6, allow_nan=False, allow_infinity=False)


def family(bounds: tuple[float, ...] = BOUNDS) -> Histogram:
    return Histogram("test_duration_seconds", "For tests.", ("kind",), bounds)


@given(durations=st.lists(seconds), bounds=st.lists(st.floats(min_value=1e-6, max_value=1e4), min_size=1, unique=True))
def test_buckets_agree_with_counting_by_hand(durations: list[float], bounds: list[float]) -> None:
    """Each bucket holds the durations up to and including its bound, above the one before."""
    histogram = family(tuple(bounds))
    for duration in durations:
        histogram.observe(("a",), duration)
    histogram.declare(("a",))
    cells = histogram.snapshot().series["a",]
    edges = [float("-inf"), *sorted(bounds), float("inf")]
    by_hand = [sum(low < duration <= high for duration in durations) for low, high in pairwise(edges)]
    assert cells[:-1] == by_hand
    assert cells[-1] == pytest.approx(sum(durations))


@given(
    bounds=st.lists(st.floats(min_value=1e-3, max_value=1e3), min_size=1, unique=True),
    extra=st.floats(min_value=1e-3, max_value=1e3),
)
def test_a_required_bound_becomes_a_bucket_of_its_own(bounds: list[float], extra: float) -> None:
    """Before anything is counted a bound is added in its place, once, and a duration of exactly it is within."""
    histogram = family(tuple(bounds))
    histogram.require_bound(extra)
    histogram.require_bound(extra)
    assert histogram.bounds_seconds == sorted({*bounds, extra})
    histogram.observe(("a",), extra)
    cells = histogram.snapshot().series["a",]
    assert cells[bisect_left(histogram.bounds_seconds, extra)] == 1


def test_a_new_bound_is_refused_once_something_was_counted() -> None:
    """Counts cannot be split afterwards, so the error names the bounds that exist."""
    histogram = family()
    histogram.observe(("a",), 0.2)
    histogram.require_bound(0.5)
    with pytest.raises(ConfigurationError, match=r"no bucket bound at 0\.3 s.* are 0\.1 and 0\.5 s"):
        histogram.require_bound(0.3)
    with pytest.raises(ConfigurationError, match=r"nearest bounds are 1 s"):
        histogram.require_bound(7)
    assert tuple(histogram.bounds_seconds) == BOUNDS


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf"), 1e9])
def test_what_is_no_duration_is_no_bound(wrong: float) -> None:
    """A bound is a finite number of seconds, more than zero, and no more than a day."""
    with pytest.raises(ConfigurationError, match="no bucket bound"):
        family().require_bound(wrong)


def test_totals_over_threads_are_exact() -> None:
    """Eight threads that count at once lose nothing, while somebody reads all the time."""
    histogram = family()
    start = threading.Barrier(9)
    done = threading.Event()

    def work() -> None:
        start.wait()
        for index in range(5_000):
            histogram.observe((str(index % 3),), 0.25)

    readings: list[float] = []

    def read() -> None:
        start.wait()
        while not done.is_set():
            readings.append(sum(sum(cells[:-1]) for cells in histogram.snapshot().series.values()))

    threads = [threading.Thread(target=work) for _ in range(8)]
    reader = threading.Thread(target=read)
    for thread in [*threads, reader]:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    reader.join()
    cells = histogram.snapshot().series
    assert sum(sum(one[:-1]) for one in cells.values()) == 40_000
    assert sum(one[-1] for one in cells.values()) == 10_000.0
    assert readings == sorted(readings)


def test_dead_threads_leave_their_counts_but_no_memory() -> None:
    """Totals never go back when a thread ends, and the number of shards follows the threads that live."""
    histogram = family()
    histogram.observe(("a",), 0.2)
    for expected in range(2, 202):
        thread = threading.Thread(target=histogram.observe, args=(("a",), 0.2))
        thread.start()
        thread.join()
        if expected % 50 == 0:
            assert sum(histogram.snapshot().series["a",][:-1]) == expected
        assert histogram.shards() <= 3
    assert sum(histogram.snapshot().series["a",][:-1]) == 201
    assert histogram.shards() == 1


def test_recording_inside_a_garbage_collection_does_not_deadlock() -> None:
    """A collection may start while the lock is held, and what it calls may record."""
    histogram = family()

    def observe(phase: str, info: dict[str, int]) -> None:
        histogram.observe((f"gc-{phase}",), 0.2)

    gc.callbacks.append(observe)
    threshold = gc.get_threshold()
    try:
        gc.set_threshold(1)
        for index in range(200):
            histogram.observe((f"label-{index}",), 0.2)
            histogram.snapshot()
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(observe)
    series = histogram.snapshot().series
    assert sum(sum(series[f"label-{index}",][:-1]) for index in range(200)) == 200
    assert sum(series["gc-start",][:-1]) > 0


def test_declared_label_sets_are_shown_at_zero() -> None:
    """A series exists before its first event, so the first event is a step."""
    histogram = family()
    histogram.declare(("quiet",))
    assert histogram.snapshot().series == {("quiet",): [0, 0, 0, 0, 0.0]}
    assert not histogram.sealed
