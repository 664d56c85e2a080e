"""The less frequent verbs of an incident, and the page that opens one by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace

from parapet.core.errors import ConfigurationError, NotFound, Refused
from parapet.core.vocabulary import Severity
from parapet.web.desk import Desk, Visit, show
from parapet.web.pages.incident import LONGEST_NUMBER, incident_id
from parapet.web.principal import Action
from parapet.web.response import Response, see_other
from parapet.web.sent import form_name
from parapet.web.text import capped
from parapet.web.views.redact import redact_view
from parapet.web.views.work import work_view

LONGEST_TITLE = 200
LONGEST_WORDS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareView:
    """The page that opens an incident by hand, with what was typed."""

    refusal: str
    """Why the reader may not; empty when they may."""
    why: str
    """Why it was not taken; empty at first."""
    title: str = ""
    severity: str = ""
    slice: str = ""
    reason: str = ""
    slices: tuple[tuple[str, str], ...] = ()
    """Name and title of every promise."""


def page(desk: Desk, visit: Visit) -> Response:
    """Every form that the incident's own page leaves out."""
    look, number = desk.app.look, incident_id(visit)
    with look.together():
        file, episodes, others = look.incident(number), look.episodes(number), look.queue("open").incidents
    calls = file.escalation
    called = calls is not None and file.incident.severity in calls.policy.severities
    view = work_view(
        file.incident,
        episodes,
        others,
        seen=file.gist.last,
        refusal=desk.may(visit.person, Action.SEVERITY),
        people=desk.app.escalations.people,
        calls=called,
    )
    return show(desk, visit, "work.html", view, title=f"Work on {view.ref}", place="incidents")


def redact_page(desk: Desk, visit: Visit) -> Response:
    """One entry of the chronology, and the form that takes its words out."""
    look, number, asked = desk.app.look, incident_id(visit), visit.request.query.get("entry", "")
    seq = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) <= LONGEST_NUMBER else 0
    with look.together():
        file, found = look.incident(number), look.chronology(number, after=max(0, seq - 1), limit=1)
    entry = next(iter(found), None)
    if entry is None or entry.seq != seq:
        raise NotFound(f"{file.incident.ref} has no such entry. Its chronology lists all of them.")
    seen, refusal = file.gist.last, desk.may(visit.person, Action.REDACT)
    view = redact_view(file.incident, entry, seen=seen, refusal=refusal, now=visit.now)
    return show(desk, visit, "redact.html", view, title=f"Entry {entry.seq}, {view.ref}", place="incidents")


def declare_page(desk: Desk, visit: Visit) -> Response:
    """The form that opens an incident by hand."""
    refusal = desk.may(visit.person, Action.DECLARE) or ""
    return _declare_page(desk, visit, DeclareView(refusal=refusal, why="", slices=_slices(desk)))


def declare(desk: Desk, visit: Visit) -> Response:
    """Open one by hand."""
    form = visit.request.form
    given = DeclareView(
        refusal="",
        why="",
        title=capped(form.get("title", ""), LONGEST_TITLE),
        severity=form.get("severity", ""),
        slice=form.get("slice", ""),
        reason=form.get("reason", "")[:LONGEST_WORDS],
        slices=_slices(desk),
    )
    if given.severity not in set(Severity):
        return _declare_page(desk, visit, given, why="Say how bad it is: a page or a ticket.")
    try:
        if given.slice:
            desk.app.catalog.slice(given.slice)
        opened = desk.app.operator.once(*form_name(visit)).declare(
            title=given.title,
            severity=Severity(given.severity),
            actor=visit.person.actor,
            reason=given.reason,
            slice_name=given.slice or None,
        )
    except (Refused, ConfigurationError) as error:
        return _declare_page(desk, visit, given, why=error.message)
    return see_other(f"incidents/{opened.id}?done=declared")


def _declare_page(desk: Desk, visit: Visit, view: DeclareView, why: str = "") -> Response:
    status = 422 if why else 200
    title = "Open an incident by hand"
    return show(desk, visit, "declare.html", replace(view, why=why), title=title, place="incidents", status=status)


def _slices(desk: Desk) -> tuple[tuple[str, str], ...]:
    return tuple((one.name, one.title) for one in desk.app.catalog)
