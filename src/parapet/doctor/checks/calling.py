"""Calling: whether somebody is called when a promise pages, and whether they can be reached."""

from __future__ import annotations

from collections.abc import Iterator

from parapet.core.vocabulary import Severity
from parapet.doctor.check import check
from parapet.doctor.facts import Facts
from parapet.doctor.finding import Found, Grade
from parapet.response.escalation import EscalationPolicy, TargetKind
from parapet.slo.slice import Slice


@check(
    "PDE01",
    Grade.WARN,
    "A promise pages, and no policy calls anybody",
    why="If nobody takes the incident, nobody is called.",
    fix="Name the slice in a policy of the Roster, or leave slices= of one out: it is then for all.",
)
def nobody_called(facts: Facts) -> Iterator[Found]:
    """There are policies, and none is for pages of it."""
    policies = facts.app.on_call.policies
    for one in facts.catalog if policies else ():
        if one.pages and not any(_calls(policy, one) for policy in policies):
            yield Found(what=f"No policy is for pages of {one.name!r}.")


@check(
    "PDE02",
    Grade.WARN,
    "A promise pages at hours at which nobody is called",
    why="Trouble does not keep office hours, and a page says that it cannot wait.",
    fix="Add a policy without within=, after the others: the first that matches is taken.",
)
def sometimes_nobody(facts: Facts) -> Iterator[Found]:
    """Every policy for it has hours."""
    for one in facts.catalog:
        calling = [policy for policy in facts.app.on_call.policies if _calls(policy, one)]
        if one.pages and calling and all(policy.within is not None for policy in calling):
            named = ", ".join(policy.name for policy in calling)
            yield Found(what=f"Pages of {one.name!r} are only for {named}, which has hours.")


@check(
    "PDE03",
    Grade.WARN,
    "A policy names a slice that does not exist",
    why="A slice that was renamed calls nobody any more.",
    fix="Correct the name; `parapet slo list --app {app}` shows those there are.",
)
def unknown_slices(facts: Facts) -> Iterator[Found]:
    """Some of its slices are unknown."""
    known = {one.name for one in facts.catalog.judged}
    for policy in facts.app.on_call.policies if facts.refused is None else ():
        if gone := sorted({*policy.slices} - known):
            yield Found(what=f"Policy {policy.name!r} names {', '.join(gone)}.")


@check(
    "PDE04",
    Grade.ERROR,
    "Somebody who is called cannot be reached",
    why="Their turn passes, and nobody hears of it.",
    fix='Say how: Person(name=..., reach={"email": "ana@shop.example"}).',
)
def unreachable(facts: Facts) -> Iterator[Found]:
    """In a rotation or a policy, without any way, where there are channels at all."""
    roster = facts.app.on_call
    called = {name for rotation in roster.rotations for name in rotation.people}
    steps = (step for policy in roster.policies for step in policy.steps)
    called |= {each.name for step in steps for each in step.targets if each.kind is TargetKind.PERSON}
    for one in roster.people if facts.app.channels else ():
        if one.name in called and not one.reach:
            yield Found(what=f"{one.name} has no way to be reached.")


@check(
    "PDE05",
    Grade.WARN,
    "A rotation is in no policy",
    why="Whoever has the turn is never called.",
    fix="Name it in a step: Step(targets=(rotation(NAME),)).",
)
def idle_rotation(facts: Facts) -> Iterator[Found]:
    """No step targets it."""
    roster = facts.app.on_call
    steps = (step for policy in roster.policies for step in policy.steps)
    used = {each.name for step in steps for each in step.targets if each.kind is TargetKind.ROTATION}
    for one in roster.rotations:
        if one.name not in used:
            yield Found(what=f"Rotation {one.name!r} is in no policy.")


def _calls(policy: EscalationPolicy, one: Slice) -> bool:
    return Severity.PAGE in policy.severities and (not policy.slices or one.name in policy.slices)
