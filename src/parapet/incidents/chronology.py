"""What happened, in order and in words: entries and changes merged by when they happened, one sentence each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from parapet.core.types import JsonObject
from parapet.incidents import acted, measured
from parapet.incidents.durations import duration_words
from parapet.incidents.model import Change, Entry, EntryKind, Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the chronology: an entry, or a change at the time it happened."""

    occurred_at: datetime
    recorded_at: datetime
    actor: str
    text: str
    """A sentence; may quote an operator or another system, so it is escaped where shown."""
    entry: Entry | None = None
    change: Change | None = None


RESOLUTION_WORDS: dict[Resolution, str] = {
    Resolution.REPORTED: "The alert said it cleared, and stayed quiet.",
    Resolution.SIGNAL_LOST: "We stopped hearing of it. Nobody knows whether it is fixed.",
    Resolution.UNCONFIRMED: "Twice we looked and the alert was gone, but nothing reported its end.",
    Resolution.MAINTENANCE: "Maintenance silenced the alert. Nobody knows whether it is fixed.",
    Resolution.OPERATOR: "A person closed it, with a reason.",
    Resolution.SUPERSEDED: "Another incident took it over.",
}
"""How an incident ended, in a sentence each."""
RESOLUTION_CLAUSES: Mapping[str, str] = {
    Resolution.REPORTED: "the alert ended, and stayed quiet",
    Resolution.SIGNAL_LOST: "we stopped hearing of it, so nobody knows",
    Resolution.UNCONFIRMED: "Alertmanager had it no more, and nothing reported an end",
    Resolution.MAINTENANCE: "maintenance silenced the alert, so nobody knows",
    Resolution.OPERATOR: "a person closed it",
    Resolution.SUPERSEDED: "it is part of another incident",
}
"""The same within a sentence."""


def merge(entries: Iterable[Entry], changes: Iterable[Change]) -> tuple[Row, ...]:
    """*entries* and *changes* as rows, by when they happened; what is recorded later keeps its own time."""
    rows = [
        Row(
            occurred_at=entry.occurred_at,
            recorded_at=entry.recorded_at,
            actor=entry.actor.name,
            text=sentence(entry.kind, entry.payload),
            entry=entry,
        )
        for entry in entries
    ]
    rows += [
        Row(
            occurred_at=change.occurred_at,
            recorded_at=change.recorded_at,
            actor=change.actor.name,
            text=change.title,
            change=change,
        )
        for change in changes
    ]
    return tuple(sorted(rows, key=_place))


