"""The forms of an incident. Each calls one verb, and answers with where to read the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from parapet.core.errors import NotFound, Refused, StaleVersion
from parapet.core.types import Actor, IncidentId
from parapet.core.vocabulary import Severity
from parapet.incidents.model import Incident
from parapet.web.desk import Desk, Visit, show
from parapet.web.pages.incident import incident_id
from parapet.web.reads import Operator
from parapet.web.response import Response, see_other
from parapet.web.sent import form_name
from parapet.web.views.conflict import VERBS, conflict_view

LONGEST_WORDS = 4_000
MOST_NEWS = 200
"""Entries that somebody who was slower is shown at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a form says."""

    incident_id: IncidentId
    actor: Actor
    words: str
    version: int
    seen: int
    form: Mapping[str, str]
    """Every field, for what only one verb asks."""


def acknowledge(desk: Desk, visit: Visit) -> Response:
    """The reader takes the incident."""
    return _write(desk, visit, "acknowledge", _reasoned(_operator(desk, visit).acknowledge))


def note(desk: Desk, visit: Visit) -> Response:
    """The reader writes something down."""

    def run(sent: Sent, **by: Any) -> Incident:
        return _operator(desk, visit).note(sent.incident_id, text=sent.words, **by)

    return _write(desk, visit, "note", run)


def resolve(desk: Desk, visit: Visit) -> Response:
    """The reader says it is over."""
    return _write(desk, visit, "resolve", _reasoned(_operator(desk, visit).resolve))


def reopen(desk: Desk, visit: Visit) -> Response:
    """The reader says it is not over."""
    return _write(desk, visit, "reopen", _reasoned(_operator(desk, visit).reopen))


def hand_over(desk: Desk, visit: Visit) -> Response:
    """The reader gives it to somebody else."""

    def run(sent: Sent, **by: Any) -> Incident:
        to = sent.form.get("to", "")
        return _operator(desk, visit).hand_over(sent.incident_id, to=to, reason=sent.words, **by)

    return _write(desk, visit, "hand-over", run)


def release(desk: Desk, visit: Visit) -> Response:
    """The reader says that nobody has it."""
    return _write(desk, visit, "release", _reasoned(_operator(desk, visit).release))


def severity(desk: Desk, visit: Visit) -> Response:
    """The reader says how bad it is."""

    def run(sent: Sent, **by: Any) -> Incident:
        wanted = sent.form.get("severity", "")
        if wanted not in set(Severity):
            raise Refused("Say how bad it is: page or ticket. Nothing changed.")
        return _operator(desk, visit).set_severity(sent.incident_id, severity=Severity(wanted), reason=sent.words, **by)

    return _write(desk, visit, "severity", run)


def merge(desk: Desk, visit: Visit) -> Response:
    """The reader says that it is part of another one."""

    def run(sent: Sent, **by: Any) -> Incident:
        into = IncidentId(_number(sent.form.get("into", "").upper().removeprefix("INC-")))
        return _operator(desk, visit).merge(sent.incident_id, into=into, reason=sent.words, **by)

    return _write(desk, visit, "merge", run)


def split(desk: Desk, visit: Visit) -> Response:
    """The reader says that some of its alerts are another trouble."""

    def run(sent: Sent, **by: Any) -> Incident:
        alerts = [text for name, text in sent.form.items() if name.startswith("alert")]
        title = sent.form.get("title", "")
        return _operator(desk, visit).split(sent.incident_id, fingerprints=alerts, title=title, reason=sent.words, **by)

    return _write(desk, visit, "split", run)


def redact(desk: Desk, visit: Visit) -> Response:
    """The reader has the words of an entry taken out."""

    def run(sent: Sent, **by: Any) -> Incident:
        audit, entry = desk.app.audit.once(*form_name(visit)), _number(sent.form.get("entry", ""))
        return audit.redact(sent.incident_id, entry, reason=sent.words, **by)

    return _write(desk, visit, "redact", run)


def _reasoned(verb: Callable[..., Incident]) -> Callable[..., Incident]:
    """*verb*, which asks for nothing but a reason."""
    return lambda sent, **by: verb(sent.incident_id, reason=sent.words, **by)


def _operator(desk: Desk, visit: Visit) -> Operator:
    """The verbs, for this very form: sent twice, it is done once."""
    return desk.app.operator.once(*form_name(visit))


def _write(desk: Desk, visit: Visit, verb: str, run: Callable[..., Incident]) -> Response:
    sent = _sent(visit, verb)
    try:
        left = run(sent, actor=sent.actor, version=sent.version)
    except StaleVersion:
        return _conflict(desk, visit, verb, sent, "", status=409)
    except NotFound:
        raise
    except Refused as error:
        return _conflict(desk, visit, verb, sent, f"{error.message} {error.next_step}", status=422)
    return see_other(f"../{left.id}?done={_done(verb, sent, left)}")


def _done(verb: str, sent: Sent, left: Incident) -> str:
    """What the next page says: it was done, or, if more happened since, only that it was."""
    if left.id == sent.incident_id and left.version != sent.version + 1:
        return "already"
    if verb == "hand-over" and left.awaited is None:
        return DONE_CODES["acknowledge"]
    return DONE_CODES[verb]


DONE_CODES = {
    "acknowledge": "acknowledged",
    "note": "noted",
    "resolve": "resolved",
    "reopen": "reopened",
    "hand-over": "handed-over",
    "release": "released",
    "severity": "judged",
    "merge": "merged",
    "split": "split",
    "redact": "redacted",
}


def _sent(visit: Visit, verb: str) -> Sent:
    form = visit.request.form
    field = VERBS[verb][0]
    return Sent(
        incident_id=incident_id(visit),
        actor=visit.person.actor,
        words=form.get(field, ""),
        version=_number(form.get("version", "")),
        seen=_number(form.get("seen", "")),
        form=form,
    )


def _conflict(desk: Desk, visit: Visit, verb: str, sent: Sent, why: str, *, status: int) -> Response:
    """Somebody changed it first, or it is refused: what happened since, and what was typed."""
    look = desk.app.look
    with look.together():  # whoever sends it again has seen what the version says that it carries
        news = look.chronology(sent.incident_id, after=sent.seen, limit=MOST_NEWS + 1)
        incident = look.standing(sent.incident_id)
    typed = sent.words[:LONGEST_WORDS]
    view = conflict_view(
        incident,
        news[:MOST_NEWS],
        more=len(news) > MOST_NEWS,
        verb=verb,
        typed=typed,
        form=sent.form,
        seen=sent.seen,
        why=why,
        now=visit.now,
    )
    title = f"{'Refused' if why else 'Somebody was faster'}, {view.ref}"
    return show(desk, visit, "conflict.html", view, title=title, place="incidents", status=status)


def _number(written: str) -> int:
    return int(written) if written.isascii() and written.isdecimal() and len(written) <= 9 else 0
