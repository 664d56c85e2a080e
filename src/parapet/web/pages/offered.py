"""What may be run on an incident, and what was: the part of its page about actions."""

from __future__ import annotations

from collections.abc import Sequence

from parapet.core.types import IncidentId
from parapet.incidents.model import Incident, IncidentState
from parapet.response.approval import Approval
from parapet.response.run import Run
from parapet.web.desk import Desk, Visit
from parapet.web.principal import Action
from parapet.web.views.acting import ActionsView, offered, ran
from parapet.web.views.approvals import approval_row


def actions_view(
    desk: Desk,
    visit: Visit,
    incident: Incident,
    runs: Sequence[Run],
    asked_for: Sequence[Approval],
    *,
    books_changed: bool,
) -> ActionsView:
    """The capabilities that the reader may preview, those they may not and why, the runs so far, and who waits."""
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
        asked_for=tuple(approval_row(one, titles, now=visit.now) for one in asked_for),
        runs=tuple(ran(one, titles.get(one.capability, one.capability), now=visit.now) for one in runs),
    )


def waiting_of(desk: Desk, number: IncidentId) -> tuple[Approval, ...]:
    """The requests for a second person about an incident; nothing is asked where no capability needs one."""
    if all(one.second_person_from is None for one in desk.app.capabilities):
        return ()
    return tuple(one for one in desk.app.approvals.page("waiting") if one.incident_id == number)
