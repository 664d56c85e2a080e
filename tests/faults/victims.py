"""A process that forks one child for each line it reads, lets it act, and says how it ended.

A line names the database, the act, the time, and the boundary at which the child kills itself: the statement or commit
of that number, before it is sent. `python -m tests.faults.victims`
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import datetime
from itertools import count
from pathlib import Path

from sqlalchemy import Engine, event
from tests.conftest import Desk
from tests.faults.acts import ACTS, Pigeon
from tests.faults.duties import DUTIES
from tests.faults.risks import RISKS

from parapet.core.guard import guarded
from parapet.core.ids import TimeOrderedIds
from parapet.store.store import Store
from parapet.testing import ManualClock


def strike(engine: Engine, boundary: int) -> None:
    """End this process, as `kill -9` does, before its statement or commit number *boundary*."""
    passed = count(1)

    def pass_by(*_: object) -> None:
        if next(passed) == boundary:
            os.kill(os.getpid(), signal.SIGKILL)

    for moment in ("before_cursor_execute", "commit"):
        event.listen(engine, moment, pass_by)


def live(job: dict[str, str]) -> None:
    """Act, and die on the way or without an answer."""
    store, act = Store(job["url"]), (ACTS | DUTIES | RISKS)[job["act"]]
    clock = ManualClock(datetime.fromisoformat(job["now"]))
    channels = {"pigeon": Pigeon(Path(job["book"]))}
    desk = Desk(
        store=store,
        url=job["url"],
        clock=clock,
        channels=channels,
        ids=TimeOrderedIds(),
    )
    act.furnish(desk)
    strike(store.engine, int(job["boundary"]))
    act.run(desk)


def main() -> None:
    """Serve until standard input ends."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            with guarded("victim") as attempt:
                live(json.loads(line))
            os._exit(0 if attempt.error is None else 1)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
