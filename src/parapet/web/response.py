"""What a page answers, as a frozen value."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from parapet.core.types import JsonObject

TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"
JSON = "application/json"
PROBLEM = "application/problem+json"
RETRY_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def with_headers(self, headers: Mapping[str, str]) -> Response:
        """The same answer; *headers* fill in what it does not say itself."""
        return replace(self, headers={**headers, **self.headers})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """An answer in parts, for hosts that send one part after the other without holding a thread."""

    headers: Mapping[str, str]
    parts: AsyncIterator[bytes]


def text(body: str, status: int = 200, *, headers: Mapping[str, str] | None = None) -> Response:
    """A plain text answer."""
    return Response(status=status, headers={"content-type": TEXT, **(headers or {})}, body=body.encode())


def html(body: str, status: int = 200) -> Response:
    """A page."""
    return Response(status=status, headers={"content-type": HTML}, body=body.encode())


def answer(payload: JsonObject, status: int = 200, *, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer for a machine."""
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status=status, headers={"content-type": JSON, **(headers or {})}, body=body)


def refusal(
    status: int, reason: str, *, code: str = "", next_step: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer that says what is wrong, as RFC 9457 has it. An answer of 429 or 503 asks to come back.

    Args:
        code: what is wrong, for programs; without it, what the status is called.
        next_step: what to do about it, where that is known.
    """
    title = HTTPStatus(status).phrase
    retry = {"retry-after": str(RETRY_SECONDS)} if status in {429, 503} else {}
    said: JsonObject = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": code or title.lower().replace(" ", "_"),
        "detail": reason,
    }
    if next_step:
        said["next_step"] = next_step
    return answer(said, status, headers={"content-type": PROBLEM, **retry, **(headers or {})})


def see_other(location: str) -> Response:
    """After a form: read the result there."""
    return Response(status=303, headers={"location": location})


def moved(location: str) -> Response:
    """The page is read there, for now."""
    return Response(status=302, headers={"location": location})
