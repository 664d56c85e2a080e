"""Journeys that are measured by a background job: derived when they are read, at no cost to the job."""

from __future__ import annotations

import threading

import pytest

from parapet import Parapet
from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.core.vocabulary import JobState, Outcome
from parapet.signals.journey import Journey
from parapet.signals.recorder import Recorder


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def receipt(recorder: Recorder) -> Journey:
    return Journey("receipt", "Receipt by mail", recorder).by_job(task="send_receipt")


def counted(recorder: Recorder, journey: str = "receipt") -> dict[str, tuple[int, float]]:
    """Attempts by outcome: how many, and after how many seconds in all."""
    series = recorder.histograms()[1].series
    return {
        outcome: (count, round(cells[-1], 3))
        for (name, outcome), cells in series.items()
        if name == journey and (count := int(sum(cells[:-1])))
    }


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (JobState.SUCCEEDED, "success"),
        (JobState.FAILED, "failure"),
        (JobState.DISCARDED, "failure"),
        (JobState.REVOKED, "abandoned"),
    ],
)
def test_how_a_job_ends_is_how_the_attempt_ended(
    state: JobState, outcome: str, recorder: Recorder, receipt: Journey
) -> None:
    """A job that nobody ran failed the user as much as one that broke."""
    recorder.observe(names.JOB_DURATION, ("send_receipt", "mail", state.value), 2.0)
    assert counted(recorder) == {outcome: (1, 2.0)}


def test_a_run_that_is_tried_again_is_no_end(recorder: Recorder, receipt: Journey) -> None:
    """Two retries and a success are one attempt, which succeeded."""
    for state in (JobState.RETRIED, JobState.RETRIED, JobState.SUCCEEDED):
        recorder.observe(names.JOB_DURATION, ("send_receipt", "mail", state.value), 1.0)
    assert counted(recorder) == {"success": (1, 1.0)}


def test_other_tasks_and_queues_are_not_counted(recorder: Recorder) -> None:
    """A journey may be one queue of a task, and several tasks."""
    Journey("all", "All", recorder).by_job(task="send_receipt").by_job(task="send_invoice")
    Journey("priority", "Priority", recorder).by_job(task="send_receipt", queue="priority")
    runs = (("send_receipt", "mail"), ("send_receipt", "priority"), ("send_invoice", "mail"), ("other_task", "mail"))
    for task, queue in runs:
        recorder.observe(names.JOB_DURATION, (task, queue, "succeeded"), 1.0)
    assert counted(recorder, "all") == {"success": (3, 3.0)}
    assert counted(recorder, "priority") == {"success": (1, 1.0)}


def test_what_is_recorded_explicitly_is_added(recorder: Recorder, receipt: Journey) -> None:
    """As with journeys by route."""
    recorder.observe(names.JOB_DURATION, ("send_receipt", "mail", "succeeded"), 1.0)
    receipt.record(Outcome.SUCCESS, 2.0)
    receipt.record(Outcome.USER_ERROR, 0.5)
    assert counted(recorder) == {"success": (2, 3.0), "user_error": (1, 0.5)}
    assert counted(recorder) == {"success": (2, 3.0), "user_error": (1, 0.5)}


def test_runs_fall_into_the_buckets_of_journeys(recorder: Recorder, receipt: Journey) -> None:
    """Every count at a bound of journeys is exact, although jobs have bounds of their own."""
    recorder.require_bound(names.JOURNEY_DURATION, 45.0)
    durations = (0.004, 0.005, 0.2, 0.25, 0.3, 29.0, 31.0, 44.0, 46.0, 4_000.0)
    for seconds in durations:
        recorder.observe(names.JOB_DURATION, ("send_receipt", "mail", "succeeded"), seconds)
    journeys = recorder.histograms()[1]
    cells = journeys.series["receipt", "success"]
    assert 45.0 in journeys.bounds_seconds
    assert 3_600.0 not in journeys.bounds_seconds
    for place, bound in enumerate(journeys.bounds_seconds):
        assert sum(cells[: place + 1]) == sum(seconds <= bound for seconds in durations), bound
    assert sum(cells[:-1]) == len(durations)


def test_a_journey_by_route_and_one_by_job_live_together(recorder: Recorder) -> None:
    """Whichever came first, and whatever bound is asked for afterwards."""
    Journey("receipt", "Receipt", recorder).by_job(task="send_receipt")
    recorder.route_journey("login", ["POST /login"])
    recorder.require_bound(names.HTTP_DURATION, 0.3)
    recorder.observe(names.JOB_DURATION, ("send_receipt", "mail", "succeeded"), 0.3)
    recorder.http.observe(("POST", "/login", "2xx"), 0.3)
    text = recorder.render().decode()
    for name in ("receipt", "login"):
        assert f'parapet_journey_duration_seconds_bucket{{journey="{name}",outcome="success",le="0.3"}} 1' in text
        assert f'parapet_journey_duration_seconds_bucket{{journey="{name}",outcome="success",le="0.25"}} 0' in text


def test_too_late_is_said(recorder: Recorder) -> None:
    """Once jobs are counted, their buckets cannot change any more."""
    recorder.observe(names.JOB_DURATION, ("send_receipt", "mail", "succeeded"), 0.3)
    with pytest.raises(ConfigurationError, match="already counting"):
        Journey("receipt", "Receipt", recorder).by_job(task="send_receipt")


def test_its_task_is_never_other(recorder: Recorder) -> None:
    """A journey's task has its place, however many tasks came before it."""
    small = Recorder(ceilings={names.TASK: 3})
    Journey("receipt", "Receipt", small).by_job(task="send_receipt")
    for number in range(5):
        small.observe(names.JOB_DURATION, (f"task-{number}", "mail", "succeeded"), 1.0)
    small.observe(names.JOB_DURATION, ("send_receipt", "mail", "succeeded"), 1.0)
    assert counted(small) == {"success": (1, 1.0)}


def test_threads_that_ended_are_counted(recorder: Recorder, receipt: Journey) -> None:
    """Workers' threads come and go."""

    def work() -> None:
        for _ in range(100):
            recorder.observe(names.JOB_DURATION, ("send_receipt", "mail", "succeeded"), 0.01)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted(recorder) == {"success": (400, 4.0)}


def test_a_service_promises_something_about_a_job() -> None:
    """`latency` becomes a bucket bound of jobs too, before or after."""
    parapet = Parapet(service="shop")
    parapet.journey("receipt", objective=0.99, latency=(120.0, 0.95)).by_job(task="send_receipt")
    parapet.journey("invoice", objective=0.99, latency=(240.0, 0.95)).by_job(task="send_invoice")
    parapet.recorder.observe(names.JOB_DURATION, ("send_invoice", "mail", "succeeded"), 200.0)
    text = parapet.recorder.render().decode()
    assert 'parapet_journey_duration_seconds_bucket{journey="invoice",outcome="success",le="240.0"} 1' in text
    assert 'parapet_journey_duration_seconds_bucket{journey="invoice",outcome="success",le="120.0"} 0' in text
