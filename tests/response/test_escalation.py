"""What an escalation decides: a function of its policy, how it stands, the incident and the time."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.response.conftest import POLICY

from parapet.core.codec import decode, encode
from parapet.core.errors import ConfigurationError, IllegalTransition, ReasonRequired, StaleVersion
from parapet.core.vocabulary import Severity
from parapet.incidents.model import Incident, IncidentState
from parapet.response.escalating import advance, begin, follow, hand_over, next_now, resume, suppress
from parapet.response.escalation import (
    Escalation,
    EscalationPolicy,
    EscalationState,
    Move,
    Step,
    channel,
    person,
)
from parapet.response.hours import hours

NIGHT = datetime(2026, 11, 12, 2, 13, tzinfo=UTC)
TAKEN = datetime(2026, 11, 12, 2, 15, tzinfo=UTC)
INCIDENT = Incident(
    id=None,
    key="k",
    service="shop",
    slice="checkout",
    labels={},
    title="Checkout",
    state=IncidentState.OPEN,
    severity=Severity.PAGE,
    started_at=NIGHT,
    detected_at=NIGHT,
    last_heard_at=NIGHT,
    last_fired_at=NIGHT,
)
ACKNOWLEDGED = replace(INCIDENT, state=IncidentState.INVESTIGATING, owner="Ana", acknowledged_at=TAKEN)
RESOLVED = replace(INCIDENT, state=IncidentState.RESOLVED)


def begun(policy: EscalationPolicy = POLICY, incident: Incident = INCIDENT) -> Escalation:
    """An escalation that starts now."""
    move = begin((policy,), incident, NIGHT)
    assert move is not None
    return move.escalation


def later(seconds: float) -> datetime:
    return NIGHT + timedelta(seconds=seconds)


def played(
    escalation: Escalation, until: float, *, every: float = 10.0, incident: Incident = INCIDENT
) -> list[tuple[float, int, int]]:
    """(when, step, round) of every call until then, for a worker that looks so often."""
    calls: list[tuple[float, int, int]] = []
    clock = 0.0
    while clock <= until:
        move = advance(escalation, incident, later(clock))
        if move is not None:
            escalation = move.escalation
            if move.called is not None:
                calls.append((clock, move.called.number, move.called.round))
        clock += every
    return calls


def test_steps_come_after_their_delays_and_again_as_often_as_said() -> None:
    """Then it is said that nobody came, and it stops."""
    assert played(begun(), 100_000) == [(0, 1, 0), (300, 2, 0), (900, 3, 0), (1500, 1, 1), (1800, 2, 1), (2400, 3, 1)]


NIGHTS = 5_000
POLICIES = st.builds(
    EscalationPolicy,
    name=st.just("p"),
    steps=st.lists(
        st.builds(Step, targets=st.just((person("Ana"),)), after_seconds=st.floats(0, 900)), min_size=1, max_size=5
    ).map(tuple),
    repeat=st.integers(0, 3),
    repeat_after_seconds=st.floats(1, 900),
    ack_timeout_seconds=st.none() | st.floats(60, 3600),
)


@settings(max_examples=300)
@given(
    policy=POLICIES,
    looks=st.lists(st.floats(0, 6_000), min_size=1, max_size=40).map(sorted),
    taken_at=st.floats(0, 6_000),
    over_at=st.floats(0, 12_000),
)
def test_who_acknowledges_within_the_delay_is_never_called_for_it(
    policy: EscalationPolicy, looks: list[float], taken_at: float, over_at: float
) -> None:
    """However the worker's looks lie, at the edges above all: no call after the acknowledgement, until its time-out."""
    taken_in_time(policy, looks, taken_at, over_at)


