"""Up to which entry a reader had seen an incident when they last looked: a cookie of theirs, and nothing of ours."""

from __future__ import annotations

import re

from parapet.web.request import Request
from parapet.web.response import Response

COOKIE = "parapet-seen"
MOST_INCIDENTS = 30
KEPT_SECONDS = 30 * 86_400
REFRESH_HEADER = "parapet-live"
"""Sent by an open page that refreshes itself: nobody looked anew."""

_ONE = re.compile(r"(\d{1,12})\.(\d{1,9})")


def last_seen(request: Request, incident: int) -> int | None:
    """The number of the last entry the reader saw of *incident*; None: they never looked."""
    return _all(request).get(incident)


def anew(request: Request) -> bool:
    """Whether a person opened the page, rather than the page itself."""
    return REFRESH_HEADER not in request.headers


def remember(response: Response, request: Request, incident: int, entry: int) -> Response:
    """*response*, after which the reader has seen *incident* up to *entry*."""
    if not anew(request):
        return response
    known = _all(request)
    known.pop(incident, None)
    kept = [*known.items(), (incident, entry)][-MOST_INCIDENTS:]
    value = "_".join(f"{number}.{seen}" for number, seen in kept)
    # No path: the browser keeps it below this address, whatever a proxy put before the mount.
    return response.with_headers(
        {"set-cookie": f"{COOKIE}={value}; Max-Age={KEPT_SECONDS}; HttpOnly; SameSite=Lax"},
    )


def _all(request: Request) -> dict[int, int]:
    found = (_ONE.fullmatch(one) for one in request.cookies.get(COOKIE, "").split("_"))
    return {int(one[1]): int(one[2]) for one in found if one}
