"""What may be run on an incident, and what was: the part of its page about actions."""

from __future__ import annotations

from collections.abc import Sequence

from parapet.incidents.model import Incident, IncidentState
from parapet.response.run import Run
from parapet.web.desk import Desk, Visit
from parapet.web.principal import Action
from parapet.web.views.acting import ActionsView, offered, ran


def actions_view(
    desk: Desk, visit: Visit, incident: Incident, runs: Sequence[Run], *, books_changed: bool
) -> ActionsView:
    """The capabilities that the reader may preview, those they may not and why, and the runs so far."""
    person = visit.person
    titles = {one.name: one.title for one in desk.app.capabilities}
    over = incident.state is IncidentState.RESOLVED
    refusal = "It is resolved. Reopen it, if it is not over." if over else desk.may(person, Action.PREVIEW)
    if incident.merged_into_id is not None:
        refusal = f"It is part of INC-{incident.merged_into_id} now: work there."
    return ActionsView(
        offered=tuple(
            offered(one, refusal or desk.may(person, one.permitted_as) or "") for one in desk.app.capabilities
        ),
        books_changed=books_changed,
        runs=tuple(ran(one, titles.get(one.capability, one.capability), now=visit.now) for one in runs),
    )
