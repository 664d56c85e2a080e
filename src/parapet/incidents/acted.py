"""What entries about actions say: previewed, started, ended, verified, undone, judged, approved. Without the reason."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from parapet.core.types import JsonObject
from parapet.incidents.model import EntryKind

ENDED: Mapping[str, str] = MappingProxyType(
    {
        "done": "Done",
        "failed": "Failed",
        "unknown": "Outcome unknown: it may have run. Verify it, do not run it again",
    }
)
JUDGED: Mapping[str, str] = MappingProxyType(
    {
        "worked": "It helped",
        "no_effect": "It had no effect",
        "worse": "It got worse after it",
        "unclear": "Whether it helped could not be told",
    }
)
UNDO: Mapping[str, str] = MappingProxyType(
    {
        "running": "Being taken back",
        "undone": "Taken back",
        "failed": "Not taken back, or not all of it",
        "unknown": "Whether it was taken back is unknown",
    }
)


def sentence(kind: EntryKind, payload: JsonObject) -> str:
    """One sentence; the reason that somebody gave is not in it."""
    what, run = _words(payload, "title") or "An action", _words(payload, "run")
    said = f"{run}, {what}" if run else what
    match kind:
        case EntryKind.ACTION_PREVIEWED:
            return f"Previewed: {what}, {_words(payload, 'count')}{_left_out(payload)}. Nothing ran."
        case EntryKind.ACTION_STARTED:
            glass = " Past its limits: the glass was broken." if payload.get("break_glass") is True else ""
            second = _words(payload, "approved_by")
            approved = f" Approved by {second}." if second else ""
            return f"About to run {said}: {_words(payload, 'count')}.{approved}{glass}"
        case EntryKind.ACTION_ENDED:
            return f"{ENDED.get(_words(payload, 'outcome'), 'Ended')}: {said}{_of(payload)}."
        case EntryKind.ACTION_SETTLED:
            how = ENDED.get(_words(payload, "outcome"), "ended").lower()
            return f"Verified by a person: {said} is {how}."
        case EntryKind.ACTION_UNDO:
            return f"{UNDO.get(_words(payload, 'outcome'), 'Taken back')}: {said}."
        case EntryKind.ACTION_JUDGED:
            return f"{JUDGED.get(_words(payload, 'effect'), 'Watched')}: {said}."
        case EntryKind.APPROVAL_ASKED:
            return f"A second person is asked to approve: {what}, {_words(payload, 'count')}."
        case EntryKind.APPROVAL_DECIDED:
            return f"{'Approved' if payload.get('approved') is True else 'Denied'}: {what}."
        case _:
            return f"{what} ran too often: it is off for now, and a person is needed."


def _of(payload: JsonObject) -> str:
    done, count = payload.get("done_count"), _words(payload, "count")
    late = " (its end was heard of late)" if payload.get("late") is True else ""
    if _words(payload, "outcome") == "unknown" or not isinstance(done, int) or not count:
        return late
    return f", {done:,} of {count}{late}"


def _left_out(payload: JsonObject) -> str:
    number = payload.get("left_out")
    return f", {number:,} left out" if isinstance(number, int) and number else ""


def _words(payload: JsonObject, name: str) -> str:
    value = payload.get(name)
    return value if isinstance(value, str) else ""
