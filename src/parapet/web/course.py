"""What pages need of one promise over time, as a protocol."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

Points: TypeAlias = Sequence[tuple[datetime, float]]
"""Values with their times, oldest first."""


class Course(Protocol):
    """One promise over time, as `ops.course` has it."""

    @property
    def start(self) -> datetime: ...
    @property
    def burn_start(self) -> datetime: ...
    @property
    def end(self) -> datetime: ...
    @property
    def step_seconds(self) -> float: ...
    @property
    def burn_step_seconds(self) -> float: ...
    @property
    def burn(self) -> Points: ...
    @property
    def budget_left(self) -> Points: ...
    @property
    def problem(self) -> str | None: ...
