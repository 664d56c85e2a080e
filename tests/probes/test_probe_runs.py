"""Probes are run when they are due, by one runner at a time, and nothing that they do stops the others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import pytest

from parapet.core import names
from parapet.core.errors import ConfigurationError, ProbeFailed
from parapet.core.vocabulary import ProbeOutcome
from parapet.ops.context import Context
from parapet.ops.probe import LEASE_MARGIN_SECONDS, MOST_AT_ONCE, STILL_HANGING, ProbeRunner
from parapet.ops.work import Worker
from parapet.signals.histogram import HistogramSnapshot
from parapet.signals.probes import Check, Probe
from parapet.signals.recorder import Recorder
from parapet.store.probes import ProbeStanding
from parapet.testing import ManualClock


class Desk(Protocol):
    """What these tests use of the fixture of that name."""

    url: str
    clock: ManualClock

    @property
    def context(self) -> Context: ...


def probe(
    check: Check, *, name: str = "home", every: float = 60.0, timeout: float = 5.0, jitter_ratio: float = 0.0
) -> Probe:
    """A probe with a check."""
    return Probe(name=name, check=check, every_seconds=every, timeout_seconds=timeout, jitter_ratio=jitter_ratio)


def standings(desk: Desk) -> dict[str, ProbeStanding]:
    """How the probes stand, by name."""
    with desk.context.store.read() as tx:
        return {one.name.removeprefix("shop/"): one for one in tx.probes.all()}


def outcomes(recorder: Recorder) -> dict[tuple[str, ...], int]:
    """The runs counted so far, without those at zero."""
    for snapshot in recorder.read():
        if snapshot.name == names.PROBE_DURATION and isinstance(snapshot, HistogramSnapshot):
            return {labels: n for labels, cells in snapshot.series.items() if (n := int(sum(cells[:-1])))}
    return {}


def once(desk: Desk, *probes: Probe) -> Recorder:
    """Run what is due, once, and wait for it."""
    recorder = Recorder()
    runner = ProbeRunner(desk.context, probes, recorder)
    runner.start_due()
    runner.wait()
    return recorder


def say(error: BaseException) -> Callable[[], None]:
    """A check that raises."""

    def check() -> None:
        raise error

    return check


async def fine() -> str:
    """A check that awaits something."""
    await asyncio.sleep(0)
    return "fine"


async def wrong() -> bool:
    """A check that says no."""
    return False


async def cancelled() -> None:
    """A check that cancels itself."""
    raise asyncio.CancelledError


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize(
    ("check", "outcome", "detail"),
    [
        (lambda: None, "success", None),
        (lambda: 0, "success", None),
        (fine, "success", None),
        (lambda: False, "failure", "returned False"),
        (wrong, "failure", "returned False"),
        (say(ProbeFailed("the basket is empty")), "failure", "the basket is empty"),
        (say(AssertionError("3 != 4")), "failure", "3 != 4"),
        (say(TimeoutError("no answer")), "timeout", "no answer"),
        (say(ValueError("a typo")), "crashed", "ValueError: a typo"),
        (say(SystemExit(3)), "crashed", "SystemExit"),
        (say(KeyboardInterrupt()), "crashed", "KeyboardInterrupt"),
        (cancelled, "crashed", "CancelledError"),
    ],
)
def test_whatever_a_probe_does_is_an_outcome(desk: Desk, check: Check, outcome: str, detail: str | None) -> None:
    """Counted once, and kept with what it said; a probe ends itself, never its runner."""
    recorder = once(desk, probe(check))
    assert outcomes(recorder) == {("home", outcome): 1}
    standing = standings(desk)["home"]
    assert standing.last_outcome == ProbeOutcome(outcome)
    assert standing.runs == 1
    assert standing.leased_until is None
    assert (detail is None and standing.last_detail is None) or (detail or "") in (standing.last_detail or "")


def test_a_probe_is_due_at_once_and_then_every_so_often(desk: Desk) -> None:
    """The interval varies by its jitter and no more."""
    swings = iter([0.0, 1.0])
    one = probe(lambda: None, every=100.0, jitter_ratio=0.1)
    runner = ProbeRunner(desk.context, [one], Recorder(), jitter=lambda: next(swings))
    assert runner.start_due() == 1
    runner.wait()
    assert runner.start_due() == 0
    desk.clock.advance(89.9)
    assert runner.start_due() == 0
    desk.clock.advance(0.1)
    assert runner.start_due() == 1
    runner.wait()
    desk.clock.advance(109.9)
    assert runner.start_due() == 0
    assert standings(desk)["home"].runs == 2


def test_a_probe_that_hangs_is_a_timeout_and_one_thread(desk: Desk) -> None:
    """However often it comes due: it is not run again on top of itself, and it recovers when it lets go."""
    release = threading.Event()
    started = threading.Semaphore(0)

    def hang() -> None:
        started.release()
        release.wait(60)

    recorder = Recorder()
    runner = ProbeRunner(desk.context, [probe(hang, timeout=0.05)], recorder)
    assert runner.start_due() == 1
    runner.wait()
    before = threading.active_count()
    for _ in range(5):
        desk.clock.advance(60)
        assert runner.start_due() == 1
        runner.wait()
    assert threading.active_count() == before
    assert outcomes(recorder) == {("home", "timeout"): 6}
    assert standings(desk)["home"].last_detail == STILL_HANGING
    assert started.acquire(blocking=False)
    assert not started.acquire(blocking=False)
    release.set()
    for thread in threading.enumerate():
        if thread.name == "parapet-probe-home-check":
            thread.join(5)
    desk.clock.advance(60)
    runner.start_due()
    runner.wait()
    assert outcomes(recorder) == {("home", "timeout"): 6, ("home", "success"): 1}


@pytest.mark.parametrize("database", ["sqlite"])
def test_an_async_probe_that_hangs_is_cancelled(desk: Desk) -> None:
    """Its thread ends with it."""
    ended = threading.Event()

    async def hang() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    recorder = once(desk, probe(hang, timeout=0.05))
    assert outcomes(recorder) == {("home", "timeout"): 1}
    assert ended.wait(5)


@pytest.mark.parametrize("database", ["sqlite"])
def test_one_that_hangs_holds_up_no_other(desk: Desk) -> None:
    """They run beside each other, a bounded number at once."""
    release = threading.Event()
    slow = [probe(lambda: release.wait(60), name=f"slow-{n}", timeout=20.0) for n in range(MOST_AT_ONCE - 1)]
    quick = [probe(lambda: None, name=f"quick-{n}") for n in range(3)]
    recorder = Recorder()
    runner = ProbeRunner(desk.context, [*slow, *quick], recorder)
    assert runner.start_due() == MOST_AT_ONCE
    for _ in range(200):
        runner.start_due()
        if len(outcomes(recorder)) == 3:
            break
        threading.Event().wait(0.02)
    assert set(outcomes(recorder)) == {(f"quick-{n}", "success") for n in range(3)}
    release.set()
    runner.wait()


def test_two_runners_never_run_the_same(desk: Desk) -> None:
    """The second finds it taken while it runs, and not due when it ended."""
    release, entered = threading.Event(), threading.Event()

    def check() -> None:
        entered.set()
        release.wait(20)

    one = probe(check, timeout=20.0, every=30.0)
    first, second = (ProbeRunner(desk.context, [one], Recorder()) for _ in range(2))
    assert first.start_due() == 1
    assert entered.wait(5)
    desk.clock.advance(31)
    assert second.start_due() == 0
    release.set()
    first.wait()
    assert second.start_due() == 1
    second.wait()
    assert standings(desk)["home"].runs == 2


def test_a_runner_that_died_is_replaced(desk: Desk) -> None:
    """When its lease has run out; what it would have said later counts for nothing."""
    one = probe(lambda: None, timeout=5.0)
    with desk.context.store.begin() as tx:
        now = desk.clock.now()
        tx.probes.ensure(["shop/home"], now=now)
    runner = ProbeRunner(desk.context, [one], Recorder())
    with desk.context.store.begin() as tx:
        until = now + timedelta(seconds=5 + LEASE_MARGIN_SECONDS)
        assert tx.probes.claim("shop/home", owner="dead", now=now, until=until, next_at=now)
    assert runner.start_due() == 0
    desk.clock.advance(5 + LEASE_MARGIN_SECONDS)
    assert runner.start_due() == 1
    runner.wait()
    with desk.context.store.begin() as tx:
        late = tx.probes.settle("shop/home", owner="dead", outcome=ProbeOutcome.FAILURE, detail=None, took_seconds=1.0)
    assert late is False
    assert standings(desk)["home"].last_outcome is ProbeOutcome.SUCCESS


RACE = """
import json, sys
from parapet import Parapet
ran = []
shop = Parapet(service="shop", evidence=sys.argv[1])
for number in range(6):
    shop.probe(f"p{number}", lambda number=number: ran.append(number))
