"""What may be interrupted: ingest, the worker, and every verb of a person."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tests.conftest import ANA, PAGE, WORDS, Desk, at

from parapet.core import names
from parapet.core.errors import MalformedPayload
from parapet.core.types import IncidentId
from parapet.core.vocabulary import Severity
from parapet.incidents.model import ChangeKind
from parapet.notify.channel import Delivery, Sent
from parapet.notify.message import Message
from parapet.ops.items import ActionItems
from parapet.response import escalation as calls
from parapet.response.escalation import EscalationPolicy
from parapet.response.roster import Roster
from parapet.response.rotation import Person
from parapet.testing import alert, alertmanager_payload

ONE, TWO = IncidentId(1), IncidentId(2)
LOGIN = {**PAGE, "slice": "login"}
TICKET = {**PAGE, "alertname": "ParapetBudgetBurnTicket", "severity": "ticket"}
WHY = "the database is slow"

Step = Callable[[Desk], object]

ON_CALL = Roster(
    people=(Person(name="Ana", reach={"pigeon": "loft-1"}), Person(name="Ben", reach={"pigeon": "loft-2"})),
    policies=(
        EscalationPolicy(
            name="shop",
            steps=(
                calls.Step(targets=(calls.person("Ana"),)),
                calls.Step(targets=(calls.person("Ben"),), after_seconds=300),
            ),
            repeat=0,
        ),
    ),
)
"""Who is called by pigeon."""


class Pigeon:
    """A channel that writes down what it delivered: a line each."""

    name = "pigeon"
    digests = False

    def __init__(self, book: Path) -> None:
        self.book = book

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        """One line: which delivery, which announcement."""
        with self.book.open("a") as book:
            book.write(f"{delivery.id} {message.ref} {message.announcement} {delivery.to or ''}\n")
        return Sent(words="written down")


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something that is done once, and again by whoever got no answer."""

    before: tuple[Step, ...] = ()
    run: Step
    roster: Roster = field(default_factory=Roster)
    measures: bool = False
    digests: bool = False
    """Whether the pigeon tells many things as one."""

    def furnish(self, desk: Desk) -> None:
        """Put on the desk what it needs there."""
        desk.roster, desk.measures = self.roster, self.measures
        pigeon = desk.channels["pigeon"]
        assert isinstance(pigeon, Pigeon)
        pigeon.digests = self.digests

    def begin(self, desk: Desk) -> None:
        """Do what comes before it."""
        self.furnish(desk)
        for step in self.before:
            step(desk)


def called(desk: Desk) -> None:
    """Nobody takes it: those on call are called, and told."""
    desk.clock.set(at("02:19"))
    desk.worker.tick()


def next_ones(desk: Desk) -> None:
    """Ana asks for help, unless she sees that they were called."""
    if not any(one.announcement == "called" for one in desk.look.incident(ONE).notifications):
        desk.escalations.next_now(ONE, actor=ANA, reason="two more hands")


def suppressed(desk: Desk) -> None:
    """Ana wants nobody called, unless she sees that it is so."""
    standing = desk.escalations.of(ONE)
    if standing is not None and standing.state is calls.EscalationState.RUNNING:
        desk.escalations.suppress(ONE, actor=ANA, reason=WHY, seconds=60)


def storm(desk: Desk) -> None:
    """Twelve alerts of four slices in one body."""
    desk.clock.set(at("02:13"))
    alerts = [
        alert({**PAGE, "slice": f"slice-{n % 4}", "route": f"/{n}"}, starts_at=at("02:13"), annotations=WORDS)
        for n in range(12)
    ]
    desk.inbox.receive(alertmanager_payload(*alerts))


def crowd(desk: Desk) -> None:
    """Three bodies that came at once, one of which is no alert."""
    desk.clock.set(at("02:13"))
    page, login = (alertmanager_payload(alert(labels, starts_at=at("02:13"))) for labels in (PAGE, LOGIN))
    desk.inbox.take_in(desk.inbox.store([("alertmanager", body) for body in (page, b"[]", login)]))


def nonsense(desk: Desk) -> None:
    """A body that is no alert: refused, and kept."""
    with contextlib.suppress(MalformedPayload):
        desk.inbox.receive(b'{"alerts": 7}')


def watchdog(desk: Desk) -> None:
    """The heartbeat of Prometheus."""
    one = alert({"alertname": names.ALERT_WATCHDOG, "service": "shop"}, starts_at=at("02:00"))
    desk.inbox.receive(alertmanager_payload(one))


def stored(desk: Desk) -> None:
    """A body that was accepted by a process that died before it understood it."""
    desk.clock.set(at("02:13"))
    body = alertmanager_payload(alert(PAGE, starts_at=at("02:13"), annotations=WORDS))
    desk.inbox.store([("alertmanager", body)])


def tick(clock: str) -> Step:
    """A round of the worker at that time."""

    def run(desk: Desk) -> None:
        desk.clock.set(at(clock))
        desk.worker.tick()

    return run


def fire(start: str, end: str | None = None, labels: dict[str, str] | None = None, now: str | None = None) -> Step:
    """One alert."""
    return lambda desk: desk.fire(start, end, labels=labels or PAGE, now=now)


