"""A real Alertmanager, asked what it has: what was never delivered, what ended unheard, silences, a watchdog."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.artifacts.servers import LOOPBACK, asked, free_port, installed, running, wait
from tests.conftest import ANA, PAGE, WORDS, at

from parapet.core import names
from parapet.core.errors import ConfigurationError
from parapet.core.types import IncidentId
from parapet.incidents.model import IncidentState, Resolution
from parapet.ops.alertmanager import Alertmanager, Answers
from parapet.ops.reconcile import Reconciled, Reconciler
from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from tests.conftest import Desk

ONE = IncidentId(1)
CONFIGURATION = """
route:
  receiver: parapet-shop
  group_by: [alertname, slice]
  routes:
    - receiver: others
      matchers: [team="others"]
receivers:
  - name: parapet-shop
  - name: others
"""


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[str]:
    """The address of a real Alertmanager that delivers to nobody."""
    program = installed("prometheus-alertmanager", "prometheus-alertmanager", "alertmanager")
    (tmp_path / "alertmanager.yml").write_text(CONFIGURATION)
    port = free_port()
    words = [
        program,
        f"--config.file={tmp_path / 'alertmanager.yml'}",
        f"--storage.path={tmp_path / 'data'}",
        f"--web.listen-address={LOOPBACK}:{port}",
        "--cluster.listen-address=",
    ]
    with running(words, f"http://{LOOPBACK}:{port}/-/ready", tmp_path / "alertmanager.log"):
        yield f"http://{LOOPBACK}:{port}"


def post(peer: str, *labels: dict[str, str], ends: datetime | None = None) -> None:
    """What Prometheus does: say which alerts fire, or fired until *ends*; and wait until the peer lists it."""
    now = datetime.now(UTC)
    alerts = [
        {
            "labels": one,
            "annotations": WORDS,
            "startsAt": (now - timedelta(minutes=5)).isoformat(),
            "endsAt": (ends or now + timedelta(minutes=10)).isoformat(),
        }
        for one in labels
    ]
    assert asked(f"{peer}/api/v2/alerts", json.dumps(alerts).encode()) is not None

    def listed() -> bool:
        there = [one["labels"] for one in json.loads(asked(f"{peer}/api/v2/alerts") or b"[]")]
        return all((one in there) == (ends is None) for one in labels)

    wait("the peer lists what was posted", listed)


def look(desk: Desk, *peers: str) -> Reconciled | None:
    return Reconciler(desk.context, Alertmanager(peers), receiver="parapet-shop").look()


def kinds(desk: Desk) -> list[str]:
    return [entry.kind.value for entry in desk.look.chronology(ONE)]


@pytest.fixture
def desk_now(desk: Desk) -> Desk:
    """The desk at the time of the machine, which a real peer keeps."""
    desk.clock.set(datetime.now(UTC))
    return desk


@pytest.mark.real
def test_what_was_never_delivered_is_heard_of(desk_now: Desk, peer: str) -> None:
    """The webhook was away when it fired: the next look takes it in, once, and only what is ours."""
    post(peer, PAGE, {"alertname": "Disk", "team": "others"})
    assert look(desk_now, peer) == Reconciled(answered=1, silent=0, heard_of=1)
    assert desk_now.only.slice == "checkout"
    assert look(desk_now, peer) is None, "it is not time yet"
    desk_now.clock.advance(61)
    assert look(desk_now, peer) == Reconciled(answered=1, silent=0)
    assert kinds(desk_now) == ["opened"]


@pytest.mark.real
def test_what_ended_unheard_ends_unconfirmed(desk_now: Desk, peer: str) -> None:
    """Resolved while nobody was told: two looks without it, then quiet, then closed as unconfirmed."""
    post(peer, PAGE)
    look(desk_now, peer)
    post(peer, PAGE, ends=datetime.now(UTC) - timedelta(seconds=1))
    for lost in (0, 1, 0):
        desk_now.clock.advance(61)
        assert look(desk_now, peer) == Reconciled(answered=1, silent=0, lost=lost)
    assert kinds(desk_now) == ["opened", "lost"]
    desk_now.clock.advance(3_600)
    desk_now.worker.tick()
    assert (desk_now.only.state, desk_now.only.resolution) == (IncidentState.RESOLVED, Resolution.UNCONFIRMED)


def ended(desk: Desk) -> bytes:
    """What is delivered when the one alert ends, as Alertmanager itself names it."""
    with desk.store.read() as tx:
        (episode,) = tx.episodes.of(ONE)
    one = alert(episode.labels, starts_at=episode.started_at, ends_at=episode.started_at + timedelta(minutes=1))
    return alertmanager_payload({**one, "fingerprint": episode.fingerprint})


@pytest.mark.real
def test_what_is_listed_withdraws_an_end_whatever_the_clocks_say(desk_now: Desk, peer: str) -> None:
    """The node that heard of the end is ten minutes ahead: to it everything else is older. But it fires, they say."""
    post(peer, PAGE)
    look(desk_now, peer)
    desk_now.clock.advance(600)
    desk_now.inbox.receive(ended(desk_now))
    assert kinds(desk_now) == ["opened", "quiet"]
    desk_now.clock.advance(61 - 600)
    assert look(desk_now, peer) == Reconciled(answered=1, silent=0, heard_of=1)
    assert kinds(desk_now) == ["opened", "quiet", "refired"]
    assert desk_now.only.firing == 1


class Slow(Alertmanager):
    """A real one whose answers are slow: something happens meanwhile."""

    def __init__(self, peer: str, meanwhile: Callable[[], object]) -> None:
        super().__init__([peer])
        self._meanwhile = meanwhile

    def ask(self) -> Answers:
        answers = super().ask()
        self._meanwhile()
        return answers


@pytest.mark.real
def test_an_end_that_comes_while_we_ask_is_not_withdrawn(desk_now: Desk, peer: str) -> None:
    """What is listed was written down before the end arrived: the next look tells."""
    post(peer, PAGE)
    look(desk_now, peer)
    desk_now.clock.advance(61)
    slow = Slow(peer, lambda: desk_now.inbox.receive(ended(desk_now)))
    found = Reconciler(desk_now.context, slow, receiver="parapet-shop").look()
    assert found == Reconciled(answered=1, silent=0)
    assert kinds(desk_now) == ["opened", "quiet"]


@pytest.mark.real
def test_unreachable_is_not_empty(desk_now: Desk, peer: str) -> None:
    """A peer that does not answer says nothing: it may list what the others do not, and nothing is missed."""
    post(peer, PAGE)
    look(desk_now, peer)
    away = f"http://{LOOPBACK}:{free_port()}"
    for ends in (None, datetime.now(UTC) - timedelta(seconds=1)):
        post(peer, PAGE, ends=ends)
        for _ in range(2):
            desk_now.clock.advance(61)
            assert look(desk_now, away) == Reconciled(answered=0, silent=1)
            desk_now.clock.advance(61)
            assert look(desk_now, away, peer) == Reconciled(answered=1, silent=1)
    assert kinds(desk_now) == ["opened"]
    for lost in (0, 1):
        desk_now.clock.advance(61)
        assert look(desk_now, peer) == Reconciled(answered=1, silent=0, lost=lost)


@pytest.mark.real
def test_a_silence_becomes_evidence(desk_now: Desk, peer: str) -> None:
    """Who, why and until when; and nothing counts as lost."""
    post(peer, PAGE)
    look(desk_now, peer)
    now = datetime.now(UTC)
    silence = {
        "matchers": [{"name": "slice", "value": "checkout", "isRegex": False}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "tom",
        "comment": "moving house",
    }
    made = json.loads(asked(f"{peer}/api/v2/silences", json.dumps(silence).encode()) or b"{}")
    wait("the alert is silenced", lambda: made["silenceID"] in (asked(f"{peer}/api/v2/alerts") or b"").decode())
    for _ in range(3):
        desk_now.clock.advance(61)
        assert look(desk_now, peer) == Reconciled(answered=1, silent=0)
    assert kinds(desk_now) == ["opened", "silenced"]
    said = desk_now.look.chronology(ONE)[-1].payload
    ends_at = datetime.fromisoformat(str(said["until"]))
    assert (said["by"], said["comment"], said["silence"]) == ("tom", "moving house", made["silenceID"])
    assert abs(ends_at - now - timedelta(hours=1)) < timedelta(milliseconds=2)
    assert asked(f"{peer}/api/v2/silence/{made['silenceID']}", method="DELETE") is not None
    wait("the alert is heard again", lambda: '"silencedBy":[]' in (asked(f"{peer}/api/v2/alerts") or b"").decode())
    desk_now.clock.advance(61)
    assert look(desk_now, peer) == Reconciled(answered=1, silent=0)
    assert kinds(desk_now) == ["opened", "silenced", "silence_ended"]


@pytest.mark.real
def test_the_watchdog_is_heard_through_the_list_too(desk_now: Desk, peer: str) -> None:
    """It opens no incident; when it was last updated is when we last heard."""
    post(peer, {"alertname": names.ALERT_WATCHDOG, "service": "shop"})
    look(desk_now, peer)
    assert desk_now.incidents() == []
    with desk_now.store.read() as tx:
        assert tx.heartbeats.last("watchdog") is not None


def test_a_watchdog_that_stops_marks_what_is_open_and_its_return_unmarks_it(desk: Desk) -> None:
    """Delivered each minute; then nothing: quiet says nothing, so nothing closes until it is back."""
    dog = {"alertname": names.ALERT_WATCHDOG, "service": "shop"}
    beat = alertmanager_payload(alert(dog, starts_at=desk.clock.now()))
    desk.fire("02:13", labels=PAGE)
    for name in ("login", "search", "done"):
        desk.fire("02:13", labels={**PAGE, "slice": name})
    desk.operator.acknowledge(IncidentId(2), actor=ANA, reason="looking", version=1)
    desk.operator.resolve(IncidentId(4), actor=ANA, reason="over", version=1)
    desk.inbox.receive(beat)
    assert len(desk.incidents()) == 4
    desk.fire("02:13", "02:14")
    heard_at = at("02:13")
    desk.clock.set(heard_at + timedelta(seconds=300))
    desk.worker.tick()
    assert [one.signal_stale_since for one in desk.incidents()] == [None] * 4
    desk.clock.advance(1)
    desk.worker.tick()
    assert [one.signal_stale_since for one in desk.incidents()] == [heard_at, heard_at, heard_at, None]
    assert kinds(desk)[-1] == "signal_stale"
    desk.clock.advance(3_600)
    desk.worker.tick()
    assert desk.incidents()[0].state is IncidentState.OPEN
    desk.inbox.receive(beat)
    desk.worker.tick()
    assert kinds(desk)[-2:] == ["signal_back", "resolved"]
    assert desk.incidents()[0].resolution is Resolution.REPORTED
    assert [one.signal_stale_since for one in desk.incidents()] == [None] * 4


def test_who_has_no_watchdog_is_told_nothing(desk: Desk) -> None:
    """Nothing is called stale that never was promised."""
    desk.fire("02:13")
    desk.clock.advance(86_400)
    desk.worker.tick()
    assert kinds(desk) == ["opened"]


@pytest.mark.parametrize("urls", [(), ("http://ana:secret@127.0.0.1:9093",)])
def test_an_address_is_needed_and_carries_no_password(urls: tuple[str, ...]) -> None:
    """Refused when it is built, with words."""
    with pytest.raises(ConfigurationError):
        Alertmanager(urls)
