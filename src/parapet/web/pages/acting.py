"""The pages of actions: a preview to confirm, and a run. Every refusal is a page that says why and what to do next."""

from __future__ import annotations

from dataclasses import replace

from parapet.core.errors import (
    ActionRefused,
    Drifted,
    IncidentMoved,
    NotFound,
    PreviewExpired,
    Refused,
    StaleVersion,
)
from parapet.response.approval import ApprovalState
from parapet.response.checks import refuse
from parapet.response.run import LedgerKind, RunState
from parapet.web.api.acting import run_number
from parapet.web.desk import Desk, Visit, show, since
from parapet.web.pages.incident import incident_id
from parapet.web.principal import Action
from parapet.web.response import Response, see_other
from parapet.web.sent import same_words
from parapet.web.views.acting import confirm_view
from parapet.web.views.approvals import approval_view, approvals_view
from parapet.web.views.running import run_view
from parapet.web.views.used import MOST_SHOWN, used_view

LONGEST_WORDS = 4_000
INPUT = "input-"
STALE = (PreviewExpired, Drifted, IncidentMoved)
"""What cannot be confirmed any more, but may be previewed again."""


def preview(desk: Desk, visit: Visit) -> Response:
    """The reader looks at what would happen."""
    form = visit.request.form
    inputs = {name.removeprefix(INPUT): value for name, value in form.items() if name.startswith(INPUT)}
    made = desk.app.actions.preview(
        form.get("capability", ""),
        incident_id(visit),
        actor=visit.person.actor,
        inputs=inputs,
        permits=desk.permits(visit.person),
    )
    return see_other(f"../../previews/{made.id}")


def page(desk: Desk, visit: Visit) -> Response:
    """What would happen, and the form that confirms it."""
    return _show(desk, visit)


def again(desk: Desk, visit: Visit) -> Response:
    """The reader looks once more at the same, with the same inputs; the reason that they typed stays."""
    seen = desk.app.actions.standing(visit.params["preview"]).preview
    try:
        made = desk.app.actions.preview(
            seen.capability,
            seen.incident_id,
            actor=visit.person.actor,
            inputs=seen.inputs,
            permits=desk.permits(visit.person),
        )
    except NotFound:
        raise
    except Refused as error:
        return _show(desk, visit, error)
    request = replace(visit.request, path=f"/previews/{made.id}")
    return _show(desk, replace(visit, request=request, params={"preview": made.id}))


def confirm(desk: Desk, visit: Visit) -> Response:
    """The reader confirms it."""
    form = visit.request.form
    try:
        run = desk.app.actions.confirm(
            visit.params["preview"],
            digest=form.get("digest", ""),
            actor=visit.person.actor,
            reason=form.get("reason", ""),
            typed=form.get("typed", ""),
            break_glass=form.get("break_glass") == "yes",
            permits=desk.permits(visit.person),
        )
    except NotFound:
        raise
    except Refused as error:
        used = desk.app.actions.standing(visit.params["preview"]).used
        if used is not None and used.actor == visit.person.actor and same_words(used.reason, visit):
            return see_other(f"../../runs/{used.id}?done=already")
        return _show(desk, visit, error)
    return see_other(f"../../runs/{run.id}")


def ask(desk: Desk, visit: Visit) -> Response:
    """The reader asks for a second person."""
    preview = visit.params["preview"]
    try:
        desk.app.approvals.ask(preview, actor=visit.person.actor, reason=visit.request.form.get("reason", ""))
    except NotFound:
        raise
    except Refused as error:
        return _show(desk, visit, error)
    return see_other(f"../{preview}?done=asked")


def decide(desk: Desk, visit: Visit) -> Response:
    """The reader is the second person."""
    form, preview = visit.request.form, visit.params["preview"]
    approve = form.get("decision") == "approve"
    approval = desk.app.approvals.of_preview(preview)
    if approval is None or approval.id is None:
        raise NotFound("Nobody asks for a second person here any more.")
    try:
        desk.app.approvals.decide(
            approval.id,
            approve=approve,
            actor=visit.person.actor,
            reason=form.get("reason", ""),
            version=_version(form.get("version", "")),
            permits=desk.permits(visit.person),
        )
    except NotFound:
        raise
    except Refused as error:
        now = desk.app.approvals.of_preview(preview) or approval
        mine = now.decided_by == visit.person.name and same_words(now.decision_reason, visit)
        if mine and (now.state is ApprovalState.APPROVED) == approve:
            return see_other(f"../{preview}?done=already")
        return _show(desk, visit, error)
    return see_other(f"../{preview}?done=decided")


def approvals_page(desk: Desk, visit: Visit) -> Response:
    """Who waits for a second person."""
    titles = {one.name: one.title for one in desk.app.capabilities}
    view = approvals_view(desk.app.approvals.page("waiting"), titles, now=visit.now)
    if not view.rows:
        needed = (one for one in desk.app.capabilities if one.second_person_from is not None)
        words = tuple(f"{one.title}, from {one.count_words(one.second_person_from or 1)} on" for one in needed)
        view = replace(view, asked_for=words, since=since(desk, visit))
    return show(desk, visit, "approvals.html", view, title="Approvals", place="actions")


