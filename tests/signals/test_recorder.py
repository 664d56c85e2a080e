"""The recorder: ceilings, journeys by route, what is rejected, and forks."""

from __future__ import annotations

import logging
import math
import subprocess
import sys
import textwrap
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parapet.core import names, vocabulary
from parapet.core.errors import ConfigurationError, UnknownName
from parapet.core.vocabulary import Outcome
from parapet.signals.recorder import Recorder

SRC = Path(__file__).parents[2] / "src"
Counts = Callable[[Recorder], dict[tuple[str, ...], int]]


def rejected(recorder: Recorder) -> dict[tuple[str, ...], float]:
    series = recorder.counters(*recorder.histograms())[0].series
    return {labels: count for labels, count in series.items() if count}


def request(recorder: Recorder, method: object, template: str, status: object, seconds: float = 0.2) -> None:
    recorder.http.observe(recorder.admission.labels(method, template, status), seconds)


def test_all_outcomes_of_a_journey_are_there_from_the_start() -> None:
    """A registered journey shows every outcome at zero."""
    recorder = Recorder()
    recorder.register_journey("login")
    series = recorder.histograms()[1].series
    assert set(series) == {("login", outcome) for outcome in [*Outcome, "other"]}
    assert all(set(cells) == {0} for cells in series.values())


@pytest.mark.parametrize("name", ["", " login", "login\n", "x" * 101])
def test_a_journey_needs_a_usable_name(name: str) -> None:
    """An empty, padded or endless name is refused where it is written."""
    with pytest.raises(ConfigurationError, match="no name for a journey"):
        Recorder().register_journey(name)


def test_an_unknown_outcome_is_counted_as_other_and_burns_nothing(outcomes: Counts) -> None:
    """The event is not lost, nobody is blamed, and the counter of rejected values says how often."""
    recorder = Recorder()
    recorder.register_journey("login")
    for strange in ("exploded", "", None, 3, ["success"], b"success", object()):
        recorder.record("login", strange, 0.1)  # type: ignore[arg-type]
    assert outcomes(recorder) == {("login", "other"): 7}
    assert rejected(recorder) == {("journey", "outcome"): 7}
    assert "other" in (vocabulary.LABELS[names.JOURNEY_DURATION][names.OUTCOME] or ())


@pytest.mark.parametrize("duration", [-0.1, math.nan, math.inf, -math.inf, "0.2", None, 10**400, True, [], object()])
def test_a_duration_that_cannot_be_is_counted_as_zero(duration: object, outcomes: Counts) -> None:
    """The attempt counts, the duration is rejected, and nothing is raised."""
    recorder = Recorder()
    recorder.register_journey("login")
    recorder.record("login", Outcome.FAILURE, duration)  # type: ignore[arg-type]
    assert outcomes(recorder) == {("login", "failure"): 1}
    assert recorder.histograms()[1].series["login", "failure"][-1] == 0.0
    assert rejected(recorder) == {("journey", "duration"): 1}


@given(
    outcome=st.one_of(st.text(), st.none(), st.integers(), st.sampled_from(list(Outcome))),
    duration=st.one_of(st.floats(), st.integers(), st.text(), st.none(), st.decimals()),
    journey=st.one_of(st.just("login"), st.text(), st.none(), st.lists(st.integers())),
)
def test_recording_never_raises_and_never_loses_an_event(outcome: object, duration: object, journey: object) -> None:
    """Whatever is recorded, one attempt more is counted, in a bounded series."""
    recorder = Recorder()
    recorder.register_journey("login")
    recorder.record(journey, outcome, duration)  # type: ignore[arg-type]
    series = recorder.histograms()[1].series
    assert sum(sum(cells[:-1]) for cells in series.values()) == 1
    assert {name for name, _ in series} <= {"login", "other"}
    assert all(math.isfinite(cells[-1]) and cells[-1] >= 0 for cells in series.values())


