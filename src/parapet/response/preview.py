"""A preview: what would happen, frozen under a digest, good once and for five minutes. Pure."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from parapet.core.codec import encode
from parapet.core.errors import MalformedPayload
from parapet.core.types import Actor, IncidentId, Json
from parapet.response.capability import LONGEST_ID, Capability, LeftOut, Proposal, Target

PREVIEW_SECONDS = 300.0
"""How long a preview may be confirmed. No host changes that."""
LONGEST_WORDS = 500
MOST_LEFT_OUT = 1_000
MOST_KEPT = 10_000
MOST_NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenPreview:
    """What would happen, as it was when somebody looked. Never changed."""

    id: str
    service: str
    capability: str
    incident_id: IncidentId
    incident_version: int
    slice: str | None
    actor: Actor
    created_at: datetime
    expires_at: datetime
    inputs: Mapping[str, str] = field(default_factory=dict)
    proposal: Proposal
    content: str
    """SHA-256 over what would happen: equal for two previews that say the same."""
    digest: str
    """What must be presented to confirm this one preview."""

    @property
    def targets(self) -> tuple[Target, ...]:
        """Exactly these."""
        return self.proposal.targets

    @property
    def short_digest(self) -> str:
        """The first of it, in groups of four, to read aloud."""
        return " ".join(self.digest[place : place + 4] for place in range(0, 12, 4))

    def presented(self, digest: str) -> bool:
        """Whether *digest* is this preview's: the whole of it, compared in constant time."""
        return hmac.compare_digest(self.digest.encode(), digest.strip().lower().encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How what would happen now differs from what was previewed."""

    added: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    """Ids whose version is another one."""
    words: bool = False
    """What would be done to them is another thing."""

    def __bool__(self) -> bool:
        return bool(self.added or self.gone or self.changed or self.words)

    def __str__(self) -> str:
        parts = [
            f"{len(ids):,} {word} ({_named(ids)})"
            for word, ids in (("more", self.added), ("fewer", self.gone), ("at another version", self.changed))
            if ids
        ]
        return "; ".join(parts) or "what it would do changed"


def freeze(
    capability: Capability,
    proposal: Proposal,
    *,
    preview_id: str,
    service: str,
    incident_id: IncidentId,
    incident_version: int,
    slice_name: str | None,
    actor: Actor,
    inputs: Mapping[str, str],
    now: datetime,
) -> FrozenPreview:
    """*proposal* as it will be kept, with its digest and its expiry.

    Raises:
        MalformedPayload: the host named no target properly, or one twice.
    """
    kept = _checked(capability, proposal)
    expires_at = now + timedelta(seconds=PREVIEW_SECONDS)
    content = content_of(capability.name, int(incident_id), kept, inputs)
    digest = _hash([preview_id, content, incident_version, expires_at.isoformat()])
    return FrozenPreview(
        id=preview_id,
        service=service,
        capability=capability.name,
        incident_id=incident_id,
        incident_version=incident_version,
        slice=slice_name,
        actor=actor,
        created_at=now,
        expires_at=expires_at,
        inputs=dict(inputs),
        proposal=kept,
        content=content,
        digest=digest,
    )


def content_of(capability: str, incident_id: int, proposal: Proposal, inputs: Mapping[str, str]) -> str:
    """One hash for everything that would happen, whatever order the host names its targets in."""
    targets: list[Json] = [[one.id, one.version] for one in sorted(proposal.targets, key=lambda one: one.id)]
    return _hash([capability, incident_id, targets, proposal.will_do, dict(inputs)])


def drift(before: Proposal, now: Proposal) -> Drift:
    """How *now* differs from *before*. What is left out may change freely: nothing is done to it."""
    old, new = ({one.id: one.version for one in each.targets} for each in (before, now))
    return Drift(
        added=tuple(sorted(new.keys() - old.keys())),
        gone=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(sorted(each for each in old.keys() & new.keys() if old[each] != new[each])),
        words=before.will_do != now.will_do,
    )


def _checked(capability: Capability, proposal: Proposal) -> Proposal:
    seen: set[str] = set()
    for one in proposal.targets:
        if not 0 < len(one.id) <= LONGEST_ID or one.id in seen:
            raise MalformedPayload(
                f"The preview of {capability.name!r} names {one.id[:40]!r} twice, or with no id of 1 to {LONGEST_ID} "
                "characters. Every target needs an id of its own."
            )
        seen.add(one.id)
    if len(seen) > MOST_KEPT:
        raise MalformedPayload(
            f"The preview of {capability.name!r} names {len(seen):,} targets; at most {MOST_KEPT:,}."
        )
    return Proposal(
        targets=tuple(
            Target(id=one.id, version=one.version[:LONGEST_ID], label=one.label[:LONGEST_ID])
            for one in proposal.targets
        ),
        left_out=tuple(
            LeftOut(id=one.id[:LONGEST_ID], because=one.because[:LONGEST_WORDS], instead=one.instead[:LONGEST_WORDS])
            for one in proposal.left_out[:MOST_LEFT_OUT]
        ),
        will_do=proposal.will_do[:LONGEST_WORDS],
        people_see=proposal.people_see[:LONGEST_WORDS],
        undo=proposal.undo[:LONGEST_WORDS],
        warnings=tuple(words[:LONGEST_WORDS] for words in proposal.warnings[:MOST_NAMED]),
    )


def proposal_json(proposal: Proposal) -> Json:
    """*proposal* as JSON, to be kept."""
    return encode(proposal)


def _hash(parts: list[Json]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _named(ids: tuple[str, ...]) -> str:
    more = len(ids) - MOST_NAMED
    return ", ".join(ids[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")
