"""How to measure a microsecond on a machine that others use too.

Contestants take turns in short slices, in a new order every round, so that whatever slows the machine down slows all
of them. A slice is timed in CPU time of the thread, so waiting for a processor does not count. What still disturbs,
such as cold caches or a neighbour on the same core, only ever adds: so a contestant's cost is the tenth percentile of
its slices. Garbage is collected between slices, not within.

Let two meet in a process, not more: an interpreter adapts shared code to whoever calls it, so the more call it in
different ways, the more all of them pay.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Mapping
from statistics import quantiles
from time import thread_time

WARM_UP_CALLS = 200
CALLS_BEFORE_A_SLICE = 3


def compare(contestants: Mapping[str, Callable[[int], None]], *, rounds: int, calls: int) -> dict[str, float]:
    """Microseconds per call of each contestant, which is a function that makes so many calls."""
    for run in contestants.values():
        run(WARM_UP_CALLS)
    took: dict[str, list[float]] = {name: [] for name in contestants}
    turns = list(contestants)
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        for _ in range(rounds):
            random.shuffle(turns)
            for name in turns:
                run = contestants[name]
                run(CALLS_BEFORE_A_SLICE)
                start = thread_time()
                run(calls)
                took[name].append(thread_time() - start)
            gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()
    return {name: quantiles(slices, n=10)[0] / calls * 1e6 for name, slices in took.items()}
