"""What we know of an incident and what we do not, as rows: facts, hypotheses, advice, each said as what it is."""

from __future__ import annotations

from dataclasses import dataclass

from parapet.incidents.model import Incident
from parapet.incidents.triage import Claim, Triage
from parapet.web import text
from parapet.web.words import CLAIM, Word


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimView:
    """One row of what we know: its label, what it is, its words, and the facts behind it."""

    label: str
    kind: str
    word: Word
    words: str
    facts: tuple[str, ...] = ()
    anchor: str = ""
    """Below the mount, or on this page; empty when it leads nowhere."""
    anchor_words: str = ""


def claims(triage: Triage, last_incident: Incident | None) -> tuple[ClaimView, ...]:
    """The rows of *triage*; *last_incident*: the same trouble before, to be read."""
    confidence = f"Confidence {triage.confidence.value}, because:" if triage.confidence is not None else ""
    plane_name = f"Likely in: {text.capped(triage.plane_name, 40)}" if triage.plane_name else "Likely cause"
    facts = tuple(text.capped(each.text) for each in triage.facts)
    plane = _claim(plane_name, triage.plane)
    words = f"{plane.words} {confidence}".strip() if facts else plane.words
    rows = [
        _claim("Symptom", triage.symptom),
        *([_claim("Promise", triage.promise)] if triage.promise else []),
        _claim("Impact", triage.impact),
        ClaimView(label=plane.label, kind=plane.kind, word=plane.word, words=words, facts=facts),
        *(_claim("Still open" if place == 0 else "", each) for place, each in enumerate(triage.unknowns)),
    ]
    last = _claim("Last time", triage.last_time)
    if last_incident is not None:
        last = ClaimView(
            label=last.label,
            kind=last.kind,
            word=last.word,
            words=last.words,
            anchor=f"incidents/{last_incident.id}",
            anchor_words=last_incident.ref,
        )
    helped = [_claim("What helped then", triage.helped)] if triage.helped else []
    return (*rows, last, *helped, _claim("Safe next step", triage.next_step))


def _claim(label: str, claim: Claim) -> ClaimView:
    kind = claim.kind.value
    return ClaimView(label=label, kind=kind, word=CLAIM[kind], words=text.sentence(text.capped(claim.text)))