def test_numbers_that_convert_themselves_are_durations() -> None:
    """An integer and a Decimal are as good as a float."""
    recorder = Recorder()
    recorder.register_journey("login")
    recorder.record("login", "success", 2)
    recorder.record("login", "success", Decimal("0.5"))  # type: ignore[arg-type]
    assert recorder.histograms()[1].series["login", "success"][-1] == 2.5
    assert rejected(recorder) == {}


def test_routes_beyond_the_ceiling_share_one_series(counts: Counts) -> None:
    """Two hundred routes have series of their own; the rest is `other`, and a counter says how often."""
    recorder = Recorder()
    for index in range(10_000):
        request(recorder, "GET", f"/made-up/{index}", 200)
    seen = counts(recorder)
    assert len({route for _, route, _ in seen}) == 201
    assert seen["GET", "other", "2xx"] == 9_800
    assert rejected(recorder) == {("http.request", "ceiling"): 9_800}


def test_label_sets_have_a_ceiling_too(counts: Counts) -> None:
    """Every method on every route, as a client may try, does not multiply beyond the ceiling."""
    recorder = Recorder(max_series=500)
    for method in vocabulary.METHODS:
        for index in range(200):
            request(recorder, method, f"/r{index}", 405)
    assert len(recorder.histograms()[0].series) <= 500 + len(vocabulary.METHODS) * 2
    assert sum(counts(recorder).values()) == 1_800


def test_methods_and_statuses_outside_their_set_are_counted_all_the_same(counts: Counts) -> None:
    """A made-up method is `other`; an answer that is no HTTP status is a failure of ours."""
    recorder = Recorder()
    for method in ("BREW", "get", "", None, 7):
        request(recorder, method, "/coffee", 200)
    for status in (0, 42, 600, 999, "200", None):
        request(recorder, "GET", "/coffee", status)
    assert counts(recorder) == {("other", "/coffee", "2xx"): 5, ("GET", "/coffee", "5xx"): 6}
    assert rejected(recorder) == {("http.request", "method"): 5}


def test_the_first_answer_of_a_route_shows_its_failures_at_zero() -> None:
    """A first error is a step from zero, whatever was seen before it."""
    recorder = Recorder()
    request(recorder, "GET", "/late", 200)
    assert recorder.histograms()[0].series["GET", "/late", "5xx"] == recorder.http.empty()


def test_a_journey_by_route_is_derived_from_the_answers(outcomes: Counts) -> None:
    """1xx to 3xx succeed, 4xx is the user's, 5xx ours; a client that left abandoned it. Other routes do not count."""
    recorder = Recorder()
    recorder.route_journey("checkout", ["POST /checkout", "PUT /cart/{item:int}"])
    for status in (200, 201, 303, 404, 422, 500, 503, -1, 0):
        request(recorder, "POST", "/checkout", status)
    request(recorder, "PUT", "/cart/{item}", 204)
    request(recorder, "GET", "/checkout", 500)
    recorder.record("checkout", Outcome.FAILURE, 1.5)
    assert outcomes(recorder) == {
        ("checkout", "success"): 4,
        ("checkout", "user_error"): 2,
        ("checkout", "failure"): 4,
        ("checkout", "abandoned"): 1,
    }
    assert recorder.histograms()[1].series["checkout", "failure"][-1] == pytest.approx(3 * 0.2 + 1.5)


def test_a_journeys_route_is_never_beyond_the_ceiling(outcomes: Counts) -> None:
    """What is promised stays measured, however many routes a host has."""
    recorder = Recorder(max_routes=3, max_series=20)
    for index in range(50):
        request(recorder, "GET", f"/early/{index}", 200)
    recorder.route_journey("checkout", ["POST /checkout"])
    request(recorder, "POST", "/checkout", 500)
    assert outcomes(recorder) == {("checkout", "failure"): 1}


@pytest.mark.parametrize("route", ["/checkout", "POST checkout", "BREW /checkout", "", "POST"])
def test_a_route_is_a_method_and_a_template(route: str) -> None:
    """Anything else is refused with an example."""
    with pytest.raises(ConfigurationError, match=r"POST /checkout/\{cart\}"):
        Recorder().route_journey("checkout", [route])


