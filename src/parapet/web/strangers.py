"""Somebody whom the host does not know: led to its sign-in once and back, then told where they stand."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote, urlencode

from parapet.web.problems import Problem, again_of
from parapet.web.request import Request
from parapet.web.response import Response, see_other

COOKIE = "parapet-sent"
SENT_SECONDS = 60
"""Who comes back within it without being let in reads why; sent again and again, they would go round in circles."""
BACK = "{back}"
"""Where an address has the page to come back to, if its sign-in calls that something else than `next`."""


def address(login_url: str | None, request: Request) -> str | None:
    """*login_url* as seen from the page of *request*, with that page to come back to: a path, never another site."""
    if login_url is None:
        return None
    path, query = request.root + request.path, urlencode(dict(request.query))
    if request.method == "POST":  # to what the form was on
        path, query = path.rpartition("/")[0] or path, ""
    back = "/" + quote(path.lstrip("/")) + ("?" + query if query else "")
    seen = login_url if login_url.startswith("/") or "://" in login_url else request.base + login_url
    if BACK in seen:
        return seen.replace(BACK, quote(back, safe=""))
    return f"{seen}{'&' if '?' in seen else '?'}{urlencode({'next': back})}"


def may_be_sent(request: Request) -> bool:
    """Whether a person goes there with a browser, who was not sent within the last minute.

    A script would follow, and take the sign-in for its answer: it hears 401.
    """
    return COOKIE not in request.cookies and "text/html" in request.headers.get("accept", "text/html")


def sent(sign_in: str) -> Response:
    """To the sign-in, which this browser remembers for a minute."""
    # No path: the browser keeps it below this address, whatever a proxy put before the mount.
    cookie = f"{COOKIE}=1; Max-Age={SENT_SECONDS}; HttpOnly; SameSite=Lax"
    return see_other(sign_in).with_headers({"set-cookie": cookie})


def stranger(sign_in: str | None, *, is_back: bool = False) -> Problem:
    """Nobody is signed in, or *is_back*: whoever was at the sign-in is not let in."""
    title = "Please sign in."
    text = "The workbench belongs to the people who run this service. Sign in to the host application, then come back."
    if is_back:
        title = "You are not let in."
        text = (
            "You were at the sign-in a moment ago. Either nobody is signed in, or the account may not see "
            "the workbench: sign in with another one, or ask the people who run this service."
        )
    return Problem(status=401, title=title, text=text, icon="lock", tone="none", sign_in=sign_in)


def signed_out(sign_in: str | None, request: Request) -> Problem:
    """Nobody is signed in any more, and a form came: it is shown again, with all that was typed."""
    again = again_of(request)
    text = (
        "You are not signed in any more, so nothing was saved. Sign in beside this page, then send the form again: "
        "everything in it is still here."
    )
    return replace(stranger(sign_in), text=text, again=again if again is not None and again.words else None)
