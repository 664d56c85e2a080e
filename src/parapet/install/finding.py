"""What was found in a host's files, where, and why it is believed; and what could not be decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parapet.core.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found."""

    about: str
    """`framework`, `application`, `database`, `jobs`, `mail`, `flags`, `login`, `packages` or `deployment`."""
    name: str
    path: str
    """From the project's folder."""
    line: int
    why: str
    """The words in that line that say so."""

    @property
    def place(self) -> str:
        """`shop/main.py:12`."""
        return f"{self.path}:{self.line}"


class Unclear(ConfigurationError):
    """It cannot be told where something goes. Nothing was written."""

    def __init__(self, message: str | None = None, *, steps: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.steps = tuple(steps)
        """What a person does by hand instead."""


class Unsaid(Unclear):
    """Several things may be meant, and an option says which."""
