"""kill -9 at every statement and commit of preview, of a second person who is asked and decides, of automatic steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.conftest import ANA
from tests.faults.acts import ONE, time_passes
from tests.faults.conftest import WHOLE
from tests.faults.risks import RISKS, actions, asked, previewed, ran_book, stepped
from tests.faults.truth import holds, told

from parapet.core.errors import OutcomeUnknown, Refused
from parapet.ops.approve import Approvals
from parapet.response.approval import Approval, ApprovalState
from parapet.response.run import Run, RunState

if TYPE_CHECKING:
    from tests.conftest import Desk
    from tests.faults.conftest import Kill, NewDesk

BOTH = ["job-1", "job-2"]


def killed(act: str, desks: NewDesk, kill: Kill, folder: Path, *, apart: int) -> Iterator[tuple[Desk, str]]:
    """A desk for each boundary of *act* at which it was killed, and at last one where it ended; which it was."""
    book, died = folder / "book", True
    for boundary in count(1, 1 if WHOLE else apart):
        with desks(book) as desk:
            ran_book(desk).unlink(missing_ok=True)
            RISKS[act].begin(desk)
            died = kill(act, desk, book, boundary)
            yield desk, f"killed before statement or commit {boundary}"
        if not died:
            return


def test_a_preview_that_is_killed_ran_nothing_and_can_be_asked_for_again(
    desks: NewDesk, kill: Kill, tmp_path: Path
) -> None:
    """The one that was answered can be confirmed; one that was kept and not answered is in the chronology, too."""
    for desk, where in killed("preview", desks, kill, tmp_path, apart=9):
        previewed(desk)
        assert jobs(desk) == [], where
        kept = desk.count("previews")
        assert desk.kinds().count("action_previewed") == kept <= 2, where
        assert desk.count("audit", "verb = 'preview' AND outcome = 'done'") == kept, where
        holds(desk)
        preview = actions(desk).preview("retry-jobs", ONE, actor=ANA)
        run = actions(desk).confirm(preview.id, digest=preview.digest, actor=ANA, reason="the provider is back")
        assert (run.state, jobs(desk)) == (RunState.DONE, BOTH), where


def test_asking_a_second_person_that_is_killed_asks_once(desks: NewDesk, kill: Kill, tmp_path: Path) -> None:
    """Whoever got no answer asks again: there is one request, and people are told of it once."""
    for desk, where in killed("ask", desks, kill, tmp_path, apart=11):
        asked(desk)
        assert [one.state for one in approvals_of(desk)] == [ApprovalState.WAITING], where
        assert desk.kinds().count("approval_asked") == 1, where
        time_passes(desk)
        holds(desk)
        assert sum("approval_wanted" in line for line in told(desk, tmp_path / "book")) == 1, where


@pytest.mark.parametrize(("act", "decided"), [("approve", ApprovalState.APPROVED), ("reject", ApprovalState.DENIED)])
def test_a_decision_that_is_killed_is_made_once(
    act: str, decided: ApprovalState, desks: NewDesk, kill: Kill, tmp_path: Path
) -> None:
    """Decided again, it is refused if it was kept, and made if it was not; in both cases it is written down once."""
    for desk, where in killed(act, desks, kill, tmp_path, apart=9):
        with suppress(Refused):  # it was decided
            RISKS[act].run(desk)
        (approval,) = approvals_of(desk)
        assert (approval.state, approval.decided_by, approval.version) == (decided, "Ben", 2), where
        assert desk.kinds().count("approval_decided") == 1, where
        assert desk.count("audit", f"verb = '{'deny' if act == 'reject' else act}' AND outcome = 'done'") == 1, where
        assert jobs(desk) == [], where
        holds(desk)


def test_an_automatic_step_that_is_killed_ran_at_most_once_and_is_never_silent(
    desks: NewDesk, kill: Kill, tmp_path: Path
) -> None:
    """Before its intent is committed its turn comes again; after it, its outcome is unknown, people are told, and it
    is off until somebody says how it ended."""
    unknown = 0
    for desk, where in killed("step", desks, kill, tmp_path, apart=11):
        before = jobs(desk)
        desk.clock.advance(1_000)
        stepped(desk)
        runs, ran = runs_of(desk), jobs(desk)
        assert ran[: len(before)] == before, where
        lost = [one for one in runs if one.state is RunState.UNKNOWN]
        unknown += len(lost)
        if lost:
            assert (len(runs), ran) == (1, before), where
            preview = actions(desk).preview("retry-jobs", ONE, actor=ANA)
            with pytest.raises(OutcomeUnknown):
                actions(desk).confirm(preview.id, digest=preview.digest, actor=ANA, reason="again")
        else:
            assert ran == BOTH * len(runs), where
            assert 1 <= len(runs) <= 2, where
        kinds = desk.kinds()
        assert kinds.count("action_started") == kinds.count("action_ended") == len(runs), where
        time_passes(desk)
        holds(desk)
        assert any("outcome_unknown" in line for line in told(desk, tmp_path / "book")) == bool(lost), where
    assert unknown, "no boundary lay between the intent and the outcome"


def test_a_breaker_whose_tripping_is_killed_calls_whoever_is_on_call(
    desks: NewDesk, kill: Kill, tmp_path: Path
) -> None:
    """It is off, said once, and never without the call: three runs, one word of the breaker, one call."""
    for desk, where in killed("trip", desks, kill, tmp_path, apart=25):
        desk.clock.advance(61)
        stepped(desk)
        assert len(runs_of(desk)) == 3, where
        assert desk.kinds().count("breaker_tripped") == 1, where
        time_passes(desk)
        holds(desk)
        lines = told(desk, tmp_path / "book")
        assert sum("breaker_tripped" in line for line in lines) == 1, where
        assert sum(" called " in line for line in lines) == 1, where


def runs_of(desk: Desk) -> tuple[Run, ...]:
    """Every run of the incident."""
    with desk.store.read() as tx:
        return tx.runs.of_incident(ONE)


def approvals_of(desk: Desk) -> tuple[Approval, ...]:
    """Every request there is."""
    page = Approvals(actions(desk).bench).page
    return tuple(one for state in ApprovalState for one in page(state))


def jobs(desk: Desk) -> list[str]:
    """What the host did, in the order in which it did it."""
    where = ran_book(desk)
    return [line.split()[-1] for line in where.read_text().splitlines()] if where.exists() else []
