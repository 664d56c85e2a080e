"""What Alertmanager sends is stored, then understood: nothing accepted is lost, nothing is doubled."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from parapet import Parapet
from parapet.core.errors import (
    EvidenceUnavailable,
    IllegalTransition,
    MalformedPayload,
    NotFound,
    PayloadTooLarge,
    ReasonRequired,
    SchemaOutdated,
)
from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.incidents.policy import IncidentPolicy
from parapet.ops.ingest import KEPT_OF_REJECTED_BYTES, MAX_BODY_BYTES
from parapet.store.chain import first_broken
from parapet.store.inbox import InboxState
from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from tests.conftest import Desk

ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")
RECORDED = Path(__file__).parents[1] / "fixtures" / "alertmanager"
ENDS = {
    "01": (["opened", "alert_fired", "alert_cleared", "quiet", "refired"], 1, 3),
    "02": (["opened", "flapped"], 1, 0),
    "03": (["opened", "quiet"], 0, 0),
    "08": (["opened"], 1, 0),
    "09": (["opened", "quiet"], 0, 0),
}
"""Per recording: the chronology, how many alerts fire at its end, and repeats."""
RECEIVE_AND_DIE = """
import os, signal, sys, threading
from parapet import Parapet
from parapet.store.store import Store
from sqlalchemy import event
parapet = Parapet(service="shop", evidence=sys.argv[1])
commits = 0

