"""What reaches outside of the evidence when it is done: a capability of the host. It is never simply done again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from tests.conftest import ANA, PAGE
from tests.faults.acts import FIRING, ON_CALL, ONE, Act, Pigeon, Step

from parapet.core.types import Actor, ActorClass
from parapet.notify.sinks import JsonLinesSink
from parapet.ops.act import Actions
from parapet.ops.acting import Bench
from parapet.ops.aftermath import Aftermath
from parapet.ops.approve import Approvals
from parapet.ops.mirroring import Mirroring
from parapet.ops.undoing import Undoing
from parapet.response import runbook
from parapet.response.capability import Capability, Done, Proposal, Situation, Target, Verify
from parapet.response.preview import FrozenPreview
from parapet.store.schema_actions import previews

if TYPE_CHECKING:
    from tests.conftest import Desk

BEN = Actor(kind=ActorClass.OPERATOR, name="Ben")


def ran_book(desk: Desk) -> Path:
    """Where the host writes what it did."""
    pigeon = desk.channels["pigeon"]
    assert isinstance(pigeon, Pigeon)
    return pigeon.book.with_name("ran")


def actions(desk: Desk, *, verify: Verify | None = None) -> Actions:
    """The verbs over a host that retries two jobs, and perhaps knows whether that helped."""

    def execute(situation: Situation, targets: tuple[Target, ...]) -> Done:
        with ran_book(desk).open("a") as book:
            book.writelines(f"{situation.run} {one.id}\n" for one in targets)
        return Done()

    def undo(situation: Situation, targets: tuple[Target, ...]) -> Done:
        with ran_book(desk).open("a") as book:
            book.writelines(f"{situation.run} back {one.id}\n" for one in targets)
        return Done()

    retry = Capability(
        name="retry-jobs",
        title="Retry jobs",
        preview=lambda situation: Proposal(targets=(Target(id="job-1", version="1"), Target(id="job-2", version="1"))),
        execute=execute,
        undo=undo,
        verify=verify,
    )
    return Actions(Bench(context=desk.context, capabilities={"retry-jobs": retry}))


def previewed(desk: Desk) -> object:
    """Ana looked."""
    return actions(desk).preview("retry-jobs", ONE, actor=ANA)


def only_preview(desk: Desk) -> FrozenPreview:
    """What she saw."""
    with desk.store.read() as tx:
        number = next(iter(_ids(desk)))
        found = tx.previews.get(number)
    assert found is not None
    return found


def confirmed(desk: Desk) -> object:
    """She confirms it."""
    preview = only_preview(desk)
    return actions(desk).confirm(preview.id, digest=preview.digest, actor=ANA, reason="the provider is back")


def undone(desk: Desk) -> object:
    """She takes it back."""
    with desk.store.read() as tx:
        (run,) = tx.runs.of_incident(ONE)
    return Undoing(actions(desk).bench).undo(run.id or 0, actor=ANA, reason="wrong queue", version=run.version)


def asked(desk: Desk) -> object:
    """She asks for a second person."""
    return Approvals(actions(desk).bench).ask(only_preview(desk).id, actor=ANA, reason="customers wait")


def decided(approve: bool) -> Step:
    """Ben decides what she asked for."""

    def run(desk: Desk) -> object:
        approvals = Approvals(actions(desk).bench)
        return approvals.decide(1, approve=approve, actor=BEN, reason="I looked, too", version=1)

    return run


def booked(desk: Desk) -> None:
    """An incident opens whose runbook retries by itself."""
    step = runbook.Step(title="Retry", text="By itself.", capability="retry-jobs", automatic=True)
    book = runbook.Runbook(name="jobs", title="Jobs", owner="ops", steps=(step,), slices=(PAGE["slice"],))
    desk.__dict__["context"] = replace(desk.context, runbooks={book.name: book})
    FIRING(desk)


def stepped(desk: Desk) -> object:
    """The worker takes the turns of automatic steps that are due, and looks after runs."""
    return Aftermath(actions(desk)).look()


def stepped_and_waited(desk: Desk) -> None:
    """The step ran, and its next turn is due."""
    stepped(desk)
    desk.clock.advance(61)


def mirror_file(desk: Desk) -> Path:
    """What the host's auditors read."""
    return ran_book(desk).with_name("ledger.jsonl")


def mirrored(desk: Desk) -> object:
    """The worker tells it what it does not have yet."""
    return Mirroring(desk.context, (JsonLinesSink(mirror_file(desk)),)).tell()


RISKS = {
    "confirm": Act(before=(FIRING, previewed), run=confirmed),
    "preview": Act(before=(FIRING,), run=previewed),
    "ask": Act(before=(FIRING, previewed), run=asked),
    "approve": Act(before=(FIRING, previewed, asked), run=decided(True)),
    "reject": Act(before=(FIRING, previewed, asked), run=decided(False)),
    "step": Act(before=(booked,), run=stepped),
    "trip": Act(before=(booked, *[stepped_and_waited] * 3), run=stepped, roster=ON_CALL),
    "undo": Act(before=(FIRING, previewed, confirmed), run=undone),
    "mirror": Act(before=(FIRING, previewed, confirmed), run=mirrored),
}


def _ids(desk: Desk) -> list[str]:
    with desk.store.engine.connect() as connection:
        return list(connection.execute(select(previews.c.id)).scalars())