def undo(desk: Desk, visit: Visit) -> Response:
    """The reader takes a run back."""
    form, number = visit.request.form, run_number(visit)
    try:
        desk.app.undoing.undo(
            number,
            actor=visit.person.actor,
            reason=form.get("reason", ""),
            version=_version(form.get("version", "")),
            permits=desk.permits(visit.person),
        )
    except NotFound:
        raise
    except Refused as error:
        if _wrote(desk, visit, LedgerKind.UNDO_INTENT):
            return see_other(f"../{number}?done=already")
        return _run(desk, visit, error)
    return see_other(f"../{number}")


def _wrote(desk: Desk, visit: Visit, kind: LedgerKind) -> bool:
    """Whether the ledger says that this person did so with these words: by this form, which is sent again."""
    lines = (one for one in desk.app.records.run(run_number(visit)).lines if one.kind is kind)
    return any(one.actor == visit.person.actor and same_words(one.body.get("reason"), visit) for one in lines)


def _version(seen: str) -> int:
    return int(seen) if seen.isascii() and seen.isdecimal() and len(seen) <= 9 else 0


def run_page(desk: Desk, visit: Visit) -> Response:
    """One run."""
    return _run(desk, visit)


def settle(desk: Desk, visit: Visit) -> Response:
    """The reader verified an unknown outcome."""
    form, number = visit.request.form, run_number(visit)
    try:
        desk.app.actions.settle(
            number,
            outcome=RunState.DONE if form.get("outcome") == "done" else RunState.FAILED,
            actor=visit.person.actor,
            reason=form.get("reason", ""),
            version=_version(form.get("version", "")),
        )
    except NotFound:
        raise
    except Refused as error:
        if _wrote(desk, visit, LedgerKind.SETTLED):
            return see_other(f"../{number}?done=already")
        return _run(desk, visit, error)
    return see_other(f"../{number}?done=settled")


def _show(desk: Desk, visit: Visit, error: Refused | None = None) -> Response:
    person, records = visit.person, desk.app.records
    with desk.app.look.together():
        standing = desk.app.actions.standing(visit.params["preview"])
        name, approval = standing.capability.name, desk.app.approvals.of_preview(standing.preview.id)
        used = used_view(records.record(name), records.runs(capability=name, limit=MOST_SHOWN), now=visit.now)
    forbidden = desk.may(person, Action.CONFIRM) or desk.may(person, standing.capability.permitted_as) or ""
    glass_refusal = desk.may(person, Action.BREAK_GLASS) or ""
    waits = standing.needs_second_person and standing.approved_by is None  # said by the form that asks for one
    past = not forbidden and (not glass_refusal or waits)
    refusal, next_step, status = forbidden, "Ask somebody who may." if forbidden else "", 200
    try:
        refuse(standing, digest=standing.preview.digest, typed=standing.typed_words, break_glass=past)
    except ActionRefused as found:
        if not forbidden:
            refusal, next_step = found.message, found.next_step
    blocked = bool(refusal) or isinstance(error, STALE)
    if error is not None:
        refusal, status = error.message, 409 if isinstance(error, ActionRefused) else 422
        next_step = error.next_step
    typed = visit.request.form.get("reason", "")[:LONGEST_WORDS]
    may = desk.may(person, Action.APPROVE) or desk.may(person, standing.capability.permitted_as) or ""
    asked = approval_view(approval, reader=person.name, refusal=may, now=visit.now)
    view = confirm_view(
        standing,
        asked,
        used,
        refusal=refusal,
        next_step=next_step,
        blocked=blocked,
        may_act=not forbidden,
        typed=typed,
        glass_refusal=glass_refusal,
        now=visit.now,
    )
    title = f"{view.title}, {view.ref}"
    return show(desk, visit, "confirm.html", view, title=title, place="incidents", status=status)


def _run(desk: Desk, visit: Visit, error: Refused | None = None) -> Response:
    file = desk.app.records.run(run_number(visit))
    titles = {one.name: one.title for one in desk.app.capabilities}
    view = run_view(
        file.run,
        titles.get(file.run.capability, file.run.capability),
        [(one.id, one.version, one.label) for one in file.preview.targets],
        file.lines,
        refusal=desk.may(visit.person, Action.CONFIRM) or "",
        problem=error.message if error is not None else "",
        next_step=error.next_step if error is not None else "",
        typed=visit.request.form.get("reason", "")[:LONGEST_WORDS],
        typed_in=visit.request.path.rpartition("/")[2] if error is not None else "",
        now=visit.now,
    )
    status = 200 if error is None else 409 if isinstance(error, StaleVersion | ActionRefused) else 422
    return show(desk, visit, "run.html", view, title=f"{view.title}, {view.ref}", place="incidents", status=status)