def test_who_acknowledges_within_the_delay_is_not_called_in_thousands_of_nights() -> None:
    """The same, drawn by chance: and in many of them somebody was called before, in many others nobody."""
    chance, called = random.Random(20_261_112), 0
    for _ in range(NIGHTS):
        steps = tuple(
            Step(targets=(person("Ana"),), after_seconds=chance.uniform(0, 900)) for _ in range(chance.randint(1, 5))
        )
        patience = chance.choice((None, chance.uniform(60, 3_600)))
        policy = EscalationPolicy(
            name="p",
            steps=steps,
            repeat=chance.randint(0, 3),
            repeat_after_seconds=chance.uniform(1, 900),
            ack_timeout_seconds=patience,
        )
        looks = sorted(chance.uniform(0, 6_000) for _ in range(chance.randint(1, 40)))
        called += bool(taken_in_time(policy, looks, chance.uniform(0, 3_000), chance.uniform(0, 12_000)))
    assert NIGHTS / 10 < called < NIGHTS * 9 / 10


def taken_in_time(policy: EscalationPolicy, looks: list[float], taken_at: float, over_at: float) -> list[int]:
    """The steps that were called in one night, in which nobody was called who should not be."""
    escalation, known = begun(policy), INCIDENT
    patience = policy.ack_timeout_seconds
    events = sorted([(clock, "look") for clock in looks] + [(taken_at, "taken"), (over_at, "over")])
    done: list[int] = []
    for clock, what in events:
        now = later(clock)
        move: Move | None
        if what == "look":
            move = advance(escalation, known, now)
        else:
            over = what == "over" or known.state is IncidentState.RESOLVED
            known = RESOLVED if over else ACKNOWLEDGED
            move = follow(escalation, known, now, touched=True)
        if move is None:
            continue
        escalation = move.escalation
        if move.called is not None:
            has_it = known is ACKNOWLEDGED and (patience is None or clock < taken_at + patience)
            assert not has_it, f"called at {clock}, taken at {taken_at}"
            assert known is not RESOLVED
            done.append(move.called.number)
    if taken_at < min(looks) and over_at > taken_at and patience is None:
        assert not done, "taken before the first look: nobody is called at all"
    return done


@given(policy=POLICIES, looks=st.lists(st.floats(0, 20_000), max_size=60).map(sorted))
def test_nobody_is_called_too_early_too_often_or_out_of_order(policy: EscalationPolicy, looks: list[float]) -> None:
    """Each step not before its delay after the one before it; each as often as the policy says."""
    escalation, last = begun(policy), 0.0
    calls: list[tuple[int, int]] = []
    for clock in looks:
        move = advance(escalation, INCIDENT, later(clock))
        if move is None or move.called is None:
            continue
        step = move.called.number - 1
        wait = policy.steps[step].after_seconds + (policy.repeat_after_seconds if step == 0 and calls else 0.0)
        assert clock - last >= wait - 0.001
        last, escalation = clock, move.escalation
        calls.append((move.called.round, step))
    whole = [(round_, step) for round_ in range(policy.repeat + 1) for step in range(len(policy.steps))]
    assert calls == whole[: len(calls)]


def test_a_time_out_calls_again_and_work_on_it_puts_that_off() -> None:
    """Acknowledged and silent for half an hour is no answer; a note is one."""
    stopped = follow(begun(), ACKNOWLEDGED, later(60), touched=True)
    assert stopped is not None
    assert stopped.escalation.state is EscalationState.ACKNOWLEDGED
    assert advance(stopped.escalation, ACKNOWLEDGED, later(1_859)) is None
    noted = follow(stopped.escalation, ACKNOWLEDGED, later(1_000), touched=True)
    assert noted is not None
    assert advance(noted.escalation, ACKNOWLEDGED, later(1_860)) is None
    again = advance(noted.escalation, ACKNOWLEDGED, later(2_800))
    assert again is not None
    assert (again.escalation.state, again.escalation.run) == (EscalationState.RUNNING, 2)
    assert "said nothing for 30 min" in again.said[0].why
    called = advance(again.escalation, ACKNOWLEDGED, later(2_800))
    assert called is not None
    assert called.called is not None
    back = follow(called.escalation, ACKNOWLEDGED, later(2_900), touched=True)
    assert back is not None
    assert back.escalation.state is EscalationState.ACKNOWLEDGED, "who works on it has it again"


