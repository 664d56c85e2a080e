"""Whoever ticks counts the journeys that nobody finished in time: also a worker process, and once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from parapet import Parapet
from parapet.integrations.sql_journeys import SqlJourneys

ROOT = Path(__file__).parents[2]
HOST = """
import os
from parapet import Parapet
from parapet.integrations.sql_journeys import SqlJourneys
folder = os.environ["FOLDER"]
parapet = Parapet(service="shop", evidence=f"sqlite:///{folder}/evidence.db", multiprocess_dir=f"{folder}/shared")
parapet.spanning.keep_in(SqlJourneys.at(f"sqlite:///{folder}/host.db"))
checkout = parapet.journey("checkout", objective=0.99)
"""


def abandoned(host: Parapet) -> int:
    """How many attempts were counted as abandoned, by all processes."""
    cells = host.recorder.histograms()[1].series["checkout", "abandoned"]
    return int(sum(cells[:-1]))


def test_worker_processes_sweep_what_was_begun_elsewhere(tmp_path: Path) -> None:
    """Begun here and finished nowhere: of two real workers that look, one counts each attempt, without being asked."""
    (tmp_path / "shop_host.py").write_text(HOST)
    environ = os.environ | {"FOLDER": str(tmp_path), "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT / "src")))}
    command = [sys.executable, "-m", "parapet"]
    subprocess.run([*command, "db", "upgrade", "--app", "shop_host:parapet"], env=environ, check=True, timeout=120)
    host = Parapet(service="shop", multiprocess_dir=tmp_path / "shared")
    pending = SqlJourneys.at(f"sqlite:///{tmp_path}/host.db")
    pending.create_table()
    host.spanning.keep_in(pending)
    checkout = host.journey("checkout", objective=0.99)
    for number in range(20):
        checkout.start(number, deadline_seconds=0.01)
    workers = [subprocess.Popen([*command, "worker", "--app", "shop_host:parapet"], env=environ) for _ in range(2)]
    try:
        until = time.monotonic() + 120
        while abandoned(host) < 20:
            assert time.monotonic() < until, abandoned(host)
            assert all(worker.poll() is None for worker in workers)
            time.sleep(0.05)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(60)
    assert abandoned(host) == 20
    assert not host.spanning.sweep()
    pending.close()