def die(connection):
    global commits
    commits += 1
    if commits == 2:
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(parapet.store.engine, "commit", die)
parapet.inbox.receive(bytes.fromhex(sys.argv[2]))
"""


def sent(recording: Path) -> list[tuple[datetime, str, bytes]]:
    """(received at, how it was answered, body)."""
    lines = [json.loads(line) for line in recording.read_text().splitlines()]
    began = datetime.fromisoformat(lines[0]["body"]["alerts"][0]["startsAt"])
    first = float(lines[0]["t"])
    return [
        (
            began + timedelta(seconds=0.5 + float(line["t"]) - first),
            line["answered"],
            json.dumps(line["body"]).encode(),
        )
        for line in lines
    ]


@pytest.mark.parametrize("number", sorted(ENDS))
def test_recorded_deliveries_end_in_the_right_state(desk: Desk, number: str) -> None:
    """What a real Alertmanager sent and was answered with 200; then all of it again, which says nothing new."""
    kinds, firing, repeats = ENDS[number]
    deliveries = sent(next(RECORDED.glob(f"{number}-*.jsonl")))
    for received_at, answered, body in deliveries:
        assert answered == "200"
        desk.clock.set(received_at)
        assert desk.inbox.receive(body).state == "done"
    assert desk.kinds() == kinds
    assert (desk.only.firing, desk.only.repeats) == (firing, repeats)
    assert desk.count("inbox", "state = 'done'") == len(deliveries)
    assert desk.only.id is not None
    with desk.store.read() as tx:
        assert first_broken(tx.entries.of(desk.only.id)) is None
    if desk.only.quiet_since is not None:  # by event time, which may be ahead of ours
        desk.clock.set(desk.only.quiet_since + timedelta(seconds=900))
        desk.worker.tick()
        assert desk.only.state.value == "resolved"


@pytest.mark.parametrize("number", ["05", "06"])
def test_what_was_refused_and_sent_again_is_one_incident(desk: Desk, number: str) -> None:
    """Answered with 400 or 503 nothing was stored; the attempt that gets through opens one incident."""
    deliveries = sent(next(RECORDED.glob(f"{number}-*.jsonl")))
    with desk.store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE parapet_inbox RENAME TO parapet_away"))
    for received_at, answered, body in deliveries[:-1]:
        assert answered in {"400", "503"}
        desk.clock.set(received_at)
        with pytest.raises(SchemaOutdated):
            desk.inbox.receive(body)
    with desk.store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE parapet_away RENAME TO parapet_inbox"))
    desk.clock.set(deliveries[-1][0])
    desk.inbox.receive(deliveries[-1][2])
    assert desk.kinds() == ["opened"]
    assert desk.only.repeats == 0
    assert desk.only.started_at < desk.only.detected_at


def test_a_body_that_is_no_alert_is_kept_for_a_person_to_see(desk: Desk) -> None:
    """Refused with the reason; the beginning of it stays, and nobody tries it again."""
    body = b'{"alerts": 3, "padding": "' + b"x" * (2 * KEPT_OF_REJECTED_BYTES) + b'"}'
    with pytest.raises(MalformedPayload, match="alerts: expected a list"):
        desk.inbox.receive(body)
    (shown,) = desk.bodies.page("rejected")
    kept = desk.bodies.get(shown.id)
    assert kept.body == body[:KEPT_OF_REJECTED_BYTES]
    assert kept.size_bytes == len(body)
    assert kept.error is not None
    assert "expected a list" in kept.error
    desk.clock.advance(3_600)
    assert desk.inbox.replay() == (0, 0)
    assert desk.look.trust().inbox_rejected_24h == 1


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[" * 200_000, b"null", b'{"alerts": [{}]}', b"\x00"])
def test_any_bytes_are_refused_or_taken_never_stuck(desk: Desk, body: bytes) -> None:
    """A body that cannot be read leaves no work behind."""
    with pytest.raises(MalformedPayload):
        desk.inbox.receive(body)
    assert desk.look.trust().inbox_waiting == 0
    assert desk.count("inbox") == 1


def test_hostile_texts_are_taken_in_on_both_databases(desk: Desk) -> None:
    """Control characters, lone surrogates and names as long as Alertmanager lets them be."""
    nasty = "a\x00b\ud800c\"'; DROP TABLE parapet_incidents; --" + "x" * 5_000
    labels = {"alertname": nasty, "service": nasty, "slice": nasty, "severity": nasty, nasty: nasty}
    one = alert(
        labels, starts_at=desk.clock.now(), annotations={"title": nasty, "summary": nasty, "runbook_url": nasty}
    )
    assert desk.inbox.receive(alertmanager_payload(one)).state == "done"
    assert desk.kinds() == ["opened"]
    assert desk.only.id is not None
    assert desk.look.incident(desk.only.id).incident == desk.only


def test_a_body_that_is_too_large_is_not_stored(desk: Desk) -> None:
    """One byte above the limit."""
    with pytest.raises(PayloadTooLarge, match=str(MAX_BODY_BYTES)):
        desk.inbox.receive(b"x" * (MAX_BODY_BYTES + 1))
    assert desk.count("inbox") == 0


def test_what_could_not_be_taken_in_waits_and_is_tried_again_ever_more_rarely(desk: Desk) -> None:
    """Stored is accepted: the sender is told so, and the worker comes back to it until it works."""
    with desk.store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE parapet_episodes RENAME TO parapet_away"))
    receipt = desk.fire("02:13")
    assert (receipt.state, receipt.incident_ids, receipt.reports) == ("stored", (), 1)
    assert desk.incidents() == []
    assert desk.inbox.replay() == (0, 0), "not before it is due"
    waits = []
    for _ in range(4):
        waited = 0
        while desk.inbox.replay() == (0, 0):
            desk.clock.advance(1)
            waited += 1
        waits.append(waited)
    assert waits == [5, 10, 20, 40]
    with desk.store.read() as tx:
        row = tx.inbox.get_waiting(receipt.inbox_id)
    assert row is not None
    assert row.error is not None
    assert "SchemaOutdated" in row.error
    with desk.store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE parapet_away RENAME TO parapet_episodes"))
    desk.clock.advance(80)
    assert desk.inbox.replay() == (1, 0)
    assert desk.kinds() == ["opened"]
    assert desk.only.detected_at == row.received_at, "taken in as of when it came"


def test_a_database_that_is_away_accepts_nothing(tmp_path: Path) -> None:
    """The sender must keep it."""
    parapet = Parapet(service="shop", evidence=f"sqlite:///{tmp_path / 'nowhere' / 'evidence.db'}")
    with pytest.raises(EvidenceUnavailable):
        parapet.inbox.receive(alertmanager_payload())
    parapet.store.close()


def test_a_process_killed_between_the_two_commits_loses_nothing(desk: Desk) -> None:
    """kill -9 after the body was stored and before it was taken in; whoever comes next finishes it, once."""
    one = alert({"alertname": "Burn"}, starts_at=desk.clock.now())
    body = alertmanager_payload(one)
    ended = subprocess.run([sys.executable, "-c", RECEIVE_AND_DIE, desk.url, body.hex()], timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert desk.count("inbox", "state = 'waiting'") == 1
    assert desk.count("incidents") == desk.count("episodes") == desk.count("entries") == 0
    with desk.store.read() as tx:
        due = tx.inbox.due(datetime.max.replace(tzinfo=desk.clock.now().tzinfo), 10)
        waiting = tx.inbox.get_waiting(due[0])
    assert waiting is not None
    desk.clock.set(waiting.received_at + timedelta(seconds=6))
    assert desk.inbox.replay() == (1, 0)
    assert desk.inbox.replay() == (0, 0)
    desk.inbox.receive(body)
    assert desk.kinds() == ["opened"]
    assert desk.only.repeats == 1
    assert desk.count("inbox", f"state = '{InboxState.DONE.value}'") == 2


def test_state_entries_audit_and_announcements_are_one_commit(desk: Desk) -> None:
    """The last of them fails: none of them is there, and the body waits."""
    with desk.store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE parapet_audit RENAME TO parapet_away"))
    assert desk.fire("02:13").state == "stored"
    with desk.store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE parapet_away RENAME TO parapet_audit"))
    assert [desk.count(name) for name in ("incidents", "episodes", "entries", "audit", "outbox")] == [0] * 5
    assert desk.count("inbox", "state = 'waiting'") == 1


@pytest.mark.parametrize("groups", [1, 500])
def test_ten_thousand_alerts_in_one_body_are_taken_in(desk: Desk, groups: int) -> None:
    """The largest body seen, as one incident or as hundreds."""
    start = desk.clock.now()
    many = [
        alert({"alertname": f"Burn{number % groups}", "instance": f"i{number}"}, starts_at=start)
        for number in range(10_000)
    ]
    assert desk.inbox.receive(alertmanager_payload(*many)).state == "done"
    assert desk.count("episodes", "ended_at IS NULL") == 10_000
    assert desk.count("incidents") == groups


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-12T{clock}+00:00")


def burn(number: int, *, ends: bool = False) -> bytes:
    began = at("02:13")
    return alertmanager_payload(
        alert({"alertname": f"Burn{number}"}, starts_at=began, ends_at=at("02:14") if ends else None)
    )


def test_bodies_that_come_together_are_taken_in_together(desk: Desk) -> None:
    """Each has its own receipt and incident; what is no alert is refused, and takes nobody down."""
    desk.clock.set(at("02:15"))
    bodies = [burn(1), b"no alert", burn(2), burn(1), burn(1, ends=True)]
    receipts = desk.inbox.take_in(desk.inbox.store([("alertmanager", body) for body in bodies]))
    assert [one.state for one in receipts] == ["done", "rejected", "done", "done", "done"]
    first, _, second, again, over = (one.incident_ids for one in receipts)
    assert first == again == over != second
    assert [one.repeats for one in desk.incidents()] == [1, 0]
    assert [one.firing for one in desk.incidents()] == [0, 1], "in the order in which they came"
    assert desk.bodies.counts() == {"waiting": 0, "failing": 0, "rejected": 1, "dropped": 0}


def test_one_that_fails_takes_none_of_its_neighbours_down(desk: Desk) -> None:
    """A body that the database refuses waits alone, whoever it came with."""
    refuse = "NEW.key LIKE '%Burn2%'"
    with desk.store.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(
                text(
                    f"CREATE TRIGGER refuse BEFORE INSERT ON parapet_incidents WHEN {refuse} "
                    "BEGIN SELECT RAISE(ABORT, 'refused'); END"
                )
            )
        else:
            connection.execute(
                text(
                    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN RAISE EXCEPTION 'refused'; END $$"
                )
            )
            connection.execute(
                text(
                    f"CREATE TRIGGER refuse BEFORE INSERT ON parapet_incidents FOR EACH ROW WHEN ({refuse}) "
                    "EXECUTE FUNCTION refuse()"
                )
            )
    stored = desk.inbox.store([("alertmanager", burn(number)) for number in (1, 2, 3)])
    assert [one.state for one in desk.inbox.take_in(stored)] == ["done", "stored", "done"]
    assert len(desk.incidents()) == 2
    (failing,) = desk.bodies.page("failing")
    assert (failing.id, failing.attempts) == (stored[1].id, 1)
    receipt = desk.bodies.replay(failing.id, actor=ANA)
    assert receipt.state == "stored"
    with pytest.raises(ReasonRequired):
        desk.bodies.drop(failing.id, actor=ANA, reason=" ")
    assert desk.bodies.drop(failing.id, actor=ANA, reason="a test").state is InboxState.DROPPED
    desk.clock.advance(86_400)
    assert desk.inbox.replay() == (0, 0), "nobody tries it again"
    for number in (failing.id, stored[0].id):
        with pytest.raises(IllegalTransition, match="already"):
            desk.bodies.replay(number, actor=ANA)
    with desk.store.read() as tx:
        verbs = [row["verb"] for row in tx.audit.of(f"inbox/{failing.id}")]
    assert verbs == ["inbox.replay", "inbox.drop"]


def test_what_was_refused_can_be_taken_in_by_a_version_that_reads_it(desk: Desk) -> None:
    """The whole body was kept, so it is tried again on request; of a longer one only the beginning was."""
    with desk.store.begin() as tx:  # as an older version left it
        (number,) = tx.inbox.add([("alertmanager", burn(1))], received_at=at("02:14"), due_at=at("02:14"))
        tx.inbox.finish([number], InboxState.REJECTED, now=at("02:14"), error="unknown")
    assert desk.bodies.replay(number, actor=ANA).state == "done"
    assert desk.only.detected_at == at("02:14"), "taken in as of when it came"
    with pytest.raises(MalformedPayload):
        desk.inbox.receive(b'{"alerts": 3, "padding": "' + b"x" * (2 * KEPT_OF_REJECTED_BYTES) + b'"}')
    with pytest.raises(IllegalTransition, match="only the first 65,536 of"):
        desk.bodies.replay(number + 1, actor=ANA)
    with pytest.raises(NotFound):
        desk.bodies.replay(10**30, actor=ANA)


def test_senders_of_events_never_share_an_alert(desk: Desk) -> None:
    """The same id of two senders is two alerts; the same promise is one incident, and it says who told of it."""
    desk.clock.set(at("02:14"))
    event = {"id": "1", "status": "firing", "title": "Payments fail", "started_at": at("02:13").isoformat()}
    for sender in ("status-page", "night-watch"):
        body = json.dumps({"sender": sender, "events": [{**event, "slice": "checkout"}]}).encode()
        assert desk.inbox.receive(body, source="events").incident_ids == (1,)
    assert desk.only.firing == 2
    desk.fire("02:14")
    assert desk.only.firing == 3, "and Alertmanager's of that promise"
    with desk.store.read() as tx:
        opened = tx.entries.of(IncidentId(1))[0]
    assert opened.actor.name == "events/status-page"


def test_bodies_are_kept_for_days_and_what_came_of_them_for_good(desk: Desk) -> None:
    """The worker drops old ones; one that waits stays, and so does the newest: its number is never given again."""
    few = desk.changed(policy=IncidentPolicy(inbox_kept_seconds=86_400.0))
    few.fire("02:13")
    (waits,) = few.inbox.store([("events", b"{}")])
    few.clock.advance(2 * 86_400)
    few.inbox.store([("events", b"{}")])
    few.clock.advance(2 * 86_400)
    with few.store.begin() as tx:
        tx.inbox.postpone(waits.id, due_at=few.clock.now() + timedelta(days=9), error="not yet")
    few.worker.tick()
    with few.store.read() as tx:
        kept = [number for number in range(1, 4) if tx.inbox.get(number) is not None]
    assert kept == [2, 3]
    assert few.kinds()[0] == "opened"
