"""The first page's sentence, and its cards: what is unknown is never called fine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parapet.ops.look import Trust
from parapet.ops.observe import Sky
from parapet.slo.state import JourneyState
from parapet.web.views.journeys import journey_view
from parapet.web.views.lede import lede
from parapet.web.views.trust import trust_figures, trusted
from parapet.web.words import JOURNEY

GOOD, PAGE, TICKET = JourneyState.GOOD, JourneyState.BURNING_PAGE, JourneyState.BURNING_TICKET
STALE, FEW = JourneyState.STALE, JourneyState.NOT_ENOUGH_EVIDENCE


@dataclass(frozen=True, kw_only=True)
class Card:
    title: str = "Checkout"
    name: str = "checkout"
    slice: str = "checkout"
    journey: str | None = "checkout"
    state: JourneyState = GOOD
    good_ratio: float | None = 0.9997
    total: float | None = 12_480.0
    failed: float | None = 4.0
    objective: float = 0.999
    burn: float | None = 0.3
    budget_left_ratio: float | None = 0.88
    budget_left_minutes: float | None = 38.0
    budget_minutes: float = 43.2
    exhaustion_seconds: float | None = None
    spark: tuple[float | None, ...] = ()
    budget_spark: tuple[float | None, ...] = ()
    note: str = ""


def titled(title: str, state: JourneyState, *, good_ratio: float | None = 0.96, slice_: str | None = None) -> Card:
    name = slice_ or title.lower()
    return Card(title=title, name=name, slice=name, journey=title.lower(), state=state, good_ratio=good_ratio)


def test_the_headline_names_the_damage() -> None:
    """Where users are hurt comes first; the rest follows; what cannot be judged is said."""
    cards = [
        titled("Login", GOOD),
        titled("Checkout", PAGE),
        titled("Receipt emails", TICKET),
        titled("Images", STALE),
        titled("Gift cards", FEW),
    ]
    headline, rest = lede(cards)
    assert headline == "Checkout is failing for some users."
    assert rest == (
        "Receipt emails are using up the error budget, slowly. Login is fine. "
        "Images and Gift cards cannot be judged right now."
    )


@pytest.mark.parametrize(
    ("ratio", "whom"), [(0.0, "everyone"), (0.3, "most users"), (0.96, "some users"), (None, "some users")]
)
def test_the_headline_says_how_many_are_hurt(ratio: float | None, whom: str) -> None:
    """Total failure is not told like a trickle."""
    assert lede([titled("Checkout", PAGE, good_ratio=ratio)])[0] == f"Checkout is failing for {whom}."


def test_a_slow_journey_is_not_called_failing() -> None:
    """A promise of speed that breaks is slow; beside its journey it is named as speed."""
    slow = Card(title="Checkout is fast", slice="checkout-latency", state=PAGE)
    assert lede([titled("Checkout", GOOD), slow], {"checkout-latency"}) == (
        "Checkout is too slow for some users.",
        "Checkout is fine.",
    )
    fine = Card(title="Checkout is fast", slice="checkout-latency", state=GOOD)
    assert lede([titled("Checkout", PAGE), fine], {"checkout-latency"})[1] == "The speed of Checkout is fine."


def test_all_good_needs_everything_good() -> None:
    """Only then the plain sentence."""
    fine = titled("Login", GOOD)
    young = Card(title="Pay", slice="pay", journey="pay", good_ratio=0.0, burn=1000.0)
    told = lede([fine, young])
    assert told[0] == "Users are succeeding, where we can tell."
    assert told[1] == "Login is fine. Pay burned fast within the last hour, and no alert fires."
    assert journey_view(young, {}).sentence == "Burning 1,000× over the last hour. No alert fires."
    assert lede([fine, titled("Pay", GOOD)]) == ("Users are succeeding.", "All 2 promises hold.")
    spent = "All 2 promises hold now. Pay has no error budget left."
    assert lede([fine, replace(titled("Pay", GOOD), budget_left_ratio=-0.2)]) == ("Users are succeeding.", spent)


@given(st.lists(st.sampled_from(list(JourneyState)), max_size=8))
def test_doubt_is_never_hidden(states: list[JourneyState]) -> None:
    """Whatever the mix: doubt and maintenance are spoken of, and all is well only when every promise is good."""
    cards = [titled(f"J{number}x", state) for number, state in enumerate(states)]
    headline, rest = lede(cards)
    if headline == "Users are succeeding.":
        assert set(states) == {GOOD}
    if JourneyState.MAINTENANCE in states:
        assert "maintenance" in headline + rest
    if states and {STALE, FEW} & set(states):
        assert "judged" in headline + rest or "where we can tell" in headline


@pytest.mark.parametrize("state", list(JourneyState))
def test_every_state_has_its_word(state: JourneyState) -> None:
    """One table gives word, icon and tone; a state without one could not be shown."""
    assert JOURNEY[state].text
    assert (JOURNEY[state].form == "unsure") == (state in {STALE, FEW})


def test_a_card_that_knows_nothing_shows_nothing_green() -> None:
    """No data is not green: no number, no bar, no dot, and the hatch instead of a line."""
    card = Card(
        state=STALE,
        good_ratio=None,
        total=None,
        failed=None,
        burn=None,
        budget_left_ratio=None,
        budget_left_minutes=None,
        note="",
    )
    view = journey_view(card, {})
    assert (view.rate, view.dim, view.budget_width) == ("Not known", True, "")
    for drawing in (view.spark, view.budget):
        assert drawing.gaps
        assert drawing.now is None
        assert not drawing.lines
    assert view.sentence == "Nothing is heard of it."


def test_a_few_attempts_are_told_as_counts() -> None:
    """3 of 3 is a count; 100 % would be a judgement."""
    view = journey_view(Card(state=FEW, good_ratio=1.0, total=3.0, failed=0.0, burn=0.0, note=""), {})
    assert (view.rate, view.rate_base) == ("3 of 3", "succeeded")


def test_a_burning_card_says_how_long_the_budget_lasts() -> None:
    """Burn, time left, and that the tone of the whole card is the state's."""
    view = journey_view(Card(state=PAGE, good_ratio=0.9578, burn=42.2, exhaustion_seconds=36_000.0), {})
    assert view.sentence == "Burning 42.2×, gone in about 10\u00a0h."
    assert view.loud == "page"


