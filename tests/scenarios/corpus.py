"""The scenarios that every set of rules is put through."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tests.scenarios.model import Scenario, Stretch, Target
from tests.scenarios.span import HOURS, Span

BUSY = 600.0
"""Events a minute: ten a second."""
LASTS = {1.0: 30, 0.5: 30, 0.1: 40, 0.05: 40, 0.02: 75, 0.015: 90, 0.01: 4 * HOURS}
"""Error ratio -> minutes of it: long enough for the arithmetic to page."""
OUTAGE_LASTS = 61
PAGED = {1.0: 3, 0.5: 4, 0.1: 11, 0.05: 20, 0.02: 46, 0.015: 61, 0.01: 220}
"""Error ratio -> minutes within which it pages at 99.9 %."""
OBJECTIVES = (0.9999, 0.9995, 0.999, 0.995, 0.99, 0.97, 0.95, 0.93, 0.9, 0.8, 0.7, 0.6, 0.5)
OUTAGE_PAGED = dict(zip(OBJECTIVES, (2, 2, 2, 6, 11, 28, 47, 51, 53, 56, 57, 58, 58), strict=True))
"""Objective -> minutes within which a total outage pages."""


def failing(minutes: int, ratio: float, events: float = BUSY) -> Stretch:
    """Trouble in which this share of the events fails."""
    return Stretch(minutes=minutes, good=events * (1 - ratio), bad=events * ratio, trouble=True)


def shown(ratio: float) -> str:
    """A ratio as it is called in names."""
    return f"{ratio * 100:g}".replace(".", "-")


def healthy(span: Span, events: float = BUSY) -> Stretch:
    """The past before a page."""
    return Stretch(minutes=span.page_minutes, good=events)


def error_rates(span: Span) -> Iterator[Scenario]:
    """The same service at 99.9 %, and less and less of it failing."""
    for ratio, minutes in LASTS.items():
        yield Scenario(
            name=f"errors-{shown(ratio)}",
            title=f"{ratio * 100:g} % of ten requests a second fail",
            stretches=(healthy(span), failing(minutes, ratio), Stretch(minutes=45, good=BUSY)),
            pages_within=PAGED[ratio],
            clears_within=32,
        )


def outages(span: Span) -> Iterator[Scenario]:
    """Nothing works any more, at every objective."""
    for objective, within in OUTAGE_PAGED.items():
        yield Scenario(
            name=f"outage-at-{shown(objective)}",
            title=f"total outage at {objective * 100:g} %",
            stretches=(healthy(span), failing(min(OUTAGE_LASTS, within + span.trouble_goes_on), 1.0)),
            objective=objective,
            pages_within=within,
        )


def outage_by_the_second(span: Span) -> Scenario:
    """Scraped and evaluated as often as in production."""
    return Scenario(
        name="outage-every-15-s",
        title="total outage, scraped every 15 s",
        stretches=(healthy(span), failing(5, 1.0)),
        step_seconds=15,
        evaluated_seconds=15,
        pages_within=2,
    )


def slow_burns(span: Span) -> Iterator[Scenario]:
    """What tickets are for."""
    for ratio, hours in ((0.01, 10), (0.002, 40)):
        yield Scenario(
            name=f"slow-burn-{shown(ratio)}",
            title=f"{ratio * 100:g} % fail after healthy days",
            stretches=(Stretch(minutes=span.ticket_minutes, good=BUSY), failing(hours * HOURS, ratio)),
            evaluated_seconds=300,
            tickets_within=hours * HOURS,
            never_pages=ratio < 0.006,
        )


def low_traffic(span: Span) -> Iterator[Scenario]:
    """Where a ratio of few events says little, and nobody may be woken by it or be left asleep."""
    yield Scenario(
        name="4-percent-at-2-a-second",
        title="4 % of two requests a second fail",
        stretches=(healthy(span, 120), failing(45, 0.04, events=120), Stretch(minutes=45, good=120)),
        pages_within=25,
        clears_within=32,
    )
    yield Scenario(
        name="90-percent-at-1-a-minute",
        title="90 % of one request a minute fail",
        stretches=(healthy(span, 1), failing(60, 0.9, events=1), Stretch(minutes=60, good=1)),
        pages_within=15,
        clears_within=35,
    )
    yield Scenario(
        name="1-in-10-minutes-one-fails",
        title="one request in ten minutes, one of them fails",
        evaluated_seconds=span.calm_evaluated_seconds,
        stretches=(
            Stretch(minutes=3 * HOURS, good=0.1),
            Stretch(minutes=10, bad=0.1),
            Stretch(minutes=4 * HOURS, good=0.1),
        ),
        never_pages=True,
        never_tickets=True,
    )
    yield Scenario(
        name="1-in-10-minutes-all-fail",
        title="one request in ten minutes, all fail from now on",
        evaluated_seconds=span.calm_evaluated_seconds,
        stretches=(
            healthy(span, 0.1),
            failing(3 * HOURS, 1.0, events=0.1),
            Stretch(minutes=2 * HOURS, good=0.1),
        ),
        pages_within=60,
        keeps_firing=True,
        clears_within=40,
    )
    yield Scenario(
        name="1-in-2-hours-all-fail",
        title="one request in two hours, all fail from now on",
        stretches=(Stretch(minutes=12 * HOURS, good=1 / 120), failing(20 * HOURS, 1.0, events=1 / 120)),
        evaluated_seconds=300,
        pages_within=17 * HOURS,
        keeps_firing=True,
    )
    yield Scenario(
        name="promise-just-kept",
        title="one request a minute, failing by chance as promised",
        evaluated_seconds=span.calm_evaluated_seconds,
        stretches=tuple(_by_chance(12 * HOURS, per_minute=1, ratio=0.001, seed=7)),
        never_pages=True,
        never_tickets=True,
    )


def _by_chance(minutes: int, *, per_minute: int, ratio: float, seed: int, trouble: bool = False) -> Iterator[Stretch]:
    """Independent failures at a rate, the same ones for the same seed; minutes without one are drawn together."""
    chance, calm = Random(seed), 0
    for _ in range(minutes):
        bad = sum(chance.random() < ratio for _ in range(per_minute))
        if not bad:
            calm += 1
            continue
        if calm:
            yield Stretch(minutes=calm, good=per_minute, trouble=trouble)
        calm = 0
        yield Stretch(minutes=1, good=per_minute - bad, bad=bad, trouble=trouble)
    if calm:
        yield Stretch(minutes=calm, good=per_minute, trouble=trouble)


def harmless(span: Span) -> Iterator[Scenario]:
    """What looks like trouble and is none."""
    yield Scenario(
        name="idle-night",
        title="nobody comes at night, and the one who does fails",
        evaluated_seconds=span.calm_evaluated_seconds,
        stretches=(
            Stretch(minutes=3 * HOURS, good=60),
            Stretch(minutes=3 * HOURS),
            Stretch(minutes=1, bad=1),
            Stretch(minutes=3 * HOURS),
            Stretch(minutes=60, good=60),
        ),
        never_pages=True,
        never_tickets=True,
    )
    yield Scenario(
        name="restart",
        title="a deploy: every counter starts again at zero",
        stretches=(
            Stretch(minutes=2 * HOURS, good=599.7, bad=0.3),
            Stretch(minutes=2 * HOURS, good=599.7, bad=0.3, restarts=True),
        ),
        never_pages=True,
        never_tickets=True,
    )
    yield Scenario(
        name="bad-minute",
        title="one bad minute: half of it fails",
        stretches=(
            healthy(span),
            Stretch(minutes=1, good=BUSY / 2, bad=BUSY / 2),
            Stretch(minutes=2 * HOURS, good=BUSY),
        ),
        never_pages=True,
        never_tickets=True,
    )
    yield Scenario(
        name="young-service-bad-minute",
        title="the same, ten minutes after the service was first seen",
        stretches=(
            Stretch(minutes=10, good=BUSY),
            Stretch(minutes=1, good=BUSY / 2, bad=BUSY / 2),
            Stretch(minutes=60, good=BUSY),
        ),
        never_pages=True,
        never_tickets=True,
    )
    yield Scenario(
        name="newborn-service-few-failures",
        title="a service is born, and its first five attempts fail",
        stretches=(
            Stretch(minutes=1, bad=5),
            Stretch(minutes=60, good=BUSY),
        ),
        never_pages=True,
        never_tickets=True,
    )
    yield Scenario(
        name="newborn-service-outage",
        title="a service is born, and two minutes later everything fails",
        stretches=(
            Stretch(minutes=2, good=BUSY),
            failing(30, 1.0, events=BUSY),
            Stretch(minutes=60, good=BUSY),
        ),
        pages_within=3,
        clears_within=32,
    )
    yield Scenario(
        name="old-outage-one-failure",
        title="an outage that is over, then a quiet night with one failure",
        stretches=(
            healthy(span, 60),
            failing(40, 1.0, events=60),
            Stretch(minutes=60, good=60),
            Stretch(minutes=60),
            Stretch(minutes=1, bad=1),
            Stretch(minutes=60),
        ),
        pages_within=3,
        clears_within=32,
    )


def vanishing(span: Span) -> Iterator[Scenario]:
    """What nobody can see is neither fine nor an outage."""
    seen = {
        Target.DOWN: "the target does not answer",
        Target.GONE: "the target is gone",
        Target.FROZEN: "an old page is all that answers",
    }
    for target, minutes in ((Target.DOWN, 3 * HOURS), (Target.GONE, 2 * HOURS), (Target.FROZEN, 2 * HOURS)):
        yield Scenario(
            name=f"{target}-during-an-outage",
            title=f"an outage, and then {seen[target]}",
            stretches=(
                healthy(span),
                failing(10, 1.0),
                Stretch(minutes=minutes, target=target, trouble=True),
                Stretch(minutes=40, good=BUSY, restarts=True),
            ),
            pages_within=3,
            keeps_firing=True,
            clears_within=35,
        )
        yield Scenario(
            name=f"{target}-while-healthy",
            title=f"all is well, and then {seen[target]}",
            stretches=(
                healthy(span),
                Stretch(minutes=40, target=target),
                Stretch(minutes=30, good=BUSY, restarts=True),
            ),
            never_pages=True,
            never_tickets=True,
            stale_within=12,
        )
    yield Scenario(
        name="unmeasured",
        title="all is well, and then the target answers without these counters",
        stretches=(healthy(span), Stretch(minutes=90, target=Target.UNMEASURED)),
        never_pages=True,
        never_tickets=True,
        stale_within=80,
    )


def turns(span: Span) -> Iterator[Scenario]:
    """Trouble that comes and goes."""
    yield Scenario(
        name="recovery",
        title="an outage of ten minutes, repaired",
        stretches=(healthy(span), failing(10, 1.0), Stretch(minutes=60, good=BUSY)),
        pages_within=3,
        keeps_firing=True,
        clears_within=32,
    )
    yield Scenario(
        name="flapping",
        title="five minutes down, ten minutes up, six times",
        stretches=(
            healthy(span),
            *(failing(5, 1.0), Stretch(minutes=10, good=BUSY)) * 6,
            Stretch(minutes=30, good=BUSY),
        ),
        pages_within=3,
        clears_within=42,
    )
    yield Scenario(
        name="wavering",
        title="2.4 % and 0.8 % fail in turns of five minutes, around what pages",
        stretches=(
            healthy(span),
            *(failing(5, 0.024), failing(5, 0.008)) * 16,
            Stretch(minutes=60, good=BUSY),
        ),
        pages_within=60,
        keeps_firing=True,
        clears_within=32,
    )
    yield Scenario(
        name="wavering-by-chance",
        title="1 % of one request a second fail, as chance will have it",
        stretches=(
            healthy(span, 60),
            *_by_chance(6 * HOURS, per_minute=60, ratio=0.01, seed=0, trouble=True),
            Stretch(minutes=45, good=60),
        ),
        pages_within=4 * HOURS,
        keeps_firing=True,
        clears_within=32,
    )
    yield Scenario(
        name="first-errors-ever",
        title="no error series until everything fails",
        stretches=(healthy(span), failing(10, 1.0), Stretch(minutes=45, good=BUSY)),
        errors_exist=False,
        pages_within=4,
        clears_within=32,
    )


def budgets(span: Span) -> Iterator[Scenario]:
    """Days whose budget arithmetic knows: evaluated every five minutes, because nobody waits."""
    day, night = Stretch(minutes=16 * HOURS, good=BUSY), Stretch(minutes=7 * HOURS, good=6)
    days = (day, night, Stretch(minutes=60, good=BUSY)) * span.budget_days
    at_noon = (Stretch(minutes=8 * HOURS, good=BUSY), failing(60, 1.0), Stretch(minutes=7 * HOURS, good=BUSY))
    at_night = (Stretch(minutes=3 * HOURS, good=6), failing(60, 1.0, events=6), Stretch(minutes=3 * HOURS, good=6))
    cases: tuple[tuple[str, str, tuple[Stretch, ...], bool], ...] = (
        ("budget-outage-by-day", "an hour of outage at the busy time", (*at_noon, *days[1:]), True),
        ("budget-outage-by-night", "an hour of outage at the quiet time", (day, *at_night, *days[2:]), True),
        (
            "budget-idle",
            "1 % fail for an hour, then twenty minutes without anybody",
            (*days[:3], failing(60, 0.01), Stretch(minutes=20), Stretch(minutes=60, good=BUSY)),
            True,
        ),
        ("budget-no-errors", "nothing ever failed, so no error series exists", days, False),
        (
            "budget-restart",
            "0.05 % fail, and the process is replaced",
            (
                Stretch(minutes=span.budget_days * 10 * HOURS, good=1199.4, bad=0.6),
                Stretch(minutes=span.budget_days * 10 * HOURS, good=1199.4, bad=0.6, restarts=True),
            ),
            True,
        ),
    )
    for name, title, stretches, errors_exist in cases:
        yield Scenario(
            name=name,
            title=title,
            stretches=stretches,
            evaluated_seconds=300,
            errors_exist=errors_exist,
            judges_budget=True,
        )


def corpus(span: Span) -> tuple[Scenario, ...]:
    """Every scenario, played over *span*."""
    return (
        *error_rates(span),
        outage_by_the_second(span),
        *outages(span),
        *slow_burns(span),
        *low_traffic(span),
        *harmless(span),
        *vanishing(span),
        *turns(span),
        *budgets(span),
    )
