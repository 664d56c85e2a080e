"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PAGE = "docs/reference/doctor.md"
"""Where every finding is explained."""


class Grade(StrEnum):
    """How much a finding matters."""

    ERROR = "error"  # a promise of Parapet does not hold: nobody is told, or a stranger gets in
    WARN = "warn"  # it holds today, and will not on a bad day
    INFO = "info"  # worth knowing
    SKIP = "skip"  # it could not be looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is written: a file of the host, and a line of it from 1 on; 0: the file as such."""

    path: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a check found once, as far as it differs from what the check always says."""

    what: str
    """What is there, in a sentence that names it."""
    place: Place | None = None
    fix: str | None = None
    """What to do, where it is not what the check says."""
    grade: Grade | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that the doctor has to say."""

    code: str
    grade: Grade
    title: str
    """What kind of trouble it is; the same for every finding of the code."""
    what: str
    why: str
    fix: str
    place: Place | None = None

    @property
    def link(self) -> str:
        """Where the documentation speaks of it."""
        return f"{PAGE}#{self.code.lower()}"
