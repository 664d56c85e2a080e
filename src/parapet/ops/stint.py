"""How long one kind of work may go on in a round, so that no kind of it keeps the others waiting."""

from __future__ import annotations

from time import perf_counter

STINT_SECONDS = 5.0
"""Of each kind of work in one round of a worker."""


class Stint:
    """A stretch of time that begins when it is made: nothing is begun when it is over, but one thing always is."""

    __slots__ = ("_ends",)

    def __init__(self, seconds: float = STINT_SECONDS) -> None:
        self._ends = perf_counter() + seconds

    @property
    def over(self) -> bool:
        """Whether it is somebody else's turn."""
        return perf_counter() >= self._ends
