"""Actions in the API: previewed, confirmed once, read, and verified where the outcome is unknown."""

from __future__ import annotations

from parapet.core.errors import NotFound
from parapet.core.shapes import Choice, Field, Fields, Given, Pairs, Whole, Words
from parapet.core.types import Json
from parapet.response.acted_document import capability_object, line_object, preview_object, run_object
from parapet.response.run import RunState
from parapet.web.api.fields import LIMIT, LONGEST_REASON, OLDER, REASON
from parapet.web.api.naming import request_name
from parapet.web.api.operation import Operation
from parapet.web.api.reading import SHOWN, listed, places
from parapet.web.desk import Desk, Visit
from parapet.web.pages.incident import incident_id
from parapet.web.principal import Action
from parapet.web.response import Response, answer

LONGEST_NUMBER = 12
BROKEN = Choice(values=("yes", "no"))


def capabilities(desk: Desk, visit: Visit, given: Given) -> Response:
    """Every capability."""
    shown: list[Json] = [capability_object(one) for one in desk.app.capabilities]
    return answer({"capabilities": shown})


def preview(desk: Desk, visit: Visit, given: Given) -> Response:
    """What would happen."""
    made = desk.app.actions.preview(
        given.need("capability", str),
        incident_id(visit),
        actor=visit.person.actor,
        inputs=given.get("inputs", dict),
        permits=desk.permits(visit.person),
    )
    return answer(preview_object(made, desk.app.actions.standing(made.id)), 201)


def shown_preview(desk: Desk, visit: Visit, given: Given) -> Response:
    """One preview, and whether it was confirmed."""
    standing = desk.app.actions.standing(visit.params["preview"])
    return answer(preview_object(standing.preview, standing))


def confirm(desk: Desk, visit: Visit, given: Given) -> Response:
    """Run it, once."""
    run = desk.app.actions.confirm(
        visit.params["preview"],
        digest=given.need("digest", str),
        actor=visit.person.actor,
        reason=given.need("reason", str),
        typed=given.get("typed", str) or "",
        break_glass=given.get("break_glass", str) == "yes",
        key=request_key(visit),
        permits=desk.permits(visit.person),
    )
    return answer(run_object(run))


def runs(desk: Desk, visit: Visit, given: Given) -> Response:
    """A page of runs."""
    limit = given.get("limit", int) or SHOWN
    found = desk.app.records.runs(capability=given.get("capability", str), limit=limit, **places(given, int))
    return answer(listed("runs", found.of(run_object)))


def run(desk: Desk, visit: Visit, given: Given) -> Response:
    """One run, with its lines of the ledger."""
    file = desk.app.records.run(run_number(visit))
    lines: list[Json] = [line_object(one) for one in file.lines]
    return answer(run_object(file.run) | {"preview": preview_object(file.preview), "ledger": lines})


def settle(desk: Desk, visit: Visit, given: Given) -> Response:
    """Say how a run ended whose outcome was unknown."""
    settled = desk.app.actions.settle(
        run_number(visit),
        outcome=RunState(given.need("outcome", str)),
        actor=visit.person.actor,
        reason=given.need("reason", str),
        version=given.need("version", int),
    )
    return answer(run_object(settled))


def run_number(visit: Visit) -> int:
    """The run that the address names, as 12 or RUN-12.

    Raises:
        NotFound: it names none.
    """
    written = visit.params["run"].upper().removeprefix("RUN-")
    if not (written.isascii() and written.isdecimal() and len(written) <= LONGEST_NUMBER):
        raise NotFound("No run has that number.")
    return int(written)


def request_key(visit: Visit) -> str | None:
    """What the request calls itself; None: nothing."""
    named = request_name(visit)
    return None if named is None else named[0]


RUN_VERSION = Field(
    shape=Whole(), says="The version of the run that was read: if it moved since, nothing is done.", required=True
)
ACTING = (
    Operation(
        name="capabilities",
        method="GET",
        path="/api/capabilities",
        says="The named actions of the service, and their limits.",
        page=capabilities,
        gives="Capabilities",
    ),
    Operation(
        name="preview",
        method="POST",
        path="/api/incidents/{id}/previews",
        says="Look at what a capability would do, exactly. Nothing runs. It can be confirmed once within five minutes.",
        page=preview,
        gives="Preview",
        status=201,
        takes=Fields(
            name="PreviewAsked",
            fields={
                "capability": Field(shape=Words(most=64, example="retry-jobs"), says="Which: its name.", required=True),
                "inputs": Field(shape=Pairs(longest=500), says="What it may be asked for, such as a limit."),
            },
        ),
        action=Action.PREVIEW,
    ),
    Operation(
        name="shown_preview",
        method="GET",
        path="/api/previews/{preview}",
        says="One preview, as it was.",
        page=shown_preview,
        gives="Preview",
    ),
    Operation(
        name="confirm",
        method="POST",
        path="/api/previews/{preview}/confirm",
        says="Run exactly what was previewed, once. A refusal says why and what to do next; nothing ran then.",
        page=confirm,
        gives="Run",
        takes=Fields(
            name="Confirmed",
            fields={
                "digest": Field(shape=Words(most=64), says="As the preview shows it.", required=True),
                "reason": REASON,
                "typed": Field(shape=Words(most=200), says="What the preview says must be typed: `type_exactly`."),
                "break_glass": Field(
                    shape=BROKEN,
                    says="`yes`: go past the second person, the breaker and the cooldown; people are told.",
                ),
            },
        ),
        action=Action.CONFIRM,
        once=True,
    ),
    Operation(
        name="runs",
        method="GET",
        path="/api/runs",
        says="What was run, latest first.",
        page=runs,
        gives="Runs",
        takes=Fields(
            name="RunsQuery",
            fields={
                "capability": Field(shape=Words(most=64), says="Only runs of it."),
                **OLDER,
                "limit": LIMIT,
            },
        ),
    ),
    Operation(
        name="run",
        method="GET",
        path="/api/runs/{run}",
        says="One run: what was previewed, how it ended, and its lines of the ledger.",
        page=run,
        gives="RunFile",
    ),
    Operation(
        name="settle",
        method="POST",
        path="/api/runs/{run}/settle",
        says="Say how a run ended whose outcome is unknown, after looking.",
        page=settle,
        gives="Run",
        takes=Fields(
            name="Settled",
            fields={
                "version": RUN_VERSION,
                "outcome": Field(shape=Choice(values=("done", "failed")), says="How it ended.", required=True),
                "reason": Field(shape=Words(most=LONGEST_REASON), says="What you verified, and how.", required=True),
            },
        ),
        action=Action.CONFIRM,
    ),
)
