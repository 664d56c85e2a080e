"""Acting: whether what runbooks offer to run is wired, and whether it can be told that it helped."""

from __future__ import annotations

from collections.abc import Iterator

from parapet.doctor.check import check
from parapet.doctor.facts import Facts
from parapet.doctor.finding import Found, Grade


@check(
    "PDF01",
    Grade.ERROR,
    "A runbook offers a capability that nobody registered",
    why="At night there is a step without a button, and nobody knows why.",
    fix="Register it: parapet.capability(NAME, preview=...), or take it out of the step.",
)
def unwired(facts: Facts) -> Iterator[Found]:
    """Named in a step, and unknown."""
    facts.host  # noqa: B018  an application may register what it can do while it is made
    known = {one.name for one in facts.app.capabilities}
    for book in facts.app.runbooks:
        for step in book.steps:
            if step.capability and step.capability not in known:
                yield Found(what=f"Step {step.title!r} of runbook {book.name!r} names {step.capability!r}.")


@check(
    "PDF02",
    Grade.WARN,
    "Parapet runs something by itself, and nobody can tell whether it helped",
    why="It runs again until its breaker opens, and only then is a person called.",
    fix="Give the capability verify=: a function that says whether it helped.",
)
def unverified(facts: Facts) -> Iterator[Found]:
    """An automatic step whose capability has no verify."""
    blind = {one.name for one in facts.app.capabilities if one.verify is None}
    for book in facts.app.runbooks:
        for name in book.automatic:
            if name in blind:
                yield Found(what=f"Runbook {book.name!r} runs {name!r} by itself.")