def test_whom_it_was_only_given_to_has_still_to_answer() -> None:
    """They are called at once, whatever it waited for, then the steps begin again; giving it up starts it again too."""
    given_to = replace(ACKNOWLEDGED, state=IncidentState.OPEN, owner="Ben")
    taken, quiet = (
        follow(begun(), ACKNOWLEDGED, later(5)),
        suppress(begun(), NIGHT, until=later(60), who="A", reason="b"),
    )
    assert taken is not None
    for before in (begun(), taken.escalation, replace(begun(), state=EscalationState.EXHAUSTED), quiet.escalation):
        move = hand_over(before, given_to, later(10), who="Ana")
        assert move is not None
        assert move.called is not None
        assert (move.called.targets, move.called.words) == ((person("Ben"),), "")
        after = move.escalation
        assert (after.run, after.step) == (2, 0)
        still_quiet = before is quiet.escalation
        assert (after.state, after.due_at) == (
            (EscalationState.SUPPRESSED, later(60)) if still_quiet else (EscalationState.RUNNING, later(310))
        )
        assert follow(after, given_to, later(20), touched=True) is None, "whoever gave it away is no answer"
        answered = follow(after, replace(given_to, state=IncidentState.INVESTIGATING), later(30), touched=True)
        assert answered is not None
        assert answered.escalation.state is EscalationState.ACKNOWLEDGED
    assert (
        hand_over(
            replace(begun(), state=EscalationState.ENDED), replace(given_to, severity=Severity.TICKET), NIGHT, who="A"
        )
        is None
    )
    stopped = follow(begun(), ACKNOWLEDGED, later(10))
    assert stopped is not None
    again = follow(stopped.escalation, INCIDENT, later(20))
    assert again is not None
    assert again.said[0].why == "again: nobody has it any more"


def test_what_is_resolved_or_not_so_bad_any_more_calls_nobody() -> None:
    """And says why it ended; fires it again, it starts again."""
    for known, why in ((RESOLVED, "is resolved"), (replace(INCIDENT, severity=Severity.TICKET), "is a ticket now")):
        ended = follow(begun(), known, later(10))
        assert ended is not None
        assert ended.escalation.state is EscalationState.ENDED
        assert why in ended.said[0].why
        assert follow(ended.escalation, known, later(20)) is None
        again = follow(ended.escalation, INCIDENT, later(30))
        assert again is not None
        assert again.escalation.state is EscalationState.RUNNING


def test_suppressed_is_for_a_day_at_most_and_resumes_by_itself() -> None:
    """Where it was; or sooner, when a person says so. Each with a reason."""
    first = advance(begun(), INCIDENT, NIGHT)
    assert first is not None
    quiet = suppress(first.escalation, NIGHT, until=later(3_600), who="Ana", reason="known")
    assert advance(quiet.escalation, INCIDENT, later(3_599)) is None
    resumed = advance(quiet.escalation, INCIDENT, later(3_600))
    assert resumed is not None
    assert resumed.said[0].did == "resumed"
    called = advance(resumed.escalation, INCIDENT, later(3_600))
    assert called is not None
    assert called.called is not None
    assert called.called.number == 2
    sooner = resume(quiet.escalation, later(60), who="Ben", reason="it is worse")
    assert sooner.escalation.due_at == later(60)
    with pytest.raises(IllegalTransition):
        suppress(first.escalation, NIGHT, until=later(86_401), who="Ana", reason="known")
    with pytest.raises(IllegalTransition):
        suppress(first.escalation, NIGHT, until=NIGHT, who="Ana", reason="known")
    with pytest.raises(ReasonRequired):
        suppress(first.escalation, NIGHT, until=later(60), who="Ana", reason=" ")
    with pytest.raises(IllegalTransition):
        resume(first.escalation, NIGHT, who="Ana", reason="why not")


