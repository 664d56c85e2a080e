"""Many processes count into one directory: every total is right, whatever becomes of a process."""

from __future__ import annotations

import gc
import math
import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from parapet.core import guard, names
from parapet.core.errors import ConfigurationError
from parapet.signals import layout
from parapet.signals.cells import Labels
from parapet.signals.layout import Place
from parapet.signals.recorder import Recorder
from parapet.signals.rounds import Rounds

SRC = Path(__file__).parents[2] / "src"
DONE = ("receipt", "mail", "succeeded")
QUEUE = ("mail",)

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def in_child(work: Callable[[], object], *, ending: int = 0) -> None:
    """Run *work* in a forked child and wait for its end; *ending* is a signal it sends itself."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            try:
                if ending:
                    with suppress(OSError):  # SIGKILL has no handler
                        signal.signal(ending, signal.SIG_DFL)
                    os.kill(os.getpid(), ending)
            finally:
                os._exit(0)
    os.waitpid(child, 0)


def runs(recorder: Recorder, labels: Labels = DONE) -> int:
    cells = recorder.families.histogram(names.JOB_DURATION).totals().get(labels)
    return 0 if cells is None else int(sum(cells[:-1]))


def gauge(recorder: Recorder, metric: str, labels: Labels) -> float | None:
    cells = recorder.families[metric].totals().get(labels)
    return None if cells is None else cells[0]


def files(directory: Path) -> set[str]:
    return {path.name for path in directory.glob("*.db")}


def test_totals_are_those_of_all_workers(tmp_path: Path) -> None:
    """Workers forked after the application was loaded, one of them killed in the middle: nothing is lost or doubled."""
    recorder = Recorder(multiprocess_dir=tmp_path)
    recorder.register_journey("login")
    recorder.declare(names.JOB_DURATION, ("receipt", "mail", "failed"))
    assert files(tmp_path) == set()  # nothing was counted yet

    def work() -> None:
        for _ in range(500):
            recorder.observe(names.JOB_DURATION, DONE, 0.2)
            recorder.record("login", "success", 0.1)
        recorder.add(names.JOB_LOST, ("receipt", "mail"), 3)

    for ending in (0, signal.SIGKILL, 0, signal.SIGTERM):
        in_child(work, ending=ending)
    work()
    assert runs(recorder) == 2_500
    assert runs(recorder, ("receipt", "mail", "failed")) == 0
    assert sum(recorder.histograms()[1].series["login", "success"][:-1]) == 2_500
    assert recorder.families.counter(names.JOB_LOST).snapshot().series == {("receipt", "mail"): 15}
    assert recorder.families.histogram(names.JOB_DURATION).totals()[DONE][-1] == pytest.approx(500.0)


def test_any_process_reports_all_of_them(tmp_path: Path) -> None:
    """A scrape may reach whichever worker it likes, or a process that never counted anything."""
    recorder = Recorder(multiprocess_dir=tmp_path)
    in_child(lambda: recorder.observe(names.JOB_DURATION, DONE, 0.2))
    stranger = Recorder(multiprocess_dir=tmp_path)
    assert runs(recorder) == runs(stranger) == 1
    assert (
        f'{names.JOB_DURATION}_count{{task="receipt",queue="mail",state="succeeded"}} 1' in stranger.render().decode()
    )


def test_workers_that_come_and_go_leave_no_files_behind(tmp_path: Path) -> None:
    """A worker takes the seat and the files of one that is gone; totals only grow."""
    recorder = Recorder(multiprocess_dir=tmp_path)
    seen = 0
    for _ in range(30):
        in_child(lambda: recorder.observe(names.JOB_DURATION, DONE, 0.2), ending=signal.SIGKILL)
        assert runs(recorder) > seen
        seen = runs(recorder)
    assert seen == 30
    assert files(tmp_path) == {"histogram_parapet-0.db"}
    assert (tmp_path / "histogram_parapet-0.db").stat().st_size == 1 << 16


def test_living_workers_have_seats_of_their_own(tmp_path: Path) -> None:
    """Two at once never write into the same file; when they are gone, both files are used again."""
    recorder = Recorder(multiprocess_dir=tmp_path)

    def two() -> None:
        recorder.observe(names.JOB_DURATION, DONE, 0.2)
        in_child(lambda: recorder.observe(names.JOB_DURATION, DONE, 0.2))

    for _ in range(5):
        in_child(two)
    assert runs(recorder) == 10
    assert files(tmp_path) == {"histogram_parapet-0.db", "histogram_parapet-1.db"}


def test_a_child_does_not_write_into_what_its_parent_holds(tmp_path: Path) -> None:
    """Handles bound and cells cached before a fork lead to the child's own files afterwards."""
    recorder = Recorder(multiprocess_dir=tmp_path)
    series = recorder.bind(names.JOB_DURATION, DONE)
    series.observe(0.2)
    recorder.record("unregistered", "success", 0.1)

    def work() -> None:
        for _ in range(100):
            series.observe(0.2)

    in_child(work)
    series.observe(0.2)
    assert runs(recorder) == 102
    data = (tmp_path / "histogram_parapet-0.db").read_bytes()
    assert data != (tmp_path / "histogram_parapet-1.db").read_bytes()


