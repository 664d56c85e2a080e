"""Escalations on both databases: they begin, stop and end in the commit that causes it, and call whom they said."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update
from tests.conftest import ANA, PAGE
from tests.response.conftest import POLICY, ROSTER, Phone

from parapet.core.errors import IllegalTransition, NotFound, UnknownName
from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.incidents.chronology import sentence
from parapet.response.escalation import EscalationState
from parapet.response.roster import Roster
from parapet.store.outbox import OutboxState
from parapet.store.schema_calls import escalations

if TYPE_CHECKING:
    from tests.conftest import Desk

ONE = IncidentId(1)
BREAKER = Actor(kind=ActorClass.SYSTEM, name="system:retry")


@pytest.fixture
def phone() -> Phone:
    """What rings."""
    return Phone("phone")


@pytest.fixture
def ops() -> Phone:
    """What everybody reads."""
    return Phone("ops")


@pytest.fixture
def called(desk: Desk, phone: Phone, ops: Phone) -> Desk:
    """The desk of a shop whose people can be called."""
    desk.channels = {"phone": phone, "ops": ops}
    desk.roster = ROSTER
    return desk


def rang(phone: Phone) -> list[str | None]:
    """Whom the phone called because nobody took it, in order."""
    return [to for what, to, _ in phone.called if what in ("escalated", "called")]


def said(desk: Desk) -> list[str]:
    """What the chronology says of calls."""
    entries = desk.look.chronology(ONE)
    return [sentence(one.kind, one.payload) for one in entries if one.kind.value in ("escalated", "escalation")]


def test_a_page_calls_who_has_the_turn_then_others_and_says_why(called: Desk, phone: Phone) -> None:
    """Each after its delay, by every way that reaches them; who is told already in a step is not told twice."""
    called.fire("02:13")
    assert called.worker.tick().escalated == 1
    assert rang(phone) == ["+49-2"], "Ben has the second week"
    called.clock.advance(299)
    called.worker.tick()
    assert rang(phone) == ["+49-2"]
    called.clock.advance(1)
    called.worker.tick()
    assert rang(phone) == ["+49-2", "+49-2", "+49-3"]
    assert said(called)[:3] == [
        "Escalation started: policy shop, first call now.",
        "shop, step 1 of 3, called Ben by phone. Why: nobody acknowledged it.",
        "shop, step 2 of 3, called Ben by phone, Cem by phone. Why: nobody acknowledged it.",
    ]
    told = [one for one in called.look.incident(ONE).notifications if one.announcement == "escalated"]
    first = told[0]
    assert (first.person, first.state, first.said) == ("Ben", OutboxState.DELIVERED, "rang")


def test_an_acknowledgement_stops_it_in_the_same_commit(called: Desk, phone: Phone) -> None:
    """Also the call that was decided and not made yet; the time-out calls again."""
    called.fire("02:13")
    assert called.escalations.run_due() == (1, 0)
    called.operator.acknowledge(ONE, actor=ANA, reason="looking", version=called.only.version)
    tick = called.worker.tick()
    assert tick.withheld == 1
    assert rang(phone) == []
    assert said(called)[-1] == "Escalation called off: Ben was not called by phone: Ana has it by now."
    called.clock.advance(1_799)
    assert called.worker.tick().escalated == 0
    called.clock.advance(1)
    called.worker.tick()
    called.worker.tick()
    assert rang(phone) == ["+49-2"]
    assert "said nothing for 30 min" in said(called)[-2]


def test_a_tripped_breaker_and_a_person_call_at_once(called: Desk, phone: Phone) -> None:
    """Whatever it waits for, also when somebody has it; each with its reason; not for what is resolved."""
    called.fire("02:13")
    called.worker.tick()
    with called.store.begin() as tx:
        called.escalations.call(tx, ONE, actor=BREAKER, reason="retry failed three times")
    called.worker.tick()
    assert rang(phone) == ["+49-2", "+49-2", "+49-3"]
    assert "system:retry asked: retry failed three times" in phone.called[-1][2]
    called.operator.acknowledge(ONE, actor=ANA, reason="looking", version=called.only.version)
    assert called.escalations.next_now(ONE, actor=ANA, reason="I need help").state is EscalationState.ACKNOWLEDGED
    called.worker.tick()
    assert "Ana asked: I need help" in said(called)[-1]
    called.operator.resolve(ONE, actor=ANA, reason="done", version=called.only.version)
    with pytest.raises(IllegalTransition):
        called.escalations.next_now(ONE, actor=ANA, reason="once more")
    with pytest.raises(NotFound):
        called.escalations.next_now(IncidentId(9), actor=ANA, reason="help")
    assert called.count("audit", "outcome = 'refused'") == 2
    with called.store.begin() as tx:  # whatever else this writes stands, and the audit says why nobody is called
        called.escalations.call(tx, ONE, actor=BREAKER, reason="retry failed three times")
    assert called.count("audit", "outcome = 'refused' AND actor_name = 'system:retry'") == 1


def test_whom_it_is_handed_to_is_called_at_once(called: Desk, phone: Phone) -> None:
    """In the same commit, instead of whoever was to be called; they answer, or the steps begin again."""
    called.fire("02:13")
    assert called.escalations.run_due() == (1, 0), "Ben is to be called, and was not yet"
    called.operator.acknowledge(ONE, actor=ANA, reason="looking", version=called.only.version)
    for _ in range(2):  # sent twice by one form
        once = called.operator.once("form", "digest")
        once.hand_over(ONE, to="Cem", actor=ANA, reason="it is the bank", version=2)
    called.worker.tick()
    assert rang(phone) == ["+49-3"]
    assert said(called)[-2:] == [
        "shop, called Cem by phone. Why: Ana handed it over.",
        "Escalation called off: Ben was not called by phone: calling people began again since.",
    ]
    called.operator.note(ONE, actor=ANA, text="see the bank's page", version=called.only.version)
    called.clock.advance(300)
    called.worker.tick()
    assert rang(phone) == ["+49-3", "+49-2"], "Ana's note was no answer"
    called.operator.hand_over(ONE, to="Dana", actor=ANA, reason="she knows", version=called.only.version)
    called.operator.hand_over(ONE, to="Ana", actor=ANA, reason="or I do", version=called.only.version)
    assert (called.only.owner, called.only.awaited) == ("Ana", None)
    assert "called nobody; not Dana: no channel that is set up reaches them" in said(called)[-2]
    assert called.worker.tick().escalated == 0
    called.operator.resolve(ONE, actor=ANA, reason="over", version=called.only.version)
    called.fire("02:25")
    called.worker.tick()
    assert rang(phone)[2:] == ["+49-2"], "who had it may have gone home: it fires again, and calls again"


def test_suppressed_is_quiet_and_resumes(called: Desk, phone: Phone) -> None:
    """By itself after its time, or by hand."""
    called.fire("02:13")
    called.worker.tick()
    called.escalations.suppress(ONE, actor=ANA, reason="a known provider outage", seconds=3_600)
    called.clock.advance(3_599)
    called.worker.tick()
    assert len(rang(phone)) == 1
    called.clock.advance(1)
    called.worker.tick()
    called.worker.tick()
    assert len(rang(phone)) == 3
    called.escalations.suppress(ONE, actor=ANA, reason="again", seconds=60)
    assert called.escalations.resume(ONE, actor=ANA, reason="no").state is EscalationState.RUNNING
    with pytest.raises(IllegalTransition):
        called.escalations.suppress(ONE, actor=ANA, reason="a holiday", seconds=86_401)


def test_maintenance_holds_calls_back(called: Desk, phone: Phone) -> None:
    """Until it is over."""
    until = datetime(2026, 11, 12, 4, 0, tzinfo=UTC)
    called.resting = lambda name, now: until if name == "checkout" and now < until else None
    called.fire("02:13")
    called.worker.tick()
    assert rang(phone) == []
    assert said(called)[-1] == "Escalation held: under maintenance until 2026-11-12 04:00:00 UTC."
    called.clock.set(until)
    called.worker.tick()
    assert rang(phone) == ["+49-2"]


def test_the_policy_of_the_beginning_is_kept(called: Desk, phone: Phone) -> None:
    """What is defined later is for later incidents; a person who is gone cannot be reached, and that is said."""
    called.fire("02:13")
    other = replace(called, roster=Roster())
    other.worker.tick()
    assert rang(phone) == []
    assert "not whoever" not in said(other)[-1]
    assert "no channel that is set up reaches them" in said(other)[-1]
    assert other.escalations.of(ONE) is not None


def test_who_stands_in_is_called(called: Desk, phone: Phone) -> None:
    """For that time; taken back, whose turn it is has it again."""
    called.fire("02:13")
    start = called.clock.now()
    number = called.escalations.stand_in(
        "primary", "Cem", start=start, end=start + timedelta(hours=8), actor=ANA, reason="Ben is ill"
    )
    called.worker.tick()
    assert rang(phone) == ["+49-3"]
    shown = called.escalations.on_call()[0]
    assert [(turn.person, turn.stands_in_for) for turn in shown.turns[:2]] == [("Cem", "Ben"), ("Ben", None)]
    called.escalations.end_stand_in(number, actor=ANA, reason="he is back")
    assert called.escalations.on_call()[0].turns[0].person == "Ben"
    with pytest.raises(UnknownName):
        called.escalations.stand_in("primary", "Eve", start=start, end=start + timedelta(hours=1), actor=ANA, reason="")
    with pytest.raises(NotFound):
        called.escalations.end_stand_in(number, actor=ANA, reason="again")


def test_a_ticket_that_becomes_a_page_begins_one(called: Desk, phone: Phone) -> None:
    """In the commit that says so."""
    called.fire("02:10", labels={**PAGE, "alertname": "ParapetBudgetBurnTicket", "severity": "ticket"})
    called.worker.tick()
    assert called.escalations.of(ONE) is None
    called.fire("02:13")
    called.worker.tick()
    assert rang(phone) == ["+49-2"]


def test_one_that_cannot_be_decided_holds_up_no_other(called: Desk, phone: Phone) -> None:
    """It is looked at again a minute later."""
    called.fire("02:13")
    called.fire("02:13", labels={**PAGE, "slice": "login"})
    with called.store.begin() as tx:
        broken = update(escalations).where(escalations.c.incident_id == 1).values(policy={"name": "broken"})
        tx._connection.execute(broken)
    tick = called.worker.tick()
    assert (tick.escalated, tick.stuck) == (1, 1)
    assert rang(phone) == ["+49-2"]


@pytest.mark.parametrize("seed", range(12))
def test_an_acknowledgement_within_the_delay_stops_the_page_for_any_schedule(
    called: Desk, phone: Phone, seed: int
) -> None:
    """Through the store, the worker and the outbox: rounds and the acknowledgement at random moments."""
    chance = random.Random(seed)
    called.fire("02:13")
    start = called.clock.now()
    taken = chance.uniform(0, 1_500)
    moments = sorted([(chance.uniform(0, 1_800), "tick") for _ in range(8)] + [(taken, "take")])
    before = 0
    for seconds, what in moments:
        called.clock.set(start + timedelta(seconds=seconds))
        if what == "tick":
            called.worker.tick()
        else:
            before = len(rang(phone))
            called.operator.acknowledge(ONE, actor=ANA, reason="looking", version=called.only.version)
    assert len(rang(phone)) == before
    waited = [sum(step.after_seconds for step in POLICY.steps[: number + 1]) for number in range(3)]
    assert before <= sum(wait <= taken for wait in waited) + 1
