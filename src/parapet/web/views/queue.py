"""The queue: one truth and one context line a row, worst first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from parapet.incidents.model import Incident, IncidentState, Severity
from parapet.web import text
from parapet.web.reads import QueuePage, Trust
from parapet.web.views.pager import Asked, Pager, pager
from parapet.web.words import INCIDENT, RESOLUTION, SEVERITY, Word

SCOPES: Mapping[str, str] = {
    "open": "All open",
    "unowned": "Nobody has it",
    "mine": "Mine",
    "resolved": "Resolved",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One scope."""

    label: str
    count: str | None
    address: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One incident, two lines a cell."""

    severity: Word
    state: Word
    title: str
    address: str
    context: str
    age: str
    since: str
    since_at: str
    """For the datetime attribute."""
    owner: str
    owned: str
    owned_at: str
    """When; empty where nobody acknowledged it."""
    """When it was taken, or that nobody has it yet."""
    nobody_has_a_page: bool
    signal: str
    heard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """The whole page."""

    headline: str
    scope: str
    tabs: tuple[Tab, ...]
    search: str
    caption: str
    rows: tuple[QueueRow, ...]
    empty_title: str
    empty_text: str
    filtered: bool
    pager: Pager
    since: str = ""
    """Since when an empty list is empty."""


def queue_view(
    page: QueuePage,
    trust: Trust | None,
    *,
    scope: str,
    search: str,
    asked: Asked,
    watched: int,
    now: datetime,
) -> QueueView:
    """The page for one stretch of the queue; *trust*: whether an empty one can be believed, None where it is not."""
    counts = page.counts
    empty_title, empty_text = ("", "") if trust is None else _empty(scope, search, trust, watched, now)
    return QueueView(
        headline=_headline(counts),
        scope=scope,
        tabs=tuple(
            Tab(label=label, count=_counted(counts.get(name)), address=_address(name, search), current=name == scope)
            for name, label in SCOPES.items()
        ),
        search=search,
        caption="Resolved incidents, newest first"
        if scope == "resolved"
        else f"{SCOPES[scope]}: worst severity first, then oldest first",
        rows=tuple(queue_row(incident, now=now) for incident in page.incidents),
        empty_title=empty_title,
        empty_text=empty_text,
        filtered=bool(search),
        pager=pager(page, asked, "incidents", _kept(scope, search)),
    )


def queue_row(incident: Incident, *, now: datetime) -> QueueRow:
    """*incident* as a row."""
    resolved = incident.state is IncidentState.RESOLVED
    end = incident.resolved_at or now if resolved else now
    severity = SEVERITY[incident.severity]
    taken = incident.acknowledged_at if incident.owner and not incident.awaited else None
    return QueueRow(
        severity=severity,
        state=INCIDENT[incident.state],
        title=text.capped(incident.title, text.LONGEST_TITLE) or "Untitled alert",
        address=f"incidents/{incident.id}",
        context=_context(incident, now),
        age=text.between(incident.started_at, end),
        since=f"until {text.clock(end, now)}" if resolved else f"since {text.clock(incident.started_at, now)}",
        since_at=text.machine(end if resolved else incident.started_at),
        owner=text.capped(incident.owner, 60) if incident.owner else "Nobody",
        owned=f"acknowledged {text.clock(taken, now)}"
        if taken
        else "had it"
        if resolved
        else "has still to take it"
        if incident.owner
        else "has it yet",
        owned_at=text.machine(taken) if taken else "",
        nobody_has_a_page=incident.state is IncidentState.OPEN and incident.severity is Severity.PAGE,
        signal=signal_words(incident, now),
        heard=f"opened by {text.capped(incident.on_word_of, 60)}"
        if incident.on_word_of
        else f"heard {text.between(incident.last_heard_at, now)} ago",
    )


def signal_words(incident: Incident, now: datetime) -> str:
    """What its alerts say now, as far as we heard."""
    if incident.firing:
        return f"Firing, {text.several(incident.firing, 'alert')}"
    if incident.on_word_of:
        return "No alert"
    if incident.state is IncidentState.RESOLVED:
        return "Not reported any more"
    if incident.quiet_since is None:
        return "Nothing reported"
    return f"Quiet for {text.between(incident.quiet_since, now)}"


def _context(incident: Incident, now: datetime) -> str:
    parts = [incident.ref]
    if incident.slice:
        parts.append(text.capped(incident.slice, 60))
    parts += [f"{text.capped(k, 40)} {text.capped(v, 60)}" for k, v in list(incident.labels.items())[:2]]
    if incident.resolution is not None:
        parts.append(RESOLUTION[incident.resolution].text.lower())
    if incident.refired_count:
        times = "once" if incident.refired_count == 1 else f"{incident.refired_count} times"
        parts.append(f"fired again {times}")
    if incident.previous_id is not None:
        parts.append("seen before")
    return ", ".join(parts)


def _counted(number: int | None) -> str | None:
    return None if number is None else text.counted(number)


def _headline(counts: Mapping[str, int]) -> str:
    total, unowned = counts.get("open", 0), counts.get("unowned", 0)
    if not total:
        return "No open incident"
    owned = f", {unowned} without an owner" if unowned else ", each has an owner" if total > 1 else ", it has an owner"
    return f"{text.counted(total)} open incident{'' if total == 1 else 's'}{owned}"


def _empty(scope: str, search: str, trust: Trust, watched: int, now: datetime) -> tuple[str, str]:
    if search:
        return (
            "Nothing matches this search",
            f"No title, note or reference here has words that begin like “{text.capped(search, 80)}”.",
        )
    watching = f"{text.several(watched, 'promise')} {'is' if watched == 1 else 'are'} watched. "
    if trust.last_received_at is None:
        heard = "Alertmanager has not sent anything yet."
    else:
        at = text.stamp(trust.last_received_at, now)
        heard = f"Alertmanager last sent something {text.between(trust.last_received_at, now)} ago, at {at}."
    titles = {
        "open": "No open incident",
        "unowned": "Every open incident has an owner",
        "mine": "You have no open incident",
        "resolved": "Nothing was resolved yet",
    }
    return titles[scope], watching + heard


def _kept(scope: str, search: str) -> dict[str, str]:
    return {"scope": "" if scope == "open" else scope, "q": search}


def _address(scope: str, search: str) -> str:
    query = {name: value for name, value in _kept(scope, search).items() if value}
    return "incidents" + (f"?{urlencode(query)}" if query else "")
