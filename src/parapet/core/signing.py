"""Signatures over a body and the time it was sent: HMAC-SHA256, in hexadecimal."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import datetime

TOLERANCE_SECONDS = 300.0
"""How old, or how far ahead, a timestamp may be."""
OURS = "."
GRAFANA = ":"
"""What stands between the timestamp and the body, in what we sign and in what Grafana signs."""


def sign(body: bytes, *, timestamp: str, secret: str, between: str = OURS) -> str:
    """The signature over the timestamp, what stands between, and the body."""
    return hmac.new(secret.encode(), f"{timestamp}{between}".encode() + body, hashlib.sha256).hexdigest()


def lately(timestamp: str, now: datetime, tolerance_seconds: float = TOLERANCE_SECONDS) -> bool:
    """Whether *timestamp*, in unix seconds, is near *now*."""
    return bool(re.fullmatch("[0-9]{1,12}", timestamp)) and abs(now.timestamp() - int(timestamp)) <= tolerance_seconds


def holds(body: bytes, signature: str, *, timestamp: str, secrets: Iterable[str], between: str = OURS) -> bool:
    """Whether one of *secrets* made *signature*; every one is compared, in constant time."""
    found = False
    for secret in secrets:
        made = sign(body, timestamp=timestamp, secret=secret, between=between)
        found |= hmac.compare_digest(made.encode(), signature.strip().lower().encode())
    return found