def test_threads_of_a_worker_count_apart_and_leave_their_cells_to_others(tmp_path: Path) -> None:
    """No lock while counting, exact totals, and no growth with the number of threads that ever lived."""
    recorder = Recorder(multiprocess_dir=tmp_path)
    series = recorder.bind(names.JOB_DURATION, DONE)

    def work() -> None:
        for _ in range(200):
            series.observe(0.01)

    for _ in range(40):
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert runs(recorder) == 32_000
    assert recorder.families.histogram(names.JOB_DURATION).shards() <= 5
    assert (tmp_path / "histogram_parapet-0.db").stat().st_size == 1 << 16


def test_the_stock_collector_reads_the_same(tmp_path: Path) -> None:
    """A host that serves its own /metrics with prometheus_client's multiprocess mode sees our families too."""
    recorder = Recorder(multiprocess_dir=tmp_path)
    recorder.families.histogram(names.JOB_DURATION).require_bound(0.3)

    def work() -> None:
        for seconds in (0.02, 0.25, 7, 4_000):
            recorder.observe(names.JOB_DURATION, DONE, seconds)
        recorder.observe(names.JOB_DURATION, ('q"uo\\te\n{x}', "mail", "failed"), 1)
        recorder.add(names.JOB_LOST, ("receipt", "mail"), 2)
        recorder.set(names.JOB_BACKLOG_SIZE, QUEUE, os.getpid() % 7)
        recorder.set(names.JOB_LAST_SUCCESS, ("receipt", "mail"), 1_700_000_000.5)

    in_child(work)
    work()
    stock: Collector = MultiProcessCollector(CollectorRegistry(), str(tmp_path))  # type: ignore[no-untyped-call]
    read = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for metric in stock.collect()
        for sample in metric.samples
        if metric.name != names.JOB_BACKLOG_SIZE  # it does not know who is alive
    }
    ours = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(recorder.render().decode())
        for sample in family.samples
    }
    assert read == {key: ours[key] for key in read}
    assert sum(name == f"{names.JOB_DURATION}_bucket" for name, _ in read) == 2 * 15


def test_gauges_across_processes_are_what_their_family_says(tmp_path: Path) -> None:
    """Connections are added up, a backlog is the largest that somebody sees, a last success the latest."""
    recorder = Recorder(multiprocess_dir=tmp_path)
    inside, outside = os.pipe(), os.pipe()

    def work() -> None:
        recorder.set(names.DB_POOL_CONNECTIONS, ("primary", "in_use"), 4)
        recorder.set(names.JOB_BACKLOG_AGE, QUEUE, 90.0)
        recorder.set(names.JOB_LAST_SUCCESS, ("receipt", "mail"), 2_000.0)
        os.write(outside[1], b"x")
        os.read(inside[0], 1)

    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    os.read(outside[0], 1)
    recorder.set(names.DB_POOL_CONNECTIONS, ("primary", "in_use"), 3)
    recorder.set(names.JOB_BACKLOG_AGE, QUEUE, 30.0)
    recorder.set(names.JOB_LAST_SUCCESS, ("receipt", "mail"), 1_000.0)
    expected = {True: (7, 90.0, 2_000.0), False: (3, 30.0, 2_000.0)}
    for child_lives in (True, False):
        if not child_lives:  # what a dead process said of itself is no longer so; what happened, happened
            os.write(inside[1], b"x")
            os.waitpid(child, 0)
        assert expected[child_lives] == (
            gauge(recorder, names.DB_POOL_CONNECTIONS, ("primary", "in_use")),
            gauge(recorder, names.JOB_BACKLOG_AGE, QUEUE),
            gauge(recorder, names.JOB_LAST_SUCCESS, ("receipt", "mail")),
        )
    for end in (*inside, *outside):
        os.close(end)


