"""A shop whose people can be called: two take turns, a third is called last."""

from __future__ import annotations

from datetime import date

from parapet.notify.channel import Delivery, Sent
from parapet.notify.message import Message
from parapet.response.escalation import EscalationPolicy, Step, channel, person, rotation
from parapet.response.roster import Roster
from parapet.response.rotation import Person, Rotation


class Phone:
    """A channel that keeps whom it called."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.called: list[tuple[str, str | None, str]] = []

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        self.called.append((message.announcement, delivery.to, message.text))
        return Sent(words="rang")


POLICY = EscalationPolicy(
    name="shop",
    steps=(
        Step(targets=(rotation("primary"),)),
        Step(targets=(rotation("primary"), person("Cem")), after_seconds=300),
        Step(targets=(channel("ops"),), after_seconds=600),
    ),
    repeat=1,
    repeat_after_seconds=600,
    ack_timeout_seconds=1_800,
)
ROSTER = Roster(
    people=(
        Person(name="Ana", reach={"phone": "+49-1", "ops": "U1"}),
        Person(name="Ben", reach={"phone": "+49-2"}),
        Person(name="Cem", reach={"phone": "+49-3"}),
    ),
    rotations=(
        Rotation(
            name="primary",
            people=("Ana", "Ben"),
            begins=date(2026, 11, 2),
            hand_over="Monday 09:00",
            zone="Europe/Berlin",
        ),
    ),
    policies=(POLICY,),
)
