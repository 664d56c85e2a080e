"""Merge, split, declare and the like, on both databases: what comes later goes where a person sent it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.conftest import PAGE

from parapet.core.errors import IllegalTransition
from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.core.vocabulary import Severity
from parapet.incidents.model import EntryKind, Incident, IncidentState, Resolution
from parapet.store.chain import first_broken

if TYPE_CHECKING:
    from tests.conftest import Desk

ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")
LOGIN = {**PAGE, "slice": "login"}
TICKET = {**PAGE, "alertname": "ParapetBudgetBurnTicket", "severity": "ticket"}
ONE, TWO = IncidentId(1), IncidentId(2)


def kinds(desk: Desk, number: IncidentId) -> list[str]:
    entries = desk.look.chronology(number)
    assert first_broken(entries) is None
    return [entry.kind.value for entry in entries]


def found(desk: Desk, number: IncidentId) -> Incident:
    return desk.look.incident(number).incident


def test_after_a_merge_the_other_keys_alerts_come_here(desk: Desk) -> None:
    """Its episodes moved, its repeats and its end are heard here, and both must be quiet before it closes."""
    desk.fire("02:13")
    desk.fire("02:14", labels=LOGIN)
    kept = desk.operator.merge(ONE, into=TWO, actor=ANA, reason="one database", version=1)
    assert (kept.id, kept.firing) == (TWO, 2)
    gone = found(desk, ONE)
    assert (gone.resolution, gone.merged_into_id) == (Resolution.SUPERSEDED, TWO)
    assert desk.look.retrospective(ONE) is not None
    desk.fire("02:14", "02:20", labels=LOGIN)
    assert found(desk, TWO).quiet_since is None
    desk.fire("02:13", "02:21")
    assert found(desk, TWO).firing == 0
    assert kinds(desk, ONE) == ["opened", "resolved"]
    assert kinds(desk, TWO) == ["opened", "absorbed", "alert_cleared", "quiet"]
    desk.fire("02:23")
    assert kinds(desk, TWO)[-1] == "refired"
    assert len(desk.incidents()) == 2


def test_a_chain_of_merges_leads_to_its_end(desk: Desk) -> None:
    """A into B, B into C: an alert of A is heard at C."""
    desk.fire("02:13")
    desk.fire("02:13", labels=LOGIN)
    desk.fire("02:13", labels={**PAGE, "slice": "search"})
    desk.operator.merge(ONE, into=TWO, actor=ANA, reason="x", version=1)
    desk.operator.merge(TWO, into=IncidentId(3), actor=ANA, reason="x", version=found(desk, TWO).version)
    desk.fire("02:13", "02:20")
    last = found(desk, IncidentId(3))
    assert (last.firing, last.state) == (2, IncidentState.OPEN)


def test_when_the_merged_one_is_long_over_each_key_is_its_own_trouble_again(desk: Desk) -> None:
    """A route leads nowhere once its incident may not reopen any more."""
    desk.fire("02:00")
    desk.fire("02:00", labels=LOGIN)
    desk.operator.merge(ONE, into=TWO, actor=ANA, reason="x", version=1)
    desk.fire("02:00", "02:05")
    desk.fire("02:00", "02:05", labels=LOGIN)
    desk.clock.advance(3_600)
    desk.worker.tick()
    assert found(desk, TWO).state is IncidentState.RESOLVED
    desk.clock.advance(7_200)
    desk.worker.tick()
    desk.fire("07:00")
    assert [(one.key, one.state.value) for one in desk.incidents()][2:] == [("shop/checkout", "open")]
    with desk.store.read() as tx:
        assert tx.routes.all().targets == {}


def test_after_a_split_each_alert_stays_where_it_was_put(desk: Desk) -> None:
    """Also when it ends and fires again."""
    desk.fire("02:13")
    desk.fire("02:14", labels=TICKET)
    page = next(e for e in desk.look.episodes(ONE) if e.severity is Severity.PAGE)
    version = found(desk, ONE).version
    new = desk.operator.split(
        ONE, fingerprints={page.fingerprint}, title="Cards", actor=ANA, reason="another bank", version=version
    )
    assert (new.id, new.severity, new.firing) == (TWO, Severity.PAGE, 1)
    rest = found(desk, ONE)
    assert (rest.severity, rest.firing) == (Severity.TICKET, 1)
    desk.fire("02:13", "02:20")
    assert found(desk, TWO).firing == 0
    assert found(desk, ONE).firing == 1
    desk.fire("02:22")
    assert (found(desk, TWO).firing, found(desk, ONE).firing) == (1, 1)
    assert kinds(desk, TWO) == ["declared", "quiet", "refired"]
    assert len(desk.incidents()) == 2


def test_alerts_join_what_a_person_opened_for_their_slice(desk: Desk) -> None:
    """One trouble, one incident; and it is the person who closes it."""
    opened = desk.operator.declare(
        title="Nobody can pay", severity=Severity.TICKET, actor=ANA, reason="calls", slice_name="checkout"
    )
    assert desk.look.incident(ONE).triage.symptom.text == "Nobody can pay. “calls”"
    with pytest.raises(IllegalTransition, match="INC-1 is open"):
        desk.operator.declare(title="x", severity=Severity.PAGE, actor=ANA, reason="x", slice_name="checkout")
    desk.fire("02:13")
    joined = found(desk, ONE)
    assert (opened.id, joined.firing, joined.severity) == (ONE, 1, Severity.PAGE)
    assert kinds(desk, ONE) == ["declared", "alert_fired", "severity_changed"]
    desk.fire("02:13", "02:20")
    desk.clock.advance(86_400)
    desk.worker.tick()
    assert found(desk, ONE).state is IncidentState.OPEN


def test_two_without_a_slice_are_two(desk: Desk) -> None:
    """Each declared trouble is its own, also with the same words."""
    for _ in range(2):
        desk.operator.declare(title="Slow", severity=Severity.TICKET, actor=ANA, reason="calls")
    assert len(desk.incidents()) == 2


def test_a_persons_severity_yields_to_a_later_and_worse_alert(desk: Desk) -> None:
    """Lowered by hand, it stays low on repeats; a new page raises it again."""
    desk.fire("02:13")
    desk.operator.set_severity(ONE, severity=Severity.TICKET, actor=ANA, reason="test shop", version=1)
    desk.fire("02:13", now="02:15")
    assert found(desk, ONE).severity is Severity.TICKET
    desk.fire("02:16", labels={**PAGE, "pod": "b"})
    assert found(desk, ONE).severity is Severity.PAGE
    assert kinds(desk, ONE).count("severity_changed") == 2


def test_reopening_is_refused_while_the_same_trouble_is_open(desk: Desk) -> None:
    """At most one unresolved incident per trouble."""
    desk.fire("02:13")
    desk.fire("02:13", "02:14")
    desk.operator.resolve(ONE, actor=ANA, reason="over", version=found(desk, ONE).version)
    desk.clock.advance(2 * 86_400)
    desk.operator.reopen(ONE, actor=ANA, reason="it is back", version=found(desk, ONE).version)
    assert found(desk, ONE).state is IncidentState.OPEN
    desk.operator.resolve(ONE, actor=ANA, reason="over", version=found(desk, ONE).version)
    desk.operator.declare(title="x", severity=Severity.PAGE, actor=ANA, reason="x", slice_name="checkout")
    with pytest.raises(IllegalTransition, match="INC-2 is open"):
        desk.operator.reopen(ONE, actor=ANA, reason="x", version=found(desk, ONE).version)


def test_every_decision_is_in_the_audit_refusals_too(desk: Desk) -> None:
    """Who tried what, and what came of it."""
    desk.fire("02:13")
    desk.operator.hand_over(ONE, to="Tom", actor=ANA, reason="shift", version=1)
    with pytest.raises(IllegalTransition):
        desk.operator.hand_over(ONE, to="Tom", actor=ANA, reason="shift", version=2)
    assert EntryKind.HANDED_OVER.value in kinds(desk, ONE)
    with desk.store.read() as tx:
        told = [(one["verb"], one["outcome"]) for one in tx.audit.of("INC-1")]
    assert told == [("ingest", "done"), ("hand_over", "done"), ("hand_over", "refused")]


def test_a_flapping_incident_is_asked_for_only_when_its_hold_is_over(desk: Desk) -> None:
    """The worker does not look at it each round before."""
    for minute in range(13, 21, 2):
        desk.fire(f"02:{minute}")
        desk.fire(f"02:{minute}", f"02:{minute + 1}")
    assert found(desk, ONE).refired_count == 3
    quiet_since = found(desk, ONE).quiet_since
    assert quiet_since is not None
    desk.clock.set(quiet_since + timedelta(minutes=30))
    desk.worker.tick()
    assert found(desk, ONE).state is IncidentState.OPEN
    desk.clock.set(quiet_since + timedelta(minutes=61))
    desk.worker.tick()
    assert found(desk, ONE).state is IncidentState.RESOLVED
