"""Which trace an observation belonged to: now and then one per bucket, so that counting pays nothing for it.

Traces are OpenTelemetry's, if the application has loaded it: nothing is imported here and no provider is touched.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import TypeAlias

from parapet.core.clock import SystemClock
from parapet.core.guard import guarded
from parapet.signals.cells import Labels

INTERVAL_SECONDS = 1.0
"""A bucket of a family wants a new exemplar this long after the last one."""
MOST_TRIES = 16
"""So many observations without a trace are looked at, then the bucket waits."""
MOST_KEPT = 1_000
LONGEST_NOTE = 480

Where: TypeAlias = tuple[str, Labels, str]
"""Histogram, label set, and upper bound as text."""
Remember: TypeAlias = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One observation whose trace is known."""

    trace_id: str
    span_id: str
    seconds: float
    at: float
    """When, in epoch seconds."""


class Exemplars:
    """The exemplars of one histogram.

    `due` holds, for each bucket, the reading of `perf_counter` from which on it wants one: whoever counts compares,
    and calls `offer` if its own reading is later.
    """

    def __init__(self, name: str, buckets: int, remember: Remember | None) -> None:
        self.due = [0.0] * buckets
        self._name = name
        self._tries = [0] * buckets
        self._remember = remember
        self._clock = SystemClock()
        self._kept: dict[Where, Exemplar] = {}

    def widen(self) -> None:
        """There is one bucket more."""
        self.due.append(0.0)
        self._tries.append(0)

    def offer(self, labels: Labels, bound: str, bucket: int, seconds: float) -> None:
        """Keep an observation, if it has a trace. Never raises."""
        later = perf_counter() + INTERVAL_SECONDS
        with guarded("signals.exemplars"):
            found = current_trace()
            self._tries[bucket] += 1
            if found is not None or self._tries[bucket] >= MOST_TRIES or not traced():
                self._tries[bucket] = 0
                self.due[bucket] = later
            if found is not None:
                self._keep((self._name, labels, bound), Exemplar(*found, seconds, self._clock.now().timestamp()))
            return
        self.due[bucket] = later

    def kept(self) -> dict[Where, Exemplar]:
        """What this process kept, the newest of each bucket of each label set."""
        return dict(self._kept)

    def forget_parent(self) -> None:
        """In a forked child: the parent shows its own."""
        self._kept = {}

    def _keep(self, where: Where, exemplar: Exemplar) -> None:
        kept = self._kept
        kept.pop(where, None)
        if len(kept) >= MOST_KEPT:
            kept.pop(next(iter(kept)), None)
        kept[where] = exemplar
        if self._remember is not None:
            note = json.dumps([*where, exemplar.trace_id, exemplar.span_id, exemplar.seconds, exemplar.at]).encode()
            if len(note) <= LONGEST_NOTE:
                self._remember(note)


def traced() -> bool:
    """Whether the application has loaded OpenTelemetry."""
    return "opentelemetry.trace" in sys.modules


def current_trace() -> tuple[str, str] | None:
    """The ids of the current trace and span, as OpenMetrics writes them; None if nobody will find them anywhere."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return None
    context = trace.get_current_span().get_span_context()
    if not context.is_valid or not context.trace_flags.sampled:
        return None
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


def read(notes: Iterable[bytes]) -> dict[Where, Exemplar]:
    """What other processes kept. A note that is being written over just now is none."""
    newest: dict[Where, Exemplar] = {}
    for note in notes:
        try:
            name, labels, bound, trace_id, span_id, seconds, at = json.loads(note)
            where = (str(name), tuple(map(str, labels)), str(bound))
            exemplar = Exemplar(str(trace_id), str(span_id), float(seconds), float(at))
        except (ValueError, TypeError):
            continue
        if where not in newest or newest[where].at < exemplar.at:
            newest[where] = exemplar
    return newest
