"""Second persons and the way back, in the API."""

from __future__ import annotations

from parapet.core.errors import NotFound
from parapet.core.shapes import Choice, Field, Fields, Given, Whole
from parapet.core.types import Json
from parapet.response.acted_document import approval_object, run_object
from parapet.response.approval import ApprovalState
from parapet.web.api.acting import RUN_VERSION, run_number
from parapet.web.api.fields import REASON
from parapet.web.api.operation import Operation
from parapet.web.desk import Desk, Visit
from parapet.web.principal import Action
from parapet.web.response import Response, answer


def ask_approval(desk: Desk, visit: Visit, given: Given) -> Response:
    """Ask somebody else."""
    asked = desk.app.approvals.ask(visit.params["preview"], actor=visit.person.actor, reason=given.need("reason", str))
    return answer(approval_object(asked), 201)


def approvals(desk: Desk, visit: Visit, given: Given) -> Response:
    """Those in one state."""
    state = given.get("state", str) or ApprovalState.WAITING.value
    shown: list[Json] = [approval_object(one) for one in desk.app.approvals.page(state)]
    return answer({"state": state, "approvals": shown})


def decide(desk: Desk, visit: Visit, given: Given) -> Response:
    """Approve or deny."""
    decided = desk.app.approvals.decide(
        approval_number(visit),
        approve=given.need("decision", str) == "approve",
        actor=visit.person.actor,
        reason=given.need("reason", str),
        version=given.need("version", int),
        permits=desk.permits(visit.person),
    )
    return answer(approval_object(decided))


def undo(desk: Desk, visit: Visit, given: Given) -> Response:
    """Take a run back."""
    run = desk.app.undoing.undo(
        run_number(visit),
        actor=visit.person.actor,
        reason=given.need("reason", str),
        version=given.need("version", int),
        permits=desk.permits(visit.person),
    )
    return answer(run_object(run))


def approval_number(visit: Visit) -> int:
    """The approval that the address names.

    Raises:
        NotFound: it names none.
    """
    written = visit.params["approval"]
    if not (written.isascii() and written.isdecimal() and len(written) <= 12):
        raise NotFound("No approval has that number.")
    return int(written)


DECIDING = (
    Operation(
        name="ask_approval",
        method="POST",
        path="/api/previews/{preview}/approval",
        says="Ask a second person to approve exactly what the preview shows; people are told.",
        page=ask_approval,
        gives="Approval",
        status=201,
        takes=Fields(name="ApprovalAsked", fields={"reason": REASON}),
        action=Action.PREVIEW,
    ),
    Operation(
        name="approvals",
        method="GET",
        path="/api/approvals",
        says="Requests for a second person, latest first.",
        page=approvals,
        gives="Approvals",
        takes=Fields(
            name="ApprovalsQuery",
            fields={
                "state": Field(
                    shape=Choice(values=tuple(each.value for each in ApprovalState)),
                    says="Which; `waiting` without it.",
                )
            },
        ),
    ),
    Operation(
        name="decide",
        method="POST",
        path="/api/approvals/{approval}/decide",
        says="Approve or deny. Who asked cannot approve, and a machine cannot.",
        page=decide,
        gives="Approval",
        takes=Fields(
            name="Decided",
            fields={
                "version": Field(
                    shape=Whole(), says="The version that was read: decided meanwhile, nothing is done.", required=True
                ),
                "decision": Field(shape=Choice(values=("approve", "deny")), says="Which.", required=True),
                "reason": REASON,
            },
        ),
        action=Action.APPROVE,
    ),
    Operation(
        name="undo",
        method="POST",
        path="/api/runs/{run}/undo",
        says="Take a run back, once, while that is possible.",
        page=undo,
        gives="Run",
        takes=Fields(name="Undone", fields={"version": RUN_VERSION, "reason": REASON}),
        action=Action.CONFIRM,
    ),
)
