"""What a browser sends with a form, and whether it came from our own pages."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from fastapi import HTTPException, Request

MOST_BYTES = 16 * 1024


async def form(request: Request) -> Mapping[str, str]:
    """The fields of an urlencoded form.

    Raises:
        HTTPException: 403 when the browser says that another site sent it; 413 when it is absurdly long.
    """
    came_from = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    if site not in {"same-origin", "none"} or (came_from and urlsplit(came_from).netloc != request.headers.get("host")):
        raise HTTPException(403, "This form came from another site.")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise HTTPException(413, "This form is too long.")
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def own_path(wanted: str) -> str:
    """*wanted* if it is a path on this host, else the front page: nobody is sent elsewhere after signing in."""
    parts = urlsplit(wanted)
    inside = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return wanted if inside and wanted.isprintable() else "/"
