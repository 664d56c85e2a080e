"""What people decide about incidents: opened by hand, handed over, judged, merged, split, reopened."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.incidents.test_transitions import ANA, AT, FIRING, NOW, QUIET, RESOLVED, TOM

from parapet.core.errors import IllegalTransition, NotFound, ReasonRequired, Refused, StaleVersion
from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.incidents.chronology import sentence
from parapet.incidents.model import Announcement, EntryKind, Episode, IncidentState, Resolution, Severity
from parapet.incidents.policy import IncidentPolicy
from parapet.incidents.regroup import merge, split
from parapet.incidents.transitions import (
    acknowledge,
    declare,
    hand_over,
    release,
    reopen,
    set_severity,
    settle,
)

OTHER = replace(FIRING, id=IncidentId(13), key="shop/login", slice="login", title="Login", severity=Severity.TICKET)
POLICY = IncidentPolicy()


def episode(fingerprint: str, *, key: str = FIRING.key, firing: bool = True) -> Episode:
    return Episode(
        id=int(fingerprint, 36),
        source="alertmanager",
        fingerprint=fingerprint,
        key=key,
        incident_id=FIRING.id,
        severity=Severity.PAGE if fingerprint == "a" else Severity.TICKET,
        labels={},
        annotations={},
        generator_url=None,
        started_at=AT,
        ended_at=None if firing else AT + timedelta(minutes=1),
        first_heard_at=AT,
        last_heard_at=AT,
    )


def test_what_a_person_opened_only_a_person_closes() -> None:
    """No alert, so no quiet period: it stays until somebody says it is over, even after an alert joined and cleared."""
    opened = declare(
        key="shop#1",
        service="shop",
        title=" Nobody  can log in ",
        severity=Severity.PAGE,
        actor=ANA,
        reason="calls",
        now=AT,
    )
    assert (opened.incident.title, opened.incident.state) == ("Nobody can log in", IncidentState.OPEN)
    assert (opened.incident.declared_by, opened.announce) == ("Ana", Announcement.OPENED)
    assert settle(opened.incident, now=AT + timedelta(days=9), policy=POLICY) is None
    cleared = replace(opened.incident, quiet_since=AT)
    assert settle(cleared, now=AT + timedelta(days=9), policy=POLICY) is None


@pytest.mark.parametrize(
    ("title", "reason", "minutes", "refusal"),
    [(" ", "calls", 0, ReasonRequired), ("Login", "", 0, ReasonRequired), ("Login", "calls", 1, Refused)],
)
def test_opening_by_hand_needs_a_title_a_reason_and_a_past(
    title: str, reason: str, minutes: int, refusal: type[Refused]
) -> None:
    """Refused with words, and nothing comes to be."""
    with pytest.raises(refusal, match="Nothing changed"):
        declare(
            key="k",
            service="shop",
            title=title,
            severity=Severity.PAGE,
            actor=ANA,
            reason=reason,
            started_at=AT + timedelta(minutes=minutes),
            now=AT,
        )


def test_handing_over_is_no_acknowledgement() -> None:
    """Whoever gets it has still to say so, also if somebody had it; then it is theirs."""
    given = hand_over(FIRING, to="Tom", actor=ANA, reason="my shift ends", version=3, now=NOW).incident
    assert (given.owner, given.state, given.acknowledged_at) == ("Tom", IncidentState.OPEN, None)
    taken = acknowledge(given, actor=TOM, reason="mine", version=4, now=NOW)
    assert taken.incident.acknowledged_at == NOW
    assert "previous_owner" not in taken.entries[0].payload
    with pytest.raises(IllegalTransition, match="Tom has INC-12 already"):
        hand_over(taken.incident, to="Tom", actor=ANA, reason="again", version=5, now=NOW)
    back = hand_over(taken.incident, to="Ana", actor=TOM, reason="not mine", version=5, now=NOW).incident
    assert (back.awaited, back.acknowledged_at) == ("Ana", NOW)
    with pytest.raises(IllegalTransition, match="Ana has INC-12 already"):
        hand_over(back, to="Ana", actor=TOM, reason="again", version=6, now=NOW)
    for own in (hand_over(back, to="Ana", actor=ANA, reason="mine", version=6, now=NOW).incident, taken.incident):
        assert (own.state, own.awaited) == (IncidentState.INVESTIGATING, None)
    free = release(taken.incident, actor=TOM, reason="asleep", version=5, now=NOW).incident
    assert (free.owner, free.state, free.acknowledged_at) == (None, IncidentState.OPEN, NOW)
    with pytest.raises(IllegalTransition, match="Nobody has"):
        release(free, actor=TOM, reason="asleep", version=6, now=NOW)


def test_a_persons_severity_is_an_entry_with_a_reason() -> None:
    """Raised calls people, lowered does not; saying the same again is refused."""
    lowered = set_severity(FIRING, severity=Severity.TICKET, actor=ANA, reason="a test shop", version=3, now=NOW)
    assert lowered.incident.severity is Severity.TICKET
    assert lowered.announce is None
    assert lowered.entries[0].payload == {"from": "page", "to": "ticket", "reason": "a test shop"}
    raised = set_severity(lowered.incident, severity=Severity.PAGE, actor=ANA, reason="no", version=4, now=NOW)
    assert raised.announce is Announcement.SEVERITY_RAISED
    with pytest.raises(IllegalTransition, match="page already"):
        set_severity(raised.incident, severity=Severity.PAGE, actor=ANA, reason="no", version=5, now=NOW)


def test_reopening_by_hand_waits_for_a_person() -> None:
    """It is not over: it does not close itself at the next look, and an incident that was taken over stays so."""
    again = reopen(RESOLVED, actor=ANA, reason="users still call", version=3, now=NOW)
    assert (again.incident.state, again.incident.resolution) == (IncidentState.OPEN, None)
    assert settle(again.incident, now=NOW + timedelta(days=1), policy=POLICY) is None
    assert sentence(EntryKind.REOPENED, again.entries[0].payload) == "Reopened by a person. users still call"
    with pytest.raises(IllegalTransition, match="not resolved"):
        reopen(FIRING, actor=ANA, reason="x", version=3, now=NOW)
    with pytest.raises(IllegalTransition, match="INC-13 took INC-12 over"):
        reopen(replace(RESOLVED, merged_into_id=IncidentId(13)), actor=ANA, reason="x", version=3, now=NOW)


def test_merging_ends_one_as_superseded_and_adds_up_the_other() -> None:
    """Counts add, times span both, the worst severity wins, and it was quiet only if both were."""
    merged = merge(FIRING, OTHER, actor=ANA, reason="one database", version=3, now=NOW)
    gone, into = merged.gone.incident, merged.into.incident
    assert (gone.state, gone.resolution, gone.merged_into_id) == (IncidentState.RESOLVED, Resolution.SUPERSEDED, 13)
    assert (into.firing, into.severity, into.quiet_since) == (4, Severity.PAGE, None)
    assert merged.into.announce is Announcement.SEVERITY_RAISED
    assert sentence(EntryKind.RESOLVED, merged.gone.entries[0].payload) == "INC-13 took it over. one database"
    both_quiet = merge(QUIET, replace(OTHER, firing=0, quiet_since=AT), actor=ANA, reason="x", version=3, now=NOW)
    assert both_quiet.into.incident.quiet_since == QUIET.quiet_since


@pytest.mark.parametrize("into", [FIRING, replace(OTHER, state=IncidentState.RESOLVED)])
def test_only_two_open_incidents_can_be_merged(into: object) -> None:
    """Not one with itself, and none that is over."""
    assert isinstance(into, type(FIRING))
    with pytest.raises(IllegalTransition):
        merge(FIRING, into, actor=ANA, reason="x", version=3, now=NOW)
    with pytest.raises(StaleVersion):
        merge(FIRING, OTHER, actor=ANA, reason="x", version=2, now=NOW)


def test_splitting_takes_alerts_along_and_recounts_both() -> None:
    """The page leaves: the new incident pages, the old one is a ticket."""
    episodes = [episode("a"), episode("b"), episode("a", firing=False)]
    parted = split(
        FIRING,
        episodes,
        fingerprints={"a"},
        sent_here=(),
        title="Cards",
        actor=ANA,
        reason="another bank",
        version=3,
        now=NOW,
    )
    new, kept = parted.new.incident, parted.kept.incident
    assert (new.title, new.severity, new.firing, new.id) == ("Cards", Severity.PAGE, 1, None)
    assert (kept.severity, kept.firing, kept.version) == (Severity.TICKET, 1, 4)
    assert new.key != kept.key
    assert parted.routes == ("alert:alertmanager/a",)
    assert len(parted.moved) == 2


def test_a_merged_key_leaves_with_its_last_alert() -> None:
    """Taking a merge back: what comes later of that key goes along too."""
    episodes = [episode("a"), episode("b", key="shop/login")]

    def routes(sent_here: set[str]) -> tuple[str, ...]:
        return split(
            FIRING,
            episodes,
            fingerprints={"b"},
            sent_here=sent_here,
            title="Login",
            actor=ANA,
            reason="x",
            version=3,
            now=NOW,
        ).routes

    assert routes({"shop/login"}) == ("key:shop/login", "alert:alertmanager/b")
    assert routes(set()) == ("alert:alertmanager/b",)


@pytest.mark.parametrize(
    ("fingerprints", "refusal"), [(set(), ReasonRequired), ({"z"}, NotFound), ({"a", "b"}, IllegalTransition)]
)
def test_a_split_names_some_of_its_alerts(fingerprints: set[str], refusal: type[Refused]) -> None:
    """None, an unknown one, and all of them are refused."""
    with pytest.raises(refusal):
        split(
            FIRING,
            [episode("a"), episode("b")],
            fingerprints=fingerprints,
            sent_here=(),
            title="x",
            actor=Actor(kind=ActorClass.OPERATOR, name="Ana"),
            reason="x",
            version=3,
            now=NOW,
        )


def test_a_flapping_incident_is_held_longer() -> None:
    """Three re-fires in: one trouble, not ten. It closes after the hold, and says how long it waited."""
    flapping = replace(QUIET, refired_count=3)
    quiet_at = QUIET.quiet_since
    assert quiet_at is not None
    assert settle(flapping, now=quiet_at + timedelta(minutes=59), policy=POLICY) is None
    closed = settle(flapping, now=quiet_at + timedelta(minutes=60), policy=POLICY)
    assert closed is not None
    assert closed.entries[0].payload["quiet_period_seconds"] == 3_600.0
