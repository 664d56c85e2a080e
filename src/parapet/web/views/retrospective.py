"""What is kept of an incident when it is over, as a page. Evidence only; nothing here can be edited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from parapet.incidents.changes import distance_words
from parapet.incidents.model import Resolution
from parapet.lessons.retrospective import Line, Moment, MomentName, Retrospective
from parapet.web import text
from parapet.web.reads import IncidentFile
from parapet.web.views.burn_chart import BurnChart, burn_chart
from parapet.web.views.changes import beside_kind, late
from parapet.web.views.trust import Figure
from parapet.web.words import CHANGE, RESOLUTION, RESOLUTION_MEANS, SEVERITY, Word

MOMENT_WORDS = {
    MomentName.BEGAN: "began",
    MomentName.DETECTED: "detected",
    MomentName.ACKNOWLEDGED: "acknowledged",
    MomentName.QUIET: "quiet",
    MomentName.RESOLVED: "resolved",
}
GOOD_MOMENTS = frozenset({MomentName.QUIET, MomentName.RESOLVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentView:
    """One of the moments every incident is measured by."""

    at: str
    clock: str
    words: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NearbyRow:
    """A change near it."""

    when: str
    word: Word
    title: str
    by: str
    link: str | None
    late: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRow:
    """What a person did, and why."""

    words: str
    quote: str
    who: str
    at: str
    clock: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """One line of the chronology."""

    at: str
    clock: str
    words: str
    who: str
    late: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """One of the six ways an incident ends."""

    word: Word
    words: str
    this_one: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrospectiveView:
    """The whole page."""

    id: int
    ref: str
    title: str
    state: Word
    severity: Word
    summary: str
    figures: tuple[Figure, ...]
    burn: BurnChart | None
    moments: tuple[MomentView, ...]
    changes: tuple[NearbyRow, ...]
    actions: tuple[ActionRow, ...]
    notifications: tuple[LineRow, ...]
    chronology: tuple[LineRow, ...]
    day: str
    questions: tuple[str, ...]
    unknowns: tuple[str, ...]
    endings: tuple[Ending, ...]
    composed: str


def retrospective_view(kept: Retrospective, file: IncidentFile, *, now: datetime) -> RetrospectiveView:
    """The page of *kept*; clock times are told from the day it began, in the zone of *now*."""
    incident = text.here(file.incident, now)
    began = text.local(kept.moments[0].at if kept.moments else incident.started_at, now)
    composed = text.local(kept.composed_at, now)
    return RetrospectiveView(
        id=kept.incident_id,
        ref=kept.ref,
        title=text.capped(kept.title, text.LONGEST_TITLE) or "Untitled alert",
        state=RESOLUTION[kept.resolution or Resolution.UNCONFIRMED],
        severity=SEVERITY[kept.severity],
        summary=text.capped(kept.summary, 1200),
        figures=_figures(kept),
        burn=burn_chart(incident, file.gist, file.near_changes, now=composed),
        moments=tuple(_moment(moment, kept, place, began) for place, moment in enumerate(kept.moments)),
        changes=tuple(
            NearbyRow(
                when=distance_words(each.seconds_from_onset),
                word=CHANGE[each.kind],
                title=beside_kind(each.kind, each.title),
                by=text.capped(each.actor, 60),
                link=text.web_link(each.url),
                late=late(each.occurred_at, each.recorded_at, began),
            )
            for each in kept.changes
        ),
        actions=tuple(
            ActionRow(
                words=text.capped(each.text),
                quote=text.prose(each.reason),
                who=text.capped(each.actor, 60),
                at=text.machine(each.occurred_at),
                clock=text.clock(each.occurred_at, began, seconds=True),
            )
            for each in kept.actions
        ),
        notifications=tuple(_line(each, began) for each in kept.notifications),
        chronology=tuple(_line(each, began) for each in kept.chronology),
        day=text.day(began),
        questions=tuple(text.capped(each) for each in kept.open_questions),
        unknowns=tuple(text.capped(each) for each in kept.unknowns),
        endings=tuple(
            Ending(word=word, words=RESOLUTION_MEANS[how], this_one=how is kept.resolution)
            for how, word in RESOLUTION.items()
        ),
        composed=f"{text.stamp(composed, composed, seconds=True)}, {text.day(composed)}",
    )


def _figures(kept: Retrospective) -> tuple[Figure, ...]:
    times = kept.refired_count
    word = RESOLUTION[kept.resolution] if kept.resolution else RESOLUTION[Resolution.UNCONFIRMED]
    return (
        Figure(label="Lasted", value=text.span(kept.lasted_seconds), context="from onset to its end, by event time"),
        Figure(
            label="An alert fired for",
            value=text.span(kept.fired_seconds),
            context="fired again " + ("never" if not times else "once" if times == 1 else f"{times} times"),
        ),
        Figure(label="How it ended", value=word.text, context=text.capped(kept.resolution_text, 160)),
    )


def _moment(moment: Moment, kept: Retrospective, place: int, began: datetime) -> MomentView:
    word = MOMENT_WORDS[moment.name]
    later = ""
    if place and moment.seconds_since_previous is not None:
        seconds = moment.seconds_since_previous
        later = f", {text.span(seconds)} later" if seconds >= 1 else " at once"
    tone = "good" if moment.name in GOOD_MOMENTS else kept.severity.value
    return MomentView(
        at=text.machine(moment.at), clock=text.clock(moment.at, began, seconds=True), words=word + later, tone=tone
    )


def _line(line: Line, began: datetime) -> LineRow:
    return LineRow(
        at=text.machine(line.occurred_at),
        clock=text.clock(line.occurred_at, began, seconds=True),
        words=text.prose(line.text),
        who=text.capped(line.actor, 60),
        late=late(line.occurred_at, line.recorded_at, began),
    )
