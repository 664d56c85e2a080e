"""What a story is made of: stages, each with what is expected, how to look, and how long to wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

POLL_SECONDS = 0.1


class StoryFailed(Exception):
    """A stage did not happen. The text says which, what was expected, and what was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a look at a system showed."""

    holds: bool
    """True when it is what the stage expects."""
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One thing that must happen."""

    title: str
    expected: str
    look: Callable[[], Seen]
    act: Callable[[], None] | None = None
    """Done once, before looking."""
    within_seconds: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A stage that happened."""

    title: str
    words: str
    at_seconds: float
    """Since the story began."""
    took_seconds: float


def tell(
    stages: Sequence[Stage], *, began: float, check_alive: Callable[[], None], logs: Path, say: Callable[[str], None]
) -> tuple[Passed, ...]:
    """Go through *stages* in order, and return how each went.

    Args:
        began: the monotonic time from which seconds are counted.
        check_alive: raises when there is nothing to wait for any more.
        logs: named when a stage does not happen.

    Raises:
        StoryFailed: a stage did not happen in its time.
    """
    passed = []
    for number, stage in enumerate(stages, 1):
        started = monotonic()
        words = _wait(stage, f"Stage {number} of {len(stages)}", check_alive, logs)
        now = monotonic()
        passed.append(Passed(title=stage.title, words=words, at_seconds=now - began, took_seconds=now - started))
        say(f"{now - began:6.1f} s  {number:2d}/{len(stages)}  {stage.title}: {words}")
    return tuple(passed)


def _wait(stage: Stage, place: str, check_alive: Callable[[], None], logs: Path) -> str:
    if stage.act is not None:
        stage.act()
    until = monotonic() + stage.within_seconds
    pause = threading.Event()
    while True:
        seen = stage.look()
        if seen.holds:
            return seen.words
        check_alive()
        if monotonic() > until:
            raise StoryFailed(
                f"{place}, “{stage.title}”, did not happen within {stage.within_seconds:g} s.\n"
                f"  expected: {stage.expected}\n  seen:     {seen.words}\n  logs:     {logs}"
            )
        pause.wait(POLL_SECONDS)
