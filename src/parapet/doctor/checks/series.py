"""Series: how many there may be, and which label makes them."""

from __future__ import annotations

from collections.abc import Iterator

from parapet.doctor.check import check
from parapet.doctor.facts import Facts
from parapet.doctor.finding import Found, Grade

MANY_ROUTES = 0.8
"""Share of the ceiling from which on the next deploy may pass it."""
MANY_SERIES = 20_000


@check(
    "PD801",
    Grade.WARN,
    "A label is full",
    why="What comes next is counted as `other`: it cannot be told apart, or promised.",
    fix="parapet doctor cardinality --app {app}",
)
def full(facts: Facts) -> Iterator[Found]:
    """As many values as are allowed."""
    for family in facts.app.cardinality():
        for label in family.labels:
            if label.full:
                yield Found(what=f"{label.label} of {family.metric} has {label.now:,} of {label.most:,} values.")


@check(
    "PD802",
    Grade.WARN,
    "The application has nearly as many routes as are told apart",
    why="The next routes are measured together as `other`.",
    fix="Put what belongs together under one route with a parameter.",
)
def many_routes(facts: Facts) -> Iterator[Found]:
    """By what it serves."""
    served = {template for _, template in getattr(facts.host, "served", frozenset())}
    most = facts.app.recorder.admission.max_routes
    if len(served) >= MANY_ROUTES * most:
        yield Found(what=f"It serves {len(served)} routes; {most} are told apart.")


@check(
    "PD803",
    Grade.WARN,
    "One family has very many series",
    why="Prometheus pays for each with memory, on every node and process.",
    fix="parapet doctor cardinality --app {app}",
)
def many_series(facts: Facts) -> Iterator[Found]:
    """In this process alone."""
    for family in facts.app.cardinality():
        if family.ours and family.series_now > MANY_SERIES:
            yield Found(what=f"{family.metric} has {family.series_now:,} series.")


@check(
    "PD804",
    Grade.WARN,
    "A route looks like an exact address",
    why="Each customer or order gets series of its own, until the label is full.",
    fix="Declare it with a parameter: /orders/{order}",
)
def exact_routes(facts: Facts) -> Iterator[Found]:
    """A long number or an identifier in a template."""
    for template in sorted({template for _, template in getattr(facts.host, "served", frozenset())}):
        for part in template.split("/"):
            if (part.isdecimal() and len(part) > 3) or (
                len(part) >= 32 and part.replace("-", "").isalnum() and any(c.isdecimal() for c in part)
            ):
                yield Found(what=f"{template} is served as it stands.")
                break
