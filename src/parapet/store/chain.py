"""The hash chain of an incident's chronology: each entry seals the one before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from parapet.core.types import IncidentId, JsonObject
from parapet.incidents.model import Entry, EntryKind, NewEntry
from parapet.store.columns import canonical

GENESIS = "0" * 64
"""What the first entry of an incident takes for the hash before it."""
NOBODY = IncidentId(0)
REDACTED: JsonObject = {"redacted": True}
"""What is left of a payload that was taken out."""
REDACTED_TEXT = canonical(REDACTED)


class Flaw(StrEnum):
    """What is wrong with an entry."""

    MISSING = "missing"  # the entry before it is not there
    ALTERED = "altered"  # it does not say what was sealed
    UNLINKED = "unlinked"  # it does not follow from the entry before it
    UNEXPLAINED = "unexplained"  # its words are gone, and no entry says who took them out
    CUT = "cut"  # entries behind it are not there any more
    LOOSE = "loose"  # the end that is kept apart is another one, or is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The first link of a chain that does not hold."""

    incident_id: IncidentId
    seq: int
    flaw: Flaw


class Sealed(NamedTuple):
    """One entry as it is kept, in the order of its columns: its payload as text. A tuple: there are a million."""

    incident_id: IncidentId
    seq: int
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    actor_kind: str
    actor_name: str
    payload: str
    payload_hash: str
    previous_hash: str
    hash: str


def payload_hash(payload: JsonObject) -> str:
    """SHA-256 of the payload's canonical JSON, in hexadecimal. Kept beside it, so that it may outlive it."""
    return _digest(canonical(payload))


def seal(new: NewEntry, *, digest: str, incident_id: IncidentId, seq: int, recorded_at: str, previous_hash: str) -> str:
    """SHA-256 over everything an entry says and the hash before it.

    *digest* is the `payload_hash` of what it says, *recorded_at* is ISO 8601.
    """
    return _seal(
        incident_id=incident_id,
        seq=seq,
        kind=new.kind.value,
        occurred_at=new.occurred_at.isoformat(),
        recorded_at=recorded_at,
        actor=(new.actor.kind.value, new.actor.name),
        payload=digest,
        previous_hash=previous_hash,
    )


def first_broken(entries: Iterable[Entry]) -> Broken | None:
    """The first of an incident's *entries*, oldest first, that does not hold; None: the chain is whole."""
    chain = Chain()
    for entry in entries:
        broken = chain.add(
            Sealed(
                incident_id=entry.incident_id,
                seq=entry.seq,
                kind=entry.kind.value,
                occurred_at=entry.occurred_at,
                recorded_at=entry.recorded_at,
                actor_kind=entry.actor.kind.value,
                actor_name=entry.actor.name,
                payload=canonical(entry.payload),
                payload_hash=entry.payload_hash,
                previous_hash=entry.previous_hash,
                hash=entry.hash,
            )
        )
        if broken is not None:
            return broken
    return chain.end()


@dataclass(slots=True)
class Chain:
    """One chronology under examination, entry by entry."""

    incident_id: IncidentId = NOBODY
    seq: int = 0
    hash: str = GENESIS
    _taken_out: list[int] = field(default_factory=list)
    _explained: set[object] = field(default_factory=set)

    def add(self, entry: Sealed) -> Broken | None:
        """Examine the next entry; what is wrong with it, if anything is."""
        self.incident_id = entry.incident_id
        flaw = self._flaw(entry)
        if flaw is not None:
            return Broken(incident_id=entry.incident_id, seq=entry.seq, flaw=flaw)
        if entry.kind == EntryKind.REDACTED.value and entry.payload != REDACTED_TEXT:
            self._explained.add(_redacted_seq(entry.payload))
        self.seq, self.hash = entry.seq, entry.hash
        return None

    def end(self, head: tuple[int, str] | None = None) -> Broken | None:
        """Examine the end; *head*: the number and hash of the last entry it should have, if they are known."""
        for seq in self._taken_out:
            if seq not in self._explained:
                return Broken(incident_id=self.incident_id, seq=seq, flaw=Flaw.UNEXPLAINED)
        if head is None or head == (self.seq, self.hash):
            return None
        if head[0] > self.seq:
            return Broken(incident_id=self.incident_id, seq=self.seq, flaw=Flaw.CUT)
        return Broken(incident_id=self.incident_id, seq=min(head[0] + 1, self.seq), flaw=Flaw.LOOSE)

    def _flaw(self, entry: Sealed) -> Flaw | None:
        if entry.seq != self.seq + 1:
            return Flaw.MISSING
        if entry.payload == REDACTED_TEXT:
            self._taken_out.append(entry.seq)
        elif _digest(entry.payload) != entry.payload_hash:
            return Flaw.ALTERED
        sealed = _seal(
            incident_id=entry.incident_id,
            seq=entry.seq,
            kind=entry.kind,
            occurred_at=entry.occurred_at.isoformat(),
            recorded_at=entry.recorded_at.isoformat(),
            actor=(entry.actor_kind, entry.actor_name),
            payload=entry.payload_hash,
            previous_hash=entry.previous_hash,
        )
        if sealed != entry.hash:
            return Flaw.ALTERED
        return None if entry.previous_hash == self.hash else Flaw.UNLINKED


def _seal(
    *,
    incident_id: IncidentId,
    seq: int,
    kind: str,
    occurred_at: str,
    recorded_at: str,
    actor: tuple[str, str],
    payload: str,
    previous_hash: str,
) -> str:
    # Canonical JSON, written out: a million entries are verified in seconds. Times, kinds and hashes need no escapes.
    return _digest(
        f'{{"actor":{_actor(actor)},"incident":{incident_id},"kind":"{kind}","occurred_at":"{occurred_at}",'
        f'"payload":"{payload}","previous":"{previous_hash}","recorded_at":"{recorded_at}","seq":{seq}}}'
    )


@lru_cache(maxsize=1_024)
def _actor(actor: tuple[str, str]) -> str:
    return canonical([*actor])


def _redacted_seq(payload: str) -> object:
    return json.loads(payload).get("seq")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
