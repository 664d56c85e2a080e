"""What happens to a process that lives on: its connection is lost, the disk is full, its clock jumps."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from sqlalchemy import Connection, event

from parapet.core import guard

if TYPE_CHECKING:
    from tests.conftest import Desk

JUMP_SECONDS = 1_200.0
ROOM_BYTES = 4_096
"""What a file may have where the disk is full: less than one page of the database and its frame."""
OURS = frozenset({"EvidenceUnavailable", "Conflict", "DeliveryFailed"})
"""Errors that a guard may have swallowed: no other one is said to anybody who could do something about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """Something that happens before a statement or commit, or *at_commits* only."""

    at_commits: bool
    strike: Callable[[Connection, Desk], None]
    mend: Callable[[Desk], None] = lambda desk: None
    moves_the_clock: bool = False
    lasts: bool = False
    """Longer than anybody insists on what is known."""


def cut(connection: Connection, desk: Desk) -> None:
    """The network between us and the database breaks."""
    driver = connection.connection.driver_connection
    assert driver is not None
    with socket.socket(fileno=os.dup(driver.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


def cut_answer(connection: Connection, desk: Desk) -> None:
    """It breaks when the database has committed, and before it could say so."""
    connection.connection.commit()
    cut(connection, desk)


def fill(connection: Connection, desk: Desk) -> None:
    """No file of this process may grow."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def make_room(desk: Desk) -> None:
    """All may."""
    most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def jump(seconds: float) -> Blow:
    """The clock is set to another time, and set right afterwards."""

    def strike(connection: Connection, desk: Desk) -> None:
        desk.clock.advance(seconds)

    def mend(desk: Desk) -> None:
        desk.clock.advance(-seconds)

    return Blow(at_commits=False, strike=strike, mend=mend, moves_the_clock=True)


BLOWS: Mapping[str, Mapping[str, Blow]] = {
    "sqlite": {
        "the disk is full": Blow(at_commits=True, strike=fill, mend=make_room, lasts=True),
        "the clock jumps back": jump(-JUMP_SECONDS),
        "the clock jumps ahead": jump(JUMP_SECONDS),
    },
    "postgres": {
        "the connection is lost": Blow(at_commits=False, strike=cut),
        "the answer to a commit is lost": Blow(at_commits=True, strike=cut_answer),
    },
}
"""By database. Where neither database nor driver plays a part, one of them will do."""


@contextmanager
def struck(desk: Desk, blow: Blow, boundary: int) -> Iterator[list[int]]:
    """Let the blow fall at that boundary; the list is empty if there was none of that number. In the end it is mended,
    and nothing was swallowed that is not ours."""
    passed, fell = count(1), list[int]()

    def pass_by(connection: Connection, *_: object) -> None:
        if next(passed) == boundary:
            fell.append(boundary)
            blow.strike(connection, desk)

    moments = ("commit",) if blow.at_commits else ("before_cursor_execute", "commit")
    before = set(guard.swallowed)
    for moment in moments:
        event.listen(desk.store.engine, moment, pass_by)
    try:
        yield fell
    finally:
        for moment in moments:
            event.remove(desk.store.engine, moment, pass_by)
        if fell:
            blow.mend(desk)
    assert {name for _, name in set(guard.swallowed) - before} <= OURS
