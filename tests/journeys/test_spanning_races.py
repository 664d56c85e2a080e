"""Many processes at one store: every attempt is counted exactly once, whoever is first."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

ATTEMPTS = 120
RACE = """
import json, random, sys, time
from datetime import UTC, datetime
from parapet.core.vocabulary import Outcome
from parapet.integrations.redis_journeys import RedisJourneys
from parapet.integrations.sql_journeys import SqlJourneys
from parapet.signals.journey import Journey
from parapet.signals.recorder import Recorder
from parapet.signals.spanning import Spanning
from parapet.testing import ManualClock

url, role, start = sys.argv[1], sys.argv[2], float(sys.argv[3])
recorder, clock = Recorder(), ManualClock()
if url.startswith("redis"):
    store = RedisJourneys.at(url, timeout_seconds=10)
else:
    store = SqlJourneys.at(url, timeout_seconds=20)
spanning = Spanning(recorder, clock, store)
checkout = Journey("checkout", "Checkout", recorder, spanning)
refs = list(range(int(sys.argv[4])))
clock.advance(60)
random.shuffle(refs)
while time.time() < start:
    time.sleep(0.001)
if role == "sweep":
    for _ in range(25):
        spanning.sweep()
else:
    for ref in refs:
        checkout.finish(ref, Outcome(role))
spanning.sweep()
series = recorder.histograms()[1].series
print(json.dumps({outcome: int(sum(cells[:-1])) for (_, outcome), cells in series.items()}))
"""


def test_finishers_and_sweepers_race(
    open_store: Callable[[], Any], store_url: str, process: Any, clock: Any, together: Callable[..., list[Any]]
) -> None:
    """Two finishers disagree about every attempt while two others sweep: half of the attempts are overdue, and those
    count as what was said at the start whoever got them; the others as what one of the finishers said."""
    service = process(open_store(), clock)
    for ref in range(ATTEMPTS):
        overdue = ref % 2
        assert service.checkout.start(ref, deadline_seconds=30 if overdue else 300)
    start = str(time.time() + 2.0)
    given = [(store_url, role, start, str(ATTEMPTS)) for role in ("success", "failure", "sweep", "sweep")]
    total: Counter[str] = Counter()
    for counted in together(RACE, *given):
        total.update(counted)
    assert total["abandoned"] == ATTEMPTS // 2
    assert total["success"] + total["failure"] == ATTEMPTS // 2
    assert total["user_error"] == total["other"] == 0
    assert service.spanning.sweep() == 0


def test_starters_race(store_url: str, open_store: Callable[[], Any], together: Callable[..., list[Any]]) -> None:
    """Of processes that begin the same attempt at once, one begins it."""
    script = RACE.split("refs = ")[0] + (
        "while time.time() < start:\n    time.sleep(0.001)\n"
        "print(json.dumps(sum(checkout.start(ref, deadline_seconds=60) for ref in range(int(sys.argv[4])))))"
    )
    start = str(time.time() + 2.0)
    begun = together(script, *[(store_url, "start", start, "60")] * 3)
    assert sum(begun) == 60
