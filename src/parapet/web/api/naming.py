"""Requests that name themselves, by Idempotency-Key: one that is sent again is done once."""

from __future__ import annotations

from parapet.core.errors import MalformedPayload
from parapet.web.desk import Visit

KEY_HEADER = "idempotency-key"
LONGEST_KEY = 128


def request_name(visit: Visit) -> tuple[str, str] | None:
    """What the request is called, by whoever sent it, and a digest of what it asks for; None: it has no name.

    Raises:
        MalformedPayload: its name is too long.
    """
    key = visit.request.headers.get(KEY_HEADER, "").strip()
    if not key:
        return None
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise MalformedPayload(f"{KEY_HEADER}: expected at most {LONGEST_KEY} characters that can be printed.")
    return f"{visit.person.id[:128]}/{key}", visit.request.digest
