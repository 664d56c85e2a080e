"""kill -9 at every statement and commit of confirm: it ran at most once, and what nobody knows is shown as unknown."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.faults.acts import ONE, time_passes
from tests.faults.blows import BLOWS, struck
from tests.faults.conftest import WHOLE
from tests.faults.risks import RISKS, actions, confirmed, mirror_file, mirrored, only_preview, ran_book, undone
from tests.faults.truth import holds, told

from parapet.core.errors import EvidenceUnavailable, NotUndoable, PreviewExpired, PreviewUsed
from parapet.ops.aftermath import Aftermath
from parapet.response.run import Run, RunState, UndoState

if TYPE_CHECKING:
    from tests.conftest import Desk
    from tests.faults.conftest import Kill, NewDesk

APART = 1 if WHOLE else 4
BOTH = ["job-1", "job-2"]


def again(desk: Desk) -> None:
    """Whoever got no answer presses once more."""
    try:
        confirmed(desk)
    except PreviewUsed as refusal:
        assert "RUN-" in refusal.next_step  # noqa: PT017


def the_run(desk: Desk) -> Run:
    with desk.store.read() as tx:
        (run,) = tx.runs.of_incident(ONE)
    return run


def test_a_confirm_that_is_killed_ran_at_most_once_and_is_never_silent(
    desks: NewDesk, kill: Kill, tmp_path: Path
) -> None:
    """Killed before the intent is committed, it runs when it is confirmed again; after it, never again: its outcome is
    unknown, is shown, and people are told."""
    book, died, unknown = tmp_path / "book", True, 0
    for boundary in count(1 if WHOLE else 3, APART):
        with desks(book) as desk:
            ran_book(desk).unlink(missing_ok=True)
            RISKS["confirm"].begin(desk)
            died = kill("confirm", desk, book, boundary)
            again(desk)
            desk.clock.advance(1_000)
            Aftermath(actions(desk)).look()
            run, ran = the_run(desk), jobs(desk)
            assert len(ran) in {0, 2}, f"killed before statement or commit {boundary}"
            if run.state is RunState.UNKNOWN:
                unknown += 1
                assert desk.kinds()[-1] == "action_ended"
            else:
                assert run.state is RunState.DONE
                assert ran == BOTH
            time_passes(desk)
            holds(desk)
            assert any("outcome_unknown" in line for line in told(desk, book)) == (run.state is RunState.UNKNOWN)
            with pytest.raises((PreviewUsed, PreviewExpired)):
                confirmed(desk)
            assert jobs(desk) == ran
            assert only_preview(desk).id == run.preview_id
        if not died:
            break
    assert unknown, "no boundary lay between the intent and the outcome"


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
@pytest.mark.parametrize("what", BLOWS["postgres"])
def test_a_confirm_whose_connection_breaks_once_has_its_outcome(what: str, desks: NewDesk, tmp_path: Path) -> None:
    """Whoever knows how it ended says so a moment later: nobody has to verify it."""
    blow, fell = BLOWS["postgres"][what], [0]
    for boundary in count(1 if WHOLE else 3, 1 if WHOLE else 12):
        with desks(tmp_path / "book") as desk:
            ran_book(desk).unlink(missing_ok=True)
            RISKS["confirm"].begin(desk)
            with struck(desk, blow, boundary) as fell, suppress(EvidenceUnavailable):
                confirmed(desk)
            with suppress(PreviewUsed):
                confirmed(desk)
            desk.clock.advance(1_000)
            Aftermath(actions(desk)).look()
            run, ran = the_run(desk), jobs(desk)
            if ran:
                assert (run.state, ran) == (RunState.DONE, BOTH), f"{what} before statement or commit {boundary}"
            else:  # the intent was committed, and the answer lost: nobody began
                assert run.state is RunState.UNKNOWN
            time_passes(desk)
            holds(desk)
        if not fell:
            break


def test_an_undo_that_is_killed_ran_at_most_once_and_is_never_silent(
    desks: NewDesk, kill: Kill, tmp_path: Path
) -> None:
    """As for confirm: before its intent is committed it can be asked again, after it never."""
    book, died, unknown = tmp_path / "book", True, 0
    for boundary in count(1 if WHOLE else 2, APART):
        with desks(book) as desk:
            ran_book(desk).unlink(missing_ok=True)
            RISKS["undo"].begin(desk)
            died = kill("undo", desk, book, boundary)
            with suppress(NotUndoable):
                undone(desk)
            desk.clock.advance(1_000)
            Aftermath(actions(desk)).look()
            run, back = the_run(desk), [line for line in ran_book(desk).read_text().splitlines() if " back " in line]
            assert len(back) in {0, 2}, f"killed before statement or commit {boundary}"
            assert run.undo in {UndoState.UNDONE, UndoState.UNKNOWN}
            assert run.undo is UndoState.UNKNOWN or len(back) == 2
            unknown += run.undo is UndoState.UNKNOWN
            with pytest.raises(NotUndoable):
                undone(desk)
            holds(desk)
        if not died:
            break
    assert unknown, "no boundary lay between the intent and the outcome"


def test_a_mirror_that_is_killed_has_every_line_of_the_ledger_once(desks: NewDesk, kill: Kill, tmp_path: Path) -> None:
    """Also the line that was written, and whose cursor was not moved any more."""
    book, died = tmp_path / "book", True
    for boundary in count(1, APART):
        with desks(book) as desk:
            mirror_file(desk).unlink(missing_ok=True)
            RISKS["mirror"].begin(desk)
            died = kill("mirror", desk, book, boundary)
            desk.clock.advance(1_000)
            mirrored(desk)
            with desk.store.read() as tx:
                ledger = [line.id for line in tx.runs.lines("shop")]
            kept = [json.loads(line)["id"] for line in mirror_file(desk).read_text().splitlines()]
            assert kept == ledger, f"killed before statement or commit {boundary}"
        if not died:
            break
    assert len(ledger) == 2


def jobs(desk: Desk) -> list[str]:
    """What the host did, in the order in which it did it."""
    where = ran_book(desk)
    return [line.split()[-1] for line in where.read_text().splitlines()] if where.exists() else []
