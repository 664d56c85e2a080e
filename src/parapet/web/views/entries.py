"""What one entry of the chronology says, from its kind and payload. Payloads may quote alerts: hostile text, capped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from parapet.core.types import JsonObject
from parapet.incidents import acted
from parapet.incidents.chronology import sentence
from parapet.incidents.model import EntryKind, Resolution
from parapet.web import text
from parapet.web.words import ENTRY, RESOLUTION

ACTED = (
    EntryKind.ACTION_PREVIEWED,
    EntryKind.ACTION_STARTED,
    EntryKind.ACTION_ENDED,
    EntryKind.ACTION_SETTLED,
    EntryKind.ACTION_UNDO,
    EntryKind.ACTION_JUDGED,
    EntryKind.APPROVAL_ASKED,
    EntryKind.APPROVAL_DECIDED,
    EntryKind.BREAKER_TRIPPED,
)
MOST_ALERTS_NAMED = 3
LARGEST = 1e15
"""A number beyond this is none that anything counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryText:
    """The words of a row: what happened in bold, more of it, and somebody's own words."""

    strong: str = ""
    words: str = ""
    quote: str = ""


def entry_text(kind: EntryKind, payload: JsonObject) -> EntryText:
    """The words for *payload*; values that are missing or of another type are left out."""
    if payload.get("redacted") is True:
        return EntryText(strong=f"{ENTRY[kind].text}.", words="What it said was taken out; a later entry says why.")
    return _SAYS[kind](payload)


def _opened(payload: JsonObject) -> EntryText:
    previous = _str(payload, "previous")
    return EntryText(
        strong="Alert fired, incident opened.",
        words=_join(_alerts(payload), f"Seen before as {previous}." if previous else ""),
    )


def _fired(payload: JsonObject) -> EntryText:
    held_back = "It had been held back by another alert." if payload.get("held_back") is True else ""
    return EntryText(strong="Another alert fired.", words=_join(_alerts(payload), held_back, _still(payload)))


def _cleared(payload: JsonObject) -> EntryText:
    number = _number(payload, "alert_count")
    strong = (
        f"{round(number)} alerts are not reported any more."
        if number and number > 1
        else "One alert is not reported any more."
    )
    after = "That was after the incident had been resolved." if payload.get("after_resolution") is True else ""
    return EntryText(strong=strong, words=_join(_alerts(payload), _still(payload), after))


def _quiet(payload: JsonObject) -> EntryText:
    wait = _number(payload, "quiet_period_seconds")
    words = f"Waiting for {text.span(wait)} of quiet before it closes by itself." if wait is not None else ""
    return EntryText(strong="Not reported any more.", words=words)


def _refired(payload: JsonObject) -> EntryText:
    if payload.get("end_withdrawn") is True:
        return EntryText(strong="Still firing: its end was reported, then withdrawn.", words=_alerts(payload))
    quiet = _number(payload, "quiet_seconds")
    strong = f"Fired again after {text.span(quiet)} of quiet." if quiet is not None else "Fired again."
    flapping = (
        "It is flapping: it is shown each time, and people are told less often." if payload.get("flapping") else ""
    )
    return EntryText(strong=strong, words=_join(_alerts(payload), flapping))


def _flapped(payload: JsonObject) -> EntryText:
    return EntryText(words=_join("Cleared and fired again between two reports.", _alerts(payload)))


def _reopened(payload: JsonObject) -> EntryText:
    if payload.get("by_hand") is True:
        return EntryText(strong="Reopened: it is not over.", quote=_prose(payload, "reason"))
    quiet = _number(payload, "quiet_seconds")
    after = f" after {text.span(quiet)} of quiet" if quiet is not None else ""
    return EntryText(strong=f"Fired again{after}. Same incident, reopened.", words=_alerts(payload))


def _severity(payload: JsonObject) -> EntryText:
    before, after = _str(payload, "from"), _str(payload, "to")
    word = "rose" if after == "page" else "fell"
    strong = f"Severity {word} from {before} to {after}." if before and after else "Severity changed."
    return EntryText(strong=strong, quote=_prose(payload, "reason"))


def _declared(payload: JsonObject) -> EntryText:
    whole, severity = _str(payload, "from"), _str(payload, "severity")
    strong = f"Split off from {whole}." if whole else f"Opened by hand{f' as a {severity}' if severity else ''}."
    return EntryText(strong=strong, quote=_prose(payload, "reason"))


def _handed_over(payload: JsonObject) -> EntryText:
    before, to = _str(payload, "from"), _str(payload, "to") or "somebody"
    strong = f"Handed over from {before} to {to}." if before else f"Handed over to {to}."
    return EntryText(strong=strong, quote=_prose(payload, "reason"))


