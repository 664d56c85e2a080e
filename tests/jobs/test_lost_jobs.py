"""Jobs that ran in a process that died: counted once, by whoever comes next or is scraped, whatever the library."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pytest
from tests.jobs.conftest import Scrape

from parapet import Parapet
from parapet.core.vocabulary import JobState
from parapet.integrations.jobs import Jobs

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def scrape(host: Parapet) -> Scrape:
    return Scrape.of(host.recorder.render().decode())


def service(directory: Path) -> Parapet:
    """One more process's view of the service."""
    return Parapet(service="shop", multiprocess_dir=directory)


def dying(work: Callable[[], object], how: int = signal.SIGKILL) -> None:
    """Do *work* in a forked child that then dies; 0: it ends by itself."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            if how:
                os.kill(os.getpid(), how)
            os._exit(0)
    os.waitpid(child, 0)


def begin(host: Parapet, task: str, times: int = 1, *, redelivers: bool = True) -> Callable[[], None]:
    """What begins so many runs and ends none."""

    def work() -> None:
        lane = Jobs(host, redelivers=redelivers).lane(task, "default")
        for _ in range(times):
            lane.began(None, perf_counter())

    return work


def test_the_next_process_counts_what_a_dead_one_left(tmp_path: Path) -> None:
    """It takes the dead one's seat. What the broker delivers again was retried, the rest has failed."""
    host = service(tmp_path)
    dying(begin(host, "mails", 3))
    dying(begin(host, "bills", 2, redelivers=False))
    lane = Jobs(host, redelivers=True).lane("mails", "default")
    lane.succeeded(lane.began(None, perf_counter()), 0.0, 0.1)
    found = scrape(host)
    assert (found.lost("mails"), found.ended("mails")) == (3, {"retried": 3, "succeeded": 1})
    assert (found.lost("bills"), found.ended("bills")) == (2, {"failed": 2})
    assert (found.running("mails"), found.running("bills")) == (0, 0)


def test_whoever_is_scraped_counts_them_if_nobody_comes_next(tmp_path: Path) -> None:
    """The web process of a service whose workers are all dead, which has never heard of jobs; and only once."""
    dying(begin(service(tmp_path), "mails", 3))
    first, second = service(tmp_path), service(tmp_path)
    for reader in (first, second, first, second):
        reader.recorder.render()
    for reader in (first, second):
        assert (scrape(reader).lost("mails"), scrape(reader).ended("mails")) == (3, {"retried": 3})


def test_many_that_look_at_once_count_them_once(tmp_path: Path) -> None:
    """Every process of a service may be scraped, or begin, at the same moment."""
    dying(begin(service(tmp_path), "mails", 5))
    children = []
    for number in range(6):
        child = os.fork()
        if child == 0:
            try:
                one = service(tmp_path)
                if number % 2:
                    one.recorder.render()
                else:
                    lane = Jobs(one, redelivers=True).lane("others", "default")
                    lane.succeeded(lane.began(None, perf_counter()), 0.0, 0.1)
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    found = scrape(service(tmp_path))
    assert (found.lost("mails"), found.ended("mails")) == (5, {"retried": 5})
    assert found.ended("others") == {"succeeded": 3}
    assert found.lost("others") == 0


def test_a_process_that_ends_in_peace_lost_nothing(tmp_path: Path) -> None:
    """Nor does one that was killed between two jobs, or that forked while one ran."""
    host = service(tmp_path)

    def work() -> None:
        lane = Jobs(host, redelivers=True).lane("mails", "default")
        desk = lane.began(None, perf_counter())
        dying(lambda: None)  # a child that is killed while its parent's job runs
        lane.ended(desk, JobState.FAILED, 0.1)

    for how in (0, signal.SIGKILL):
        dying(work, how)
    found = scrape(host)
    assert (found.lost("mails"), found.ended("mails"), found.running("mails")) == (0, {"failed": 2}, 0)


def test_a_living_process_is_not_robbed(tmp_path: Path) -> None:
    """What runs is shown as running, by whichever process is asked, however often."""
    host, other = service(tmp_path), service(tmp_path)
    begin(host, "mails", 2)()
    for reader in (other, host, other):
        assert (scrape(reader).running("mails"), scrape(reader).lost("mails")) == (2, 0)


def test_jobs_of_all_threads_are_added_up(tmp_path: Path) -> None:
    """A run may end on another thread than it began on, and threads leave their numbers to the next ones."""
    host = service(tmp_path)

    def work() -> None:
        jobs = Jobs(host, redelivers=True)
        lane = jobs.lane("mails", "default")
        desks = [lane.began(None, perf_counter()) for _ in range(3)]
        ending = threading.Thread(target=lambda: lane.ended(desks[0], JobState.FAILED, 0.1))
        starting = threading.Thread(target=lambda: [lane.began(None, perf_counter()) for _ in range(4)])
        for thread in (ending, starting):
            thread.start()
            thread.join()

    dying(work)
    found = scrape(host)
    assert (found.lost("mails"), found.ended("mails")) == (6, {"failed": 1, "retried": 6})


def test_one_process_alone_shows_what_runs() -> None:
    """Without a directory there is nobody to notice, and nothing to take over."""
    host = Parapet(service="shop")
    lane = Jobs(host, redelivers=True).lane("mails", "default")
    desk = lane.began(None, perf_counter())
    assert scrape(host).running("mails") == 1
    lane.succeeded(desk, 0.0, 0.1)
    assert (scrape(host).running("mails"), scrape(host).lost("mails")) == (0, 0)
