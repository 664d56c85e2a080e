"""People are told one by one at first, then rarer and together; systems get everything; calls are not held back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import PAGE
from tests.response.conftest import ROSTER, Phone

from parapet.core.errors import ConfigurationError, DeliveryFailed
from parapet.notify.channel import Delivery, Sent
from parapet.notify.message import Message
from parapet.response.pace import Pace, Rung, held
from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from tests.conftest import Desk

NIGHT = datetime(2026, 11, 12, 2, 0, tzinfo=UTC)


class Room:
    """A channel that people read."""

    name = "room"
    digests = True

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.asks: float | None = None

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        if self.asks is not None:
            raise DeliveryFailed("slower, please", retry_after_seconds=self.asks)
        self.heard.append(message)
        return Sent(words="said")


@given(gaps=st.lists(st.floats(0, 400), min_size=1, max_size=150))
def test_no_rung_is_ever_exceeded_and_nobody_waits_longer_than_it_says(gaps: list[float]) -> None:
    """Whenever messages want to go: in no stretch of time are there more than its rung allows."""
    pace, now, sent = Pace(), NIGHT, list[datetime]()
    for gap in gaps:
        now += timedelta(seconds=gap)
        wait = held(pace, sent, now)
        if wait is None:
            sent.append(now)
        else:
            assert held(pace, sent, wait.until) is None
            assert held(pace, sent, wait.until - timedelta(milliseconds=1)) is not None
    for rung in pace.ladder:
        for place in range(len(sent) - rung.messages):
            assert (sent[place + rung.messages] - sent[place]).total_seconds() >= rung.within_seconds


def storm(desk: Desk, count: int, name: str = "customer") -> None:
    """So many incidents at once."""
    now = desk.clock.now()
    alerts = [alert({"alertname": "Burn", name: str(n)}, starts_at=now) for n in range(count)]
    desk.inbox.receive(alertmanager_payload(*alerts))


def test_much_at_once_is_one_message_to_people_and_each_to_systems(desk: Desk) -> None:
    """The digest says each of them; rows and chronologies say that it was told so."""
    room, machine = Room(), Phone("machine")
    told = desk.changed(channels=[room, machine])
    storm(told, 20)
    told.worker.tick()
    assert len(machine.called) == 20
    (digest,) = room.heard
    assert digest.title == "20 announcements about 20 incidents"
    assert len(digest.parts) == 16
    assert digest.parts[-1] == "and 5 more, in the workbench"
    assert told.count("outbox", "channel = 'room' AND state = 'delivered' AND said = 'said, in a digest of 20'") == 20
    assert told.count("entries", "kind = 'notified'") == 40


def test_one_after_another_climbs_the_ladder_and_says_why_it_waits(desk: Desk) -> None:
    """Five within a minute are told one by one; the rest waits, with the reason in its row, and comes together."""
    room = Room()
    told = desk.changed(channels=[room])
    for number in range(5):
        storm(told, 1, f"label{number}")
        told.worker.tick()
        told.clock.advance(1)
    assert len(room.heard) == 5
    for number in range(5, 9):
        storm(told, 1, f"label{number}")
        told.worker.tick()
        told.clock.advance(1)
    assert len(room.heard) == 5
    throttled = "state = 'waiting' AND said = 'throttled: 5 messages were sent within 1 min'"
    assert told.count("outbox", throttled) == 4
    told.clock.advance(51)
    told.worker.tick()
    assert len(room.heard) == 6
    assert len(room.heard[-1].parts) == 4


def test_a_call_is_made_also_when_the_channel_heard_much(desk: Desk) -> None:
    """What is throttled waits; whoever is called is called."""
    room = Room()
    people = tuple(replace(one, reach={"room": one.name}) for one in ROSTER.people)
    desk.roster = replace(
        ROSTER, people=people, policies=(replace(ROSTER.policies[0], steps=ROSTER.policies[0].steps[:2]),)
    )
    desk.channels = {"room": room}
    for number in range(6):
        storm(desk, 1, f"label{number}")
        desk.worker.tick()
        desk.clock.advance(1)
    assert len(room.heard) == 5
    desk.inbox.receive(alertmanager_payload(alert(PAGE, starts_at=desk.clock.now())))
    desk.worker.tick()
    assert [one.announcement for one in room.heard[5:]] == ["escalated"]


def test_a_channel_that_asks_to_be_left_alone_is(desk: Desk) -> None:
    """All that waits for it, not only what was tried."""
    room = Room()
    told = desk.changed(channels=[room])
    storm(told, 1, "first")
    room.asks = 120.0
    assert told.worker.tick().failed == 1
    storm(told, 1, "second")
    room.asks = None
    told.clock.advance(119)
    told.worker.tick()
    assert room.heard == [], "also what came later"
    told.clock.advance(1)
    told.worker.tick()
    assert len(room.heard) == 2


@pytest.mark.parametrize("wrong", [{"digest_from": 1}, {"ladder": (Rung(messages=0, within_seconds=1.0),)}])
def test_a_pace_that_cannot_hold_is_refused(wrong: dict[str, object]) -> None:
    """As it is made."""
    with pytest.raises(ConfigurationError):
        Pace(**wrong)  # type: ignore[arg-type]