def sentence(kind: EntryKind, payload: JsonObject) -> str:
    """What an entry of *kind* with *payload* says."""
    if payload.get("redacted") is True:
        return f"{kind.value.replace('_', ' ').capitalize()}. What it said was taken out."
    match kind:
        case EntryKind.OPENED:
            return _with(f"{_alerts(payload, 'fired')}, incident opened.", _first_summary(payload))
        case EntryKind.ALERT_FIRED:
            late = " Held back until now." if payload.get("held_back") is True else ""
            return _with(f"{_alerts(payload, 'fired')} too; {_count(payload, 'firing')} now firing.{late}")
        case EntryKind.ALERT_CLEARED:
            after = ", after the incident was closed" if payload.get("after_resolution") is True else ""
            return f"{_alerts(payload, 'cleared')}{after}; {_count(payload, 'firing')} still firing."
        case EntryKind.QUIET:
            return (
                f"Not reported any more. Waiting for {_time(payload, 'quiet_period_seconds')} of quiet before closing."
            )
        case EntryKind.REFIRED:
            again = "Its end was withdrawn: firing" if payload.get("end_withdrawn") is True else "Fired again"
            flapping = f" Flapping: {_count(payload, 'count')} times by now." if payload.get("flapping") is True else ""
            return f"{again} after {_time(payload, 'quiet_seconds')} of quiet. Same incident.{flapping}"
        case EntryKind.FLAPPED:
            return f"{_alerts(payload, 'cleared')} and fired again between two reports."
        case EntryKind.REOPENED if payload.get("by_hand") is True:
            return _with("Reopened by a person.", _words(payload, "reason"))
        case EntryKind.REOPENED:
            return f"Fired again after {_time(payload, 'quiet_seconds')} of quiet. Same incident, reopened."
        case EntryKind.SEVERITY_CHANGED:
            went = f"Severity went from {_words(payload, 'from')} to {_words(payload, 'to')}."
            return _with(went, _words(payload, "reason"))
        case EntryKind.DECLARED if payload.get("from"):
            return _with(f"Split off from {_words(payload, 'from')}.", _words(payload, "reason"))
        case EntryKind.DECLARED:
            return _with(f"Opened by a person as a {_words(payload, 'severity')}.", _words(payload, "reason"))
        case EntryKind.HANDED_OVER:
            return _with(f"Handed over to {_words(payload, 'to')}.", _words(payload, "reason"))
        case EntryKind.RELEASED:
            return _with(f"Given up by {_words(payload, 'from')}: nobody has it.", _words(payload, "reason"))
        case EntryKind.ABSORBED:
            taken = f"Took over {_words(payload, 'from')}: {_words(payload, 'title')}."
            return _with(taken, _words(payload, "reason"))
        case EntryKind.SPLIT:
            parted = f"{_alerts(payload, 'split off')} as {_words(payload, 'title')}."
            return _with(parted, _words(payload, "reason"))
        case EntryKind.ACKNOWLEDGED:
            taken = f"Taken over from {_words(payload, 'previous_owner')}." if payload.get("previous_owner") else ""
            return _with(taken or "Acknowledged.", _words(payload, "reason"))
        case EntryKind.NOTED:
            return _words(payload, "text")
        case EntryKind.RESOLVED:
            return _resolved(payload)
        case EntryKind.LOST:
            gone = _alerts(payload, "not listed any more")
            return f"{gone}: nothing reported an end; {_count(payload, 'firing')} still firing."
        case EntryKind.SILENCED:
            until = f" until {_words(payload, 'until')}" if payload.get("until") else ""
            by = f" by {_words(payload, 'by')}" if payload.get("by") else ""
            return _with(f"{_alerts(payload, 'silenced')}{by}{until}.", _words(payload, "comment"))
        case EntryKind.SILENCE_ENDED:
            return f"{_alerts(payload, 'silenced')} no longer."
        case EntryKind.SIGNAL_STALE:
            return "Signal stale: the watchdog is not heard any more, so quiet says nothing."
        case EntryKind.SIGNAL_BACK:
            return f"Signal back after {_time(payload, 'seconds')}."
        case EntryKind.REDACTED:
            taken = f"The words of entry {_count(payload, 'seq')} were taken out."
            return _with(taken, _words(payload, "reason"))
        case EntryKind.MEASURED:
            return _measured(payload)
        case EntryKind.NOT_MEASURED:
            return _with("The burn around it could not be kept: Prometheus did not say.", _words(payload, "error"))
        case EntryKind.ITEMS_OPENED:
            return _items(payload)
        case EntryKind.ITEM_CLOSED:
            done = "looked after" if payload.get("as") == "resolved" else "dismissed"
            return _with(f"{_item(payload)} {done}.", _words(payload, "reason"))
        case (
            EntryKind.ACTION_PREVIEWED
            | EntryKind.ACTION_STARTED
            | EntryKind.ACTION_ENDED
            | EntryKind.ACTION_SETTLED
            | EntryKind.ACTION_UNDO
            | EntryKind.ACTION_JUDGED
            | EntryKind.APPROVAL_ASKED
            | EntryKind.APPROVAL_DECIDED
            | EntryKind.BREAKER_TRIPPED
        ):
            return _with(acted.sentence(kind, payload), _words(payload, "reason"))
        case EntryKind.ESCALATED:
            return called_words(payload)
        case EntryKind.ESCALATION:
            return f"Escalation {_words(payload, 'did').replace('_', ' ')}: {_words(payload, 'why')}."
        case EntryKind.MAINTENANCE:
            return _with(maintained(payload), _words(payload, "reason"))
        case EntryKind.NOTIFIED:
            return f"Told {_told(payload)}{_about(payload)}."
        case EntryKind.NOTIFICATION_FAILED:
            return _with(f"Could not tell {_told(payload)}{_about(payload)}.", _words(payload, "error"))


def maintained(payload: JsonObject) -> str:
    """What a maintenance means from then on, in words."""
    what, who = _words(payload, "what").capitalize(), _words(payload, "by")
    if payload.get("did") == "began":
        return (
            f"{what} is under maintenance until {_words(payload, 'until')}, by {who}: nothing counts, nobody is called."
        )
    ended = f"ended by {who}" if who else "over"
    return f"Maintenance of {_words(payload, 'what')} is {ended}: it counts again."


