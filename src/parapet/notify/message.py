"""What people are told about an incident, before a channel decides how it looks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import cast

from parapet.core import names
from parapet.core.types import Json, JsonObject
from parapet.incidents.changes import Near, distance_words
from parapet.incidents.model import Announcement, Incident, IncidentState
from parapet.incidents.payload import clean
from parapet.incidents.triage import MAX_QUOTE_CHARACTERS, Triage

SAID = {
    Announcement.OPENED: "opened",
    Announcement.SEVERITY_RAISED: "is worse: now a page",
    Announcement.REFIRED: "fires again",
    Announcement.REOPENED: "was reopened: it fires again",
    Announcement.ACKNOWLEDGED: "was acknowledged",
    Announcement.RESOLVED: "was resolved",
    Announcement.OUTCOME_UNKNOWN: "has a run whose outcome is unknown",
    Announcement.GLASS_BROKEN: "had an action run with broken glass, past its limits",
    Announcement.APPROVAL_WANTED: "has an action that waits for a second person",
    Announcement.BREAKER_TRIPPED: "has an automatic step that ran too often and is off",
    Announcement.ESCALATED: "waits for somebody",
    Announcement.CALLED: "needs somebody",
}
NEXT = {
    Announcement.OUTCOME_UNKNOWN: "Do not run it again. Look in the system it acts on whether it was done, then say so "
    "on the page of the run.",
    Announcement.APPROVAL_WANTED: "Read exactly what it would do, then approve or deny it; the request ends by itself.",
    Announcement.BREAKER_TRIPPED: "Find out why it does not help before you run it by hand.",
}
"""What is safe to do next where the announcement, not the incident, is what needs somebody."""
NEAREST_CHANGES = 3
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
MOST_PARTS = 15
LONGEST_PART = 180
LONGEST_TITLE = 80
"""Within a part, so that there is room for what happened."""
LONGEST_IMPACT = 240
LONGEST_CUT_WORD = 30
"""A longer word is cut in the middle when there is no room for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One announcement. Text fields may quote alerts: hostile text, already capped, to be escaped by the channel."""

    ref: str
    announcement: str
    severity: str
    state: str
    service: str
    slice: str | None
    journey: str | None = None
    """The user journey it is about, where the alert names one."""
    title: str
    text: str
    """One sentence: what happened to the incident."""
    summary: str
    """What the alert says of the harm; may be empty."""
    impact: str = ""
    """Who is hurt and how badly, or that nobody knows."""
    budget: str = ""
    """What was left of the error budget when the alert fired; empty where nobody said."""
    next_step: str = ""
    """What is safe to do next."""
    owner: str | None
    resolution: str | None
    started_at: str
    """ISO 8601, UTC."""
    announced_at: str
    """ISO 8601, UTC."""
    changes: tuple[str, ...]
    """Changes nearest to onset, with their distance."""
    runbook: str | None
    url: str
    """The incident in the workbench."""
    parts: tuple[str, ...] = ()
    """Of a digest: what each of its announcements says, a line each; none: it is about one incident."""

    def document(self) -> JsonObject:
        """The message as JSON."""
        return cast("JsonObject", {**asdict(self), "changes": list(self.changes), "parts": list(self.parts)})


def message_from(document: JsonObject) -> Message:
    """The message that `Message.document` wrote."""
    values = dict(document)
    listed = {name: _lines(values.pop(name, [])) for name in ("changes", "parts")}
    return Message(**listed, **values)  # type: ignore[arg-type]  # our own document, read back


def shortened(text: str, characters: int) -> str:
    """*text* without control characters, at most *characters* long, cut between two words."""
    whole = clean(text, len(text))
    if len(whole) <= characters:
        return whole
    kept = whole[: max(0, characters - 1)]
    words = kept.rpartition(" ")[0]
    return f"{(words if len(kept) - len(words) <= LONGEST_CUT_WORD and words else kept).rstrip(' ,;:.')}…"


def digest_of(messages: Sequence[Message], workbench_url: str) -> Message:
    """Many announcements in one message, the worst first: as bad as the worst, and what each of them says."""
    ordered = sorted(messages, key=lambda one: (one.severity != "page", one.state == "resolved", one.announced_at))
    first, refs = ordered[0], {one.ref for one in messages}
    about = f"{len(refs)} incidents" if len(refs) > 1 else first.ref
    states = {one.state for one in messages}
    lines = [
        f"{one.ref}, {one.severity}, {shortened(one.title, LONGEST_TITLE)}: {one.text.removeprefix(one.ref).strip()}"
        for one in ordered
    ]
    more = [f"and {len(lines) - MOST_PARTS} more, in the workbench"] if len(lines) > MOST_PARTS else []
    return replace(
        first,
        ref=about,
        state=states.pop() if len(states) == 1 else "open",
        title=f"{len(messages)} announcements about {about}",
        text="Much happens at once, so this is told together.",
        summary="",
        impact="",
        budget="",
        journey=None,
        slice=None,
        owner=None,
        runbook=None,
        next_step=f"Start with the worst: {first.ref}, {first.title}.",
        changes=tuple(dict.fromkeys(change for one in ordered for change in one.changes))[:NEAREST_CHANGES],
        url=f"{workbench_url}/incidents" if len(refs) > 1 else first.url,
        parts=(*(shortened(" ".join(line.split()), LONGEST_PART) for line in lines[:MOST_PARTS]), *more),
    )


def _lines(value: Json) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def compose_message(
    incident: Incident,
    announcement: Announcement,
    near: Sequence[Near],
    first_read: Triage,
    *,
    now: datetime,
    workbench_url: str,
    text: str | None = None,
    about: JsonObject | None = None,
) -> Message:
    """What is said about *incident* because of *announcement*; *text*: in these words instead of the usual ones.

    *about*: the payload of the entry that is announced, which names the action it is about.
    """
    nearest = sorted(near, key=lambda one: abs(one.seconds_from_onset))[:NEAREST_CHANGES]
    by = f" by {incident.owner}" if announcement is Announcement.ACKNOWLEDGED and incident.owner else ""
    return Message(
        ref=incident.ref,
        announcement=announcement.value,
        severity=incident.severity.value,
        state=incident.state.value,
        service=incident.service,
        slice=incident.slice,
        journey=incident.annotations.get(names.JOURNEY) or None,
        title=incident.title,
        text=text or f"{incident.ref} {SAID[announcement]}{by}{_action(about or {})}.",
        summary=incident.annotations.get(names.SUMMARY, ""),
        impact=_impact(incident, first_read),
        budget=incident.annotations.get(names.BUDGET, ""),
        next_step=NEXT.get(announcement, first_read.next_step.text),
        owner=incident.owner,
        resolution=incident.resolution.value
        if incident.resolution and incident.state is IncidentState.RESOLVED
        else None,
        started_at=incident.started_at.isoformat(),
        announced_at=now.isoformat(),
        changes=tuple(f"{one.change.title}, {distance_words(one.seconds_from_onset)}" for one in nearest),
        runbook=incident.runbook,
        url=f"{workbench_url}/incidents/{incident.id}",
    )


def _action(about: JsonObject) -> str:
    """Which action, how much of it, and why somebody wants it."""
    title, run, count, reason = (str(about.get(name) or "") for name in ("title", "run", "count", "reason"))
    if not title:
        return ""
    said = f": {title}{f' ({run})' if run else ''}{f', {count}' if count else ''}"
    return f"{said}, because: {shortened(reason, LONGEST_PART).rstrip('.')}" if reason else said


def _impact(incident: Incident, first_read: Triage) -> str:
    """Who is hurt; without the sentences that are said by themselves: of the budget, and where the evidence is."""
    notes = incident.annotations
    said, budget = notes.get(names.DESCRIPTION, ""), notes.get(names.BUDGET, "")
    if not said:
        return first_read.impact.text
    here, kept = notes.get(names.WORKBENCH_URL, ""), ""
    for one in _SENTENCE.split(" ".join(said.replace(budget, "").split())):
        if here and here in one:
            continue
        if kept and len(kept) + len(one) >= LONGEST_IMPACT:
            break
        kept = f"{kept} {one}".strip()
    return shortened(kept, MAX_QUOTE_CHARACTERS) or first_read.impact.text
