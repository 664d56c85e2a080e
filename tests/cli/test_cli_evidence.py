"""`parapet db`, `worker` and `deploy`, run as people run them: as processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from parapet.store import migrate
from parapet.store.store import Store

if TYPE_CHECKING:
    from tests.cli.conftest import Run
    from tests.forked import Forks

APP = """
import os
from parapet import Parapet
parapet = Parapet(service="shop", evidence=os.environ["HOST_EVIDENCE"])
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a host's module `reliability` in it."""
    (tmp_path / "reliability.py").write_text(APP)
    return tmp_path


@pytest.fixture
def parapet(project: Path, forks: Forks) -> Run:
    """The command in that folder, over the evidence at an URL."""

    def run(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return forks.run("-m", "parapet", *arguments, cwd=project, env=environment(url))

    return run


def python(project: Path, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What an interpreter of its own says there."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env=environment(url),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def environment(url: str) -> dict[str, str]:
    return {**os.environ, "HOST_EVIDENCE": url, "PARAPET_APP": "reliability:parapet"}


def test_db_says_what_is_pending_and_applies_it(parapet: Run, empty_url: str) -> None:
    """Exit status 1 while something is pending; after the upgrade nothing is."""
    before = parapet(empty_url, "db", "check", "--json")
    assert before.returncode == 1
    assert json.loads(before.stdout)["pending"]
    done = parapet(empty_url, "db", "upgrade")
    assert done.returncode == 0, done.stderr
    assert "applied  0001" in done.stdout
    after = parapet(empty_url, "db", "check", "--evidence", empty_url)
    assert (after.returncode, after.stdout) == (0, "The evidence database is up to date.\n")


def test_db_sql_prints_the_statements_of_that_database(parapet: Run) -> None:
    """For Postgres with its trigger functions; no database is asked."""
    said = parapet("sqlite:///x.db", "db", "sql", "--evidence", "postgresql://nobody@127.0.0.1:1/none")
    assert said.returncode == 0, said.stderr
    assert "plpgsql" in said.stdout


def test_a_database_that_is_not_there_is_told_in_a_sentence(project: Path) -> None:
    """No traceback, nothing on standard output; the exit status says it failed."""
    said = python(project, f"sqlite:///{project / 'nowhere' / 'e.db'}", "-m", "parapet", "db", "check")
    assert (said.returncode, said.stdout) == (1, "")
    assert "does not answer" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_deploy_is_marked_once(parapet: Run, tmp_path: Path, sqlite_template: Path) -> None:
    """With its time, and again with the same time: one change. A time without zone is refused."""
    url = f"sqlite:///{tmp_path / 'e.db'}"
    (tmp_path / "e.db").write_bytes(sqlite_template.read_bytes())
    given = ("deploy", "mark", "--version", "1.8.2", "--at", "2026-11-12T03:31:00+01:00", "--by", "ci")
    first = parapet(url, *given, "--json")
    again = parapet(url, *given, "--json")
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout) == json.loads(again.stdout)
    assert json.loads(first.stdout)["occurred_at"] == "2026-11-12T02:31:00Z"
    wrong = parapet(url, "deploy", "mark", "--version", "1", "--at", "2026-11-12T03:31:00")
    assert wrong.returncode == 2
    assert "no time zone" in wrong.stderr


def test_the_worker_works_once_or_until_it_is_told_to_stop(project: Path, parapet: Run, evidence_url: str) -> None:
    """`--once` says what it did; a running one ends by itself on SIGTERM, after it was seen alive."""
    store = Store(evidence_url)
    once = parapet(evidence_url, "worker", "--once", "--json")
    assert once.returncode == 0, once.stderr
    assert json.loads(once.stdout)["settled"] == 0
    running = subprocess.Popen(
        [sys.executable, "-m", "parapet", "worker", "--interval", "0.05"],
        cwd=project,
        env=environment(evidence_url),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert running.stderr is not None
        assert "Ctrl-C ends it" in running.stderr.readline()
        with store.read() as tx:
            first = tx.heartbeats.last("worker/")
        while _last(store) == first:
            assert running.poll() is None
        running.send_signal(signal.SIGTERM)
        _, said = running.communicate(timeout=20)
    finally:
        running.kill()
        running.wait()
    assert running.returncode == 0
    assert said.endswith("Worker ended.\n")
    assert migrate.pending(store.engine) == []
    store.close()


ENDED_IN_A_LOCK = """
import os, signal, sys, threading
from parapet.cli.main import main

def interrupt(frame, event, argument):
    if frame.f_code is threading.Condition.wait.__code__ and signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        if frame.f_back.f_back.f_code is not threading.Thread.start.__code__:
            sys.settrace(None)
            os.kill(os.getpid(), signal.SIGTERM)

sys.settrace(interrupt)
main()
"""
"""A worker that is told to end while its main thread holds the lock of a condition it is about to wait for."""


def test_a_worker_that_is_told_to_end_at_the_worst_moment_ends(project: Path, evidence_url: str) -> None:
    """A signal's handler may wait for nothing that the interrupted step holds."""
    ended = python(project, evidence_url, "-c", ENDED_IN_A_LOCK, "worker")
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.endswith("Worker ended.\n")


TOLD_ON_ANOTHER_THREAD = """
import concurrent.futures, signal, sys, threading, time
from parapet.cli.main import main

def waits():
    frame = sys._current_frames()[threading.main_thread().ident]
    while frame is not None and not frame.f_code.co_filename.startswith(concurrent.futures.__path__[0]):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_name in ("wait", "result")

def tell():
    seen = 0
    while seen < 2:  # once more, to be past the step before it
        time.sleep(0.05)
        seen = seen + 1 if waits() else 0
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

threading.Thread(target=tell, daemon=True).start()
main()
"""
"""A worker that is told to end while its main thread waits, by a signal that another thread takes."""


def test_a_worker_hears_a_signal_that_another_thread_takes(project: Path, evidence_url: str) -> None:
    """Which thread is interrupted is the kernel's choice; the main thread has to hear of it all the same."""
    ended = python(project, evidence_url, "-c", TOLD_ON_ANOTHER_THREAD, "worker")
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.endswith("Worker ended.\n")


def _last(store: Store) -> datetime | None:
    with store.read() as tx:
        return tx.heartbeats.last("worker/")