def _resolved(payload: JsonObject) -> str:
    if payload.get("resolution") == Resolution.REPORTED.value:
        return f"Resolved: not reported any more, quiet for {_time(payload, 'quiet_seconds')}."
    if payload.get("resolution") == Resolution.OPERATOR.value:
        firing = payload.get("firing")
        still = f" while {_count(payload, 'firing')} still fired" if isinstance(firing, int) and firing > 0 else ""
        return _with(f"Resolved by a person{still}.", _words(payload, "reason"))
    if payload.get("resolution") == Resolution.SUPERSEDED.value and payload.get("into"):
        return _with(f"{_words(payload, 'into')} took it over.", _words(payload, "reason"))
    known = next((words for end, words in RESOLUTION_WORDS.items() if end.value == payload.get("resolution")), "")
    return _with("Resolved.", known)


def _items(payload: JsonObject) -> str:
    count = payload.get("item_count")
    if isinstance(count, int) and count > 1:
        return f"{count} action items opened, the first: {_item(payload)}."
    return f"Action item opened: {_item(payload)}."


def _item(payload: JsonObject) -> str:
    """The first item that an entry names."""
    items = payload.get("items")
    first = items[0] if isinstance(items, list) and items else None
    if not isinstance(first, dict):
        return "an action item"
    return f"{_words(first, 'ref')}, {_words(first, 'title')}"


def _measured(payload: JsonObject) -> str:
    series = measured.read(payload)
    if series is None:
        return "The burn around it was kept."
    lasted = duration_words((series.end - series.start).total_seconds())
    kept = f"{'Burn' if series.unit is measured.Unit.BURN else 'Share of bad events'} of {lasted} kept"
    if series.peak is None:
        return f"{kept}: there was no sample."
    return f"{kept}, at most {measured.value_words(series.unit, series.peak[1])} at {series.peak[0]:%H:%M:%S}."


def _place(row: Row) -> tuple[datetime, int, datetime, int]:
    return row.occurred_at, 0 if row.change else 1, row.recorded_at, row.entry.seq if row.entry else 0


def _alerts(payload: JsonObject, did: str) -> str:
    count = payload.get("alert_count")
    return f"{count} alerts {did}" if isinstance(count, int) and count != 1 else f"Alert {did}"


def _first_summary(payload: JsonObject) -> str:
    alerts = payload.get("alerts")
    first = alerts[0] if isinstance(alerts, list) and alerts else None
    return _words(first, "summary") if isinstance(first, dict) else ""


def called_words(payload: JsonObject) -> str:
    """Whom a step of an escalation called, by which way, and whom it did not, and why."""
    ways: dict[str, list[str]] = {}
    for one in _objects(payload, "called"):
        who, channel = _words(one, "who"), _words(one, "channel")
        ways.setdefault(who, []).extend([channel] if channel != who else [])
    said = [f"{who} by {' and '.join(by)}" if by else who for who, by in ways.items()]
    others = [f"not {_words(one, 'who')}: {_words(one, 'why')}" for one in _objects(payload, "not_called")]
    numbered = f", step {_count(payload, 'step')} of {_count(payload, 'steps')}" if payload.get("step") else ""
    step = f"{_words(payload, 'policy')}{numbered}"
    again = f", round {_count(payload, 'round')}" if payload.get("round") not in (None, 1) else ""
    whom = "; ".join([f"called {', '.join(said)}" if said else "called nobody", *others])
    return f"{step}{again}, {whom}. Why: {_words(payload, 'why')}."


def _objects(payload: JsonObject, name: str) -> list[JsonObject]:
    value = payload.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _told(payload: JsonObject) -> str:
    channel, person = _words(payload, "channel") or "people", _words(payload, "person")
    return f"{person} by {channel}" if person else channel


def _about(payload: JsonObject) -> str:
    announcement = _words(payload, "announcement")
    return f": {announcement.replace('_', ' ')}" if announcement else ""


def _count(payload: JsonObject, name: str) -> str:
    value = payload.get(name)
    return str(value) if isinstance(value, int) else "an unknown number"


def _time(payload: JsonObject, name: str) -> str:
    value = payload.get(name)
    return duration_words(value) if isinstance(value, int | float) else "an unknown time"


def _words(payload: JsonObject, name: str) -> str:
    value = payload.get(name)
    return value if isinstance(value, str) else ""


def _with(said: str, quoted: str = "") -> str:
    return f"{said} {quoted}" if quoted else said
