"""What we know about an incident and what we do not, each said as what it is: fact, hypothesis, unknown, advice.

Only from the alerts' labels and annotations, from timings and from changes; a title is never read for meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ClaimKind(StrEnum):
    """How sure a sentence is; never mixed up."""

    FACT = "fact"
    HYPOTHESIS = "hypothesis"
    RECOMMENDATION = "recommendation"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    """How far the facts carry the hypothesis."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One sentence, and what it is. May quote an alert: hostile text, capped here, escaped where shown."""

    kind: ClaimKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """The first read of an incident."""

    symptom: Claim
    impact: Claim
    plane: Claim
    """Which part of the system is the likely origin."""
    plane_name: str | None
    """The plane in one word, such as worker; None when nothing names one."""
    facts: tuple[Claim, ...]
    """What stands behind the plane: two to four."""
    confidence: Confidence | None
    """None while there is no hypothesis."""
    unknowns: tuple[Claim, ...]
    last_time: Claim
    next_step: Claim
