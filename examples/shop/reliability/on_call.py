"""Who is told, and who is called when nobody answers."""

from __future__ import annotations

from datetime import date

from parapet.notify.webhook import WebhookChannel
from parapet.response import escalation
from parapet.response.escalation import EscalationPolicy
from parapet.response.roster import Roster
from parapet.response.rotation import Person, Rotation

from examples.shop.settings import STAFF, Settings

TEAM = "the shop's team"


def channels(settings: Settings) -> tuple[WebhookChannel, ...]:
    """Where announcements go: nowhere before an address and its secret are known."""
    secret = settings.secret("notify-secret")
    if settings.notify_url is None or secret is None:
        return ()
    return (WebhookChannel(name="ops", url=settings.notify_url, secret=secret),)


def on_call(settings: Settings) -> Roster:
    """Two take turns of a week; who does not answer within a minute is called again, together with the other one."""
    names = [one.name for one in channels(settings)]
    people = tuple(Person(name=name, reach=dict.fromkeys(names, name)) for name in STAFF)
    primary = Rotation(
        name="primary", people=STAFF, begins=date(2026, 11, 2), hand_over="Monday 09:00", zone="Europe/Berlin"
    )
    pages = EscalationPolicy(
        name="pages",
        steps=(
            escalation.Step(targets=(escalation.rotation("primary"),)),
            escalation.Step(targets=tuple(escalation.person(name) for name in STAFF), after_seconds=60),
        ),
        repeat_after_seconds=300,
        ack_timeout_seconds=3_600,
    )
    return Roster(people=people, rotations=(primary,), policies=(pages,))