for _ in range(3):
    shop.tick()
print(json.dumps(ran))
"""


def test_four_processes_run_each_probe_once(desk: Desk, together: Callable[..., list[object]]) -> None:
    """Every node has a worker; a probe that is due is somebody's, and nobody else's."""
    ran = together(RACE, *((desk.url,) for _ in range(4)))
    assert sorted(number for one in ran if isinstance(one, list) for number in one) == list(range(6))
    assert {one.runs for one in standings(desk).values()} == {1}


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_worker_goes_on_while_a_probe_takes_its_time(desk: Desk) -> None:
    """Alerts are announced and incidents closed in the meantime; its end waits for the probe's own."""
    release, stop = threading.Event(), threading.Event()
    recorder = Recorder()
    slow = probe(lambda: release.wait(20), timeout=20.0, every=30.0)
    worker = Worker(desk.context, ProbeRunner(desk.context, [slow], recorder))
    beats: list[object] = []
    thread = threading.Thread(target=worker.run, args=(stop,), kwargs={"interval_seconds": 0.01})
    thread.start()
    for _ in range(500):
        with desk.context.store.read() as tx:
            beats.append(tx.heartbeats.last("worker/"))
        desk.clock.advance(0.5)
        if len({beat for beat in beats if beat is not None}) >= 3:
            break
        threading.Event().wait(0.01)
    stop.set()
    assert len({beat for beat in beats if beat is not None}) >= 3
    assert thread.is_alive()
    release.set()
    thread.join(10)
    assert not thread.is_alive()
    assert outcomes(recorder) == {("home", "success"): 1}


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_round_ends_when_its_probes_have(desk: Desk) -> None:
    """So that cron may run one."""
    recorder = Recorder()
    done = Worker(desk.context, ProbeRunner(desk.context, [probe(lambda: None)], recorder)).tick()
    assert done.probed == 1
    assert not done.idle
    assert outcomes(recorder) == {("home", "success"): 1}


@pytest.mark.parametrize("database", ["sqlite"])
def test_services_that_share_a_database_keep_their_own_probes(desk: Desk) -> None:
    """Of the same name."""
    other = replace(desk.context, service="billing")
    for context in (desk.context, other):
        runner = ProbeRunner(context, [probe(lambda: None)], Recorder())
        assert runner.start_due() == 1
        runner.wait()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": " home"}, "no name"),
        ({"every": 0.5}, "1 or more"),
        ({"timeout": 60.0}, "less than its interval"),
        ({"timeout": 0.0}, "more than 0"),
        ({"jitter_ratio": 0.9}, "0 to 0.5"),
    ],
)
def test_a_probe_that_cannot_hold_is_refused(changes: dict[str, object], said: str) -> None:
    """When it is defined."""
    with pytest.raises(ConfigurationError, match=said):
        probe(lambda: None, **changes)  # type: ignore[arg-type]
