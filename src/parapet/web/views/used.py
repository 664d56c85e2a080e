"""What a capability did so far, in words: how its runs ended, whether they helped, and the latest of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from parapet.response.record import Record
from parapet.response.run import Run, UndoState
from parapet.web import text

MOST_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedView:
    """Beside the form that confirms: when it was used before."""

    words: tuple[str, ...]
    runs: tuple[tuple[str, str, str], ...]
    """Address, name and words of the latest, latest first."""


def used_view(record: Record, latest: Sequence[Run], *, now: datetime) -> UsedView:
    """What *record* and the *latest* runs come to."""
    words = [each for each in (ended_words(record), helped_words(record), took_words(record)) if each]
    return UsedView(
        words=tuple(text.sentence(each) for each in words),
        runs=tuple(
            (f"runs/{run.id}", run.ref, f"{text.stamp(run.started_at, now)}, INC-{run.incident_id}: {_came(run)}")
            for run in latest[:MOST_SHOWN]
        ),
    )


def ended_words(record: Record) -> str:
    """How its runs ended: `3 of 4 done, 1 failed, 0 unknown`."""
    if not record.runs:
        return "never run"
    bad = f", {record.failed} failed, {record.unknown} unknown" if record.failed or record.unknown else ""
    back = f"; {record.undone} of them taken back" if record.undone else ""
    return f"{record.done} of {record.runs} done{bad}{back}"


def helped_words(record: Record) -> str:
    """Whether they helped; empty: it never ran."""
    if not record.runs:
        return ""
    worse = f", worse {record.worse}" if record.worse else ""
    return f"helped {record.worked} of {record.judged}{worse}" if record.judged else "not judged yet"


def took_words(record: Record) -> str:
    """How long one took, where that is worth a word."""
    took = record.median_seconds
    return f"median {text.span(took)}" if took is not None and took >= 1 else ""


def _came(run: Run) -> str:
    if run.undo is UndoState.UNDONE:
        return "taken back"
    if run.effect is not None:
        return run.effect.value.replace("_", " ")
    return run.state.value
