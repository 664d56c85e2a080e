"""Recording may begin anywhere: in a garbage collection, in a signal handler, beside a fork. Nobody waits for ever."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from parapet.core import names
from parapet.core.vocabulary import Outcome
from parapet.signals.recorder import Recorder
from parapet.signals.seats import locked, locked_here
from parapet.signals.spanning import InProcess, Pending

PATIENCE_SECONDS = 60.0

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


def ends(work: Callable[[], object]) -> bool:
    """Whether *work* comes to an end, in a thread that nobody waits for if it does not."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    return not thread.is_alive()


def waits(recorder: Recorder) -> int:
    """Observations of how long jobs waited, over all labels."""
    return int(sum(sum(cells[:-1]) for cells in recorder.families.histogram(names.JOB_WAIT).totals().values()))


@pytest.mark.parametrize("alone", [False, True])
def test_a_record_in_the_middle_of_a_look_at_the_directory(alone: bool, tmp_path: Path) -> None:
    """The first record of a process locks the directory, and a collection of garbage may make it while the same thread
    has it locked: it is counted in memory, and the next one takes a seat."""
    recorder = Recorder(multiprocess_dir=tmp_path)

    def look() -> None:
        with locked(tmp_path, alone=alone):
            assert locked_here(tmp_path)
            recorder.observe(names.JOB_WAIT, ("receipt", "mail"), 0.1)
        recorder.observe(names.JOB_WAIT, ("refund", "mail"), 0.1)

    assert ends(look)
    assert waits(recorder) == 2
    assert waits(Recorder(multiprocess_dir=tmp_path)) == 1
    assert not locked_here(tmp_path)


def test_whoever_waits_for_the_directory_holds_up_nobody_that_has_it(tmp_path: Path) -> None:
    """One thread reads for a scrape and records in the middle; another one records for the first time meanwhile."""
    recorder = Recorder(multiprocess_dir=tmp_path)
    assert recorder._shared is not None
    assert recorder._shared.gathered._lock is recorder._lock
    reading, began = threading.Event(), threading.Event()

    def begin() -> None:
        reading.wait(PATIENCE_SECONDS)
        began.set()
        recorder.observe(names.JOB_WAIT, ("refund", "mail"), 0.1)

    def read() -> None:
        with recorder._lock, locked(tmp_path, alone=False):  # as reading a gauge does
            reading.set()
            began.wait(PATIENCE_SECONDS)
            recorder.observe(names.JOB_WAIT, ("receipt", "mail"), 0.1)

    beginner = threading.Thread(target=begin, daemon=True)
    beginner.start()
    assert ends(read)
    beginner.join(PATIENCE_SECONDS)
    assert not beginner.is_alive()
    assert waits(recorder) == 2


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_forked_during_a_look_does_not_keep_the_directory(tmp_path: Path) -> None:
    """It inherits the locked file; what the parent gives back is free, however long the child lives."""
    Recorder(multiprocess_dir=tmp_path)
    reading, done = threading.Event(), threading.Event()
    waiting, ending = os.pipe()

    def read() -> None:
        with locked(tmp_path, alone=False):
            reading.set()
            done.wait(PATIENCE_SECONDS)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    assert reading.wait(PATIENCE_SECONDS)
    child = os.fork()
    if child == 0:
        os.close(ending)
        os.read(waiting, 1)  # until the parent is done
        os._exit(0)
    done.set()
    reader.join(PATIENCE_SECONDS)

    def write() -> None:
        with locked(tmp_path, alone=True):
            pass

    try:
        assert ends(write)
    finally:
        os.close(ending)
        os.close(waiting)
        os.waitpid(child, 0)


def test_an_attempt_that_ends_within_another_ones_beginning() -> None:
    """As the destructor of a host's object may do, when a collection begins in the middle."""
    pending = InProcess()

    def pend(ref: str) -> Pending:
        return Pending(journey="checkout", ref=ref, started=0.0, deadline=1.0, otherwise=Outcome.ABANDONED)

    def within() -> None:
        pending.add(pend("first"))
        with pending._lock:
            assert pending.take("checkout", "first") is not None

    assert ends(within)
