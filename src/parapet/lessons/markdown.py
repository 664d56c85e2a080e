"""A retrospective in Markdown, for the repository or the wiki. Quoted text is escaped: it cannot become markup."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from parapet.incidents.changes import distance_words
from parapet.incidents.durations import duration_words, instant_words
from parapet.incidents.payload import http_url
from parapet.lessons.memory import Line, Moment, MomentName, NearbyChange, Retrospective, Span

LATE_SECONDS = 5.0
"""A line recorded this much later than it happened says so."""

_SAID = {
    MomentName.BEGAN: "Began",
    MomentName.DETECTED: "Detected",
    MomentName.ACKNOWLEDGED: "Acknowledged",
    MomentName.QUIET: "Last alert ended",
    MomentName.RESOLVED: "Resolved",
}


def to_markdown(retrospective: Retrospective) -> str:
    """*retrospective* as a Markdown document (CommonMark with tables), ending in one newline."""
    onset = retrospective.moments[0].at
    where = f"{retrospective.service}, {retrospective.slice}" if retrospective.slice else retrospective.service
    lasted, fired = duration_words(retrospective.lasted_seconds), duration_words(retrospective.fired_seconds)
    parts = [
        f"# {retrospective.ref}: {_plain(retrospective.title)}",
        _plain(retrospective.summary),
        _bullets(
            [
                f"Where: {_plain(where)}",
                f"Severity: {retrospective.severity.value}",
                f"Lasted: {lasted}, fired for {fired}",
                f"Who had it: {_plain(retrospective.owner) if retrospective.owner else 'nobody'}",
                f"How it ended: {_resolution(retrospective)}",
            ]
        ),
        "## Times",
        _table(("Moment", "When", "After"), (_moment(moment) for moment in retrospective.moments)),
        _section("When it fired", (_span(span, onset) for span in retrospective.spans), "No episode was kept."),
        _section("What changed near it", (_change(one) for one in retrospective.changes), "Nothing was recorded."),
        _section(
            "What people did",
            (
                f"{instant_words(one.occurred_at, beside=onset)}, {_plain(one.actor)}: {_plain(one.text)}"
                + (f" Reason: {_plain(one.reason)}" if one.reason else "")
                for one in retrospective.actions
            ),
            "Nothing was recorded.",
        ),
        _section("Who was told", (_line(line, onset) for line in retrospective.notifications), "Nothing was recorded."),
        _section("Chronology", (_line(line, onset) for line in retrospective.chronology), "It is empty."),
        _section("Open questions", map(_plain, retrospective.open_questions), "None."),
        _section("What we do not know", map(_plain, retrospective.unknowns), "Nothing is missing."),
        f"Composed {instant_words(retrospective.composed_at)} from the evidence. All times UTC.",
    ]
    return "\n\n".join(parts) + "\n"


def _resolution(retrospective: Retrospective) -> str:
    how = retrospective.resolution.value.replace("_", " ") if retrospective.resolution else "not resolved"
    return f"{how}. {retrospective.resolution_text}"


def _moment(moment: Moment) -> tuple[str, str, str]:
    since = moment.seconds_since_previous
    return _SAID[moment.name], instant_words(moment.at), "" if since is None else duration_words(since)


def _span(span: Span, onset: datetime) -> str:
    start = instant_words(span.started_at, beside=onset)
    if span.ended_at is None:
        return f"{start}, still firing"
    lasted = duration_words((span.ended_at - span.started_at).total_seconds())
    return f"{start} to {instant_words(span.ended_at, beside=onset)}, {lasted}"


def _change(change: NearbyChange) -> str:
    url = http_url(change.url) if change.url else None
    title = f"[{_plain(change.title)}](<{url}>)" if url else _plain(change.title)
    distance = distance_words(change.seconds_from_onset)
    return f"{title}, by {_plain(change.actor)}, {distance} onset ({instant_words(change.occurred_at)})"


def _line(line: Line, onset: datetime) -> str:
    late_seconds = (line.recorded_at - line.occurred_at).total_seconds()
    late = f" (recorded {duration_words(late_seconds)} later)" if late_seconds > LATE_SECONDS else ""
    return f"{instant_words(line.occurred_at, beside=onset)}, {_plain(line.actor)}: {_plain(line.text)}{late}"


def _section(title: str, lines: Iterable[str], empty: str) -> str:
    written = list(lines)
    return f"## {title}\n\n{_bullets(written) if written else empty}"


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _plain(text: str) -> str:
    """*text* on one line, with every character that Markdown or HTML could read as markup escaped."""
    escaped = re.sub(r"([\\`*_{}\[\]<>#|~!&$])", r"\\\1", " ".join(text.split()))
    return re.sub(r"^(\d*)([-+=.)])", r"\1\\\2", escaped)  # what would begin a list or underline a heading
