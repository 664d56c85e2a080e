"""Runs probes: one runner at a time over all nodes, a few at once, and nothing that a probe does stops the others."""

from __future__ import annotations

import asyncio
import inspect
import random
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from threading import Thread
from time import perf_counter

from parapet.core import names
from parapet.core.errors import ProbeFailed
from parapet.core.guard import guarded
from parapet.core.vocabulary import ProbeOutcome
from parapet.ops.context import Context
from parapet.signals.probes import Check, Probe
from parapet.signals.recorder import Recorder

MOST_AT_ONCE = 8
LEASE_MARGIN_SECONDS = 30.0
"""How long after its time-out a probe stays leased to a runner that died."""
LONGEST_DETAIL = 500

STILL_HANGING = "Its last run hangs still, so it was not run again."


class ProbeRunner:
    """The probes of one service, run by this process whenever it finds one due and takes its lease.

    Args:
        jitter: gives a number from 0 to 1 whenever it is asked.
    """

    def __init__(
        self,
        context: Context,
        probes: Iterable[Probe],
        recorder: Recorder,
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._context = context
        self._probes = {f"{context.service}/{probe.name}": probe for probe in probes}
        self._recorder = recorder
        self._jitter = jitter
        self._owner = f"prober/{context.ids.new()}"
        self._known = False
        self._running: dict[str, Thread] = {}
        self._hanging: dict[str, Thread] = {}

    def start_due(self) -> int:
        """Start what is due, and return at once: how many runs were started.

        Raises:
            EvidenceUnavailable: the database does not answer.
        """
        self._running = {key: thread for key, thread in self._running.items() if thread.is_alive()}
        free = MOST_AT_ONCE - len(self._running)
        if not self._probes or free <= 0:
            return 0
        store, now = self._context.store, self._context.clock.now()
        if not self._known:
            store.transact(lambda tx: tx.probes.ensure(self._probes, now=now))
            self._known = True
        with store.read() as tx:
            due = [key for key in tx.probes.due(self._probes, now) if key not in self._running]
        return sum(self._start(key) for key in due[:free])

    def wait(self) -> None:
        """Wait until every run that was started has ended, which takes no longer than the longest time-out."""
        for thread in list(self._running.values()):
            thread.join()

    def _start(self, key: str) -> bool:
        probe, now = self._probes[key], self._context.clock.now()
        until = now + timedelta(seconds=probe.timeout_seconds + LEASE_MARGIN_SECONDS)
        swing = probe.jitter_ratio * (2 * self._jitter() - 1)
        next_at = now + timedelta(seconds=probe.every_seconds * (1 + swing))
        with self._context.store.begin() as tx:
            if not tx.probes.claim(key, owner=self._owner, now=now, until=until, next_at=next_at):
                return False
        thread = Thread(target=self._run, args=(key, probe), name=f"parapet-probe-{probe.name}", daemon=True)
        self._running[key] = thread
        thread.start()
        return True

    def _run(self, key: str, probe: Probe) -> None:
        """One run, from its start to its place in the evidence; ends in time whatever the probe does."""
        started = perf_counter()
        outcome, detail = self._look(key, probe)
        took_seconds = perf_counter() - started
        self._recorder.observe(names.PROBE_DURATION, (probe.name, outcome.value), took_seconds)
        with guarded("probe.settle"):
            self._context.store.transact(
                lambda tx: tx.probes.settle(
                    key, owner=self._owner, outcome=outcome, detail=detail, took_seconds=took_seconds
                )
            )

    def _look(self, key: str, probe: Probe) -> tuple[ProbeOutcome, str | None]:
        hanging = self._hanging.get(key)
        if hanging is not None and hanging.is_alive():
            return ProbeOutcome.TIMEOUT, STILL_HANGING
        self._hanging.pop(key, None)
        attempt = _Attempt(probe)
        with guarded("probe.start"):  # a machine without threads left cannot look
            attempt.start()
            attempt.join(probe.timeout_seconds)
        if attempt.is_alive():
            self._hanging[key] = attempt
            return ProbeOutcome.TIMEOUT, f"It did not end within {probe.timeout_seconds:g} s."
        return attempt.outcome, attempt.detail


class _Attempt(Thread):
    """The probe's own code, on a thread that nobody has to wait for."""

    def __init__(self, probe: Probe) -> None:
        super().__init__(name=f"parapet-probe-{probe.name}-check", daemon=True)
        self._probe = probe
        self.outcome = ProbeOutcome.CRASHED
        self.detail: str | None = "It could not be started."

    def run(self) -> None:
        """Look once; `outcome` and `detail` say what came of it."""
        with guarded("probe") as attempt:
            self.outcome, self.detail = _looked(self._probe.check, self._probe.timeout_seconds)
        if attempt.error is not None:
            self.detail = _words(attempt.error)


def _looked(check: Check, timeout_seconds: float) -> tuple[ProbeOutcome, str | None]:
    try:
        found = check()
        if inspect.isawaitable(found):
            found = asyncio.run(_awaited(found, timeout_seconds))
    except (ProbeFailed, AssertionError) as error:
        return ProbeOutcome.FAILURE, _words(error)
    except TimeoutError as error:
        return ProbeOutcome.TIMEOUT, _words(error)
    except (SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError) as error:
        return ProbeOutcome.CRASHED, _words(error)  # a probe ends itself, never its runner
    if found is False:
        return ProbeOutcome.FAILURE, "It returned False."
    return ProbeOutcome.SUCCESS, None


async def _awaited(found: Awaitable[object], timeout_seconds: float) -> object:
    async with asyncio.timeout(timeout_seconds):
        return await found


def _words(error: BaseException) -> str:
    said = str(error) or type(error).__name__
    return (said if isinstance(error, ProbeFailed) else f"{type(error).__name__}: {said}")[:LONGEST_DETAIL]
