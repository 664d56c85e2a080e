"""kill -9 at every statement and commit of ingest, of the worker and of every verb: afterwards all is as if it had not
been, once whoever got no answer has tried again."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.faults.acts import ACTS, time_passes
from tests.faults.conftest import WHOLE
from tests.faults.truth import holds, picture, told

from parapet.core.errors import Refused

if TYPE_CHECKING:
    from tests.conftest import Desk
    from tests.faults.conftest import Kill, NewDesk

APART = 1 if WHOLE else 12
"""So many boundaries lie between two that are tried."""


def end(desk: Desk, act: str, book: Path) -> dict[str, list[str]]:
    """Try again, let time pass, and look: at the evidence, and at what left the house."""
    with suppress(Refused):  # it was done
        ACTS[act].run(desk)
    time_passes(desk)
    holds(desk)
    return {**picture(desk), "delivered": told(desk, book)}


@pytest.mark.parametrize("act", ACTS)
def test_whoever_is_killed_leaves_what_is_true(act: str, desks: NewDesk, kill: Kill, tmp_path: Path) -> None:
    """No incident is lost, none doubled; chains hold; nobody is told twice of what is one delivery."""
    book = tmp_path / "book"
    with desks(book) as desk:
        desk.roster = ACTS[act].roster
        for step in ACTS[act].before:
            step(desk)
        ACTS[act].run(desk)
        undisturbed = end(desk, act, book)
    first = 1 if WHOLE else 1 + sum(map(ord, act)) % APART
    for boundary in count(first, APART):
        with desks(book) as desk:
            desk.roster = ACTS[act].roster
            for step in ACTS[act].before:
                step(desk)
            died = kill(act, desk, book, boundary)
            for name, said in end(desk, act, book).items():
                assert said == undisturbed[name], f"killed before statement or commit {boundary}: {name}"
        if not died:
            break
