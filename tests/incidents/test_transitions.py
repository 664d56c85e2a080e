"""What operators and time may do to an incident, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from parapet.core.errors import IllegalTransition, ReasonRequired, Refused, StaleVersion
from parapet.core.types import PARAPET, Actor, ActorClass, IncidentId
from parapet.incidents.model import (
    Announcement,
    EntryKind,
    Incident,
    IncidentState,
    Resolution,
    Severity,
)
from parapet.incidents.policy import IncidentPolicy
from parapet.incidents.transitions import MAX_TEXT_CHARACTERS, acknowledge, note, resolve, settle

AT = datetime(2026, 11, 12, 2, 13, tzinfo=UTC)
NOW = AT + timedelta(minutes=2)
ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")
TOM = Actor(kind=ActorClass.OPERATOR, name="Tom")
FIRING = Incident(
    id=IncidentId(12),
    key="shop/checkout",
    service="shop",
    slice="checkout",
    labels={},
    title="Checkout",
    state=IncidentState.OPEN,
    severity=Severity.PAGE,
    started_at=AT,
    detected_at=AT,
    last_heard_at=AT,
    last_fired_at=AT,
    firing=2,
    version=3,
)
QUIET = replace(FIRING, firing=0, quiet_since=AT + timedelta(minutes=8))
RESOLVED = replace(QUIET, state=IncidentState.RESOLVED, resolution=Resolution.REPORTED, resolved_at=QUIET.quiet_since)


def test_acknowledging_gives_it_an_owner_and_keeps_its_alerts() -> None:
    """Somebody has it; it still fires."""
    decision = acknowledge(FIRING, actor=ANA, reason=" looking\r\n", version=3, now=NOW)
    after = decision.incident
    assert (after.state, after.owner, after.acknowledged_at) == (IncidentState.INVESTIGATING, "Ana", NOW)
    assert (after.firing, after.version) == (2, 4)
    assert decision.entries[0].payload == {"reason": "looking"}
    assert decision.announce is Announcement.ACKNOWLEDGED


def test_taking_over_says_from_whom_and_keeps_the_first_time() -> None:
    """Time to acknowledge is the first person's."""
    ana = acknowledge(FIRING, actor=ANA, reason="mine", version=3, now=NOW).incident
    tom = acknowledge(ana, actor=TOM, reason="shift", version=4, now=NOW + timedelta(hours=1))
    assert tom.incident.owner == "Tom"
    assert tom.incident.acknowledged_at == NOW
    assert tom.entries[0].payload["previous_owner"] == "Ana"


def test_acknowledging_twice_is_refused() -> None:
    """Nothing would change, so nothing is written."""
    mine = acknowledge(FIRING, actor=ANA, reason="mine", version=3, now=NOW).incident
    with pytest.raises(IllegalTransition, match="Ana has INC-12 already"):
        acknowledge(mine, actor=ANA, reason="again", version=4, now=NOW)


def test_a_resolved_incident_cannot_be_taken_or_resolved() -> None:
    """It is over; a note is still possible."""
    with pytest.raises(IllegalTransition, match="INC-12 is resolved"):
        acknowledge(RESOLVED, actor=ANA, reason="mine", version=3, now=NOW)
    with pytest.raises(IllegalTransition, match="resolved already"):
        resolve(RESOLVED, actor=ANA, reason="again", version=3, now=NOW)
    assert note(RESOLVED, actor=ANA, text="late", version=3, now=NOW).incident.state is IncidentState.RESOLVED


def test_every_command_on_a_moved_incident_is_refused() -> None:
    """The refusal says both versions and what to do; a form sent twice is caught by it."""
    with pytest.raises(StaleVersion, match=r"INC-12 is at version 3; you read version 2\. Nothing changed"):
        acknowledge(FIRING, actor=ANA, reason="mine", version=2, now=NOW)
    with pytest.raises(StaleVersion):
        note(FIRING, actor=ANA, text="x", version=2, now=NOW)
    with pytest.raises(StaleVersion):
        resolve(FIRING, actor=ANA, reason="x", version=4, now=NOW)


@pytest.mark.parametrize("blank", ["", "  \n "])
def test_a_note_needs_words_and_a_resolution_a_reason(blank: str) -> None:
    """An empty one is refused with words."""
    with pytest.raises(ReasonRequired, match="note is empty"):
        note(FIRING, actor=ANA, text=blank, version=3, now=NOW)
    with pytest.raises(ReasonRequired, match="Say why it is over"):
        resolve(FIRING, actor=ANA, reason=blank, version=3, now=NOW)


def test_a_text_that_is_too_long_is_refused_not_cut() -> None:
    """Nobody's words are lost in silence."""
    with pytest.raises(Refused, match=f"4001 characters; {MAX_TEXT_CHARACTERS} at most"):
        note(FIRING, actor=ANA, text="x" * 4_001, version=3, now=NOW)


def test_resolving_while_it_fires_says_how_many_alerts_did() -> None:
    """A person may be sure; the evidence stays honest."""
    decision = resolve(FIRING, actor=ANA, reason="known false alarm", version=3, now=NOW)
    assert decision.incident.resolution is Resolution.OPERATOR
    assert decision.incident.resolved_at == NOW
    assert decision.entries[0].payload == {
        "resolution": "operator",
        "firing": 2,
        "quiet_since": None,
        "reason": "known false alarm",
    }
    assert decision.announce is Announcement.RESOLVED


def test_quiet_for_the_whole_period_closes_it_at_the_time_it_ended() -> None:
    """Closed now, ended when the last alert did."""
    policy = IncidentPolicy(quiet_period_seconds=900)
    assert QUIET.quiet_since is not None
    due = QUIET.quiet_since + timedelta(seconds=900)
    assert settle(QUIET, now=due - timedelta(microseconds=1), policy=policy) is None
    decision = settle(QUIET, now=due, policy=policy)
    assert decision is not None
    assert decision.incident.resolution is Resolution.REPORTED
    assert decision.incident.resolved_at == QUIET.quiet_since
    entry = decision.entries[0]
    assert (entry.kind, entry.occurred_at, entry.actor) == (EntryKind.RESOLVED, due, PARAPET)
    assert entry.payload["quiet_seconds"] == 900


@pytest.mark.parametrize("incident", [FIRING, RESOLVED, replace(QUIET, quiet_since=None)])
def test_what_fires_is_over_or_was_never_quiet_does_not_settle(incident: Incident) -> None:
    """Only reported quiet closes an incident by itself."""
    assert settle(incident, now=AT + timedelta(days=9), policy=IncidentPolicy()) is None


def test_taking_an_incident_needs_a_reason() -> None:
    """Whoever takes it says why, or what they will look at first; without that nothing changes."""
    with pytest.raises(ReasonRequired, match="Nothing changed"):
        acknowledge(FIRING, actor=ANA, reason=" \r\n", version=3, now=NOW)
