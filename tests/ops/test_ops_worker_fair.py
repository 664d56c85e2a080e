"""A slow, flooded or hanging kind of work keeps no other kind waiting, and no channel another."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sqlalchemy import text
from tests.response.conftest import ROSTER, Phone

from parapet.notify.channel import Delivery, Sent
from parapet.notify.message import Message
from parapet.ops.deliver import Deliverer
from parapet.ops.stint import Stint
from parapet.ops.work import Worker
from parapet.store.outbox import OutboxState
from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Desk

PATIENCE_SECONDS = 60.0
FLOOD = 12
HUGE = "x" * 3_000_000
PAGE = {"alertname": "ParapetBudgetBurnPage", "service": "shop", "slice": "checkout", "severity": "page"}


class Hangs(Phone):
    """A channel that answers when it is let go."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.asked, self.let_go = threading.Event(), threading.Event()

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        self.asked.set()
        self.let_go.wait(PATIENCE_SECONDS)
        return super().deliver(message, delivery)


def until(happened: Callable[[], object]) -> None:
    """Wait for a condition."""
    pause = threading.Event()
    for _ in range(int(PATIENCE_SECONDS / 0.02)):
        if happened():
            return
        pause.wait(0.02)
    raise AssertionError("it did not happen")


def open_many(desk: Desk, count: int) -> None:
    """So many incidents, announced to every channel."""
    alerts = (alert({"alertname": "Burn", "customer": str(n)}, starts_at=desk.clock.now()) for n in range(count))
    desk.inbox.receive(alertmanager_payload(*alerts))


def test_a_flooded_channel_leaves_every_other_its_turn(desk: Desk) -> None:
    """However slow each message is and however short the time: channels are told in turns, over rounds too."""
    flooded, calm = Phone("a-flooded"), Phone("calm")
    told = desk.changed(channels=[flooded, calm])
    open_many(told, FLOOD)
    deliverer = Deliverer(told.context, "worker/1")
    for number in range(1, FLOOD + 1):
        assert deliverer.deliver(Stint(0), channel_seconds=0) == [OutboxState.DELIVERED]
        assert deliverer.deliver(Stint(0), channel_seconds=0) == [OutboxState.DELIVERED]
        assert (len(flooded.called), len(calm.called)) == (number, number)


def test_a_call_is_made_before_all_that_waits_longer(desk: Desk) -> None:
    """Whoever is called does not wait until a system was told of a storm."""
    phone = Phone("phone")
    desk.channels, desk.roster = {"phone": phone, "ops": Phone("ops")}, ROSTER
    open_many(desk, FLOOD)
    desk.clock.advance(60)
    desk.fire("02:13", labels=PAGE)
    assert desk.escalations.run_due() == (1, 0)
    deliverer = Deliverer(desk.context, "worker/1")
    deliverer.deliver(Stint(0), channel_seconds=0)  # the turn of ops
    deliverer.deliver(Stint(0), channel_seconds=0)
    assert [what for what, _, _ in phone.called] == ["escalated"]


def test_a_message_that_cannot_be_read_holds_up_no_other(desk: Desk) -> None:
    """Another version wrote it: it waits for that one, and nothing is told twice meanwhile."""
    phone = Phone("phone")
    told = desk.changed(channels=[phone])
    open_many(told, 3)
    with desk.store.engine.begin() as connection:
        first = connection.execute(text("SELECT min(id) FROM parapet_outbox")).scalar_one()
        future = {"message": '{"from": "the future"}', "id": first}
        connection.execute(text("UPDATE parapet_outbox SET message = :message WHERE id = :id"), future)
    tick = told.worker.tick()
    assert (tick.delivered, tick.failed) == (2, 1)
    told.worker.tick()
    assert len(phone.called) == 2


def test_a_flood_of_bodies_leaves_calls_their_turn(desk: Desk) -> None:
    """Bodies take their time and no more; what is left is taken in the next round."""
    desk.channels, desk.roster = {"phone": Phone("phone"), "ops": Phone("ops")}, ROSTER
    desk.fire("02:13", labels=PAGE)
    for number in range(4):
        one = alert({"alertname": "Burn", "n": str(number)}, starts_at=desk.clock.now(), annotations={"x": HUGE})
        desk.inbox.store([("alertmanager", alertmanager_payload(one))])
    desk.clock.advance(10)
    worker = Worker(desk.context, stint_seconds=0)
    first = worker.tick()
    assert 0 < first.taken_in < 4
    assert first.escalated == 1
    assert first.taken_in + worker.tick().taken_in == 4


def test_a_channel_that_hangs_keeps_nothing_else_waiting(desk: Desk) -> None:
    """Bodies are taken in and people are called while it hangs; the worker says so, and ends when it answers."""
    hanging = Hangs("phone")
    desk.channels, desk.roster = {"phone": hanging, "ops": Phone("ops")}, ROSTER
    desk.fire("02:13", labels=PAGE)
    stop, worker = threading.Event(), desk.worker
    running = threading.Thread(target=worker.run, args=(stop,), kwargs={"interval_seconds": 0.01})
    running.start()
    try:
        assert hanging.asked.wait(PATIENCE_SECONDS)
        until(lambda: worker.unwell(PATIENCE_SECONDS) is None)
        later = alert({**PAGE, "slice": "login"}, starts_at=desk.clock.now())
        desk.inbox.store([("alertmanager", alertmanager_payload(later))])
        desk.clock.advance(10)
        until(lambda: desk.count("inbox", "state = 'waiting'") == 0)
        until(lambda: desk.count("outbox", "announcement = 'escalated' AND incident_id = 2"))
        assert not hanging.called
    finally:
        hanging.let_go.set()
        stop.set()
        running.join(PATIENCE_SECONDS)
    assert not running.is_alive()
    assert hanging.called
