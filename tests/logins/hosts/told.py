"""What the hosts of these tests share: a journey's counts, steps over real HTTP, and a report on the last line."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from parapet.signals.journey import Journey
from parapet.signals.recorder import Recorder

recorder = Recorder()
login = Journey("login", "Login", recorder)
signup = Journey("signup", "Signup", recorder)


def counted() -> dict[str, int]:
    """Attempts by journey and outcome."""
    series = recorder.histograms()[1].series
    return {f"{name} {outcome}": int(sum(cells[:-1])) for (name, outcome), cells in series.items()}


def report(steps: list[Callable[[], object]], settled: Callable[[], bool] = lambda: True) -> None:
    """Run *steps*, and print what each of them counted, once that is *settled*, and what it returned."""
    told: dict[str, object] = {}
    for step in steps:
        before = counted()
        status = step()
        while not settled():
            time.sleep(0.002)
        grown = {name: count - before.get(name, 0) for name, count in counted().items()}
        told[step.__name__] = [status, {name: count for name, count in grown.items() if count}]
    seconds = recorder.histograms()[1].series["login", "success"][-1]
    told["login_seconds"] = seconds
    print(json.dumps(told))