def test_a_successor_does_not_repeat_the_gauges_of_the_dead(tmp_path: Path) -> None:
    """It takes the files over, not what was said in them about the moment."""
    recorder = Recorder(multiprocess_dir=tmp_path)
    in_child(lambda: recorder.set(names.JOB_BACKLOG_SIZE, QUEUE, 9))
    in_child(lambda: recorder.set(names.DB_POOL_CONNECTIONS, ("primary", "idle"), 9))
    recorder.observe(names.JOB_DURATION, DONE, 0.1)
    assert f"{names.JOB_BACKLOG_SIZE}{{" not in Recorder(multiprocess_dir=tmp_path).render().decode()
    assert not gauge(recorder, names.DB_POOL_CONNECTIONS, ("primary", "idle"))


def test_a_gauge_that_nobody_knows_any_more_is_not_shown(tmp_path: Path) -> None:
    """Not even as a zero, in whichever process."""
    recorder, other = Recorder(multiprocess_dir=tmp_path), Recorder(multiprocess_dir=tmp_path)
    recorder.set(names.JOB_BACKLOG_AGE, QUEUE, 12.5)
    assert gauge(recorder, names.JOB_BACKLOG_AGE, QUEUE) == gauge(other, names.JOB_BACKLOG_AGE, QUEUE) == 12.5
    recorder.set(names.JOB_BACKLOG_AGE, QUEUE, math.nan)
    assert gauge(recorder, names.JOB_BACKLOG_AGE, QUEUE) is gauge(other, names.JOB_BACKLOG_AGE, QUEUE) is None


def test_what_is_collected_at_scrape_is_known_of_processes_that_nobody_scrapes(tmp_path: Path) -> None:
    """Each process asks now and then by itself; a scrape of any of them adds them up."""
    recorder = Recorder(multiprocess_dir=tmp_path)
    recorder._rounds = Rounds(recorder._tell, every_seconds=0.01)

    def tell(to: Recorder) -> None:
        to.set(names.DB_POOL_CONNECTIONS, ("primary", "in_use"), 2)

    recorder.collect_at_scrape(tell)
    assert "parapet-rounds" not in {thread.name for thread in threading.enumerate()}  # it may still fork
    ended = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            recorder.observe(names.JOB_DURATION, DONE, 0.2)
            os.read(ended[0], 1)
        finally:
            os._exit(0)
    reader = Recorder(multiprocess_dir=tmp_path)
    deadline = time.monotonic() + 10
    while gauge(reader, names.DB_POOL_CONNECTIONS, ("primary", "in_use")) != 2:
        assert time.monotonic() < deadline
    os.write(ended[1], b"x")
    os.waitpid(child, 0)
    for end in ended:
        os.close(end)
    assert gauge(reader, names.DB_POOL_CONNECTIONS, ("primary", "in_use")) is None


def test_rounds_end_with_what_they_are_made_for() -> None:
    """A thread keeps no recorder alive."""

    class Worked:
        times = 0

        def work(self) -> None:
            self.times += 1

    worked = Worked()
    rounds = Rounds(worked.work, every_seconds=0.001)
    rounds.begin()
    deadline = time.monotonic() + 10
    while worked.times < 2:
        assert time.monotonic() < deadline
    thread = next(thread for thread in threading.enumerate() if thread.name == "parapet-rounds")
    del worked
    thread.join(10)
    assert not thread.is_alive()


