"""What the reader of an incident may do with it on its own page, and what each of it means."""

from __future__ import annotations

from dataclasses import dataclass

from parapet.incidents.model import Incident, IncidentState
from parapet.web import text


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """What the reader may do; what they may not is said in words."""

    refusal: str
    """Why the reader may not act; empty when they may."""
    version: int
    seen: int
    """Number of the last entry the reader saw."""
    take: str
    """Words on the button that takes the incident; empty when the reader has it or it is over."""
    take_hint: str
    may_resolve: bool
    may_redact: bool
    firing: int
    resolve_warning: str


def forms(incident: Incident, seen: int, reader: str, refusal: str | None, may_redact: bool) -> Forms:
    """What *reader* may do with *incident*; *refusal* says why they may not."""
    over = incident.state is IncidentState.RESOLVED
    take, hint = "", ""
    if not over and (incident.owner != reader or incident.awaited):
        owner = text.capped(incident.owner, 40) if incident.owner and not incident.awaited else ""
        take = f"Take it over from {owner}" if owner else "Acknowledge"
        hint = "You have it from then on, and nobody is called for it any more."
    alerts = text.several(incident.firing, "alert")
    warning = (
        f"{alerts} of it still {'fires' if incident.firing == 1 else 'fire'}. Resolving does not stop that: "
        "a new alert would reopen it, a repeat of these would not."
        if incident.firing
        else "A person opened it, so a person closes it: nothing else does."
        if incident.declared_by is not None
        else "It closes by itself when it stays quiet; then how it ended is what was measured, not what was said."
    )
    return Forms(
        refusal=refusal or "",
        version=incident.version,
        seen=seen,
        take=take,
        take_hint=hint,
        may_resolve=not over,
        may_redact=may_redact,
        firing=incident.firing,
        resolve_warning=warning,
    )
