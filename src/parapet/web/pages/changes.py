"""What changed in the system, a page at a time; and the form that marks one more."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from parapet.core.errors import ConfigurationError
from parapet.incidents.model import ChangeKind
from parapet.web import zones
from parapet.web.desk import Desk, Visit, show, since
from parapet.web.principal import Action
from parapet.web.response import Response, see_other
from parapet.web.sent import form_name
from parapet.web.views.changes import Marking, changes_view
from parapet.web.views.pager import asked, paged

ROWS = 100
LONGEST_WORDS = 300
LONGEST_VERSION = 128


def page(desk: Desk, visit: Visit) -> Response:
    """Every change, newest first."""
    return _page(desk, visit, Marking())


def mark(desk: Desk, visit: Visit) -> Response:
    """Mark one more."""
    form = visit.request.form
    given = Marking(
        kind=form.get("kind", ""),
        words=form.get("text", "")[:LONGEST_WORDS],
        version=form.get("version", "")[:LONGEST_VERSION],
        at=form.get("at", "")[:LONGEST_WORDS],
    )
    try:
        _mark(desk, visit, given)
    except ConfigurationError as error:
        return _page(desk, visit, replace(given, why=f"{error.message} Nothing was marked."))
    return see_other("changes?done=marked")


def _mark(desk: Desk, visit: Visit, given: Marking) -> None:
    if given.kind not in dict(given.kinds):
        raise ConfigurationError("Say what sort of change it is.")
    if not given.words.strip():
        raise ConfigurationError("Say what changed.")
    desk.app.changes.mark(
        kind=ChangeKind(given.kind),
        title=given.words,
        version=given.version.strip() or None,
        occurred_at=zones.moment_of(given.at, visit.now, "When it took effect"),
        actor=visit.person.actor,
        change_id=form_name(visit)[0],
    )


def _page(desk: Desk, visit: Visit, given: Marking) -> Response:
    with desk.app.look.together():
        place, page = paged(partial(desk.app.look.change_page, ROWS), asked(visit.request.query))
    refusal = desk.may(visit.person, Action.CHANGE) or ""
    view = changes_view(page, asked=place, marking=replace(given, refusal=refusal), now=visit.now)
    if not view.days:
        view = replace(view, since=since(desk, visit))
    return show(desk, visit, "changes.html", view, title="Changes", place="changes", status=422 if given.why else 200)