def test_a_journey_by_route_shares_its_bounds_with_the_requests() -> None:
    """Its buckets are the requests' buckets, so a bound for one is a bound for both, in either order."""
    early, late = Recorder(), Recorder()
    early.require_bound(names.JOURNEY_DURATION, 0.3)
    assert 0.3 not in early.http.bounds_seconds
    early.route_journey("checkout", ["POST /checkout"])
    late.route_journey("checkout", ["POST /checkout"])
    late.require_bound(names.JOURNEY_DURATION, 0.3)
    for recorder in (early, late):
        assert 0.3 in recorder.http.bounds_seconds
        assert recorder.http.bounds_seconds == recorder.journeys.bounds_seconds


def test_a_bound_of_an_unknown_histogram_is_refused_with_the_nearest_name() -> None:
    """A typing error is answered with what exists."""
    with pytest.raises(UnknownName, match=f"Did you mean '{names.HTTP_DURATION}'"):
        Recorder().require_bound("parapet_http_requests_duration_seconds", 0.3)


def test_a_journey_whose_route_is_not_served_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """A typing error in a route would be a journey without data; the log names it."""
    recorder = Recorder()
    recorder.route_journey("checkout", ["POST /chekout"])
    with caplog.at_level(logging.WARNING, "parapet"):
        recorder.declare_routes([("POST", "/checkout")])
        recorder.declare_routes([("POST", "/checkout")])
    assert [record.message for record in caplog.records] == [
        "Journey 'checkout' is measured at POST /chekout, which is not served here."
    ]
    assert recorder.missing_routes([("POST", "/chekout")]) == []


def test_more_routes_than_the_ceiling_are_said(caplog: pytest.LogCaptureFixture) -> None:
    """The host learns at start that some routes are measured together."""
    with caplog.at_level(logging.WARNING, "parapet"):
        Recorder(max_routes=2).declare_routes([("GET", f"/{index}") for index in range(5)])
    assert "more than 2 routes; 3 of them are measured together as 'other'" in caplog.text


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="no fork here")
def test_a_forked_child_reports_only_its_own() -> None:
    """What the parent counted is reported by the parent; the child starts at zero and shows the same series."""
    script = """
        import os, threading
        from parapet.signals.recorder import Recorder

        recorder = Recorder()
        recorder.route_journey("checkout", ["POST /checkout"])
        seen = recorder.admission.labels("POST", "/checkout", 500)
        recorder.http.observe(seen, 0.2)
        recorder.record("checkout", "nonsense", -1)
        held = recorder.http.cells(seen)  # as a cache would
        ended = threading.Thread(target=recorder.http.observe, args=(seen, 0.2))
        ended.start()
        ended.join()
        resting = threading.Event()
        counted = threading.Event()

        def rest():
            recorder.http.observe(seen, 0.2)
            counted.set()
            resting.wait()

        other = threading.Thread(target=rest)
        other.start()
        counted.wait()
        before = set(recorder.histograms()[1].series)

        def total(recorder):
            return [int(sum(sum(cells[:-1]) for cells in one.series.values())) for one in recorder.histograms()]

        read, write = os.pipe()
        if (child := os.fork()) == 0:
            held[0] += 1
            recorder.record("checkout", "success", 0.1)
            rejected = sum(recorder.counters(*recorder.histograms())[0].series.values())
            same = set(recorder.histograms()[1].series) == before
            os.write(write, repr((total(recorder), rejected, same, recorder.http.shards())).encode())
            os._exit(0)
        os.waitpid(child, 0)
        print(os.read(read, 1000).decode())
        print(total(recorder))
        resting.set()
        other.join()
    """
    out = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(SRC)},
        timeout=30,
        check=True,
    )
    child, parent = out.stdout.splitlines()
    assert child == "([1, 2], 0, True, 1)"
    assert parent == "[3, 4]"


def test_a_recorder_is_not_kept_alive_by_the_fork_hook() -> None:
    """Many recorders, as in a test suite, come and go."""
    import gc
    from weakref import ref

    recorder = Recorder()
    recorder.record("login", "success", 0.1)
    watched = ref(recorder)
    del recorder
    gc.collect()
    assert watched() is None
