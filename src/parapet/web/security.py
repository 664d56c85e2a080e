"""The locks: bearer tokens, form tokens, where a form came from, and the headers of every answer."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from parapet.web.principal import Principal
from parapet.web.request import Request

FORM_TOKEN_SECONDS = 12 * 3600

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # same-origin, not no-referrer: with the latter browsers send a form's Origin as null
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
"""Put on every answer that does not say otherwise itself."""


def token_matches(given: str | None, tokens: Iterable[str]) -> bool:
    """True when *given* is one of *tokens*; every one is compared, in constant time."""
    found = False
    for token in tokens:
        found |= hmac.compare_digest((given or "").encode(), token.encode())
    return found and bool(given)


def form_token(key: str, principal: Principal, now: datetime) -> str:
    """A token for the forms of one page: bound to *principal*, good for 12 hours."""
    issued = format(int(now.timestamp()), "x")
    return f"{issued}.{_signature(key, principal, issued)}"


def form_token_holds(key: str, principal: Principal, token: str, now: datetime) -> bool:
    """True when *token* was made for *principal* with *key* and has not expired."""
    issued, _, signature = token.partition(".")
    if not hmac.compare_digest(signature.encode(), _signature(key, principal, issued).encode()):
        return False
    age_seconds = (now - form_made_at(token)).total_seconds()
    return -60 <= age_seconds <= FORM_TOKEN_SECONDS


def form_made_at(token: str) -> datetime:
    """When the page was made whose form brings *token*, one that holds; to the second, UTC."""
    return datetime.fromtimestamp(int(token.partition(".")[0], 16), UTC)


def foreign_origin(request: Request, public_url: str) -> str | None:
    """Why the form of *request* did not come from our own pages; None when it did.

    The browser's word counts: `Sec-Fetch-Site`, then `Origin`, then `Referer`. The own origin is the Host header of
    the request, or that of *public_url* where a proxy rewrites it.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return f"the browser says it comes from elsewhere ({site[:20]})"
    came_from = request.headers.get("origin") or request.headers.get("referer")
    if came_from is None:
        return None if site is not None else "the browser did not say which page it comes from"
    own = {_place(f"//{request.headers.get('host', '')}"), _place(public_url)} - {""}
    return None if _place(came_from) in own else "it comes from another site"


def _signature(key: str, principal: Principal, issued: str) -> str:
    text = f"parapet-form\n{principal.id}\n{issued}"
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def _place(url: str) -> str:
    """Host and port of *url*, default ports left out; empty when it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    host = parts.hostname or ""
    return host if port in {None, 80, 443} else f"{host}:{port}"
