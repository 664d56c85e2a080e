"""Pages for when something is in the way: what happened, what did not happen, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass, replace

from parapet.core.errors import NotFound, ReasonRequired, Refused
from parapet.web.desk import Desk, Visit
from parapet.web.desk import show as show_page
from parapet.web.request import Request
from parapet.web.response import RETRY_SECONDS, Response
from parapet.web.text import capped

TYPED = ("reason", "text")
"""The fields in which people write."""
LONGEST_NAME = 40
LONGEST_KEPT = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A form to be sent once more."""

    action: str
    """Below the mount."""
    hidden: tuple[tuple[str, str], ...]
    """Its other fields."""
    name: str
    """Of the field for words."""
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What stands in the way."""

    status: int
    title: str
    text: str = ""
    """Ends with the next step."""
    icon: str = "warn"
    tone: str = "ticket"
    kept: str | None = None
    """What the reader had typed, so that it is not lost."""
    sign_in: str | None = None
    again: Again | None = None
    """The form that could not be taken, to be sent once more."""


BROKEN = Problem(
    status=500,
    title="This page broke.",
    text="Nothing was changed by it. The error is in the service's log under the logger “parapet”, and counted.",
)
BUSY = Problem(status=503, title="Too much is under way.", text="Nothing was taken. Try again in a few seconds.")
SLOW = Problem(
    status=503,
    title="This page takes too long.",
    text="The evidence database hangs, or this machine has too much to do. What you cannot see here may still be going "
    "on: look at Alertmanager itself. It is worth another try in a few seconds.",
    icon="stale",
    tone="stale",
)
NO_SIGN_IN = Problem(
    status=503,
    title="Who you are could not be found out.",
    text="The host's sign-in check failed, so nobody is let in. The error is in the service's log.",
    icon="lock",
)
EXPIRED_FORM = Problem(
    status=403,
    title="This form is too old, or was made for somebody else.",
    text="Nothing was saved. Go back to the incident, reload it, and send the form again; your words are below.",
    icon="lock",
)


def too_large(most_bytes: int) -> Problem:
    """The body is larger than *most_bytes*."""
    return Problem(status=413, title="That is too large.", text=f"At most {most_bytes:,} bytes are taken here.")


def missing(message: str) -> Problem:
    """What was asked for is not there."""
    return Problem(status=404, title="There is nothing here.", text=message, icon="few", tone="none")


def unreadable(message: str) -> Problem:
    """An address or a body that cannot be read."""
    return Problem(status=422, title="That cannot be read.", text=message)


def refused(error: Refused, request: Request) -> Problem:
    """A command that must not run; what only lacks words is asked again, with all that was said."""
    text = f"{error.message} Next: {error.next_step}"
    wordless = type(error) in {ReasonRequired, Refused} and request.method == "POST"
    again = again_of(request) if wordless else None
    status = 422 if wordless else 409
    return Problem(status=status, title="Refused. Nothing changed.", text=text, icon="refuse", again=again)


def forbidden(reason: str) -> Problem:
    """A person who may not do this."""
    return Problem(status=403, title="You may not do this. Nothing changed.", text=reason, icon="lock")


def foreign_form(why: str) -> Problem:
    """A form from elsewhere."""
    text = f"Nothing was saved, because {why}. Forms are taken only from the workbench's own pages."
    return Problem(status=403, title="This form did not come from here.", text=text, icon="lock")


def evidence_down(message: str, request: Request) -> Problem:
    """The database is away, or too slow. A form that was sent can be sent once more: it is done once."""
    text = (
        f"{message} Alerts that arrive now are answered with 503, and Alertmanager keeps sending them until we can "
        "store them. What you cannot see here may still be going on: look at Alertmanager itself."
    )
    if request.method == "GET":
        title = "The evidence cannot be read right now."
        return Problem(status=503, title=title, text=text, icon="stale", tone="stale")
    title = "It could not be saved right now."
    text = f"{text} Send it again in a while; should it have been saved after all, it is done once."
    return Problem(status=503, title=title, text=text, icon="stale", tone="stale", again=again_of(request))


def not_configured(message: str) -> Problem:
    """A part the host left out."""
    return Problem(status=503, title="This part is not set up.", text=message, icon="few", tone="none")


def again_of(request: Request) -> Again | None:
    """The form that *request* is, to be sent again; None: nobody can write into it."""
    form, name = request.form, next((each for each in TYPED if each in request.form), "")
    hidden = tuple((key[:LONGEST_NAME], value[:LONGEST_KEPT]) for key, value in form.items() if key != name)
    words = form.get(name, "")[:LONGEST_KEPT]
    return Again(action=request.path.lstrip("/"), hidden=hidden, name=name, words=words) if name else None


def nowhere(desk: Desk, visit: Visit) -> Response:
    """The page for an address that does not exist."""
    return show(desk, visit, missing("No page has this address. Incidents are at /incidents, journeys at the start."))


def nowhere_in_api(desk: Desk, visit: Visit) -> Response:
    """The same, as a program hears it."""
    raise NotFound("Nothing of the API has this address. What there is, is in openapi.json.")


def show(desk: Desk, visit: Visit, problem: Problem) -> Response:
    """The page for *problem*; words the reader typed into a form are kept on it."""
    form = visit.request.form
    typed = next((form[each] for each in TYPED if form.get(each)), "")
    if typed and problem.again is None:
        problem = replace(problem, kept=typed[:LONGEST_KEPT])
    view = replace(problem, text=capped(problem.text))
    response = show_page(desk, visit, "problem.html", view, title=problem.title, status=problem.status)
    return response.with_headers({"retry-after": str(RETRY_SECONDS)} if problem.status == 503 else {})
