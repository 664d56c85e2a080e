"""Two sentences at the top of an incident: what changed before it, and what its reader may do now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parapet.incidents.changes import Near, distance_words
from parapet.incidents.triage import Triage
from parapet.response.runbook import Runbook
from parapet.web import text
from parapet.web.views.acting import Offered


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """One of them, and where the whole of it stands."""

    label: str
    words: str
    anchor: str
    """Of this page."""
    anchor_words: str
    preview: str = ""
    """The name of an action that its reader may preview."""
    preview_words: str = ""


OVER = "Read the retrospective. If it is not over, reopen it."
SECOND = "A second person is asked for: look at what it is, and decide."
PART_OF_ANOTHER = "Work on the one that took it over: its alerts are there."


def briefs(
    triage: Triage,
    near: Sequence[Near],
    runbooks: Sequence[Runbook],
    offered: Sequence[Offered],
    refusal: str | None,
    *,
    over: bool = False,
    merged: bool = False,
    waiting: int = 0,
) -> tuple[Brief, ...]:
    """What changed, and what may be done; *refusal* says why the reader may only look.

    *waiting*: how many requests for a second person wait.
    """
    ready = [one for one in offered if not one.refusal and not over]
    advice = PART_OF_ANOTHER if merged else OVER if over else text.sentence(text.capped(triage.next_step.text, 200))
    steps = text.several(sum(len(one.steps) for one in runbooks), "step")
    return (
        Brief(
            label="What changed",
            words=_changed(near),
            anchor="changes",
            anchor_words=f"All {len(near)}" if len(near) > 1 else "",
        ),
        Brief(
            label="What you may do",
            words=" ".join([*([SECOND] if waiting else []), advice, *([refusal] if refusal else [])]),
            anchor="actions",
            anchor_words="" if merged else f"Runbook, {steps}" if runbooks and not over else "Every action",
            preview=ready[0].name if ready else "",
            preview_words=(f"Preview: {ready[0].title}" if len(ready) == 1 else f"{len(ready)} actions to preview")
            if ready
            else "",
        ),
    )


def _changed(near: Sequence[Near]) -> str:
    if not near:
        return "Nothing was marked near its onset. Only what is marked is known here."
    before = [one for one in near if one.seconds_from_onset <= 0]
    closest = max(before, key=lambda one: one.seconds_from_onset) if before else near[0]
    return text.sentence(
        f"{distance_words(closest.seconds_from_onset)} onset: {text.capped(closest.change.title, 100)}"
    )
