"""The hash chain of an incident's chronology: each entry seals the one before it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from parapet.core.types import IncidentId, JsonObject
from parapet.incidents.model import Entry, NewEntry
from parapet.store.columns import canonical

GENESIS = "0" * 64
"""What the first entry of an incident takes for the hash before it."""


def payload_hash(payload: JsonObject) -> str:
    """SHA-256 of the payload's canonical JSON, in hexadecimal. Kept beside it, so that it may outlive it."""
    return hashlib.sha256(canonical(payload).encode()).hexdigest()


def seal(new: NewEntry, *, incident_id: IncidentId, seq: int, recorded_at: str, previous_hash: str) -> str:
    """SHA-256 over everything an entry says and the hash before it; *recorded_at* is ISO 8601."""
    return hashlib.sha256(
        canonical(
            {
                "incident": incident_id,
                "seq": seq,
                "kind": new.kind.value,
                "occurred_at": new.occurred_at.isoformat(),
                "recorded_at": recorded_at,
                "actor": [new.actor.kind.value, new.actor.name],
                "payload": payload_hash(new.payload),
                "previous": previous_hash,
            }
        ).encode()
    ).hexdigest()


def first_broken(entries: Iterable[Entry]) -> Entry | None:
    """The first of an incident's *entries*, oldest first, that does not hold; None: the chain is whole."""
    previous, expected_seq = GENESIS, 1
    for entry in entries:
        said = NewEntry(kind=entry.kind, occurred_at=entry.occurred_at, actor=entry.actor, payload=entry.payload)
        sealed = seal(
            said,
            incident_id=entry.incident_id,
            seq=entry.seq,
            recorded_at=entry.recorded_at.isoformat(),
            previous_hash=previous,
        )
        if (entry.seq, entry.previous_hash, entry.hash) != (expected_seq, previous, sealed):
            return entry
        previous, expected_seq = entry.hash, expected_seq + 1
    return None