def test_recording_inside_a_garbage_collection_does_not_deadlock(tmp_path: Path) -> None:
    """A callback may run in the middle of anything, also where a thread takes its first cells of a file."""
    recorder = Recorder(multiprocess_dir=tmp_path, max_series=10_000, ceilings={names.TASK: 10_000})
    made = iter(range(1_000_000))

    def callback(phase: str, info: dict[str, int]) -> None:
        recorder.observe(names.JOB_WAIT, (f"within-{next(made)}", "mail"), 0.1)

    def work() -> None:
        for index in range(400):
            recorder.observe(names.JOB_WAIT, (f"outside-{threading.get_ident()}-{index}", "mail"), 0.1)

    threshold = gc.get_threshold()
    gc.collect()
    gc.freeze()  # what other tests left behind would make each of the collections slow
    gc.callbacks.append(callback)
    gc.set_threshold(20)
    try:
        threads = [threading.Thread(target=work, daemon=True) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(300)
            assert not thread.is_alive()
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(callback)
        gc.unfreeze()
    inside = next(made)
    assert inside > 100
    totals = Recorder(multiprocess_dir=tmp_path).families.histogram(names.JOB_WAIT).totals()
    assert sum(sum(cells[:-1]) for cells in totals.values()) == 1_200 + inside


def test_made_up_values_do_not_grow_with_every_restart(tmp_path: Path) -> None:
    """A successor knows what its predecessors let in, so ceilings hold over all of them."""
    for life in range(20):
        recorder = Recorder(multiprocess_dir=tmp_path, ceilings={names.TASK: 5}, max_routes=5)

        def work(recorder: Recorder = recorder, life: int = life) -> None:
            for index in range(10):
                recorder.observe(names.JOB_WAIT, (f"made-up-{life}-{index}", "mail"), 0.1)
                recorder.http.cells(recorder.admission.labels("GET", f"/made-up/{life}/{index}", 200))[0] += 1

        in_child(work)
    reader = Recorder(multiprocess_dir=tmp_path)
    tasks = {task for task, _ in reader.families.histogram(names.JOB_WAIT).totals()}
    routes = {route for _, route, _ in reader.http.totals()}
    assert tasks == {*(f"made-up-0-{index}" for index in range(5)), "other"}
    assert routes == {*(f"/made-up/0/{index}" for index in range(5)), "other"}
    assert sum(sum(cells[:-1]) for cells in reader.http.totals().values()) == 200


def test_another_versions_buckets_are_fitted_into_ours(tmp_path: Path) -> None:
    """After a deployment with a new objective the old counts stay in the totals, each in the next larger bucket."""
    old = Recorder(multiprocess_dir=tmp_path)

    def work() -> None:
        for seconds in (0.2, 0.4, 70.0, 9_999.0):
            old.observe(names.JOB_DURATION, DONE, seconds)

    in_child(work)
    new = Recorder(multiprocess_dir=tmp_path)
    new.require_bound(names.JOB_DURATION, 0.3)
    new.observe(names.JOB_DURATION, DONE, 0.2)
    family = new.families.histogram(names.JOB_DURATION)
    cells = family.totals()[DONE]
    at = family.bounds_seconds.index
    assert (cells[at(0.3)], cells[at(0.5)], cells[at(300.0)], cells[-2]) == (1, 2, 1, 1)
    assert cells[-1] == pytest.approx(0.2 + 0.4 + 70 + 9_999 + 0.2)


def test_what_the_guard_swallowed_is_reported_for_all_processes(tmp_path: Path) -> None:
    """A worker's faults are seen although the scrape reached another one."""
    recorder = Recorder(multiprocess_dir=tmp_path)
    in_child(lambda: guard.note("tests.processes", ValueError("on purpose")))
    line = f'{names.SWALLOWED}{{where="tests.processes",error="ValueError"}} 1'
    assert line in recorder.render().decode()


@pytest.mark.parametrize("garbage", [b"", b"\x40\x00\x00\x00\x00\x00\x00\x00" + b"\xff" * 80, b"\x10" * 16, b"x"])
def test_a_file_that_is_none_of_ours_breaks_nothing(tmp_path: Path, garbage: bytes) -> None:
    """It is left out of the scrape, put aside by whoever takes that seat, and counted."""
    (tmp_path / "histogram_parapet-0.db").write_bytes(garbage)
    reader = Recorder(multiprocess_dir=tmp_path)
    assert runs(reader) == 0
    reader.observe(names.JOB_DURATION, DONE, 0.2)
    assert runs(Recorder(multiprocess_dir=tmp_path)) == 1


def test_a_block_that_was_never_finished_is_not_seen(tmp_path: Path) -> None:
    """A process killed while it wrote leaves bytes behind the used length; the next one writes over them."""
    first = Recorder(multiprocess_dir=tmp_path)
    in_child(lambda: first.observe(names.JOB_DURATION, DONE, 0.2))
    path = tmp_path / "histogram_parapet-0.db"
    data = bytearray(path.read_bytes())
    used = int.from_bytes(data[:4], sys.byteorder)
    half = layout.written(Place(names.JOB_DURATION, (("queue", "x"),), ("1.0", "+Inf")), "help")[0][:100]
    data[used : used + len(half)] = half
    path.write_bytes(data)
    second = Recorder(multiprocess_dir=tmp_path)
    second.observe(names.JOB_DURATION, ("other", "mail", "failed"), 0.2)
    assert runs(second) == runs(second, ("other", "mail", "failed")) == 1


def test_a_directory_nobody_may_write_to_is_refused_when_the_recorder_is_made(tmp_path: Path) -> None:
    """Not when the first request comes."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigurationError, match="cannot count into"):
        Recorder(multiprocess_dir=tmp_path / "file" / "below")


def test_a_full_disk_costs_new_series_and_no_request(tmp_path: Path) -> None:
    """What finds no room is kept in the memory of its process; what has room goes on; nothing is raised or killed."""
    script = """
        import os, resource, sys
        from parapet.core import names
        from parapet.signals.recorder import Recorder

        recorder = Recorder(multiprocess_dir=sys.argv[1])
        recorder.observe(names.JOB_WAIT, ("first", "mail"), 0.2)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
        for index in range(60):
            recorder.observe(names.JOB_WAIT, (f"task-{index}", "mail"), 0.2)
            recorder.observe(names.JOB_WAIT, ("first", "mail"), 0.2)
        totals = recorder.families.histogram(names.JOB_WAIT).totals()
        swallowed = "signals.shared" in recorder.render().decode()
        print(sum(sum(cells[:-1]) for cells in totals.values()), len(totals), swallowed)
    """
    assert resource.RLIM_INFINITY  # the limit stands for a full disk
    out = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(SRC)},
        timeout=30,
        check=True,
    )
    assert out.stdout.split() == ["121.0", "61", "True"]
    seen = Recorder(multiprocess_dir=tmp_path).families.histogram(names.JOB_WAIT).totals()
    assert sum(seen["first", "mail"][:-1]) == 61


def test_a_scrape_while_workers_come_and_go_never_goes_back(tmp_path: Path) -> None:
    """Counters that fall look like restarts to Prometheus, so no moment may show less than one before it."""
    recorder = Recorder(multiprocess_dir=tmp_path)
    children = 12

    def work() -> None:
        for index in range(300):
            recorder.observe(names.JOB_DURATION, (f"t{index % 20}", "mail", "succeeded"), 0.1)

    spawner = os.fork()
    if spawner == 0:
        try:
            for _ in range(children):
                in_child(work, ending=signal.SIGKILL)
        finally:
            os._exit(0)
    reader = Recorder(multiprocess_dir=tmp_path)
    seen = 0.0
    while True:
        gone, _ = os.waitpid(spawner, os.WNOHANG)
        now = sum(sum(cells[:-1]) for cells in reader.families.histogram(names.JOB_DURATION).totals().values())
        assert now >= seen
        seen = now
        if gone:
            break
    assert seen == children * 300
