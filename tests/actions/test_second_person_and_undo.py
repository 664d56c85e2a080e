"""Second persons, the way back, and whether it helped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from tests.actions.conftest import ONE
from tests.conftest import ANA
from tests.faults.acts import Pigeon

from parapet.core import errors
from parapet.core.types import Actor, ActorClass
from parapet.ops.approve import Approvals
from parapet.ops.undoing import Undoing
from parapet.response.approval import ApprovalState
from parapet.response.capability import Done, Effect, Situation, Target
from parapet.response.run import Run, RunState, UndoState
from parapet.store.schema import outbox
from parapet.web.views.acting import state_of, truth

if TYPE_CHECKING:
    from tests.actions.conftest import Floor

    from parapet.response.preview import FrozenPreview

BEN = Actor(kind=ActorClass.OPERATOR, name="Ben")
BOT = Actor(kind=ActorClass.EXTERNAL, name="ci")


def confirm(floor: Floor, preview: FrozenPreview, actor: Actor = ANA) -> Run:
    return floor.actions.confirm(preview.id, digest=preview.digest, actor=actor, reason="go")


def the_run(floor: Floor) -> Run:
    with floor.desk.store.read() as tx:
        (run,) = tx.runs.of_incident(ONE)
    return run


def test_a_second_person_approves_exactly_what_would_happen(floor: Floor) -> None:
    """Not who asks, no machine; it holds when the same is seen again, and not when something else would happen."""
    floor = floor.having(second_person_from=1)
    approvals, preview = Approvals(floor.actions.bench), floor.preview()
    asked = approvals.ask(preview.id, actor=ANA, reason="customers wait")
    assert asked.id is not None
    for actor in (ANA, BOT):
        with pytest.raises(errors.NotApprovable):
            approvals.decide(asked.id, approve=True, actor=actor, reason="fine", version=1)
    with pytest.raises(errors.NotPermitted):
        approvals.decide(asked.id, approve=True, actor=BEN, reason="fine", version=1, permits=lambda name: False)
    assert [one.id for one in approvals.page()] == [asked.id]
    decided = approvals.decide(asked.id, approve=True, actor=BEN, reason="fine", version=1)
    assert decided.state is ApprovalState.APPROVED
    with pytest.raises(errors.StaleVersion):
        approvals.decide(asked.id, approve=False, actor=BEN, reason="no", version=1)
    with pytest.raises(errors.SecondPersonNeeded):
        confirm(floor, preview, actor=BEN)
    floor.desk.clock.advance(400)
    run = confirm(floor, floor.preview())
    assert run.approved_by == "Ben"
    floor.host.set("job-1", "dead")
    with pytest.raises(errors.SecondPersonNeeded):
        confirm(floor, floor.preview())
    kinds = floor.desk.kinds()
    assert kinds.index("approval_asked") < kinds.index("approval_decided") < kinds.index("action_started")


def test_what_wants_somebody_names_the_action_and_what_is_safe(floor: Floor) -> None:
    """Which action, how many targets, who wants it and why; not what is safe about the incident at large."""
    told = floor.desk.changed(channels=[Pigeon(Path())])
    floor = replace(floor, desk=told)
    preview = floor.preview()
    Approvals(floor.actions.bench).ask(preview.id, actor=ANA, reason="customers wait")
    with told.store.engine.connect() as connection:
        (message,) = connection.execute(select(outbox.c.message)).scalars()
    assert message["text"] == (
        "INC-1 has an action that waits for a second person: Retry dead-lettered jobs, 3 jobs, because: customers wait."
    )
    assert message["next_step"].startswith("Read exactly what it would do")


def test_an_approval_ends_and_a_denial_denies(floor: Floor) -> None:
    """After half an hour it must be asked again."""
    floor = floor.having(second_person_from=1)
    approvals, preview = Approvals(floor.actions.bench), floor.preview()
    first = approvals.ask(preview.id, actor=ANA, reason="customers wait")
    approvals.decide(first.id or 0, approve=False, actor=BEN, reason="too many", version=1)
    with pytest.raises(errors.SecondPersonNeeded):
        confirm(floor, preview)
    second = approvals.ask(preview.id, actor=ANA, reason="really")
    floor.desk.clock.advance(1_801)
    with pytest.raises(errors.NotApprovable, match="too old"):
        approvals.decide(second.id or 0, approve=True, actor=BEN, reason="fine", version=1)
    with pytest.raises(errors.PreviewExpired):
        approvals.ask(preview.id, actor=ANA, reason="again")


def test_a_run_is_taken_back_once_and_in_time(floor: Floor) -> None:
    """What was done to, and nothing else; written before it runs."""
    back: list[str] = []

    def undo(situation: Situation, targets: tuple[Target, ...]) -> Done:
        back.extend(f"{situation.run} {one.id}" for one in targets)
        return Done()

    floor = floor.having(undo=undo, undo_seconds=600.0, execute=lambda situation, targets: Done(failed={"job-2": "?"}))
    undoing, run = Undoing(floor.actions.bench), confirm(floor, floor.preview())
    assert run.undo is UndoState.OPEN
    undone = undoing.undo(1, actor=BEN, reason="wrong queue", version=run.version)
    assert undone.undo is UndoState.UNDONE
    assert back == [f"{run.key}/undo job-1", f"{run.key}/undo job-3"]
    with pytest.raises(errors.NotUndoable, match="undone"):
        undoing.undo(1, actor=BEN, reason="again", version=undone.version)
    with floor.desk.store.read() as tx:
        kinds = [line.kind.value for line in tx.runs.lines("shop")]
    assert kinds == ["intent", "failed", "undo_intent", "undone"]


def test_too_late_is_too_late_and_a_broken_undo_is_unknown(floor: Floor) -> None:
    """Never tried twice."""

    def undo(situation: Situation, targets: tuple[Target, ...]) -> Done:
        raise OSError("away")

    floor = floor.having(undo=undo, undo_seconds=600.0)
    undoing, run = Undoing(floor.actions.bench), confirm(floor, floor.preview())
    floor.desk.clock.advance(600)
    with pytest.raises(errors.NotUndoable, match="the time for it is over"):
        undoing.undo(1, actor=ANA, reason="late", version=run.version)
    floor.desk.clock.advance(-60)
    undone = undoing.undo(1, actor=ANA, reason="in time", version=run.version)
    assert undone.undo is UndoState.UNKNOWN
    with pytest.raises(errors.NotUndoable):
        undoing.undo(1, actor=ANA, reason="again", version=undone.version)


@pytest.mark.parametrize(
    ("answers", "effect", "looks"),
    [
        ([None, Effect.NO_EFFECT, Effect.WORKED], Effect.WORKED, 10),
        ([Effect.WORKED, Effect.WORSE], Effect.WORSE, 2),
        ([None], Effect.UNCLEAR, 10),
    ],
)
def test_a_run_is_watched_for_its_effect(
    floor: Floor, answers: list[Effect | None], effect: Effect, looks: int
) -> None:
    """Worse is said at once, everything else at the end of the watch; it is written once."""
    asked: list[str] = []

    def verify(situation: Situation, targets: tuple[Target, ...]) -> Effect | None:
        asked.append(situation.run)
        return answers[min(len(asked), len(answers)) - 1]

    floor = floor.having(verify=verify, watch_seconds=600.0)
    confirm(floor, floor.preview())
    for _ in range(14):
        floor.aftermath.look()
        floor.desk.clock.advance(60)
    run = the_run(floor)
    assert (run.state, run.effect, run.watch_due_at) == (RunState.DONE, effect, None)
    assert len(asked) == looks
    assert floor.desk.kinds().count("action_judged") == 1


def test_what_is_taken_back_is_watched_no_more(floor: Floor) -> None:
    """Also when it is taken back while the host is asked: what does not stand is not judged."""

    def verify(situation: Situation, targets: tuple[Target, ...]) -> Effect:
        undoing.undo(1, actor=BEN, reason="wrong queue", version=the_run(floor).version)
        return Effect.WORSE

    floor = floor.having(undo=lambda situation, targets: Done(), verify=verify, watch_seconds=600.0)
    undoing = Undoing(floor.actions.bench)
    confirm(floor, floor.preview())
    assert truth(the_run(floor), now=floor.desk.clock.now()) == "3 of 3 are done. Watching whether it helps."
    for _ in range(14):
        floor.aftermath.look()
        floor.desk.clock.advance(60)
    run = the_run(floor)
    assert (run.undo, run.effect, run.watch_until, run.watch_due_at) == (UndoState.UNDONE, None, None, None)
    assert "action_judged" not in floor.desk.kinds()
    assert truth(run, now=floor.desk.clock.now()) == "3 of 3 were done. Taken back."
    assert state_of(run).text == "Taken back"
