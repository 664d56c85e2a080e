"""A page of the host's own, where the host has a processor to itself: a machine of two processors stands for two.

The host and whoever looks have one processor; a door of alerts in a process of its own, the database and whoever storms
have the other. In truth both share caches, memory and a hypervisor. So two more things go on at the other processor,
each in its turn: the same storm at a door without Parapet, and a loop that does nothing at all. What these move is not
ours. The order is another in each turn, so that a machine which grows slower is slower for all.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, islice, permutations
from time import sleep

from benchmarks.evidence.cores import database_on, halves, kept_to, move
from benchmarks.evidence.meanwhile import looking, stormed
from benchmarks.evidence.serving import Served


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """Seconds that looks at the host's page took, by what the other processor did."""

    calm: list[float] = field(default_factory=list)
    """Nothing."""
    door: list[float] = field(default_factory=list)
    """A storm at a door of its own, with its database."""
    bare: list[float] = field(default_factory=list)
    """The storm at a door without Parapet."""
    loop: list[float] = field(default_factory=list)
    """An empty loop."""


def alone(
    url: str,
    host: Served,
    door: Served,
    bare: Served,
    *,
    turns: int,
    first: int,
    deliveries: int,
    calm_seconds: float,
) -> Alone:
    """So many *turns* of each kind; the door is stormed with new *deliveries* each time, from number *first* on."""
    mine, others = halves()
    took = Alone()
    beginnings = count(first, deliveries)

    def storm_at(one: Served, first: int) -> list[float]:
        return stormed(one.port, host.port, first, deliveries, cores=(mine, others))[1]

    with kept_to(others), database_on(others, url):
        move(mine, host.process)
        move(others, door.process, bare.process)
        for order in islice(_orders(), turns):
            for kind in order:
                match kind:
                    case "door":
                        took.door.extend(storm_at(door, next(beginnings)))
                    case "bare":
                        took.bare.extend(storm_at(bare, first))
                    case "loop":
                        with looking(host.port, mine) as looks, _loop():
                            sleep(calm_seconds)
                        took.loop.extend(looks)
                    case _:
                        with looking(host.port, mine) as looks:
                            sleep(calm_seconds)
                        took.calm.extend(looks)
        move(mine | others, host.process, door.process, bare.process)
    return took


def _orders() -> Iterator[tuple[str, ...]]:
    """Orders of the kinds, each far from alike to the one before it."""
    orders = list(permutations(("calm", "door", "bare", "loop")))
    while True:
        yield from orders[::5]
        yield from orders[1::5]


@contextmanager
def _loop() -> Iterator[None]:
    """A process that does nothing, without a pause, on the processors of whoever begins it."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()
