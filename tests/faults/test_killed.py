"""kill -9 at every statement and commit of ingest, of the worker and of every verb, and what else happens to a process
there: afterwards all is as if it had not been, once whoever got no answer has tried again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.faults.acts import ACTS, time_passes
from tests.faults.blows import BLOWS, Blow, struck
from tests.faults.conftest import WHOLE
from tests.faults.duties import DUTIES
from tests.faults.truth import holds, picture, told

from parapet.core.errors import EvidenceUnavailable, Refused

if TYPE_CHECKING:
    from tests.conftest import Desk
    from tests.faults.conftest import Kill, NewDesk

ALL = ACTS | DUTIES
APART = 1 if WHOLE else 48
"""So many boundaries lie between two that are tried."""
WALKED = [
    (act, database)
    for number, act in enumerate(ALL)
    for database in (tuple(BLOWS) if WHOLE else (("sqlite", "sqlite", "postgres")[number % 3],))
]
"""The short form walks each act on one of the databases, more often on the one that is sooner there."""


def end(desk: Desk, act: str, book: Path, *, steady_clock: bool = True) -> dict[str, list[str]]:
    """Try again, let time pass, and look: at the evidence, and at what left the house.

    In which order people are told, and which times are quoted, depends on the clocks.
    """
    with suppress(Refused):  # it was done
        ALL[act].run(desk)
    time_passes(desk)
    holds(desk)
    found = {**picture(desk), "delivered": told(desk, book)}
    return found if steady_clock else {name: found[name] for name in found.keys() - {"order", "entries"}}


def first_of(act: str) -> int:
    """The first boundary that is tried: the short form has others of each act."""
    return 1 if WHOLE else 1 + sum(map(ord, act)) % 8


def blows_of(act: str, database: str) -> Mapping[str, Blow]:
    """What else happens to it; in the short form, one of that."""
    every = BLOWS[database]
    mine = tuple(every)[sum(map(ord, act)) % len(every)]
    return every if WHOLE else {mine: every[mine]}


@pytest.mark.parametrize(("act", "database"), WALKED, indirect=["database"])
def test_whoever_is_killed_or_cut_off_leaves_what_is_true(
    act: str, database: str, desks: NewDesk, kill: Kill, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """No incident is lost, none doubled; chains hold; nobody is told twice of what is one delivery."""
    book = tmp_path / "book"
    with desks(book) as desk:
        ALL[act].begin(desk)
        untouched = picture(desk)
        ALL[act].run(desk)
        assert act == "the same again" or picture(desk) != untouched, "nothing is done that could be lost"
        undisturbed = end(desk, act, book)
    for boundary in count(first_of(act), APART):
        with desks(book) as desk:
            ALL[act].begin(desk)
            died = kill(act, desk, book, boundary)
            for name, said in end(desk, act, book).items():
                assert said == undisturbed[name], f"killed before statement or commit {boundary}: {name}"
        if not died:
            record_property(f"killed, {database}", (boundary - first_of(act)) // APART)
            break
    for what, blow in blows_of(act, database).items():
        for boundary in count(1 if WHOLE else 2 if blow.at_commits else first_of(act)):
            with desks(book) as desk:
                ALL[act].begin(desk)
                with struck(desk, blow, boundary) as fell, suppress(EvidenceUnavailable):
                    ALL[act].run(desk)
                for name, said in end(desk, act, book, steady_clock=not blow.moves_the_clock).items():
                    assert said == undisturbed[name], f"{what} before statement or commit {boundary}: {name}"
                if not blow.lasts:
                    lines = book.read_text().splitlines() if book.exists() else []
                    assert len(lines) == len(set(lines)), f"{what} before statement or commit {boundary}: told twice"
            if not fell or not WHOLE:
                record_property(f"{what}, {database}", boundary - 1 if WHOLE else len(fell))
                break
