"""What the job integrations share: bounds, waits from stamps that may be nonsense, the last success, the backlog."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from time import perf_counter

import pytest
from tests.jobs.conftest import Scrape
from tests.jobs.hosts.serving import BrokenClock

from parapet import Parapet
from parapet.core.vocabulary import JobState
from parapet.integrations.celery_backlog import from_when
from parapet.integrations.jobs import MOST_LANES, BacklogWatch, Jobs, Waiting
from parapet.testing import ManualClock


def scrape(host: Parapet) -> Scrape:
    return Scrape.of(host.recorder.render().decode())


def test_made_up_tasks_and_queues_share_one_lane() -> None:
    """Whoever can publish can name tasks and queues; neither series nor memory grow without end."""
    host = Parapet(service="shop")
    jobs = Jobs(host)
    for number in range(MOST_LANES + 500):
        jobs.lane(f"task{number}", f"queue{number}").told(JobState.FAILED, 0.1)
    assert len(jobs.lanes) <= MOST_LANES + 1
    name = "parapet_job_duration_seconds_count"
    tasks = {has["task"] for found, has, _ in scrape(host).samples if found == name}
    queues = {has["queue"] for found, has, _ in scrape(host).samples if found == name}
    assert (len(tasks), len(queues)) == (101, 51)
    assert scrape(host).total(name, state="failed") == MOST_LANES + 500
    assert scrape(host).total("parapet_signals_rejected_total", family="job.run", reason="ceiling") > 0


NONSENSE: list[object] = [None, "yesterday", b"1", [], math.nan, -math.inf, -1e300, True, 10**400]


@pytest.mark.parametrize("stamp", NONSENSE, ids=range(len(NONSENSE)))
def test_a_stamp_that_is_none_counts_no_wait(stamp: object) -> None:
    """A message comes from anywhere: what cannot be a time is no wait, rather than a wrong one, and never an error."""
    host = Parapet(service="shop")
    Jobs(host).lane("job", "queue").began(stamp, perf_counter())
    assert scrape(host).waits("job") == (0, 0.0)


@pytest.mark.parametrize("eta", ["soon", "0001-01-01", "9999-12-31T23:59:59", 10**400, {}])
@pytest.mark.parametrize("stamp", [1.0, *NONSENSE], ids=range(len(NONSENSE) + 1))
def test_a_due_time_that_is_none_is_no_error(stamp: object, eta: object) -> None:
    """A Celery message may carry any text as its time."""
    found = from_when(stamp, eta)
    assert found is None or isinstance(found, float)


def test_a_job_from_a_machine_whose_clock_is_ahead_waited_nothing() -> None:
    """No wait is negative."""
    host = Parapet(service="shop")
    jobs = Jobs(host)
    jobs.lane("job", "queue").began(jobs.now() + 60, perf_counter())
    jobs.lane("job", "queue").began(jobs.now() - 2, perf_counter())
    starts, seconds = scrape(host).waits("job")
    assert starts == 2
    assert seconds == pytest.approx(2, abs=0.5)


def test_a_clock_that_is_set_is_noticed() -> None:
    """The host's clock is asked again every second, so that a step of it does not stay in every wait."""
    clock = ManualClock(datetime(2026, 11, 12, tzinfo=UTC))
    jobs = Jobs(Parapet(service="shop", clock=clock))
    before = jobs.now()
    clock.set(datetime(2026, 11, 12, tzinfo=UTC) + timedelta(hours=1))
    jobs.wall.until = 0.0  # the second is over
    assert jobs.now() - before == pytest.approx(3600, abs=0.5)


def test_a_broken_clock_leaves_durations_and_nothing_else() -> None:
    """How long a job ran needs no clock; when it waited since and succeeded last does."""
    host = Parapet(service="shop", clock=BrokenClock())
    jobs = Jobs(host)
    lane = jobs.lane("job", "queue")
    lane.ended(lane.began(1_700_000_000.0, perf_counter()), JobState.SUCCEEDED, 0.5)
    assert math.isnan(jobs.now())
    found = scrape(host)
    assert found.ended("job") == {"succeeded": 1}
    assert found.waits("job") == (0, 0.0)
    assert found.values("parapet_job_last_success_timestamp_seconds") == []


def test_the_last_success_is_absent_until_there_is_one() -> None:
    """Zero would be 1970, and an alert on every deploy."""
    host = Parapet(service="shop")
    lane = Jobs(host).lane("job", "queue")
    lane.ended(lane.began(None, perf_counter()), JobState.FAILED, 0.1)
    assert scrape(host).values("parapet_job_last_success_timestamp_seconds") == []
    lane.ended(lane.began(None, perf_counter()), JobState.SUCCEEDED, 0.1)
    (at,) = scrape(host).values("parapet_job_last_success_timestamp_seconds", task="job", queue="queue")
    assert at == pytest.approx(datetime.now(UTC).timestamp(), abs=2)


def test_a_queue_that_cannot_be_read_any_more_has_no_number() -> None:
    """No data is not green, and an old number is worse than none."""
    host = Parapet(service="shop")
    jobs = Jobs(host)
    answers: list[list[Waiting] | Exception] = [
        [
            Waiting(queue="mail", size=3, oldest=jobs.now() - 5),
            Waiting(queue="odd", size=1, oldest=None, knows_age=False),
        ],
        RuntimeError("on purpose"),
        [Waiting(queue="mail", size=0, oldest=None)],
    ]

    def read() -> list[Waiting]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    watch = BacklogWatch(jobs, read)
    size, age = "parapet_job_backlog_size", "parapet_job_backlog_age_seconds"
    assert watch.once()
    assert scrape(host).values(size, queue="mail") == [3.0]
    assert scrape(host).total(age, queue="mail") == pytest.approx(5, abs=0.5)
    assert scrape(host).values(size, queue="odd") == [1.0]
    assert scrape(host).values(age, queue="odd") == []
    assert not watch.once()
    assert scrape(host).values(size) == scrape(host).values(age) == []
    assert watch.once()
    assert scrape(host).values(size, queue="mail") == scrape(host).values(age, queue="mail") == [0.0]
    watch.start()
    watch.start()
    watch.stop()
    assert scrape(host).values(size) == []


def test_looks_at_a_queue_are_counted_by_how_late_it_is() -> None:
    """All of them at zero first; a look that failed, or that cannot know, says nothing."""
    host = Parapet(service="shop")
    jobs = Jobs(host)
    watch = BacklogWatch(jobs, list)
    looks = "parapet_job_backlog_looks_total"
    watch.show([Waiting(queue="mail", size=0, oldest=None), Waiting(queue="odd", size=1, oldest=None, knows_age=False)])
    assert scrape(host).values(looks, queue="mail", delay_bucket="over_1h") == [0.0]
    watch.show([Waiting(queue="mail", size=9, oldest=jobs.now() - 4_000)])
    watch.show([])
    assert scrape(host).values(looks, queue="mail", delay_bucket="over_1h") == [1.0]
    assert scrape(host).total(looks, queue="mail") == 2.0
    assert scrape(host).values(looks, queue="odd") == []
