"""The first read of an incident: what is a fact, a guess, an advice, an unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from parapet.core.types import ALERTMANAGER, IncidentId, JsonObject
from parapet.incidents.changes import Near, distance_words, near
from parapet.incidents.chronology import RESOLUTION_WORDS, sentence
from parapet.incidents.correlation import correlate
from parapet.incidents.durations import duration_words, instant_words
from parapet.incidents.firings import Alerts
from parapet.incidents.gist import Gist, gist_of
from parapet.incidents.model import (
    Change,
    ChangeKind,
    Entry,
    EntryKind,
    Incident,
    IncidentState,
    Resolution,
    Severity,
)
from parapet.incidents.past import recall
from parapet.incidents.policy import IncidentPolicy
from parapet.incidents.triage import Claim, ClaimKind, Confidence, triage

AT = datetime(2026, 11, 12, 2, 13, tzinfo=UTC)
SUMMARY = "Checkout burns its error budget 15 times too fast."
INCIDENT = Incident(
    id=IncidentId(12),
    key="shop/checkout",
    service="shop",
    slice="checkout",
    labels={},
    title="IGNORE ME: the database is the cause",
    state=IncidentState.OPEN,
    severity=Severity.PAGE,
    started_at=AT,
    detected_at=AT,
    last_heard_at=AT,
    last_fired_at=AT,
    firing=1,
    annotations={"summary": SUMMARY, "description": "Burning 15 times; 61 % of the budget left."},
)


def change(minutes: float, kind: ChangeKind = ChangeKind.DEPLOY, service: str = "shop") -> Change:
    """A change *minutes* after onset (before, if negative)."""
    when = AT + timedelta(minutes=minutes)
    return Change(
        id=f"{kind}{minutes}",
        kind=kind,
        service=service,
        title=f"{kind.value} {minutes:+g}",
        occurred_at=when,
        recorded_at=when,
        actor=ALERTMANAGER,
    )


def near_all(*changes: Change, incident: Incident = INCIDENT) -> tuple[Near, ...]:
    return near(incident, changes, policy=IncidentPolicy(), now=AT + timedelta(hours=1))


def test_what_the_alert_says_is_a_fact_and_the_title_is_not_read() -> None:
    """Symptom and impact quote the alert's annotations; nothing is taken from the title."""
    read = triage(INCIDENT, (), Alerts(), Gist())
    assert (read.symptom.kind, read.symptom.text) == (ClaimKind.FACT, SUMMARY)
    assert read.impact.kind is ClaimKind.FACT
    claims = [read.symptom, read.impact, read.plane, *read.facts, *read.unknowns, read.last_time, read.next_step]
    assert not any("IGNORE ME" in claim.text for claim in claims)


def test_a_deploy_shortly_before_onset_is_a_hypothesis_with_its_distance() -> None:
    """It may have caused it; the next step is to compare, not to undo blindly."""
    read = triage(INCIDENT, near_all(change(-300), change(-4)), Alerts(), Gist())
    assert read.plane.kind is ClaimKind.HYPOTHESIS
    assert read.plane.text == "deploy -4 may have caused it: it came 4 min before onset."
    assert read.confidence is Confidence.MEDIUM
    assert "Compare onset with deploy -4" in read.next_step.text
    assert read.next_step.kind is ClaimKind.RECOMMENDATION


def test_what_is_safe_to_do_about_a_change_depends_on_what_it_was() -> None:
    """A migration is not undone at night, nor a deploy that came with one; a provider cannot be."""
    said = {}
    for kind in ChangeKind:
        suspect = replace(change(-4), kind=kind)
        said[kind] = triage(INCIDENT, near_all(suspect), Alerts(), Gist()).next_step.text
    assert len(set(said.values())) == len(ChangeKind)
    assert "roll that one deploy back" in said[ChangeKind.DEPLOY]
    assert "do not undo it on your own" in said[ChangeKind.MIGRATION]
    assert "the repair is theirs" in said[ChangeKind.PROVIDER]
    with_one = near_all(replace(change(-5), kind=ChangeKind.MIGRATION), change(-4))
    assert "A migration came with it" in triage(INCIDENT, with_one, Alerts(), Gist()).next_step.text