def test_next_step_now_really_calls_whatever_it_waits_for() -> None:
    """Running, acknowledged, suppressed or through; not for what is resolved."""
    running = begun()
    by_hand = next_now(running, INCIDENT, later(1), who="Ana", reason="help")
    assert by_hand.called is not None
    assert (by_hand.called.number, by_hand.called.by_hand) == (1, True)
    stopped = follow(running, ACKNOWLEDGED, later(2))
    assert stopped is not None
    helped = next_now(stopped.escalation, ACKNOWLEDGED, later(3), who="Ana", reason="help")
    assert helped.called is not None
    assert helped.escalation.state is EscalationState.ACKNOWLEDGED, "who has it still has it"
    through = replace(running, state=EscalationState.EXHAUSTED, due_at=None)
    again = next_now(through, INCIDENT, later(4), who="Ana", reason="help")
    assert again.called is not None
    assert again.escalation.run == 2
    with pytest.raises(StaleVersion):
        next_now(by_hand.escalation, INCIDENT, later(5), who="Ana", reason="help", place=running.place)
    once_more = next_now(
        by_hand.escalation, INCIDENT, later(5), who="Ana", reason="help", place=by_hand.escalation.place
    )
    assert len({one.place for one in (running, by_hand.escalation, once_more.escalation, again.escalation)}) == 4
    with pytest.raises(IllegalTransition):
        next_now(running, RESOLVED, later(5), who="Ana", reason="help")
    with pytest.raises(ReasonRequired):
        next_now(running, INCIDENT, later(5), who="Ana", reason="")


def test_maintenance_holds_calls_back_until_it_is_over_and_says_so_once() -> None:
    """Unless the policy is for it."""
    until = later(3_600)
    held = advance(begun(), INCIDENT, NIGHT, maintenance_until=until)
    assert held is not None
    assert held.called is None
    assert held.said[0].did == "held"
    longer = advance(held.escalation, INCIDENT, until, maintenance_until=later(7_200))
    assert longer is not None
    assert longer.said == ()
    called = advance(longer.escalation, INCIDENT, later(7_200))
    assert called is not None
    assert called.called is not None
    stubborn = advance(begun(replace(POLICY, during_maintenance=True)), INCIDENT, NIGHT, maintenance_until=until)
    assert stubborn is not None
    assert stubborn.called is not None


def test_who_is_not_called_now_is_named_with_the_reason() -> None:
    """By hours of their zone and by severity."""
    day = hours("Monday-Friday 09:00-18:00 Europe/Berlin")
    step = Step(
        targets=(
            person("Ana", within=day),
            person("Ben", outside=day),
            channel("ops", severities=(Severity.TICKET,)),
        )
    )
    move = advance(begun(EscalationPolicy(name="p", steps=(step,))), INCIDENT, NIGHT)
    assert move is not None
    assert move.called is not None
    assert [target.name for target in move.called.targets] == ["Ben"]
    assert [why for _, why in move.called.left_out] == [f"only {day.words}", "not for a page"]


def test_the_first_policy_that_matches_is_taken() -> None:
    """By severity, slice and hours; none: nobody is called."""
    day = EscalationPolicy(name="day", steps=POLICY.steps, within=hours("Monday-Friday 09:00-18:00 UTC"))
    other = EscalationPolicy(name="other", steps=POLICY.steps, slices=("login",))
    chosen = begin((day, other, POLICY), INCIDENT, NIGHT)
    assert chosen is not None
    assert chosen.escalation.policy is POLICY
    assert begin((day, other), INCIDENT, NIGHT) is None
    assert begin((POLICY,), replace(INCIDENT, severity=Severity.TICKET), NIGHT) is None


@given(policy=POLICIES)
def test_a_policy_survives_being_kept(policy: EscalationPolicy) -> None:
    """What was in force when the incident began is what is read later."""
    document = encode(policy)
    assert isinstance(document, dict)
    assert decode(EscalationPolicy, document) == policy
    kept = encode(POLICY)
    assert isinstance(kept, dict)
    assert decode(EscalationPolicy, kept) == POLICY


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": ()},
        {"name": ""},
        {"steps": (Step(targets=()),)},
        {"repeat": -1},
        {"ack_timeout_seconds": 0.0},
        {"steps": (Step(targets=POLICY.steps[0].targets),), "repeat_after_seconds": 0.0},
    ],
)
def test_a_policy_that_cannot_hold_is_refused(wrong: dict[str, object]) -> None:
    """As it is made; one that would call without a pause too."""
    with pytest.raises(ConfigurationError):
        replace(POLICY, **wrong)  # type: ignore[arg-type]