def _released(payload: JsonObject) -> EntryText:
    return EntryText(strong="Given up: nobody has it now.", quote=_prose(payload, "reason"))


def _absorbed(payload: JsonObject) -> EntryText:
    return EntryText(
        strong=f"Took over {_str(payload, 'from') or 'another incident'}.",
        words=text.sentence(_str(payload, "title")) if _str(payload, "title") else "",
        quote=_prose(payload, "reason"),
    )


def _split(payload: JsonObject) -> EntryText:
    number = round(_number(payload, "alert_count") or 1)
    title = _str(payload, "title")
    words = f"They are an incident of their own: {title}" if title else "They are an incident of their own."
    return EntryText(
        strong=f"{text.several(number, 'alert')} split off.",
        words=text.sentence(words),
        quote=_prose(payload, "reason"),
    )


def _acknowledged(payload: JsonObject) -> EntryText:
    before = _str(payload, "previous_owner")
    strong = f"Took it over from {before}." if before else "Acknowledged."
    return EntryText(strong=strong, quote=_prose(payload, "reason"))


def _lost(payload: JsonObject) -> EntryText:
    number = round(_number(payload, "alert_count") or 1)
    strong = f"{text.several(number, 'alert')} not listed any more at two looks; nothing reported an end."
    return EntryText(strong=strong, words=_join(_alerts(payload), _still(payload)))


def _silenced(payload: JsonObject) -> EntryText:
    number = round(_number(payload, "alert_count") or 1)
    by = f" by {_str(payload, 'by')}" if _str(payload, "by") else ""
    until = f" until {_str(payload, 'until')[:16].replace('T', ' ')} UTC" if _str(payload, "until") else ""
    return EntryText(strong=f"{text.several(number, 'alert')} silenced{by}{until}.", quote=_prose(payload, "comment"))


def _silence_ended(payload: JsonObject) -> EntryText:
    return EntryText(words="The silence ended: Alertmanager tells of it again.")


def _signal_stale(payload: JsonObject) -> EntryText:
    return EntryText(strong="Signal stale.", words="The watchdog is not heard any more, so quiet says nothing.")


def _signal_back(payload: JsonObject) -> EntryText:
    away = _number(payload, "seconds")
    return EntryText(strong=f"Signal back{f' after {text.span(away)}' if away else ''}.")


def _redacted(payload: JsonObject) -> EntryText:
    seq = _number(payload, "seq")
    which = f" of entry {round(seq)}" if seq is not None else ""
    return EntryText(strong=f"The words{which} were taken out.", quote=_prose(payload, "reason"))


def _noted(payload: JsonObject) -> EntryText:
    return EntryText(quote=_prose(payload, "text"))


def _resolved(payload: JsonObject) -> EntryText:
    how = _str(payload, "resolution")
    known = how in set(Resolution)
    label = RESOLUTION[Resolution(how)].text.lower() if known else "closed"
    firing = _number(payload, "firing") or 0
    quiet = _number(payload, "quiet_seconds")
    if into := _str(payload, "into"):
        return EntryText(strong=f"{into} took it over.", quote=_prose(payload, "reason"))
    words = f"{text.several(round(firing), 'alert')} still fired." if firing else ""
    if quiet is not None:
        words = f"Quiet for {text.span(quiet)}. A cleared alert is not proof of a fix."
    return EntryText(strong=f"Resolved: {label}.", words=words, quote=_prose(payload, "reason"))


def _items_opened(payload: JsonObject) -> EntryText:
    return EntryText(words=text.capped(sentence(EntryKind.ITEMS_OPENED, payload)))


def _item_closed(payload: JsonObject) -> EntryText:
    without = {name: value for name, value in payload.items() if name != "reason"}
    return EntryText(words=text.capped(sentence(EntryKind.ITEM_CLOSED, without)), quote=_prose(payload, "reason"))


def _acted(kind: EntryKind) -> Callable[[JsonObject], EntryText]:
    def say(payload: JsonObject) -> EntryText:
        first, _, more = acted.sentence(kind, payload).partition(". ")
        return EntryText(
            strong=text.sentence(text.capped(first)), words=text.capped(more), quote=_prose(payload, "reason")
        )

    return say


def _measured(payload: JsonObject) -> EntryText:
    return EntryText(words=sentence(EntryKind.MEASURED, payload))


def _not_measured(payload: JsonObject) -> EntryText:
    why = _str(payload, "error")
    return EntryText(
        strong="The burn around it could not be kept.", words=text.sentence(why) if why else "Prometheus did not say."
    )


def _escalated(payload: JsonObject) -> EntryText:
    strong = (
        "Called at once."
        if payload.get("by_hand") is True
        else "Called."
        if payload.get("called")
        else "Nobody called."
    )
    return EntryText(
        strong=strong, words=text.capped(f"Policy {sentence(EntryKind.ESCALATED, payload)}", text.LONGEST_TITLE)
    )