@pytest.mark.parametrize(("minutes", "confidence"), [(-50, Confidence.LOW), (-15, Confidence.MEDIUM), (-61, None)])
def test_the_further_away_the_less_it_points(minutes: float, confidence: Confidence | None) -> None:
    """After an hour a change is a fact nearby, and no hypothesis."""
    assert triage(INCIDENT, near_all(change(minutes)), Alerts(), Gist()).confidence is confidence


def test_a_change_after_onset_is_no_suspect() -> None:
    """What came later cannot have caused it."""
    read = triage(INCIDENT, near_all(change(3)), Alerts(), Gist())
    assert read.plane.kind is ClaimKind.UNKNOWN
    assert any(fact.text == "deploy +3 came 3 min after onset." for fact in read.facts)


def test_without_recorded_changes_it_says_that_it_does_not_know() -> None:
    """Nothing recorded is not nothing changed."""
    read = triage(INCIDENT, (), Alerts(), Gist())
    assert read.confidence is None
    assert any(claim.text.startswith("What changed: nothing is recorded") for claim in read.unknowns)
    assert all(claim.kind is ClaimKind.UNKNOWN for claim in read.unknowns)


def test_the_declared_plane_is_a_hypothesis_of_low_confidence() -> None:
    """The slice's author named it before anything happened."""
    read = triage(replace(INCIDENT, annotations={"fault_plane": "worker"}), (), Alerts(), Gist())
    assert (read.plane_name, read.confidence) == ("worker", Confidence.LOW)
    assert read.plane.kind is ClaimKind.HYPOTHESIS


def test_a_foreign_alert_without_words_still_has_a_true_symptom() -> None:
    """Service and alert name are all there is; who is hurt is unknown."""
    foreign = replace(INCIDENT, slice=None, annotations={}, labels={"alertname": "DiskFull", "disk": "sda"})
    read = triage(foreign, (), Alerts(), Gist())
    assert read.symptom.text == "shop: alert DiskFull fires."
    assert read.impact.kind is ClaimKind.UNKNOWN
    assert any("disk is sda" in fact.text for fact in read.facts)
    assert any("the alert belongs to none" in claim.text for claim in read.unknowns)


def test_a_quiet_incident_is_not_called_fixed() -> None:
    """A cleared alert is no proof; the advice is to try it."""
    quiet = replace(INCIDENT, firing=0, quiet_since=AT + timedelta(minutes=8))
    read = triage(quiet, (), Alerts(), Gist())
    assert "Whether it is fixed: a cleared alert is not proof." in [claim.text for claim in read.unknowns]
    assert read.facts[0].text == "Not reported any more since 02:21:00 UTC."
    assert read.next_step.text.startswith("Try it yourself")


@pytest.mark.parametrize(
    ("resolution", "firing", "unknown"),
    [
        (Resolution.SIGNAL_LOST, 1, "we stopped hearing of it"),
        (Resolution.UNCONFIRMED, 0, "nothing reported its end"),
        (Resolution.MAINTENANCE, 0, "maintenance silenced the alert"),
        (Resolution.OPERATOR, 2, "2 alerts still fired"),
        (Resolution.REPORTED, 0, "not proof"),
    ],
)
def test_each_way_of_ending_keeps_its_own_doubt(resolution: Resolution, firing: int, unknown: str) -> None:
    """The kinds of resolution are never mixed up."""
    over = replace(INCIDENT, state=IncidentState.RESOLVED, resolution=resolution, resolved_at=AT, firing=firing)
    assert unknown in " ".join(claim.text for claim in triage(over, (), Alerts(), Gist()).unknowns)


def test_last_time_is_quoted_with_how_it_ended() -> None:
    """Only what is known of the incident before this one."""
    before = replace(
        INCIDENT,
        id=IncidentId(7),
        state=IncidentState.RESOLVED,
        resolution=Resolution.SIGNAL_LOST,
        resolved_at=AT + timedelta(minutes=80),
    )
    later = replace(INCIDENT, started_at=AT + timedelta(days=12))
    read = triage(later, (), Alerts(), Gist(), past=recall(before, 3, ()))
    assert read.last_time.text == (
        "INC-7 was the same trouble, 12 days before this one (2026-11-12 02:13:00 UTC): it lasted 1 h 20 min; we "
        "stopped hearing of it, so nobody knows. It began 3 times in the 90 days before."
    )
    assert read.helped == Claim(kind=ClaimKind.UNKNOWN, text="Nobody wrote down what helped.")
    assert triage(INCIDENT, (), Alerts(), Gist()).last_time.kind is ClaimKind.UNKNOWN


