"""What is wrong, for programs: each error of ours as a problem with its own code."""

from __future__ import annotations

from parapet.core.errors import (
    ConfigurationError,
    EvidenceError,
    KeyReused,
    NotFound,
    NotPermitted,
    ParapetError,
    PayloadError,
    ReadOnly,
    ReasonRequired,
    Refused,
    code_of,
)
from parapet.web.response import Response, refusal

STATUSES: tuple[tuple[type[ParapetError], int], ...] = (
    (NotFound, 404),
    (ReasonRequired, 422),
    (KeyReused, 422),
    (NotPermitted, 403),
    (ReadOnly, 403),
    (Refused, 409),
    (PayloadError, 422),
    (ConfigurationError, 422),
    (EvidenceError, 503),
)
"""The first that fits."""


def problem(error: ParapetError) -> Response:
    """*error* as an answer; its code is its name in snake case, such as `stale_version`."""
    next_step = error.next_step if isinstance(error, Refused) else ""
    return refusal(status_of(type(error)), error.message, code=code_of(type(error)), next_step=next_step)


def status_of(kind: type[ParapetError]) -> int:
    """The HTTP status of an error."""
    return next((status for each, status in STATUSES if issubclass(kind, each)), 500)