def _escalation(payload: JsonObject) -> EntryText:
    did = _str(payload, "did").replace("_", " ")
    return EntryText(strong=f"Escalation {did}.", words=text.sentence(_str(payload, "why")))


def _maintenance(payload: JsonObject) -> EntryText:
    began = payload.get("did") == "began"
    return EntryText(
        strong="Maintenance began." if began else "Maintenance is over.",
        words=text.capped(sentence(EntryKind.MAINTENANCE, payload), text.LONGEST_TITLE),
    )


def _told(payload: JsonObject) -> str:
    person = text.capped(_str(payload, "person"), 60)
    return f"{person} by {_channel(payload)}" if person else _channel(payload)


def _notified(payload: JsonObject) -> EntryText:
    return EntryText(words=f"Told {_told(payload)}{_about(payload)}.")


def _not_notified(payload: JsonObject) -> EntryText:
    why = _str(payload, "error") or _str(payload, "reason")
    return EntryText(
        strong=f"Could not tell {_told(payload)}{_about(payload)}.", words=text.sentence(why) if why else ""
    )


_SAYS: Mapping[EntryKind, Callable[[JsonObject], EntryText]] = {
    EntryKind.OPENED: _opened,
    EntryKind.ALERT_FIRED: _fired,
    EntryKind.ALERT_CLEARED: _cleared,
    EntryKind.QUIET: _quiet,
    EntryKind.REFIRED: _refired,
    EntryKind.FLAPPED: _flapped,
    EntryKind.REOPENED: _reopened,
    EntryKind.SEVERITY_CHANGED: _severity,
    EntryKind.ACKNOWLEDGED: _acknowledged,
    EntryKind.DECLARED: _declared,
    EntryKind.HANDED_OVER: _handed_over,
    EntryKind.RELEASED: _released,
    EntryKind.ABSORBED: _absorbed,
    EntryKind.SPLIT: _split,
    EntryKind.NOTED: _noted,
    EntryKind.REDACTED: _redacted,
    **{kind: _acted(kind) for kind in ACTED},
    EntryKind.LOST: _lost,
    EntryKind.SILENCED: _silenced,
    EntryKind.SILENCE_ENDED: _silence_ended,
    EntryKind.SIGNAL_STALE: _signal_stale,
    EntryKind.SIGNAL_BACK: _signal_back,
    EntryKind.RESOLVED: _resolved,
    EntryKind.ITEMS_OPENED: _items_opened,
    EntryKind.ITEM_CLOSED: _item_closed,
    EntryKind.MEASURED: _measured,
    EntryKind.NOT_MEASURED: _not_measured,
    EntryKind.ESCALATED: _escalated,
    EntryKind.ESCALATION: _escalation,
    EntryKind.MAINTENANCE: _maintenance,
    EntryKind.NOTIFIED: _notified,
    EntryKind.NOTIFICATION_FAILED: _not_notified,
}


def _alerts(payload: JsonObject) -> str:
    """The alerts behind an entry, quoted: the first few, and how many there are."""
    alerts = payload.get("alerts")
    if not isinstance(alerts, list):
        return ""
    said: list[str] = []
    for alert in alerts:
        if isinstance(alert, dict):
            words = _str(alert, "summary") or _str(alert, "name")
            if words and words not in said:
                said.append(words)
    if not said:
        return ""
    number = round(_number(payload, "alert_count") or len(said))
    shown = said[:MOST_ALERTS_NAMED]
    more = f" and {number - len(shown)} more" if number > len(alerts) or len(said) > len(shown) else ""
    return text.sentence("; ".join(words.rstrip(".") for words in shown) + more)


def _still(payload: JsonObject) -> str:
    firing = _number(payload, "firing")
    return "" if firing is None else f"{text.several(round(firing), 'alert')} firing now."


def _channel(payload: JsonObject) -> str:
    return text.capped(_str(payload, "channel") or "somebody", text.LONGEST_LABEL)


def _about(payload: JsonObject) -> str:
    announcement = _str(payload, "announcement")
    return f": {announcement.replace('_', ' ')}" if announcement else ""


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _str(payload: JsonObject, name: str) -> str:
    value = payload.get(name)
    return text.capped(value, text.LONGEST_TITLE) if isinstance(value, str) else ""


def _prose(payload: JsonObject, name: str) -> str:
    value = payload.get(name)
    return text.prose(value) if isinstance(value, str) else ""


def _number(payload: JsonObject, name: str) -> float | None:
    value = payload.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not -LARGEST <= value <= LARGEST:
        return None
    return float(value)
