"""The paragraph and the numbers at the top of an incident: from timings, and from its promise as it stands now."""

from __future__ import annotations

from datetime import datetime

from parapet.incidents.model import Incident, IncidentState, Resolution
from parapet.incidents.policy import IncidentPolicy
from parapet.web import text
from parapet.web.reads import JourneyCard
from parapet.web.views.journeys import RESTING, UNSURE
from parapet.web.views.trust import Figure


def lead(incident: Incident, policy: IncidentPolicy, now: datetime) -> str:
    """The paragraph at the top, from timings alone."""
    began = f"It began at {text.stamp(incident.started_at, now)}, {text.between(incident.started_at, now)} ago"
    times = incident.refired_count
    again = f", and fired again {'once' if times == 1 else f'{times} times'}" if times else ""
    if incident.state is IncidentState.RESOLVED:
        end = incident.resolved_at or incident.last_heard_at
        lasted = text.between(incident.started_at, end)
        if incident.merged_into_id is not None:
            other = f"INC-{incident.merged_into_id}"
            return f"It is part of {other} since {text.stamp(end, now)}: how it goes on is told there."
        closed = "A person closed it" if incident.resolution is Resolution.OPERATOR else "It is over"
        words = f"{closed}: it lasted {lasted}, until {text.stamp(end, now)}{again}."
        if incident.firing:
            return f"{words} {text.several(incident.firing, 'alert')} of it still fired when we last heard."
        if incident.on_word_of:
            return f"{words} No alert ever spoke of it."
        return f"{words} That its alerts are not reported any more is not proof of a fix."
    if incident.firing:
        since = text.stamp(incident.last_fired_at, now)
        verb = "has" if incident.firing == 1 else "have"
        alerts = text.several(incident.firing, "alert")
        still = f"It is still happening: {alerts} {verb} been firing since {since}"
        if since == text.stamp(incident.started_at, now):
            return f"{still}, for {text.between(incident.started_at, now)}."
        return f"{still}. {began}{again}."
    quiet = (
        f"No alert of it has been reported since {text.stamp(incident.quiet_since, now)}. "
        if incident.quiet_since
        else ""
    )
    if incident.quiet_since is None:
        opened = text.capped(incident.declared_by, 60) if incident.declared_by else "A person"
        return f"{opened} says it is happening; no alert speaks of it. {began}. A person closes it."
    wait = text.span(policy.quiet_needed_seconds(incident.refired_count))
    return f"{quiet}{began}{again}. After {wait} of quiet it closes by itself; a cleared alert is not proof of a fix."


def figures_of(
    incident: Incident, card: JourneyCard | None, unasked: bool, now: datetime, *, speed: bool = False
) -> tuple[Figure, ...]:
    """The numbers; *card* is its promise now, if known, *speed*: to be fast; *unasked*: Prometheus did not answer."""
    over = incident.state is IncidentState.RESOLVED
    label = "Too slow lately" if speed else "Failing lately"
    figures: list[Figure] = []
    if card is not None and not over:
        figures += _current(card, label)
    if unasked:
        figures.append(Figure(label=label, value="Not known", context="Prometheus could not be asked", tone="stale"))
    end = incident.resolved_at or now if over else now
    delay = (incident.detected_at - incident.started_at).total_seconds()
    heard = f"heard {text.span(delay)} later" if delay >= 1 else "heard at once"
    figures.append(
        Figure(
            label="Lasted" if over else "Going on for",
            value=text.between(incident.started_at, end),
            context=f"since {text.stamp(incident.started_at, now)}, {heard}",
        )
    )
    taken = incident.acknowledged_at
    figures.append(
        Figure(
            label="Taken after",
            value=text.between(incident.detected_at, taken) if taken else "Not taken",
            # Who took it first may have handed it over.
            context=text.who_has(incident, 40) if taken else "nobody acknowledged it",
        )
    )
    if over:
        times = incident.refired_count
        figures.append(
            Figure(
                label="Fired again",
                value="Never" if not times else "Once" if times == 1 else f"{times} times",
                context=f"{text.several(incident.repeats, 'repeat')} said nothing new"
                if incident.repeats
                else "nor was it repeated",
            )
        )
    return tuple(figures)


def _current(card: JourneyCard, label: str) -> list[Figure]:
    burn = f"burning {text.burn(card.burn)}" if card.burn is not None else "burn not known"
    if (
        card.total is not None
        and card.failed is not None
        and card.total >= 0.5
        and str(card.state) not in {*UNSURE, RESTING}
    ):
        failing = Figure(
            label=label,
            value=f"{text.count(card.failed)} of {text.count(card.total)}",
            context=f"objective {text.percent(card.objective, digits=3)}, {burn}",
        )
    else:
        failing = Figure(label=label, value="Not known", context=text.capped(card.note, 120) or burn)
    if card.budget_left_ratio is None or card.budget_left_minutes is None:
        budget = Figure(label="Budget left", value="Not known", context="nothing was measured")
    else:
        left = max(0.0, card.budget_left_ratio)
        context = text.budget_minutes(card.budget_left_minutes, card.budget_minutes)
        if card.exhaustion_seconds:
            context += f", gone in about {text.span(card.exhaustion_seconds)}"
        budget = Figure(label="Budget left", value=text.percent(left, digits=0), context=context)
    return [failing, budget]
