"""What is wrong, for programs: each error of ours as a problem with its own code."""

from __future__ import annotations

import re

from parapet.core.errors import (
    ActionRefused,
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
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
    code = re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
    next_step = error.next_step if isinstance(error, ActionRefused) else ""
    return refusal(status, error.message, code=code, next_step=next_step)
