"""Processes to kill, and copies of a database to kill them over."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from tests.conftest import Desk
from tests.faults.acts import Pigeon
from tests.postgres import evidence_database

from parapet.core.ids import TimeOrderedIds
from parapet.store.store import Store

ROOT = Path(__file__).parents[2]
WHOLE = os.environ.get("PARAPET_FAULTS") == "all"
"""Every boundary, and the long forms; else some of them."""

collect_ignore = [
    *([] if WHOLE else ["test_storm_of_deaths.py"]),
    *([] if WHOLE and os.geteuid() == 0 else ["test_full_disk.py"]),
]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at how many boundaries something happened."""
    walked = Counter[str]()
    for report in terminalreporter.getreports("passed"):
        walked.update({what: number for what, number in report.user_properties if isinstance(number, int)})
    for what, number in sorted(walked.items()):
        terminalreporter.write_line(f"{number:>6,} boundaries: {what}")


NewDesk = Callable[[Path], AbstractContextManager[Desk]]
Kill = Callable[[str, Desk, Path, int], bool]


@pytest.fixture
def desks(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> NewDesk:
    """Opens an evidence database of its own, with nothing in it, as often as it is asked."""

    @contextmanager
    def url() -> Iterator[str]:
        if database == "sqlite":
            path = tmp_path / "evidence.db"
            shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
            yield f"sqlite:///{path}"
            for each in tmp_path.glob("evidence.db*"):
                each.unlink()
        else:
            yield from evidence_database(request.getfixturevalue("postgres_uri"))

    @contextmanager
    def opened(book: Path) -> Iterator[Desk]:
        book.unlink(missing_ok=True)
        with url() as where:
            store = Store(where)
            try:
                yield Desk(store=store, url=where, channels={"pigeon": Pigeon(book)}, ids=TimeOrderedIds())
            finally:
                store.close()

    return opened


@pytest.fixture(scope="module")
def kill() -> Iterator[Kill]:
    """Lets a process of its own do an act and kills it at a boundary: whether it died there, or had ended before."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.victims"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )

    def run(act: str, desk: Desk, book: Path, boundary: int) -> bool:
        assert process.stdin is not None
        assert process.stdout is not None
        job = {"act": act, "url": desk.url, "now": desk.clock.now().isoformat(), "book": str(book)}
        process.stdin.write(json.dumps({**job, "boundary": str(boundary)}) + "\n")
        process.stdin.flush()
        ended = int(process.stdout.readline())
        assert ended in {0, -9}, f"{act} at {boundary}: exit {ended}"
        return ended == -9

    yield run
    process.communicate()