def test_an_overspent_budget_is_told_as_such() -> None:
    """Below nothing is not 0 % left."""
    view = journey_view(Card(state=PAGE, budget_left_ratio=-0.4, budget_left_minutes=-17.0, burn=20.0), {})
    assert view.budget_left == "Budget overdrawn by 40\u00a0%"
    assert view.budget_width == "0.0%"
    assert "the budget is gone" in view.sentence


def test_when_prometheus_was_not_asked_no_other_cause_is_named() -> None:
    """Recording rules are not to blame for a Prometheus that was never asked."""
    card = Card(state=STALE, good_ratio=None, total=None, note="Prometheus has no sample of it.")
    assert journey_view(card, {}, asked=False).sentence == "Prometheus could not be asked."


NOW = datetime(2026, 7, 24, 2, 13, tzinfo=UTC)
SKY = Sky(readings=(), heard_at=NOW, problem=None)
WELL = Trust(
    inbox_waiting=0,
    inbox_failing=0,
    inbox_rejected_24h=0,
    last_received_at=NOW - timedelta(seconds=50),
    outbox_waiting=0,
    outbox_failing=0,
    outbox_dead_24h=0,
    last_delivered_at=None,
    worker_seen_at=NOW,
)


@pytest.mark.parametrize(
    ("trust", "says", "next_step"),
    [
        (replace(WELL, worker_seen_at=None), "no worker is running", "Start parapet worker."),
        (
            replace(WELL, worker_seen_at=NOW + timedelta(minutes=5)),
            "the worker has another time",
            "in the future: set the clocks of its machine",
        ),
        (replace(WELL, last_received_at=None), "Alertmanager was never heard", "parapet doctor --live says why"),
        (
            replace(WELL, last_received_at=NOW - timedelta(seconds=301)),
            "Alertmanager is not heard any more",
            "a new alert may not arrive: parapet doctor --live says why",
        ),
        (replace(WELL, outbox_dead_24h=1), "some people were not told", "Calls says why"),
        (
            replace(WELL, outbox_waiting=2, outbox_failing=2),
            "people cannot be told right now",
            "Calls says why",
        ),
    ],
)
def test_whatever_does_not_work_is_said_with_what_to_do(trust: Trust, says: str, next_step: str) -> None:
    """The loop may fail in each of its parts; the first page never says yes to that."""
    assert trusted(SKY, WELL, NOW, stale_seconds=300) == ("Yes", "good")
    said, tone = trusted(SKY, trust, NOW, stale_seconds=300)
    assert says in said
    assert tone in {"ticket", "stale"}
    figures = trust_figures(SKY, trust, NOW, stale_seconds=300, channels=1)
    assert any(next_step in one.context and one.tone for one in figures)


def test_without_a_channel_nobody_is_told_and_the_page_says_so() -> None:
    """Nothing waiting looks like calm; here it means that nobody would hear."""
    *_, told = trust_figures(SKY, WELL, NOW, stale_seconds=300, channels=0)
    assert (told.value, told.tone) == ("Nobody is told", "ticket")
    assert "Parapet(channels=...)" in told.context
