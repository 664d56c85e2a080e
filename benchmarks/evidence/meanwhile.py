"""What a page of the host's own takes while something else goes on; whoever looks and whoever storms are processes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from time import perf_counter

from benchmarks.evidence.cores import ALL, keep_to
from benchmarks.evidence.host import PAGE, TOKEN
from benchmarks.evidence.storm import Answered, delivery, looked, storm

PAUSE_SECONDS = 0.002
"""Between two looks at the host's page."""
FEWEST_LOOKS = 20
PROCESSES = get_context("spawn")
NICE = 10
"""Of whoever storms, who in truth is another machine, and of a door that is a process of its own."""


@contextmanager
def looking(page: int, cores: frozenset[int] = ALL) -> Iterator[list[float]]:
    """Seconds that looks at a page of the host's own took, as long as this lasts; there when it has ended."""
    took = list[float]()
    stop, heard = PROCESSES.Event(), PROCESSES.SimpleQueue()
    looker = PROCESSES.Process(target=_look, args=(page, stop, heard, cores))
    looker.start()
    yield took
    stop.set()
    took += heard.get()
    looker.join()


def stormed(
    door: int, page: int, first: int, deliveries: int, *, cores: tuple[frozenset[int], frozenset[int]] = (ALL, ALL)
) -> tuple[list[Answered], list[float], float]:
    """The burst, what a page of the host's own took meanwhile, and when it began.

    Who looks and who storms keep to those *cores*.
    """
    with looking(page, cores[0]) as took, ProcessPoolExecutor(1, mp_context=PROCESSES) as pool:
        pool.submit(abs, 0).result()  # it has started
        began = perf_counter()
        answered: list[Answered] = pool.submit(_send, door, first, deliveries, cores[1]).result()
    refused = [one for one in answered if one.status != 200]
    if refused:
        raise RuntimeError(f"{len(refused)} deliveries were answered {refused[0].status}: {refused[0].body[:200]!r}")
    return answered, took, began


def _send(door: int, first: int, deliveries: int, cores: frozenset[int]) -> list[Answered]:
    """Whoever storms."""
    keep_to(cores)
    os.nice(NICE)
    bodies = [delivery(first + number, 1) for number in range(deliveries)]
    return asyncio.run(storm(door, TOKEN, bodies))


def _look(page: int, stop: Event, heard: SimpleQueue[list[float]], cores: frozenset[int]) -> None:
    """Whoever looks at the host's page meanwhile."""
    keep_to(cores)
    took = list[float]()
    while len(took) < FEWEST_LOOKS or not stop.is_set():
        took += asyncio.run(looked(page, PAGE, 5, pause_seconds=PAUSE_SECONDS))
    heard.put(took)
