"""One card for every promise: its state in words, its number with its base, its budget, and who has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from parapet.incidents.model import Incident
from parapet.web import text
from parapet.web.reads import JourneyCard
from parapet.web.views.drawing import Spark, budget_spark, spark
from parapet.web.words import JOURNEY, Word

BURNING = frozenset({"burning_page", "burning_ticket"})
UNSURE = frozenset({"not_enough_evidence", "stale"})
RESTING = "maintenance"
NOT_ASKED = "Prometheus could not be asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentLink:
    """An incident as other pages point to it."""

    ref: str
    address: str
    """Below the mount."""
    owner: str
    """Who has it, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyView:
    """One card."""

    title: str
    address: str
    """Its page, below the mount."""
    word: Word
    loud: str
    """page or ticket while it burns, else empty: the tone of the whole card."""
    rate: str
    rate_base: str
    """What the number is of."""
    dim: bool
    """True when the number is not of now."""
    promise: str
    spark: Spark
    releases: tuple[str, ...]
    """Where on it a release lies, oldest first."""
    budget: Spark
    budget_left: str
    budget_of: str
    budget_width: str
    """For the bar; empty when the budget is not known."""
    sentence: str
    incident: IncidentLink | None


def incident_link(incident: Incident) -> IncidentLink:
    """How a page points to *incident*."""
    owner = text.who_has(incident) if incident.owner else "Nobody has it"
    return IncidentLink(ref=incident.ref, address=f"incidents/{incident.id}", owner=owner)


def journey_view(
    card: JourneyCard,
    open_by_slice: Mapping[str, Incident],
    *,
    speed: bool = False,
    asked: bool = True,
    releases: tuple[str, ...] = (),
) -> JourneyView:
    """The card of one promise.

    *speed*: it promises to be fast enough, not to succeed. *asked*: Prometheus answered; else nothing is known of it.
    *releases*: where they lie on the small chart.
    """
    state = str(card.state)
    word = JOURNEY.get(state, JOURNEY["stale"])
    incident = open_by_slice.get(card.slice)
    rate, base = _rate(card, state, "fast enough" if speed else "succeeded")
    base = base if asked else NOT_ASKED
    known = card.budget_left_ratio is not None
    return JourneyView(
        title=text.capped(card.title, 80),
        address=f"journeys/{card.slice}",
        word=word,
        loud=word.tone if state in BURNING else "",
        rate=rate,
        rate_base=base,
        dim=state in UNSURE or state == RESTING,
        promise=_promise(card, slow_word="too slow" if speed else "failed"),
        spark=spark(card.spark),
        releases=releases,
        budget=budget_spark(card.budget_spark),
        budget_left=_budget_left(card),
        budget_of=text.budget_minutes(card.budget_left_minutes, card.budget_minutes)
        if card.budget_left_minutes is not None
        else "",
        budget_width=f"{min(1.0, max(0.0, card.budget_left_ratio or 0.0)) * 100:.1f}%" if known else "",
        sentence=_sentence(card, state, calm=incident is None) if asked else f"{NOT_ASKED}.",
        incident=None if incident is None else incident_link(incident),
    )


def spent(card: JourneyCard) -> bool:
    """Whether its budget is used up."""
    return card.budget_left_ratio is not None and card.budget_left_ratio <= 0


def _rate(card: JourneyCard, state: str, verb: str) -> tuple[str, str]:
    total = card.total
    if state == RESTING:
        return "Does not count", ""
    if card.good_ratio is None or total is None or total < 0.5:
        return "Not known", "no attempt was seen" if total is not None else "nothing was measured"
    if state == "not_enough_evidence":
        good = total - (card.failed or 0.0)
        return f"{text.count(good)} of {text.count(total)}", verb
    if state == "stale":
        return text.percent(card.good_ratio), "last known"
    return text.percent(card.good_ratio), f"of {text.count(total)} {verb}"


def _promise(card: JourneyCard, *, slow_word: str) -> str:
    objective = f"objective {text.percent(card.objective, digits=3)}"
    failed = card.failed or 0.0
    return f"{objective}, {text.count(failed)} {slow_word}" if failed >= 0.5 else objective


def _budget_left(card: JourneyCard) -> str:
    left = card.budget_left_ratio
    if left is None:
        return "Budget left not known"
    if left < 0:
        return f"Budget overdrawn by {text.percent(-left, digits=0)}"
    return f"Budget left {text.percent(left, digits=0)}"


def _sentence(card: JourneyCard, state: str, *, calm: bool) -> str:
    note = text.sentence(text.capped(card.note, 160)) if card.note else ""
    if state == RESTING:
        return note or "Nothing counts, and nobody is told."
    if state in UNSURE:
        return note or ("Nothing is heard of it." if state == "stale" else "Too little happens to judge it.")
    rate = f"Burning {text.burn(card.burn)}" if card.burn is not None else "Burn not known"
    if state == "good" and card.burn is not None and card.burn > 1:  # not for long, or not any more
        return note or f"{rate} over the last hour. No alert fires."
    if spent(card):
        careful = "Change nothing risky." if state == "good" else ""
        return f"{rate}, and the budget is gone. {note or careful}".rstrip()
    if state == "good":
        return note or f"{rate}. Nothing to do." if calm else f"{rate}."
    gone = f", gone in about {text.span(card.exhaustion_seconds)}" if card.exhaustion_seconds else ""
    return f"{rate}{gone}. {note}".rstrip()