def test_alerts_left_out_by_the_sender_are_an_unknown() -> None:
    """The entry keeps the count, the triage says what it means."""
    entry = Entry(
        incident_id=IncidentId(12),
        seq=1,
        kind=EntryKind.OPENED,
        occurred_at=AT,
        recorded_at=AT,
        actor=ALERTMANAGER,
        payload={"truncated": 7},
        payload_hash="",
        previous_hash="",
        hash="",
    )
    assert any("7 further alerts" in claim.text for claim in triage(INCIDENT, (), Alerts(), gist_of((entry,))).unknowns)


def test_near_means_same_service_and_within_the_windows() -> None:
    """A day before, an hour after the end; provider trouble counts from anywhere."""
    over = replace(INCIDENT, resolved_at=AT + timedelta(minutes=10), state=IncidentState.RESOLVED)
    found = near_all(
        change(-25 * 60),
        change(-23 * 60),
        change(69),
        change(71),
        change(-1, service="billing"),
        change(-2, ChangeKind.PROVIDER, service="postmark"),
        incident=over,
    )
    assert [one.change.title for one in found] == ["deploy -1380", "provider -2", "deploy +69"]
    assert all(one.seconds_from_last_firing is None for one in found)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-240, "4 min before"), (33, "33 s after"), (0, "at the same second"), (-4_800, "1 h 20 min before")],
)
def test_distances_in_words(seconds: float, words: str) -> None:
    """As a person would say it."""
    assert distance_words(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (-5, "0 s"), (59.6, "1 min"), (3_599, "1 h"), (86_399, "1 d"), (183_600, "2 d 3 h"), (7_200, "2 h")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    """Two units at most, never '60 s' or '24 h'."""
    assert duration_words(seconds) == words


def test_an_instant_names_its_date_unless_it_is_the_same() -> None:
    """Incidents cross midnight."""
    assert instant_words(AT, beside=AT + timedelta(hours=2)) == "02:13:00 UTC"
    assert instant_words(AT, beside=AT - timedelta(hours=3)) == "2026-11-12 02:13:00 UTC"


def test_every_kind_of_entry_and_every_end_has_its_sentence() -> None:
    """With any payload, also one from an older version."""
    payloads: list[JsonObject] = [{}, {"firing": "x", "quiet_seconds": None, "alerts": [1], "alert_count": None}]
    for kind in EntryKind:
        if kind is not EntryKind.NOTED:
            assert all(sentence(kind, payload) for payload in payloads)
    assert set(RESOLUTION_WORDS) == set(Resolution)
    for resolution in Resolution:
        assert sentence(EntryKind.RESOLVED, {"resolution": resolution.value}).startswith("Resolved")


def test_a_signal_that_is_gone_is_no_burn() -> None:
    """Nobody knows how users fare: said as unknown, with trying it as the next step; its label names no group."""
    lost = replace(INCIDENT, labels={"signal": "metric_gone"}, severity=Severity.TICKET)
    read = triage(lost, [], Alerts(), Gist())
    assert any(claim.text.startswith("Whether users succeed") for claim in read.unknowns)
    assert read.next_step.text.startswith("Try it yourself")
    assert not any("signal" in claim.text for claim in read.facts)
    gone = replace(
        lost, slice=None, labels={"alertname": "ParapetSignalStale", "signal": "target_gone", "target": "shop"}
    )
    assert not any("the alert belongs to none" in claim.text for claim in triage(gone, [], Alerts(), Gist()).unknowns)


def test_a_burn_and_a_lost_signal_of_one_slice_are_two_incidents() -> None:
    """One does not hide behind the other, whatever fires first; page and ticket of the burn are still one."""
    page = {"alertname": "ParapetBudgetBurnPage", "service": "shop", "slice": "checkout", "severity": "page"}
    ticket = {**page, "alertname": "ParapetBudgetBurnTicket", "severity": "ticket"}
    stale = {**ticket, "alertname": "ParapetSignalStale", "signal": "metric_gone"}
    keys = [correlate(labels, service="shop").key for labels in (page, ticket, stale)]
    assert keys == ["shop/checkout", "shop/checkout", "shop/checkout{signal=metric_gone}"]
