"""Passwords are kept as salted scrypt hashes."""

from __future__ import annotations

import hashlib
import hmac
import secrets

COST = 2**11
"""Low, so that a load generator may sign in often on a small machine. A real shop uses 2**15 or more."""


def hashed(password: str) -> str:
    """What is kept of *password*."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${_digest(password, salt).hex()}"


def matches(password: str, kept: str) -> bool:
    """True when *password* is the one whose hash was *kept*."""
    salt, _, digest = kept.partition("$")
    return hmac.compare_digest(_digest(password, bytes.fromhex(salt)).hex(), digest)


def _digest(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=COST, r=8, p=1)
