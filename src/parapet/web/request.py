"""What a page is asked, as a frozen value; the same from every framework."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl

from parapet.core.errors import MalformedPayload
from parapet.core.shapes import quoted

MAX_FORM_FIELDS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request below the mount. Header names are lower case."""

    method: str
    path: str
    """Below the mount, beginning with a slash."""
    root: str = ""
    """Where the workbench is mounted, without a trailing slash."""
    query_string: str = ""
    """As it was sent, behind the question mark."""
    query: Mapping[str, str] = field(init=False)
    """The first value of each name in it; empty when there are absurdly many."""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    client: str | None = None
    """Address of the peer, as the server saw it."""
    native: object = None
    """The host framework's own request, so that `authenticate` can read the host's session."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "query", first_values(self.query_string))

    def without_cookies(self) -> Request:
        """The same, from a browser that was never here."""
        return replace(self, cookies={})

    @property
    def digest(self) -> str:
        """Of what is asked for: the same each time the same is sent."""
        return hashlib.sha256(f"{self.method} {self.path}\n".encode() + self.body).hexdigest()

    @property
    def base(self) -> str:
        """The mount as seen from this page: a relative address that works behind any proxy."""
        return "../" * (self.path.count("/") - 1) or "./"

    @property
    def form(self) -> Mapping[str, str]:
        """The fields of a submitted form; empty when the body is no form. The first value of each name wins."""
        if not self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return {}
        return first_values(self.body.decode("utf-8", "replace"))

    @property
    def is_json(self) -> bool:
        """The body says that it is JSON; a page of another site cannot send that without being asked."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"

    @property
    def bearer(self) -> str | None:
        """The token of the Authorization header."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def first_values(encoded: str) -> dict[str, str]:
    """The fields of an urlencoded text, the first value of each name; empty when there are absurdly many."""
    try:
        pairs = _pairs(encoded)
    except ValueError:
        return {}
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found


def single_values(encoded: str, where: str) -> dict[str, str]:
    """The fields of an urlencoded text, none of which is left out. *where* it stands, for errors.

    Raises:
        MalformedPayload: a name stands there twice, or there are absurdly many.
    """
    try:
        pairs = _pairs(encoded)
    except ValueError as error:
        raise MalformedPayload(f"{where}: more than {MAX_FORM_FIELDS} fields. None was looked at.") from error
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise MalformedPayload(f"{where}: {quoted(name)} stands there more than once. Give it once.")
        found[name] = value
    return found


def _pairs(encoded: str) -> list[tuple[str, str]]:
    return parse_qsl(encoded, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
