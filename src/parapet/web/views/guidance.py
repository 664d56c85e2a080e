"""The runbooks of an incident: what a person does, and what of it Parapet can do."""

from __future__ import annotations

from dataclasses import dataclass

from parapet.response.runbook import Runbook
from parapet.web import text


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """One step of a runbook: a person does it, Parapet changes nothing."""

    anchor: str
    title: str
    words: str
    capability: str = ""
    """What Parapet can do of it, previewed; empty: nothing."""
    automatic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbookView:
    """A runbook that belongs to the incident's slice."""

    anchor: str
    title: str
    owner: str
    url: str | None
    warnings: tuple[str, ...]
    steps: tuple[Guidance, ...]

    @property
    def runs(self) -> bool:
        """Whether Parapet can do any of it."""
        return any(step.capability for step in self.steps)


def runbook_view(number: int, runbook: Runbook) -> RunbookView:
    """The runbook that stands on the page as number *number*."""
    return RunbookView(
        anchor=f"g{number}",
        title=runbook.title,
        owner=runbook.owner or "nobody yet",
        url=text.web_link(runbook.url),
        warnings=runbook.warnings,
        steps=tuple(
            Guidance(
                anchor=f"g{number}-{place}",
                title=step.title,
                words=step.text,
                capability=step.capability,
                automatic=step.automatic,
            )
            for place, step in enumerate(runbook.steps, 1)
        ),
    )
