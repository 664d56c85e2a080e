"""Every aggregate comes back as it went in, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from parapet.core.errors import Conflict, EvidenceError
from parapet.core.types import PARAPET, Actor, ActorClass, IncidentId, JsonObject
from parapet.incidents.model import (
    Announcement,
    Change,
    ChangeKind,
    EntryKind,
    Episode,
    Incident,
    IncidentState,
    NewEntry,
    Resolution,
    Severity,
)
from parapet.store.chain import first_broken
from parapet.store.inbox import Shelf
from parapet.store.outbox import Notification, OutboxState
from parapet.store.store import Store

AT = datetime(2026, 11, 12, 2, 13, 4, 123457, tzinfo=UTC)
FAR = AT + timedelta(days=3_000, microseconds=1)
ANA = Actor(kind=ActorClass.OPERATOR, name="Ana Ödegård")
HARD: JsonObject = {"words": "ü ☃ \U0001f600 \x00 ' \" \\ </script>", "n": [1, 2.5, None, True], "deep": {"a": {}}}

INCIDENT = Incident(
    id=None,
    key="shop/checkout{region=eu}",
    service="shop",
    slice="checkout",
    labels={"region": "eu"},
    title="Checkout 'fails' ☃",
    state=IncidentState.OPEN,
    severity=Severity.PAGE,
    started_at=AT,
    detected_at=AT + timedelta(microseconds=1),
    last_heard_at=FAR,
    repeats=7,
    firing=2,
    quiet_since=None,
    refired_count=1,
    last_fired_at=AT,
    last_ended_at=AT - timedelta(seconds=1),
    runbook="https://runbooks.example/checkout",
    annotations={"summary": "ü"},
    version=3,
)


def opened(store: Store, incident: Incident = INCIDENT) -> IncidentId:
    with store.begin() as tx:
        return tx.incidents.add(incident)


def test_an_incident_comes_back_as_it_went_in(store: Store) -> None:
    """Every field, times to the microsecond and aware; also after a change."""
    number = opened(store)
    with store.begin() as tx:
        found = tx.incidents.get(number)
        assert found == replace(INCIDENT, id=number)
        over = replace(
            found,
            state=IncidentState.RESOLVED,
            resolution=Resolution.SIGNAL_LOST,
            resolved_at=FAR,
            quiet_since=AT,
            owner="Ana",
            acknowledged_at=AT,
            previous_id=number,
            slice=None,
            runbook=None,
        )
        tx.incidents.save(over)
    with store.read() as tx:
        assert tx.incidents.get(number) == over
        again = tx.incidents.get(number)
    assert again is not None
    assert again.started_at.tzinfo is UTC
    assert again.started_at.microsecond == 123_457


def test_an_episode_comes_back_as_it_went_in(store: Store) -> None:
    """New and changed ones; the incident that opened in the same transaction is named on them."""
    number = opened(store)
    episode = Episode(
        id=None,
        source="alertmanager",
        fingerprint="f" * 64,
        key=INCIDENT.key,
        incident_id=number,
        severity=Severity.TICKET,
        labels={"a": "ü"},
        annotations={"b": "☃"},
        generator_url=None,
        started_at=AT,
        ended_at=None,
        first_heard_at=AT,
        last_heard_at=FAR,
        cleared_heard_at=None,
        repeats=4,
    )
    with store.begin() as tx:
        tx.episodes.save([episode], {})
        kept = tx.episodes.of(number)[0]
        assert replace(kept, id=None) == episode
        over = replace(kept, ended_at=FAR, cleared_heard_at=FAR, repeats=5)
        tx.episodes.save([over], {})
    with store.read() as tx:
        assert tx.episodes.of(number) == (over,)
        assert tx.episodes.known("alertmanager", {"f" * 64}, set()) == (over,)
        assert tx.episodes.known("elsewhere", {"f" * 64}, {INCIDENT.key}) == ()


def test_an_alert_may_end_and_fire_again_in_one_transaction(store: Store) -> None:
    """The one that ended is written before the one that opens: at most one is open at any time."""
    number = opened(store)
    first = Episode(
        id=None,
        source="alertmanager",
        fingerprint="f1",
        key=INCIDENT.key,
        incident_id=number,
        severity=Severity.PAGE,
        labels={},
        annotations={},
        generator_url=None,
        started_at=AT,
        ended_at=None,
        first_heard_at=AT,
        last_heard_at=AT,
    )
    later = AT + timedelta(minutes=1)
    with store.begin() as tx:
        tx.episodes.save([first], {})
        kept = tx.episodes.of(number)[0]
        second = replace(first, started_at=later)
        tx.episodes.save([second, replace(kept, ended_at=later)], {})
    with store.read() as tx:
        assert [episode.ended_at for episode in tx.episodes.of(number)] == [later, None]
    with pytest.raises(Conflict), store.begin() as tx:
        tx.episodes.save([replace(first, started_at=later + timedelta(minutes=1))], {})


def test_entries_are_numbered_and_chained(store: Store) -> None:
    """1, 2, 3 over several transactions; each seals the one before, and long names do not break the seal."""
    number = opened(store)
    long_name = Actor(kind=ActorClass.AI, name="x" * 300)
    said = [
        NewEntry(kind=EntryKind.OPENED, occurred_at=AT, actor=PARAPET, payload=HARD),
        NewEntry(kind=EntryKind.NOTED, occurred_at=FAR, actor=ANA, payload={"text": "a"}),
        NewEntry(kind=EntryKind.NOTED, occurred_at=AT, actor=long_name),
    ]
    with store.begin() as tx:
        tx.entries.append(number, said[:2], recorded_at=FAR)
    with store.begin() as tx:
        tx.entries.append(number, said[2:], recorded_at=FAR)
    with store.read() as tx:
        kept = tx.entries.of(number)
    assert [entry.seq for entry in kept] == [1, 2, 3]
    assert [(e.kind, e.occurred_at, e.payload) for e in kept] == [(n.kind, n.occurred_at, n.payload) for n in said]
    assert kept[1].actor == ANA
    assert len(kept[2].actor.name) == 128
    assert first_broken(kept) is None


def test_the_other_aggregates_come_back_as_they_went_in(store: Store) -> None:
    """Changes, the outbox, the inbox, retrospectives, audit and heartbeats."""
    number = opened(store)
    change = Change(
        id="c1",
        kind=ChangeKind.FLAG,
        service="shop",
        title="Flag ☃ on",
        occurred_at=AT,
        recorded_at=FAR,
        actor=ANA,
        version=None,
        url=None,
        details=HARD,
    )
    notification = Notification(
        id="n1",
        dedupe_key="k1",
        incident_id=number,
        channel="ops",
        announcement=Announcement.REFIRED,
        message=HARD,
        created_at=AT,
        due_at=FAR,
    )
    body = bytes(range(256))
    with store.begin() as tx:
        tx.changes.add(change, "once")
        tx.outbox.add_all([notification])
        (received,) = tx.inbox.add([("alertmanager", body)], received_at=AT, due_at=AT)
        tx.retrospectives.keep(number, 3, {"old": 1}, now=AT)
        tx.retrospectives.keep(number, 10, HARD, now=AT)
        tx.audit.add(actor=ANA, verb="note", target="INC-1", outcome="done", now=AT, reason="ü", details=HARD)
        tx.heartbeats.beat("worker/1", now=AT, took_seconds=0.5)
        tx.heartbeats.beat("worker/1", now=FAR, took_seconds=0.25)
    with store.read() as tx:
        assert tx.changes.told_before("once") == change
        assert tx.changes.newest("shop", 5).rows == (change,)
        assert tx.outbox.of(number) == (notification,)
        waiting = tx.inbox.get_waiting(received)
        assert waiting is not None
        assert (waiting.body, waiting.received_at, waiting.size_bytes) == (body, AT, 256)
        assert tx.inbox.last_received_at() == AT
        assert tx.retrospectives.latest(number) == HARD
        done = tx.audit.of("INC-1")[0]
        assert (done["actor_name"], done["reason"], done["details"]) == (ANA.name, "ü", HARD)
        assert tx.heartbeats.last("worker/") == FAR
        assert tx.inbox.count(Shelf.WAITING, AT) == 1
        assert tx.inbox.count(Shelf.WAITING, AT + timedelta(microseconds=1)) == 0
        assert tx.outbox.count(OutboxState.WAITING) == 1


def test_a_time_of_another_zone_is_kept_as_the_same_instant(store: Store) -> None:
    """And a time without a zone is refused before it reaches the database."""
    summer = timezone(timedelta(hours=2))
    number = opened(store, replace(INCIDENT, started_at=AT.astimezone(summer)))
    with store.read() as tx:
        found = tx.incidents.get(number)
    assert found is not None
    assert found.started_at == AT
    with pytest.raises(EvidenceError):
        opened(store, replace(INCIDENT, key="other", started_at=AT.replace(tzinfo=None)))


def test_one_key_has_one_unresolved_incident(store: Store) -> None:
    """The database itself refuses a second; resolved ones do not count."""
    over = replace(INCIDENT, state=IncidentState.RESOLVED, resolution=Resolution.OPERATOR, resolved_at=FAR)
    opened(store, over)
    opened(store, over)
    last = opened(store)
    with pytest.raises(Conflict):
        opened(store)
    with store.read() as tx:
        assert tx.incidents.latest({INCIDENT.key})[INCIDENT.key].id == last


def test_thousands_of_keys_are_looked_up_at_once(store: Store) -> None:
    """More than either database takes as parameters of one statement."""
    number = opened(store)
    keys = {f"key-{index}" for index in range(33_000)} | {INCIDENT.key}
    with store.read() as tx:
        assert [found.id for found in tx.incidents.latest(keys).values()] == [number]
        assert tx.episodes.known("alertmanager", keys, keys) == ()


def test_a_changed_incident_is_kept_only_on_what_was_read(store: Store) -> None:
    """Whoever read an older revision loses, even if the version a reader sees stayed the same."""
    number = opened(store)
    reader = Store(str(store.engine.url.render_as_string(hide_password=False)))
    with reader.read() as theirs:
        seen = theirs.incidents.get(number)
    assert seen is not None
    with pytest.raises(Conflict, match="never read"), store.begin() as tx:
        tx.incidents.save(seen)
    with store.begin() as tx:
        mine = tx.incidents.get(number)
        assert mine is not None
        tx.incidents.save(replace(mine, repeats=8))
        tx.incidents.save(replace(mine, repeats=9))
    with store.read() as tx:
        found = tx.incidents.get(number)
    assert found is not None
    assert found.repeats == 9
    reader.close()


def test_a_transaction_that_loses_a_race_is_done_again(store: Store) -> None:
    """From the start, on what is there now; after many losses in a row it gives up."""
    number = opened(store)
    attempts: list[int] = []

    def work(lost_races: int) -> int:
        def once(tx: object) -> int:
            attempts.append(len(attempts))
            if len(attempts) <= lost_races:
                raise Conflict
            return number

        attempts.clear()
        return store.transact(once)

    assert work(3) == number
    assert len(attempts) == 4
    with pytest.raises(Conflict):
        work(1_000)
    assert 5 <= len(attempts) <= 50


def test_reads_together_are_of_one_moment(store: Store) -> None:
    """Each sees what the first one saw, whatever is written meanwhile; reads by themselves see the latest."""
    number = opened(store)
    note = NewEntry(kind=EntryKind.NOTED, occurred_at=AT, actor=ANA, payload={"text": "later"})
    with store.together():
        with store.read() as tx:
            before = tx.incidents.get(number)
        with store.begin() as tx:
            tx.entries.append(number, [note], recorded_at=AT)
        with store.together(), store.read() as tx:
            assert (tx.incidents.get(number), tx.entries.of(number)) == (before, ())
        with pytest.raises(LookupError), store.read():
            raise LookupError
    with store.read() as tx:
        assert [one.payload for one in tx.entries.of(number)] == [{"text": "later"}]


def test_what_raises_leaves_nothing_behind(store: Store) -> None:
    """All of a transaction, or none of it."""

    class Stopped(Exception):
        pass

    def stop() -> None:
        with store.begin() as tx:
            tx.incidents.add(INCIDENT)
            raise Stopped

    with pytest.raises(Stopped):
        stop()
    with store.read() as tx:
        assert tx.incidents.latest({INCIDENT.key}) == {}


def test_many_rows_hold_what_each_alone_would(store: Store) -> None:
    """Whatever text and bytes many rows bring in one statement come back as they went in."""
    hostile = [
        "NULL",
        "",
        'a "quoted" one',
        "back\\slash\\",
        "{braces, commas}",
        "two\nlines\t",
        "Grüße 🌧",
        "x'; --",
        " ",
    ]
    bodies = [b"", b"\x00\\\"{},'\xff", b"NULL"]
    with store.begin() as tx:
        tx.audit.add_done({text: {"said": text} for text in hostile}, actor=ANA, verb="note", now=AT)
        numbers = tx.inbox.add([("events", body) for body in bodies], received_at=AT, due_at=AT)
    with store.read() as tx:
        for text in hostile:
            (row,) = tx.audit.of(text)
            assert (row["details"], row["reason"]) == ({"said": text}, None)
        assert [found.body for found in (tx.inbox.get(number) for number in numbers) if found] == bodies
