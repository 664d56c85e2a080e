"""Previewed, confirmed, recorded: exactly what was seen runs, once; every refusal has its own error and next step."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.actions.conftest import ONE
from tests.conftest import ANA

from parapet.core import errors
from parapet.core.guard import swallowed
from parapet.core.types import Actor, ActorClass
from parapet.ops.act import Actions
from parapet.response.capability import Done, Proposal, Situation, Target
from parapet.response.preview import FrozenPreview
from parapet.response.run import LedgerKind, Run, RunState

if TYPE_CHECKING:
    from tests.actions.conftest import Floor

BEN = Actor(kind=ActorClass.OPERATOR, name="Ben")
JOBS = ["job-1", "job-2", "job-3"]


def confirm(floor: Floor, preview: FrozenPreview, **more: object) -> Run:
    words = {"digest": preview.digest, "actor": ANA, "reason": "1.8.3 reads them"} | more
    return floor.actions.confirm(preview.id, **words)  # type: ignore[arg-type]


def test_what_was_seen_runs_once_and_is_written_down(floor: Floor) -> None:
    """Exact targets with their versions, what is left out and why; intent before outcome, in one story."""
    preview = floor.preview()
    assert [(one.id, one.version) for one in preview.targets] == [(job, "v1") for job in JOBS]
    assert preview.proposal.left_out[0].because == "It was refunded."
    assert (preview.expires_at - preview.created_at).total_seconds() == 300
    assert floor.host.done == []
    run = confirm(floor, preview)
    assert (run.state, run.done_count, run.note) == (RunState.DONE, 3, "Queued.")
    assert [job for _, job in floor.host.done] == JOBS
    assert floor.desk.kinds()[-3:] == ["action_previewed", "action_started", "action_ended"]
    assert floor.desk.audit.verify().broken is None
    with floor.desk.store.read() as tx:
        lines = tx.runs.lines("shop")
    assert [line.kind for line in lines] == [LedgerKind.INTENT, LedgerKind.DONE]
    assert lines[0].body["digest"] == preview.digest


def moved(floor: Floor, preview: FrozenPreview) -> Floor:
    floor.desk.operator.note(ONE, actor=BEN, text="the queue is slow", version=floor.desk.only.version)
    return floor


def over(floor: Floor, preview: FrozenPreview) -> Floor:
    floor.desk.operator.resolve(ONE, actor=BEN, reason="done", version=floor.desk.only.version)
    return floor


def drifted(floor: Floor, preview: FrozenPreview) -> Floor:
    floor.host.set("job-1", "refunded")
    floor.host.set("job-2", "dead")
    floor.host.set("job-4", "dead")
    return floor


def used(floor: Floor, preview: FrozenPreview) -> Floor:
    confirm(floor, preview)
    return floor


def expired(floor: Floor, preview: FrozenPreview) -> Floor:
    floor.desk.clock.advance(300)
    return floor


def claimed(floor: Floor, preview: FrozenPreview) -> Floor:
    now = floor.desk.clock.now()
    with floor.desk.store.begin() as tx:
        until = now.replace(hour=23)
        assert tx.runs.claim("shop/retry-jobs/checkout", owner="other", holder="Ben", now=now, until=until) is None
    return floor


def emptied(floor: Floor, preview: FrozenPreview) -> Floor:
    for job in JOBS:
        floor.host.set(job, "queued")
    return floor


REFUSALS: dict[str, tuple[Callable[[Floor, FrozenPreview], Floor], type[errors.ActionRefused], dict[str, object]]] = {
    "expired": (expired, errors.PreviewExpired, {}),
    "used": (used, errors.PreviewUsed, {}),
    "another digest": (lambda floor, _: floor, errors.WrongDigest, {"digest": "9f2c41d0b7e3"}),
    "drifted": (drifted, errors.Drifted, {}),
    "emptied": (emptied, errors.Drifted, {}),
    "the incident moved": (moved, errors.IncidentMoved, {}),
    "the incident is over": (over, errors.IncidentOver, {}),
    "claimed": (claimed, errors.ClaimHeld, {}),
    "too many": (lambda floor, _: floor.having(max_targets=2), errors.TooManyTargets, {}),
    "not permitted": (lambda floor, _: floor, errors.NotPermitted, {"permits": lambda name: False}),
    "typed words are missing": (lambda floor, _: floor.having(typed_from=3), errors.TypedConfirmationNeeded, {}),
    "a second person is missing": (
        lambda floor, _: floor.having(second_person_from=3),
        errors.SecondPersonNeeded,
        {},
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_each_refusal_has_its_own_error_and_next_step_and_runs_nothing(name: str, floor: Floor) -> None:
    """And the audit has who was refused, what, and why."""
    change, kind, more = REFUSALS[name]
    preview = floor.preview()
    floor = change(floor, preview)
    before = floor.host.done
    with pytest.raises(kind) as refused:
        confirm(floor, preview, **more)
    assert type(refused.value) is kind
    assert refused.value.next_step
    assert "othing ran" in refused.value.message
    assert floor.host.done == before
    assert floor.desk.count("audit", f"outcome = 'refused' AND details LIKE '%{kind.__name__}%'") == 1
    steps = [(one[1], one[1].next_step) for one in REFUSALS.values()]
    assert len({step for _, step in steps}) == len({one for one, _ in steps})


def test_drift_shows_the_difference(floor: Floor) -> None:
    """Which are more, which fewer, and which are at another version."""
    preview = floor.preview()
    drifted(floor, preview)
    with pytest.raises(errors.Drifted, match=r"1 more \(job-4\); 1 fewer \(job-1\); 1 at another version \(job-2\)"):
        confirm(floor, preview)


def test_no_target_is_nothing_to_do(floor: Floor) -> None:
    """A preview may well say that there is nothing; it cannot be confirmed."""
    emptied(floor, floor.preview())
    preview = floor.preview()
    assert preview.targets == ()
    with pytest.raises(errors.NothingToDo):
        confirm(floor, preview)


def test_the_breaker_opens_after_three_runs_within_an_hour_and_glass_may_be_broken(floor: Floor) -> None:
    """Runs on one slice; breaking the glass is written down, and people are told."""
    for _ in range(3):
        confirm(floor, floor.preview())
        for job in JOBS:
            floor.host.set(job, "dead")
    preview = floor.preview()
    with pytest.raises(errors.BreakerOpen, match="3 times within an hour"):
        confirm(floor, preview)
    run = confirm(floor, preview, break_glass=True)
    assert run.break_glass
    assert len(floor.host.done) == 12
    floor.host.set("job-1", "dead")
    floor.desk.clock.advance(3_601)
    assert confirm(floor, floor.preview()).state is RunState.DONE


def test_a_cooldown_is_waited_for(floor: Floor) -> None:
    """The last run has to show whether it helps."""
    floor = floor.having(cooldown_seconds=600.0)
    confirm(floor, floor.preview())
    floor.host.set("job-1", "dead")
    with pytest.raises(errors.CoolingDown, match="RUN-1 ran a short while ago; wait 10 min"):
        confirm(floor, floor.preview())
    floor.desk.clock.advance(600)
    assert confirm(floor, floor.preview()).id == 2


def test_typed_words_that_fit_run(floor: Floor) -> None:
    """They name the capability and the number."""
    floor = floor.having(typed_from=3)
    with pytest.raises(errors.TypedConfirmationNeeded) as refused:
        confirm(floor, floor.preview(), typed="retry-jobs 4")
    assert refused.value.next_step == "Type exactly: retry-jobs 3"
    assert confirm(floor, floor.preview(), typed=" retry-jobs 3 ").state is RunState.DONE


def test_a_request_that_names_itself_is_done_once(floor: Floor) -> None:
    """The same key and preview: the same run. Another preview: a mistake."""
    preview = floor.preview()
    first, again = confirm(floor, preview, key="Ana/1"), confirm(floor, preview, key="Ana/1")
    assert first.id == again.id
    assert len(floor.host.done) == 3
    floor.host.set("job-1", "dead")
    with pytest.raises(errors.KeyReused):
        confirm(floor, floor.preview(), key="Ana/1")


def test_what_the_host_raises_makes_the_outcome_unknown_and_its_words_go_nowhere(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    """It may have run. It is verified by a person before anything like it runs again."""

    def breaks(situation: Situation, targets: tuple[Target, ...]) -> Done:
        raise RuntimeError("amqp://shop:hunter2-planted@broker is away")

    floor = floor.having(execute=breaks)
    run = confirm(floor, floor.preview())
    assert (run.state, run.note, run.done_count) == (RunState.UNKNOWN, "It ended with RuntimeError.", 0)
    with pytest.raises(errors.OutcomeUnknown, match="RUN-1, by Ana"):
        confirm(floor, floor.preview())
    with pytest.raises(errors.StaleVersion):
        floor.actions.settle(1, outcome=RunState.DONE, actor=BEN, reason="looked", version=run.version - 1)
    settled = floor.actions.settle(1, outcome=RunState.FAILED, actor=BEN, reason="no job moved", version=run.version)
    assert (settled.state, settled.settled_by) == (RunState.FAILED, "Ben")
    assert (settled.done_count, sorted(settled.failed)) == (0, JOBS)
    with pytest.raises(errors.NotSettleable):
        floor.actions.settle(1, outcome=RunState.DONE, actor=BEN, reason="again", version=settled.version)
    assert "hunter2" not in caplog.text
    assert swallowed[("capability.retry-jobs.execute", "RuntimeError")] > 0


def test_a_host_that_says_what_failed_is_believed(floor: Floor) -> None:
    """Target by target."""
    floor = floor.having(execute=lambda situation, targets: Done(failed={"job-2": "It is gone.", "other": "?"}))
    run = confirm(floor, floor.preview())
    assert (run.state, dict(run.failed), run.done_count) == (RunState.FAILED, {"job-2": "It is gone."}, 2)


def test_async_functions_are_awaited(floor: Floor) -> None:
    """Preview and execution alike."""

    async def preview(situation: Situation) -> Proposal:
        return floor.host.preview(situation)

    async def execute(situation: Situation, targets: tuple[Target, ...]) -> Done:
        return floor.host.execute(situation, targets)

    floor = floor.having(preview=preview, execute=execute)
    assert confirm(floor, floor.preview()).done_count == 3


def test_async_functions_of_every_call_run_on_one_loop_that_lasts(floor: Floor) -> None:
    """Connections of an async engine are bound to the loop that opened them."""
    loops = list[asyncio.AbstractEventLoop]()
    kept = list[asyncio.Event]()

    async def preview(situation: Situation) -> Proposal:
        loops.append(asyncio.get_running_loop())
        kept.append(asyncio.Event())
        return floor.host.preview(situation)

    async def execute(situation: Situation, targets: tuple[Target, ...]) -> Done:
        loops.append(asyncio.get_running_loop())
        loops[-1].call_soon(kept[0].set)
        await kept[0].wait()
        return floor.host.execute(situation, targets)

    floor = floor.having(preview=preview, execute=execute)
    assert confirm(floor, floor.preview()).done_count == 3
    assert len(loops) >= 3
    assert len(set(loops)) == 1


def test_async_functions_run_on_the_loop_of_the_host_where_it_names_it(floor: Floor) -> None:
    """From a thread, as the workbench and the worker ask; on that loop itself nobody can wait for it."""
    loops = list[asyncio.AbstractEventLoop]()

    async def preview(situation: Situation) -> Proposal:
        loops.append(asyncio.get_running_loop())
        return floor.host.preview(situation)

    async def application() -> None:
        here = asyncio.get_running_loop()
        asked = floor.having(preview=preview, loop=lambda: here)
        await asyncio.to_thread(asked.preview)
        assert loops == [here]
        with pytest.raises(errors.PreviewFailed, match="ConfigurationError"):
            asked.preview()

    asyncio.run(application())


def test_glass_is_broken_only_by_whoever_may(floor: Floor) -> None:
    """It is a permission of its own; without it the action can be had within its limits."""

    def permits(permission: str) -> bool:
        return permission != "action.break_glass"

    preview = floor.preview()
    with pytest.raises(errors.NotPermitted, match=r"action\.break_glass"):
        confirm(floor, preview, break_glass=True, permits=permits)
    assert confirm(floor, preview, permits=permits).state is RunState.DONE


def test_a_preview_that_breaks_or_says_nothing_proper_is_refused(floor: Floor) -> None:
    """Nothing is kept of it."""
    with pytest.raises(errors.PreviewFailed):
        floor.having(preview=lambda situation: 1 / 0).preview()
    with pytest.raises(errors.PreviewFailed):
        floor.having(preview=lambda situation: []).preview()
    twice = Proposal(targets=(Target(id="job-1"), Target(id="job-1")))
    with pytest.raises(errors.MalformedPayload, match="names 'job-1' twice"):
        floor.having(preview=lambda situation: twice).preview()
    assert floor.desk.count("previews") == 0


def test_a_read_only_service_runs_nothing(floor: Floor) -> None:
    """Not even a preview."""
    bench = floor.actions.bench
    with pytest.raises(errors.ReadOnly):
        Actions(type(bench)(context=bench.context, capabilities=bench.capabilities, read_only=True)).preview(
            "retry-jobs", ONE, actor=ANA
        )


@pytest.mark.parametrize("table", ["previews", "ledger"])
def test_what_was_seen_and_done_cannot_be_changed(table: str, floor: Floor) -> None:
    """The database refuses."""
    confirm(floor, floor.preview())
    for statement in (f"UPDATE parapet_{table} SET capability = 'x'", f"DELETE FROM parapet_{table}"):
        with pytest.raises(DBAPIError, match="append-only"), floor.desk.store.engine.begin() as connection:
            connection.execute(text(statement))


def test_a_run_that_says_nothing_has_an_unknown_outcome_and_a_late_word_is_heard(floor: Floor) -> None:
    """Found by its lease, shown, never run again; what its process says later is written as late."""
    preview = floor.preview()

    def forgotten(situation: Situation, targets: tuple[Target, ...]) -> Done:
        floor.host.execute(situation, targets)
        floor.desk.clock.advance(1_000)
        assert floor.aftermath.look() == 1
        assert floor.aftermath.look() == 0
        return Done()

    run = confirm(floor.having(execute=forgotten), preview)
    assert run.state is RunState.DONE
    assert len(floor.host.done) == 3
    with floor.desk.store.read() as tx:
        assert [line.kind.value for line in tx.runs.lines("shop")] == ["intent", "unknown", "done"]
        assert tx.entries.of(ONE)[-1].payload["late"] is True
    with contextlib.suppress(errors.PreviewUsed):
        confirm(floor, preview)
    assert len(floor.host.done) == 3


def test_a_long_run_says_how_far_it_is(floor: Floor) -> None:
    """At most once a second; at its end its own words count; what it said last stays where its end is unknown."""
    seen: list[str] = []

    def execute(told: Situation, targets: tuple[Target, ...]) -> Done:
        for number in range(len(targets)):
            told.progress(number, failed=number // 2)
            told.progress(number + 100)
            seen.append(floor.actions.bench.context.store.transact(lambda tx: tx.runs.of_incident(ONE)[-1].note))
            floor.desk.clock.advance(1)
        if len(seen) > len(targets):
            raise ConnectionError
        return Done(note="Queued.")

    floor = floor.having(execute=execute)
    run = confirm(floor, floor.preview())
    assert seen == ["0 of 3 done", "1 of 3 done", "2 of 3 done, 1 failed"]
    assert (run.note, run.version) == ("Queued.", 2)
    for job in JOBS:
        floor.host.set(job, "dead")
    run = confirm(floor, floor.preview())
    assert run.state is RunState.UNKNOWN
    assert run.note == "It ended with ConnectionError. Before that it said: 2 of 3 done, 1 failed."
