"""Alertmanager as it runs: whether it brings every alert to us, in time and with the right key."""

from __future__ import annotations

from collections.abc import Iterator

from parapet.doctor.check import check, skipped
from parapet.doctor.facts import Facts
from parapet.doctor.finding import Found, Grade
from parapet.doctor.gathered.telling import Telling

MOST_SKEW_SECONDS = 5.0
LONGEST = {"group_wait": 60.0, "group_interval": 300.0, "repeat_interval": 86_400.0}


@check(
    "PDB01",
    Grade.ERROR,
    "Alertmanager does not answer",
    why="Alerts have no way to people, or what was never delivered is not noticed.",
    fix="Check Wiring(alertmanager_urls=...), and Secrets(alertmanager_credentials=...) where it wants some.",
    live=True,
)
def silent(facts: Facts) -> Iterator[Found]:
    """Every peer is asked for its status."""
    if not facts.telling:
        yield skipped("Nobody said where Alertmanager is.", "Wiring(alertmanager_urls=('http://127.0.0.1:9093',))")
    for peer in facts.telling:
        if peer.problem:
            yield Found(what=peer.problem)


@check(
    "PDB02",
    Grade.WARN,
    "The clocks of Alertmanager and of this machine differ",
    why="Onsets and the order of a chronology are then wrong by as much.",
    fix="Let both follow a time server: timedatectl set-ntp true",
    live=True,
)
def clock(facts: Facts) -> Iterator[Found]:
    """By more than five seconds."""
    for peer in facts.telling:
        if peer.skew_seconds is not None and abs(peer.skew_seconds) > MOST_SKEW_SECONDS:
            direction = "ahead" if peer.skew_seconds > 0 else "behind"
            yield Found(what=f"The clock of {peer.url} is {abs(peer.skew_seconds):.0f} s {direction}.")


@check(
    "PDB03",
    Grade.ERROR,
    "Alertmanager has no receiver that leads to Parapet",
    why="Alerts fire, and no incident opens.",
    fix="Take in {out}/alertmanager/fragment.yml, and reload it.",
    live=True,
)
def no_receiver(facts: Facts) -> Iterator[Found]:
    """None posts to the webhook."""
    for peer in _answering(facts):
        if not peer.receivers:
            yield Found(what=f"{peer.url} posts nowhere to {facts.app.wiring.webhook_url}.")


@check(
    "PDB04",
    Grade.ERROR,
    "An alert is routed past Parapet",
    why="It fires, and no incident opens.",
    fix="Take in the route of {out}/alertmanager/fragment.yml, before all others.",
    live=True,
)
def astray(facts: Facts) -> Iterator[Found]:
    """Every alert that the rules may raise is followed through the routes."""
    for peer in _answering(facts):
        if peer.receivers:
            for alert in peer.astray:
                yield Found(what=f"{alert} does not reach us at {peer.url}.")


@check(
    "PDB05",
    Grade.ERROR,
    "Alertmanager does not say when an alert is over",
    why="Incidents stay open until somebody closes them by hand.",
    fix="send_resolved: true",
    live=True,
)
def never_over(facts: Facts) -> Iterator[Found]:
    """The receiver leaves resolved alerts out."""
    for peer in _answering(facts):
        for receiver in peer.receivers:
            if not receiver.send_resolved:
                yield Found(what=f"Receiver {receiver.name!r} has send_resolved: false.")


@check(
    "PDB06",
    Grade.WARN,
    "Alertmanager leaves alerts out of large deliveries",
    why="In a storm, some incidents never open.",
    fix="max_alerts: 0",
    live=True,
)
def truncated(facts: Facts) -> Iterator[Found]:
    """The receiver has a limit."""
    for peer in _answering(facts):
        for receiver in peer.receivers:
            if receiver.max_alerts:
                yield Found(what=f"Receiver {receiver.name!r} has max_alerts: {receiver.max_alerts}.")


@check(
    "PDB07",
    Grade.ERROR,
    "Alertmanager shows no token",
    why="Every delivery is refused with 401, and no incident opens.",
    fix="http_config: {authorization: {type: Bearer, credentials_file: /etc/parapet/webhook-token}}",
    live=True,
)
def no_token(facts: Facts) -> Iterator[Found]:
    """The receiver has no credentials."""
    for peer in _answering(facts):
        for receiver in peer.receivers:
            if not receiver.authorized:
                yield Found(what=f"Receiver {receiver.name!r} has no authorization.")


@check(
    "PDB08",
    Grade.WARN,
    "Alertmanager takes its time",
    why="group_wait is added to every page; what got worse, or is over, is heard a group_interval later.",
    fix="group_wait 10s, group_interval 1m, repeat_interval 4h, as {out}/alertmanager/fragment.yml says.",
    live=True,
)
def slow(facts: Facts) -> Iterator[Found]:
    """On the route that a page takes to us."""
    for peer in _answering(facts):
        for name, seconds in (peer.times or {}).items():
            if seconds > LONGEST[name]:
                yield Found(what=f"{name} is {seconds:g} s at {peer.url}.")


@check(
    "PDB09",
    Grade.WARN,
    "Some peers of Alertmanager are not asked",
    why="What only they have is not heard of when a delivery is lost.",
    fix="Name every peer in Wiring(alertmanager_urls=...).",
    live=True,
)
def peers(facts: Facts) -> Iterator[Found]:
    """It has more peers than are named."""
    named = len(facts.app.wiring.alertmanager_urls)
    most = max((peer.peers for peer in _answering(facts)), default=0)
    if most > named:
        yield Found(what=f"The cluster has {most} peers, {named} are named.")


@check(
    "PDB10",
    Grade.ERROR,
    "A test alert does not arrive",
    why="Neither would a real one.",
    fix="Look at the log of Alertmanager: 401 is another token, 404 another path, refused a service that is away.",
    live=True,
)
def test_alert(facts: Facts) -> Iterator[Found]:
    """Sent to Alertmanager, through its routes, to the webhook, into the evidence. It opens no incident."""
    if facts.app.evidence is None or not any(_answering(facts)):
        yield skipped("There is no Alertmanager that answers, or no evidence to arrive in.")
    else:
        for peer, why in facts.tested:
            if why is not None:
                yield Found(what=f"{peer}: {why}")


def _answering(facts: Facts) -> Iterator[Telling]:
    return (peer for peer in facts.telling if peer.problem is None)
