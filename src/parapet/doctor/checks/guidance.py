"""Guidance: runbooks, owners and links, which are read at night."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from parapet.doctor.check import check
from parapet.doctor.facts import Facts
from parapet.doctor.finding import Found, Grade
from parapet.response.runbook import Subject, runbooks_for
from parapet.slo.catalog import is_address
from parapet.slo.diagnostic import Diagnostic
from parapet.slo.slice import Slice

NEAR = frozenset({"localhost", "127.0.0.1", "::1"})


@check(
    "PD201",
    Grade.WARN,
    "A promise has no runbook",
    why="Whoever is told finds no first step.",
    fix="Register a Runbook(slices=(NAME,)) with the one thing you would do first.",
)
def without_runbook(facts: Facts) -> Iterator[Found]:
    """Neither named nor attached."""
    for one in facts.catalog.judged:
        if one.runbook is None and not runbooks_for(_subject(one), facts.app.runbooks):
            yield Found(what=f"{one.name!r} has no runbook.")


@check(
    "PD202",
    Grade.WARN,
    "A runbook belongs to nothing",
    why="Nobody will ever be shown it.",
    fix="Name slices that exist; `parapet slo list --app {app}` shows them.",
)
def attached_to_nothing(facts: Facts) -> Iterator[Found]:
    """Slices, journeys and fault planes that it names are all unknown, and it names no alert."""
    judged = facts.catalog.judged
    known = {one.name for one in judged} | {one.fault_plane for one in judged}
    known |= {one.journey for one in judged if one.journey is not None}
    if facts.refused is None:
        for book in facts.app.runbooks:
            named = (*book.slices, *book.journeys, *book.planes)
            if not book.alerts and not known & {*named}:
                yield Found(what=f"Runbook {book.name!r} is attached to {', '.join(named)}: nothing is promised of it.")


@check(
    "PD203",
    Grade.WARN,
    "A runbook names a slice that does not exist",
    why="A slice that was renamed has lost its runbook, and nobody noticed.",
    fix="Correct the name; `parapet slo list --app {app}` shows those there are.",
)
def unknown_slices(facts: Facts) -> Iterator[Found]:
    """Some of the slices it names are unknown."""
    known = {one.name for one in facts.catalog.judged}
    if facts.refused is None:
        for book in facts.app.runbooks:
            if known & {*book.slices} and (gone := sorted({*book.slices} - known)):
                yield Found(what=f"Runbook {book.name!r} names {', '.join(gone)}.")


@check(
    "PD204",
    Grade.ERROR,
    "A promise names a runbook that is not attached to it",
    why="Its alerts name the runbook, and the incident does not show it.",
    fix="Add the slice to the runbook's slices=.",
)
def not_attached(facts: Facts) -> Iterator[Found]:
    """The runbook exists, and belongs to other slices."""
    books = {book.name: book for book in facts.app.runbooks}
    for one in facts.catalog.judged:
        book = books.get(one.runbook or "")
        if book is not None and not runbooks_for(_subject(one), (book,)):
            yield Found(what=f"{one.name!r} names the runbook {book.name!r}, which belongs to others.")


@check(
    "PD205",
    Grade.WARN,
    "A promise belongs to nobody",
    why="Nobody knows whom to ask, and nothing can be routed to a team.",
    fix="Say Parapet(owner=...), or owner= of the slice.",
)
def nobody_owns(facts: Facts) -> Iterator[Found]:
    """Neither the slice nor the service has an owner."""
    orphans = [one.name for one in facts.catalog.judged if not one.owner.strip()]
    if orphans:
        shown = ", ".join(orphans[:5]) + (f" and {len(orphans) - 5} more" if len(orphans) > 5 else "")
        yield Found(what=f"{shown}: no owner.")


@check(
    "PD206",
    Grade.WARN,
    "A runbook belongs to nobody",
    why="Guidance that nobody owns gets old, and harms at night.",
    fix="Give it an owner.",
)
def nobody_keeps(facts: Facts) -> Iterator[Found]:
    """Of the host's own runbooks."""
    for book in facts.app.runbooks:
        if not book.owner.strip() and facts.app.owner.strip():
            yield Found(what=f"Runbook {book.name!r} has no owner.")


@check(
    "PD207",
    Grade.WARN,
    "A link leaves encryption behind",
    why="Whoever reads along can change the guidance that is followed at night.",
    fix="Use https.",
)
def plain_links(facts: Facts) -> Iterator[Found]:
    """http to another machine, in runbooks and links."""
    for book in facts.app.runbooks:
        if book.url and _plain(book.url):
            yield Found(what=f"Runbook {book.name!r} is at {book.url}.")
    for one in facts.catalog:
        for title, address in one.links.items():
            if _plain(address):
                yield Found(what=f"{one.name!r} links {title!r} at {address}.")
        if one.runbook and is_address(one.runbook) and _plain(one.runbook):
            yield Found(what=f"{one.name!r} has its runbook at {one.runbook}.")


@check(
    "PD208",
    Grade.WARN,
    "A step of a runbook says next to nothing",
    why="At night, a title alone is no instruction.",
    fix="Say what to do, what to look for, and what not to do.",
)
def empty_steps(facts: Facts) -> Iterator[Found]:
    """Of guidance only: no text, or a placeholder."""
    for book in facts.app.runbooks:
        for step in book.steps:
            text = getattr(step, "text", None)
            if isinstance(text, str) and (
                not text.strip() or text.strip().rstrip(".").lower() in {"todo", "tbd", "fixme"}
            ):
                yield Found(what=f"Step {step.title!r} of runbook {book.name!r} says nothing.")


@check(
    "PD209",
    Grade.ERROR,
    "A step of a runbook runs what nobody registers",
    why="At night the button is not there; an automatic step does nothing.",
    fix="Register it with parapet.capability(NAME, ...), or correct the name.",
)
def unknown_capabilities(facts: Facts) -> Iterator[Found]:
    """Of steps that name a capability."""
    known = {one.name for one in facts.app.capabilities}
    for book in facts.app.runbooks:
        for step in book.steps:
            if step.capability and step.capability not in known:
                yield Found(what=f"Step {step.title!r} of runbook {book.name!r} names {step.capability!r}.")


def _subject(one: Slice | Diagnostic) -> Subject:
    return Subject(slice=one.name, journey=one.journey, plane=one.fault_plane)


def _plain(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "http" and (parts.hostname or "") not in NEAR
