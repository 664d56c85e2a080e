"""Maintenance by the word of a person, on both databases: it holds calls back, is told once, and ends by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.conftest import ANA, at
from tests.response.conftest import ROSTER, Phone

from parapet.core.errors import IllegalTransition, NotFound, ReasonRequired, UnknownName
from parapet.core.types import IncidentId
from parapet.incidents.chronology import sentence
from parapet.incidents.model import ChangeKind, IncidentState, Resolution
from parapet.ops.maintain import Maintenances, Scope
from parapet.ops.resting import Rests
from parapet.ops.work import Worker
from parapet.response.maintenance import MaintenanceState
from parapet.signals.recorder import Recorder

if TYPE_CHECKING:
    from tests.conftest import Desk

ONE = IncidentId(1)
SLICES = ("checkout", "checkout-fast", "receipts")


@pytest.fixture
def phone() -> Phone:
    """What rings."""
    return Phone("phone")


@pytest.fixture
def night(desk: Desk, phone: Phone) -> Desk:
    """A shop whose people can be called."""
    desk.channels = {"phone": phone, "ops": Phone("ops")}
    desk.roster = ROSTER
    desk.clock.set(at("02:00"))
    return desk


@pytest.fixture
def rests(night: Desk) -> Maintenances:
    """The verbs."""
    scope = Scope(slices=SLICES, journeys={"checkout": ("checkout", "checkout-fast")})
    return Maintenances(night.context, scope)


@pytest.fixture
def worker(night: Desk) -> Worker:
    """A worker that tells of maintenance."""
    return Worker(night.context, rests=Rests(night.context, Recorder(), SLICES))


def rang(phone: Phone) -> list[str | None]:
    """Whom the phone called, in order."""
    return [to for what, to, _ in phone.called if what == "escalated"]


def maintained(desk: Desk) -> list[str]:
    """What the chronology says of maintenance."""
    found = desk.look.chronology(ONE)
    return [sentence(one.kind, one.payload) for one in found if one.kind.value == "maintenance"]


def changed(desk: Desk) -> list[str]:
    """Maintenance among the changes, oldest first."""
    return [one.title for one in reversed(desk.look.changes(50)) if one.kind is ChangeKind.MAINTENANCE]


def test_nobody_is_called_until_it_ends(night: Desk, rests: Maintenances, worker: Worker, phone: Phone) -> None:
    """The journey's every promise rests; when its time has passed, the call that was held back is made."""
    made = rests.plan("checkout", end=at("02:30"), actor=ANA, reason="database upgrade")
    assert (made.ref, made.slices, made.state(at("02:00"))) == (
        "M-1",
        ("checkout", "checkout-fast"),
        MaintenanceState.RUNNING,
    )
    night.fire("02:13")
    worker.tick()
    assert rang(phone) == []
    night.clock.set(at("02:29"))
    worker.tick()
    assert rang(phone) == []
    night.clock.set(at("02:30"))
    worker.tick()
    assert rang(phone) == ["+49-2"]
    assert maintained(night) == ["Maintenance of checkout is over: it counts again."]
    assert changed(night) == [
        "checkout rests until 02:30 UTC: database upgrade",
        "checkout counts again",
    ]
    worker.tick()
    assert len(changed(night)) == 2, "told once"


@pytest.mark.parametrize(("ended", "how"), [("02:25", Resolution.MAINTENANCE), ("02:40", Resolution.REPORTED)])
def test_an_alert_that_maintenance_silenced_has_not_cleared(
    ended: str, how: Resolution, night: Desk, rests: Maintenances, worker: Worker
) -> None:
    """Its end says nothing, also when the maintenance is over before the quiet period is; one that ends later does."""
    night.fire("02:13")
    rests.plan("checkout", start=at("02:20"), end=at("02:30"), actor=ANA, reason="database upgrade")
    night.fire("02:13", ended)
    night.clock.set(at("03:30"))
    worker.tick()
    assert (night.only.state, night.only.resolution) == (IncidentState.RESOLVED, how)
    kept = night.look.retrospective(ONE)
    assert kept is not None
    assert kept.resolution is how


