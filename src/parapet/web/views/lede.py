"""The answer in a sentence: are users succeeding right now? What cannot be judged is never called fine."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from parapet.web import text
from parapet.web.reads import JourneyCard
from parapet.web.views.journeys import RESTING, UNSURE, spent

MOST_NAMES = 4
FAST = 14.4
"""The pace at which most promises page once it lasts: what burned so within the hour is not called fine."""
NO_JOURNEY = (
    "No journey is watched yet.",
    "Declare the first one with parapet.journey(...): what must users succeed at?",
)
ALL_REST = (
    "Everything is in maintenance.",
    "Nothing counts and nobody is told until it is over.",
)
NOT_JUDGED = (
    "Nobody can say right now whether users succeed.",
    "Not one journey can be judged. That is not good news.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One card as a sentence names it."""

    name: str
    """The journey, or the title of a slice that belongs to none."""
    speed: bool
    state: str
    good_ratio: float | None
    fast: bool
    """Whether it burned at a pace at which people are called, though nobody is called now."""
    spent: bool
    """Whether the budget of its period is used up, however it is now."""


def lede(cards: Sequence[JourneyCard], speed_slices: Collection[str] = ()) -> tuple[str, str]:
    """The headline, and a few more sentences."""
    if not cards:
        return NO_JOURNEY
    promises = _promises(cards, speed_slices)
    paging = [each for each in promises if each.state == "burning_page"]
    ticketing = [each for each in promises if each.state == "burning_ticket"]
    unsure = [each for each in promises if each.state in UNSURE]
    resting = [each for each in promises if each.state == RESTING]
    good = [each for each in promises if each.state == "good" and not each.fast]
    fast = [each for each in promises if each.state == "good" and each.fast]
    rest: list[str] = []
    if paging:
        headline = _harm(paging)
        rest += [_slowly(ticketing)] if ticketing else []
    elif ticketing:
        headline = _slowly(ticketing)
    elif not good and not fast:
        if len(resting) == len(promises):
            return ALL_REST
        headline, told = NOT_JUDGED
        return headline, " ".join([told, *([_rest(resting)] if resting else [])])
    else:
        headline = "Users are succeeding, where we can tell." if unsure or resting or fast else "Users are succeeding."
    overspent = [each for each in (*good, *fast) if each.spent]
    if good:
        now = " now" if overspent else ""
        all_hold = f"The one promise holds{now}." if len(cards) == 1 else f"All {len(cards)} promises hold{now}."
        rest.append(f"{_names(good)} {_are(good)} fine." if len(good) < len(cards) else all_hold)
    if fast:
        rest.append(f"{_names(fast)} burned fast within the last hour, and no alert fires.")
    if overspent:
        rest.append(f"{_names(overspent)} {'has' if len(overspent) == 1 else 'have'} no error budget left.")
    if unsure:
        rest.append(f"{_names(unsure)} cannot be judged right now.")
    if resting:
        rest.append(_rest(resting))
    return headline, " ".join(rest)


def _promises(cards: Sequence[JourneyCard], speed_slices: Collection[str]) -> list[Promise]:
    titles = {card.journey: card.title for card in cards if card.journey is not None and card.slice not in speed_slices}
    return [
        Promise(
            name=text.capped(titles.get(card.journey or "", card.title), 60),
            speed=card.slice in speed_slices and card.journey in titles,
            state=str(card.state),
            good_ratio=card.good_ratio,
            fast=card.burn is not None and card.burn >= FAST,
            spent=spent(card),
        )
        for card in cards
    ]


def _harm(promises: Sequence[Promise]) -> str:
    broken = [each for each in promises if not each.speed]
    said = broken or promises
    worst = min((each.good_ratio for each in said if each.good_ratio is not None), default=1.0)
    whom = "everyone" if worst <= 0.005 else "most users" if worst < 0.5 else "some users"
    plain = _joined([each.name for each in said])
    return f"{plain} {_are(said)} {'failing' if broken else 'too slow'} for {whom}."


def _slowly(promises: Sequence[Promise]) -> str:
    return f"{_names(promises)} {_are(promises)} using up the error budget, slowly."


def _rest(promises: Sequence[Promise]) -> str:
    return f"{_names(promises)} {_are(promises)} in maintenance."


def _names(promises: Sequence[Promise]) -> str:
    """Their names; a journey's speed is not named beside the journey itself."""
    plain = {each.name for each in promises if not each.speed}
    return _joined(
        [
            f"the speed of {each.name}" if each.speed else each.name
            for each in promises
            if not (each.speed and each.name in plain)
        ]
    )


def _joined(names: list[str]) -> str:
    if len(names) > MOST_NAMES:
        names = [*names[: MOST_NAMES - 1], f"{len(names) - MOST_NAMES + 1} more"]
    joined = text.listed(names)
    return joined[:1].upper() + joined[1:]


def _are(promises: Sequence[Promise]) -> str:
    """is or are; titles such as Receipt emails are plural."""
    named = {(each.name, each.speed) for each in promises}
    if len({name for name, _ in named}) > 1:
        return "are"
    name, speed = next(iter(sorted(named)))
    plural = not speed and name.lower().endswith("s") and not name.lower().endswith(("ss", "us", "is", "ics"))
    return "are" if plural else "is"