def acknowledged(desk: Desk) -> object:
    """Ana has it."""
    return desk.operator.acknowledge(ONE, actor=ANA, reason="looking", version=1)


def resolved(desk: Desk) -> object:
    """Ana says that it is over."""
    return desk.operator.resolve(ONE, actor=ANA, reason="restarted", version=1)


def split(desk: Desk) -> object:
    """The ticket is another trouble than the page."""
    ticket = str(alert(TICKET, starts_at=at("02:14"))["fingerprint"])
    return desk.operator.split(ONE, fingerprints={ticket}, title="Slow", actor=ANA, reason=WHY, version=2)


def item(desk: Desk) -> object:
    """A message that somebody must look after."""
    return ActionItems(desk.context).open("suppressed", "message-7", title="A receipt did not leave", incident_id=ONE)


FIRING = fire("02:13")
ACTS: dict[str, Act] = {
    "a first alert": Act(run=FIRING),
    "the same again": Act(before=(FIRING,), run=fire("02:13", now="02:20")),
    "a worse alert": Act(before=(fire("02:10", labels=TICKET),), run=FIRING),
    "an end": Act(before=(FIRING,), run=fire("02:13", "02:21")),
    "a flap": Act(before=(FIRING, fire("02:13", "02:21")), run=fire("02:23")),
    "a storm": Act(run=storm),
    "several bodies together": Act(run=crowd),
    "nonsense": Act(run=nonsense),
    "a heartbeat": Act(run=watchdog),
    "taking in what waits": Act(before=(stored,), run=tick("02:14")),
    "telling people": Act(before=(FIRING,), run=tick("02:14")),
    "calling people": Act(before=(FIRING, tick("02:13")), run=called, roster=ON_CALL),
    "calling the next ones by hand": Act(before=(FIRING,), run=next_ones, roster=ON_CALL),
    "taking what people are called for": Act(
        before=(FIRING, lambda desk: desk.escalations.run_due()), run=acknowledged, roster=ON_CALL
    ),
    "suppressing": Act(before=(FIRING,), run=suppressed, roster=ON_CALL),
    "closing what is quiet": Act(before=(FIRING, tick("02:13"), fire("02:13", "02:21")), run=tick("02:50")),
    "acknowledge": Act(before=(FIRING,), run=acknowledged),
    "note": Act(
        before=(FIRING,), run=lambda desk: desk.operator.note(ONE, actor=ANA, text="checked the pool", version=1)
    ),
    "resolve": Act(before=(FIRING,), run=resolved),
    "hand over": Act(
        before=(FIRING, acknowledged),
        run=lambda desk: desk.operator.hand_over(ONE, to="Ben", actor=ANA, reason="shift ends", version=2),
        roster=ON_CALL,
    ),
    "release": Act(
        before=(FIRING, acknowledged), run=lambda desk: desk.operator.release(ONE, actor=ANA, reason=WHY, version=2)
    ),
    "set severity": Act(
        before=(FIRING,),
        run=lambda desk: desk.operator.set_severity(
            ONE, severity=Severity.TICKET, actor=ANA, reason="few users", version=1
        ),
    ),
    "reopen": Act(
        before=(FIRING, resolved), run=lambda desk: desk.operator.reopen(ONE, actor=ANA, reason=WHY, version=2)
    ),
    "declare": Act(
        run=lambda desk: desk.operator.declare(
            title="Refunds are late", severity=Severity.PAGE, actor=ANA, reason="support says so", slice_name="refunds"
        )
    ),
    "merge": Act(
        before=(FIRING, fire("02:14", labels=LOGIN)),
        run=lambda desk: desk.operator.merge(ONE, into=TWO, actor=ANA, reason=WHY, version=1),
    ),
    "split": Act(before=(FIRING, fire("02:14", labels=TICKET)), run=split),
    "redact": Act(
        before=(
            FIRING,
            lambda desk: desk.operator.note(ONE, actor=ANA, text="card 4111 1111 1111 1111", version=1),
        ),
        run=lambda desk: desk.audit.redact(ONE, 2, actor=ANA, reason="a card number", version=2),
    ),
    "open an item": Act(before=(FIRING,), run=item),
    "resolve an item": Act(
        before=(FIRING, item),
        run=lambda desk: ActionItems(desk.context).resolve(1, actor=ANA, reason="sent again", version=1),
    ),
    "take a body in by hand": Act(before=(stored,), run=lambda desk: desk.bodies.replay(1, actor=ANA)),
    "give a body up": Act(before=(stored,), run=lambda desk: desk.bodies.drop(1, actor=ANA, reason="a test")),
    "mark a change": Act(
        run=lambda desk: desk.changes.mark(kind=ChangeKind.DEPLOY, actor=ANA, version="1.2.3", change_id="run-17")
    ),
}


def time_passes(desk: Desk) -> None:
    """An hour later, when every lease has ended, the worker goes round a few times."""
    desk.clock.advance(timedelta(hours=1).total_seconds())
    for _ in range(3):
        desk.worker.tick()
        desk.clock.advance(60)