def test_who_ends_it_early_is_named_and_what_waited_goes_on(
    night: Desk, rests: Maintenances, worker: Worker, phone: Phone
) -> None:
    """At once, not when it would have ended."""
    night.fire("02:00")
    rests.plan("everything", end=at("04:00"), actor=ANA, reason="new rack")
    worker.tick()
    assert rang(phone) == []
    night.clock.set(at("02:10"))
    ended = rests.end(1, actor=ANA, reason="done early")
    assert (ended.end, ended.ended_by, ended.state(at("02:10"))) == (at("02:10"), "Ana", MaintenanceState.OVER)
    worker.tick()
    assert rang(phone) == ["+49-2"]
    assert maintained(night) == [
        "Everything is under maintenance until 04:00 UTC, by Ana: nothing counts, nobody is called. new rack",
        "Maintenance of everything is ended by Ana: it counts again. done early",
    ]
    with pytest.raises(IllegalTransition, match="M-1 is over by Ana already"):
        rests.end(1, actor=ANA, reason="again")


def test_a_plan_begins_by_itself_and_can_be_called_off(night: Desk, rests: Maintenances, worker: Worker) -> None:
    """Its beginning is told when it comes; one that was called off before is told to nobody."""
    rests.plan("receipts", start=at("03:00"), end=at("04:00"), actor=ANA, reason="provider")
    rests.plan("checkout", start=at("03:00"), end=at("04:00"), actor=ANA, reason="never mind")
    worker.tick()
    assert changed(night) == []
    assert rests.end(2, actor=ANA, reason="not tonight").state(at("02:00")) is MaintenanceState.CANCELLED
    night.clock.set(at("03:00"))
    worker.tick()
    worker.tick()
    assert changed(night) == ["receipts rests until 04:00 UTC: provider"]
    assert [one.ref for one in rests.live()] == ["M-1"]
    assert [one.ref for one in rests.page()] == ["M-2", "M-1"]
    night.clock.set(at("09:00"))
    worker.tick()
    assert changed(night)[-1] == "receipts counts again"
    assert rests.live() == ()


def test_what_cannot_be_is_refused_with_a_reason(night: Desk, rests: Maintenances) -> None:
    """Sent twice it is one; every refusal is in the audit."""
    rests.plan("checkout", end=at("03:00"), actor=ANA, reason="upgrade")
    with pytest.raises(IllegalTransition, match="already \\(M-1, by Ana\\)"):
        rests.plan("checkout", end=at("03:00"), actor=ANA, reason="upgrade")
    with pytest.raises(ReasonRequired):
        rests.plan("receipts", end=at("03:00"), actor=ANA, reason=" ")
    with pytest.raises(IllegalTransition, match="ends after it starts"):
        rests.plan("receipts", end=at("01:00"), actor=ANA, reason="late")
    with pytest.raises(IllegalTransition, match="7 d at most"):
        rests.plan("receipts", end=at("03:00") + timedelta(days=8), actor=ANA, reason="long")
    far = at("03:00") + timedelta(days=91)
    with pytest.raises(IllegalTransition, match="ahead at most"):
        rests.plan("receipts", start=far, end=far + timedelta(hours=1), actor=ANA, reason="far")
    with pytest.raises(UnknownName, match="checkout"):
        rests.plan("chekout", end=at("03:00"), actor=ANA, reason="typo")
    with pytest.raises(NotFound):
        rests.end(9, actor=ANA, reason="which?")
    with pytest.raises(ReasonRequired):
        rests.end(1, actor=ANA, reason="")
    outcomes = [(one["verb"], one["outcome"]) for one in night.audit.log(limit=50)]
    assert outcomes.count(("maintenance.plan", "refused")) == 5
    assert outcomes.count(("maintenance.end", "refused")) == 2
    assert outcomes.count(("maintenance.plan", "done")) == 1


def test_the_rules_hear_until_when(night: Desk, rests: Maintenances) -> None:
    """Only of what rests now; when it is over, that it counts."""
    recorder = Recorder()
    looking = Rests(night.context, recorder, SLICES)

    def told() -> dict[str, float]:
        lines = recorder.expose().body.decode().splitlines()
        mine = [line for line in lines if line.startswith("parapet_maintenance_until_timestamp_seconds{")]
        return {line.split('"')[1]: float(line.rsplit(" ", 1)[1]) for line in mine}

    looking.look()
    assert told() == {}
    rests.plan("checkout", end=at("02:30"), actor=ANA, reason="upgrade")
    looking.look()
    assert told() == dict.fromkeys(("checkout", "checkout-fast"), at("02:30").timestamp())
    rests.end(1, actor=ANA, reason="done")
    looking.look()
    assert told() == dict.fromkeys(("checkout", "checkout-fast"), 0.0)
