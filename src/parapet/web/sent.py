"""Forms that are sent twice: whether what one asks for was done by this very form before. Then nothing is refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from parapet.core.types import Json
from parapet.web import security
from parapet.web.desk import Desk, Visit

LATEST = 20
"""Lines of the audit that are looked at: a second press comes soon after the first."""


def form_name(visit: Visit) -> tuple[str, str]:
    """What the form is called, and a digest of what it asks for: the same each time it is sent from one page."""
    digest = visit.request.digest
    return f"{visit.person.id[:128]}/form/{digest}", digest


def done_before(
    desk: Desk, visit: Visit, verb: str, target: str | None = None, details: Mapping[str, Json] | None = None
) -> bool:
    """Whether the person did *verb* with these very words since the page was made from which the form comes.

    Args:
        verb: as the audit calls it.
        target: what it was done to; None: anything.
        details: what the audit must say of it beside that.
    """
    since = security.form_made_at(visit.request.form.get("token", ""))
    for row in desk.app.audit.log(target=target, actor=visit.person.actor.name, limit=LATEST):
        said = row["details"]
        kept = said if isinstance(said, dict) else {}
        same = (row["verb"], row["outcome"]) == (verb, "done") and same_words(row["reason"], visit)
        if same and _at(row["recorded_at"]) >= since and all(kept.get(k) == v for k, v in (details or {}).items()):
            return True
    return False


def same_words(said: object, visit: Visit) -> bool:
    """Whether *said* is what the person gives as their reason, but for white space."""
    given = visit.request.form.get("reason", "")
    return isinstance(said, str) and said.split() == given.split()


def _at(recorded: Json) -> datetime:
    return datetime.fromisoformat(str(recorded))
