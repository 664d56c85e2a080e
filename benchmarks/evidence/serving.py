"""A service over a database, run for a while."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

READY_SECONDS = 60.0
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A service that runs."""

    port: int
    process: int


@contextmanager
def serving(url: str, python: str = sys.executable, *, nice: int = 0) -> Iterator[Served]:
    """A service over the database at *url*, as `host.py` makes it."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port: int = held.getsockname()[1]
    command = ["nice", "-n", str(nice), python, "-m", "benchmarks.evidence.host", url, str(port)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        until = monotonic() + READY_SECONDS
        while monotonic() < until and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                sleep(0.05)
            else:
                break
        yield Served(port=port, process=process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
