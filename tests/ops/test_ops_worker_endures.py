"""One thing that cannot be done does not keep the worker from the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from parapet.core.errors import DeliveryFailed
from parapet.core.work import Work
from parapet.incidents.model import IncidentState
from parapet.notify.channel import Delivery, Sent
from parapet.notify.message import Message
from parapet.ops.deliver import BATCH
from parapet.ops.kinds import Counts, Kind
from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from tests.conftest import Desk

MORE_THAN_A_BATCH = BATCH + 5
PAGE = {"alertname": "ParapetBudgetBurnPage", "service": "shop", "slice": "checkout", "severity": "page"}


class Shelf:
    """A channel that keeps what it is told, or never answers."""

    def __init__(self, name: str, *, answers: bool = True) -> None:
        self.name = name
        self.answers = answers
        self.told: list[str] = []
        self.asked = 0

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        self.asked += 1
        if not self.answers:
            raise DeliveryFailed(f"{self.name} did not answer.")
        self.told.append(message.ref)
        return Sent(words="kept")


def many(desk: Desk) -> None:
    """More incidents at once than one round takes."""
    now = desk.clock.now()
    numbers = range(MORE_THAN_A_BATCH)
    desk.inbox.receive(
        alertmanager_payload(*(alert({"alertname": "Burn", "customer": str(n)}, starts_at=now) for n in numbers))
    )


def test_a_channel_that_does_not_answer_delays_no_other(desk: Desk) -> None:
    """It is asked once a round, however much waits for it; the other channel gets everything."""
    silent, well = Shelf("a-silent-one", answers=False), Shelf("ops")
    told = desk.changed(channels=[silent, well])
    many(told)
    first, second = told.worker.tick(), told.worker.tick()
    assert (first.delivered, second.delivered) == (MORE_THAN_A_BATCH, 0)
    assert (first.failed, second.failed) == (1, 1)
    assert silent.asked == 2
    assert sorted(well.told) == sorted(f"INC-{n + 1}" for n in range(MORE_THAN_A_BATCH))
    silent.answers = True
    told.clock.advance(60)
    told.worker.tick()
    told.worker.tick()
    assert len(silent.told) == MORE_THAN_A_BATCH


def test_an_incident_that_cannot_be_closed_does_not_hold_up_the_others(desk: Desk) -> None:
    """A row that this version cannot read: counted as stuck, and everything else goes on."""
    for labels in (PAGE, {"alertname": "Disk", "service": "shop"}):
        desk.fire("02:13", labels=labels)
        desk.fire("02:13", "02:20", labels=labels)
    with desk.store.engine.begin() as connection:
        connection.execute(text("UPDATE parapet_incidents SET resolution = 'of the future' WHERE id = 1"))
    desk.clock.advance(3_600)
    tick = desk.worker.tick()
    assert (tick.settled, tick.stuck) == (1, 1)
    assert desk.worker.tick().stuck == 1
    with desk.store.engine.begin() as connection:
        connection.execute(text("UPDATE parapet_incidents SET resolution = NULL WHERE id = 1"))
    assert desk.worker.tick().settled == 1
    assert {incident.state for incident in desk.incidents()} == {IncidentState.RESOLVED}


def test_a_worker_knows_whether_it_goes_round(desk: Desk) -> None:
    """Its last whole round says so; one that was not finished does not count."""
    assert desk.worker.unwell(60) is None
    before = desk.worker.unwell(-1)
    assert before is not None
    assert "no round was finished" in before
    desk.worker.tick()
    assert desk.worker.unwell(60) is None


def test_a_turn_that_breaks_off_is_told_as_failed() -> None:
    """Whoever reads what the worker did sees it, and not only in the log of the first time."""
    told: list[Counts] = []

    def breaks_off() -> Counts:
        raise LookupError("a row of the future")

    kind = Kind(work=Work.CALL, do=breaks_off)
    for _ in range(2):
        counts, error = kind.turn(lambda work, took_seconds, counts: told.append(counts))
        assert isinstance(error, LookupError)
        assert counts == {"stuck": 1}
    assert told == [{"stuck": 1}] * 2
