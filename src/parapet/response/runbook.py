"""A runbook as a value: what a person does, step by step, and where it applies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from parapet.core.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of guidance: the operator does it, Parapet changes nothing."""

    title: str
    text: str
    """What to do, what to look for, and what not to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """Guidance for one kind of trouble.

    Raises:
        ConfigurationError: it has no steps, or is attached to nothing.
    """

    name: str
    title: str
    owner: str
    steps: tuple[Step, ...]
    slices: tuple[str, ...] = ()
    """Slices it belongs to, by name."""
    warnings: tuple[str, ...] = ()
    url: str | None = None
    """Where the long form lives, such as the host's repository."""

    def __post_init__(self) -> None:
        if not self.steps:
            raise ConfigurationError(f"Runbook {self.name!r} has no steps. Say at least one thing to do.")
        if not self.slices:
            raise ConfigurationError(f"Runbook {self.name!r} is attached to no slice. Name one in slices=.")


def runbooks_for(slice_name: str | None, runbooks: Iterable[Runbook]) -> tuple[Runbook, ...]:
    """Those of *runbooks* that belong to the slice *slice_name*, in the order they were registered."""
    return tuple(runbook for runbook in runbooks if slice_name in runbook.slices)
