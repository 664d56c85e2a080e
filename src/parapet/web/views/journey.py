"""The page of one promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from parapet.incidents.model import Change, ChangeKind, Incident, IncidentState
from parapet.web import text
from parapet.web.course import Course
from parapet.web.reads import JourneyCard
from parapet.web.views.burn_chart import BurnChart
from parapet.web.views.changes import ChangeRow, change_row
from parapet.web.views.drawing import Axis
from parapet.web.views.journeys import NOT_ASKED, JourneyView, journey_view
from parapet.web.views.trend import trend
from parapet.web.views.trust import Figure

RELEASES = frozenset({ChangeKind.DEPLOY, ChangeKind.ROLLBACK})
MOST_RELEASES = 12
ROOM_OF_A_LABEL = 0.15
"""Of a chart's height: levels that are nearer to each other can't both be named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A deploy or rollback, under the number that the drawings use."""

    number: int
    change: ChangeRow


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyPage:
    """The whole page."""

    card: JourneyView
    slice: str
    problem: str | None
    """Why Prometheus cannot be asked."""
    figures: tuple[Figure, ...]
    burn: BurnChart | None
    """None: there was no sample in the last day."""
    budget: BurnChart | None
    releases: tuple[Release, ...]
    """The latest ones of the period, oldest first."""
    latest: str
    """The promise's latest incident, in words; empty when there never was one."""
    latest_address: str


def journey_page(
    card: JourneyCard,
    course: Course,
    changes: Sequence[Change],
    latest: Incident | None,
    *,
    speed: bool,
    problem: str | None,
    now: datetime,
) -> JourneyPage:
    """The page of the promise on *card*, as it is *now*."""
    still = latest is not None and latest.state is not IncidentState.RESOLVED
    shown = journey_view(
        card, {card.slice: latest} if latest is not None and still else {}, speed=speed, asked=problem is None
    )
    lately = sorted(
        (each for each in changes if each.kind in RELEASES and each.occurred_at >= course.start),
        key=lambda each: each.occurred_at,
    )[-MOST_RELEASES:]
    trouble = problem or course.problem
    return JourneyPage(
        card=shown,
        slice=card.slice,
        problem=text.sentence(text.capped(trouble)) if trouble else None,
        figures=_figures(card, shown, "nothing was measured" if problem is None else NOT_ASKED),
        burn=_burn(course, lately, shown.loud, now) if course.burn else None,
        budget=_budget(course, lately, shown.loud, now) if course.budget_left else None,
        releases=tuple(Release(number=place, change=change_row(one, now=now)) for place, one in enumerate(lately, 1)),
        latest="" if latest is None else _latest(latest, now),
        latest_address="" if latest is None else f"incidents/{latest.id}",
    )


def _figures(card: JourneyCard, shown: JourneyView, unknown: str) -> tuple[Figure, ...]:
    left = card.budget_left_ratio
    return (
        Figure(label="Lately", value=shown.rate, context="; ".join(filter(None, (shown.rate_base, shown.promise)))),
        Figure(
            label="Burning",
            value=text.burn(card.burn) if card.burn is not None else "Not known",
            context="times the pace it can bear",
            tone=shown.loud,
        ),
        Figure(
            label="Budget left",
            value="Not known" if left is None else text.percent(left, digits=0),
            context=shown.budget_of or unknown,
            tone=shown.loud if left is not None and left <= 0 else "",
        ),
        _gone(card, unknown),
    )


def _gone(card: JourneyCard, unknown: str) -> Figure:
    if card.budget_left_ratio is not None and card.budget_left_ratio <= 0:
        return Figure(label="Gone in", value="Gone", context="nothing of it is left", tone="page")
    if card.exhaustion_seconds:
        return Figure(
            label="Gone in", value=f"About {text.span(card.exhaustion_seconds)}", context="if it burns on as now"
        )
    if card.burn is None or card.budget_left_ratio is None:
        return Figure(label="Gone in", value="Not known", context=unknown)
    return Figure(label="Gone in", value="Not in sight", context="not within a period, if it goes on as now")


def _burn(course: Course, releases: Sequence[Change], tone: str, now: datetime) -> BurnChart:
    peak_at, peak = max(course.burn, key=lambda each: each[1])
    top = 1.1 * max(peak, 1.5)
    apart = sqrt(1 / top) > ROOM_OF_A_LABEL  # else the name of nothing would stand in that of one
    levels = [(0.0, "0" if apart else "", "grid"), (1.0, "1×", "s-limit")]
    if sqrt(peak / top) - sqrt(1 / top) > ROOM_OF_A_LABEL:
        levels.append((peak, text.burn(peak), ""))
    return trend(
        course.burn,
        Axis(start=text.local(course.burn_start, now), end=course.end),
        step_seconds=course.burn_step_seconds,
        share=lambda value: sqrt(max(0.0, value) / top),  # a pace of one stays visible beside one of a hundred
        levels=levels,
        changes=releases,
        title=f"How fast the budget burned, {text.lately((course.end - course.burn_start).total_seconds())}",
        caption=f"At most {text.burn(peak)}, at {text.stamp(peak_at, now)}. Dashes: the pace it can bear.",
        tone=tone or "none",
    )


def _budget(course: Course, releases: Sequence[Change], tone: str, now: datetime) -> BurnChart:
    first, last = course.budget_left[0], course.budget_left[-1]
    since = "" if (first[0] - course.start).total_seconds() < 2 * course.step_seconds else _known_since(first[0], now)
    return trend(
        course.budget_left,
        Axis(start=text.local(course.start, now), end=course.end),
        step_seconds=course.step_seconds,
        share=lambda value: value,
        levels=[(0.0, "0", "grid"), (0.5, f"50{text.NO_BREAK}%", "grid"), (1.0, f"100{text.NO_BREAK}%", "grid")],
        changes=releases,
        title=f"Budget left, {text.lately((course.end - course.start).total_seconds())}",
        caption=f"{text.percent(first[1], digits=0)} at its beginning, {text.percent(last[1], digits=0)} now.{since}",
        tone=tone or "none",
    )


def _known_since(when: datetime, now: datetime) -> str:
    return f" Nothing is known from before {text.stamp(when, now)}."


def _latest(incident: Incident, now: datetime) -> str:
    title = text.capped(incident.title, text.LONGEST_TITLE) or "Untitled alert"
    if incident.state is not IncidentState.RESOLVED:
        return f"{title}: open for {text.between(incident.started_at, now)}, {text.who_has(incident)}"
    end = incident.resolved_at or incident.last_heard_at
    return f"{title}: {text.stamp(incident.started_at, now)}, lasted {text.between(incident.started_at, end)}"
