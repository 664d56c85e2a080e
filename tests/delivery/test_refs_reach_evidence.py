"""Exact identifiers are kept beside the incidents, bounded, and an incident lists those that it is about."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError
from tests.conftest import ANA

from parapet import Parapet
from parapet.core import names
from parapet.core.types import IncidentId
from parapet.core.vocabulary import Outcome
from parapet.incidents.sightings import Objects, Sighted
from parapet.ops.follow_up import MOST_A_MINUTE
from parapet.ops.sightings import MOST_KINDS, MOST_SHOWN, TRIES, WELL_A_MINUTE, WRONG_A_MINUTE, SightingKeeper
from parapet.signals.recorder import Recorder
from parapet.signals.refs import RATE, SINK, Refs
from parapet.slo.packs import email_delivery_pack, media_pipeline_pack, web_pack
from parapet.store.store import Store
from parapet.testing import ManualClock, SequentialIds, alert, alertmanager_payload

NIGHT = ManualClock().now()

ENDS_AT_ONCE = """
import sys
from parapet import Parapet
shop = Parapet(service="shop", evidence=sys.argv[1])
with shop.store.read() as tx:
    assert tx.sightings.between("shop", {"receipts"}, shop.clock.now(), shop.clock.now(), limit=1) == ()
shop.delivery("receipts", provider="ses", channel="email").outbound("failed", "timeout", refs={"message_id": "m-1"})
"""


@pytest.fixture
def clock() -> ManualClock:
    """What the shop's clock shows."""
    return ManualClock(NIGHT)


@pytest.fixture
def shop(evidence_url: str, clock: ManualClock) -> Iterator[Parapet]:
    """A shop that sends receipts through two providers, encodes videos and sells, with evidence."""
    made = Parapet(service="shop", evidence=evidence_url, clock=clock, ids=SequentialIds())
    made.journey("checkout", objective=0.999)
    made.journey("login", objective=0.99)
    made.adopt(email_delivery_pack("receipts"), web_pack())
    for provider in ("ses", "postmark"):
        made.delivery("receipts", provider=provider, channel="email")
    yield made
    assert made.refs.drain(10)
    made.store.close()


def kept(shop: Parapet) -> list[Sighted]:
    """Every sighting in evidence, those that went well included."""
    assert shop.refs.drain(10)
    with shop.store.read() as tx:
        subjects = ("receipts", "videos", "checkout", "login", "assistant")
        long = timedelta(days=400)
        found = tx.sightings.between("shop", subjects, NIGHT - long, NIGHT + long, limit=5_000, wrong_only=False)
    return list(found)


def near(shop: Parapet, slice_name: str | None, **labels: str) -> Objects | None:
    """What an incident of that slice, which began now, lists."""
    given = {"alertname": "Burn", "service": "shop", "severity": "page", **labels}
    if slice_name is not None:
        given["slice"] = slice_name
    receipt = shop.inbox.receive(alertmanager_payload(alert(given, starts_at=shop.clock.now())))
    assert shop.refs.drain(10)
    return shop.look.incident(IncidentId(next(iter(receipt.incident_ids)))).objects


def identified(objects: Objects | None) -> list[str]:
    """The identifiers that are shown, in order."""
    return [] if objects is None else [value for one in objects.shown for value in one.refs.values()]


def dropped(shop: Parapet) -> dict[str, float]:
    """Dropped identifiers by reason."""
    series = next(one.series for one in shop.recorder.read() if one.name == names.REFS_DROPPED)
    return {reason: float(str(value)) for (reason,), value in series.items() if value}


def test_every_family_reaches_evidence(shop: Parapet) -> None:
    """Deliveries, webhooks, stages, backlogs, callbacks, models and journeys, those across processes too."""
    receipts = shop.delivery("receipts", provider="ses", channel="email")
    receipts.outbound("failed", "timeout", refs={"message_id": "out"})
    receipts.provider_feedback("bounced", "content", refs={"message_id": "bounced", "order": 7})
    receipts.webhook_ingest("delivered", 4_000.0, refs={"message_id": "late"})
    videos = shop.pipeline("videos", stages=("encode",), queue="media", provider="mux")
    videos.stage("encode", "discarded", refs={"video": "lost"})
    videos.backlog(4_000.0, refs={"video": "waits"})
    videos.callback("encode", 4_000.0, refs={"video": "unanswered"})
    shop.ai("assistant", tools=("refund",)).tool("refund", "failed", "timeout", refs={"order": "tool"})
    checkout, login = shop._journeys["checkout"], shop._journeys["login"]
    with checkout.attempt(refs={"cart": "c-1"}) as attempt:
        attempt.about(order="o-1")
        attempt.failed()
    login.record("user_error", 0.1, refs={"user": "u-1"})
    checkout.start("o-2", deadline_seconds=60)
    checkout.finish("o-2", Outcome.FAILURE)
    found = kept(shop)
    told = {(one.signal, one.subject, one.went_wrong, tuple(one.refs.values())) for one in found}
    assert told == {
        ("delivery.outbound", "receipts", True, ("out",)),
        ("delivery.provider_feedback", "receipts", True, ("bounced", "7")),
        ("delivery.webhook_ingest", "receipts", True, ("late",)),
        ("async.stage", "videos", True, ("lost",)),
        ("async.backlog", "videos", True, ("waits",)),
        ("async.callback", "videos", True, ("unanswered",)),
        ("ai.tool", "assistant", True, ("tool",)),
        ("journey", "checkout", True, ("c-1", "o-1")),
        ("journey", "login", False, ("u-1",)),
        ("journey", "checkout", True, ("o-2",)),
    }
    assert {one.seen_at for one in found} == {NIGHT}


def test_an_incident_lists_what_its_promise_is_about(shop: Parapet, clock: ManualClock) -> None:
    """Of its integration or journey, its group, near onset, and only what went wrong."""
    ses = shop.delivery("receipts", provider="ses", channel="email")
    postmark = shop.delivery("receipts", provider="postmark", channel="email")
    ses.outbound("failed", "timeout", refs={"message_id": "long before"})
    clock.advance(3_600)
    ses.outbound("failed", "timeout", refs={"message_id": "ses"})
    ses.outbound("provider_accepted", refs={"message_id": "went well"})
    clock.advance(60)
    postmark.provider_feedback("bounced", "content", refs={"message_id": "postmark"})
    shop._journeys["login"].record("failure", refs={"user": "somebody"})
    shop._journeys["checkout"].record("failure", refs={"order": "sold"})
    assert identified(near(shop, "receipts-submitted")) == ["ses", "postmark"]
    assert identified(near(shop, "receipts-delivered", provider="postmark")) == ["postmark"]
    assert identified(near(shop, "checkout")) == ["sold"]
    assert identified(near(shop, None, journey="login")) == ["somebody"]
    assert near(shop, "web-errors") is None
    assert near(shop, None) is None


def test_an_incident_is_found_by_the_objects_it_is_about(shop: Parapet, clock: ManualClock) -> None:
    """By the whole identifier, whatever its case, as long as it is kept; not by one that is another promise's."""
    ses = shop.delivery("receipts", provider="ses", channel="email")
    ses.outbound("failed", "timeout", refs={"message_id": "MSG-7/a", "order": "Straße 8"})
    ses.outbound("provider_accepted", refs={"message_id": "well"})
    shop._journeys["checkout"].record("failure", refs={"order": "sold"})
    assert near(shop, "receipts-submitted") is not None

    def found(search: str) -> list[int | None]:
        return [one.id for one in shop.look.queue(search=search).incidents]

    assert [found(search) for search in ("msg-7/A", " MSG-7/a ", "STRASSE 8")] == [[1]] * 3
    assert [found(search) for search in ("MSG-7", "well", "sold", "nothing", "\x00")] == [[]] * 5
    assert found("receipts") == [1]
    clock.advance(15 * 86_400)
    shop.tick()
    assert found("msg-7/a") == []
    assert found("receipts") == [1]


def test_a_pipeline_incident_lists_its_lost_work(shop: Parapet) -> None:
    """Its promise is about work; the stages know which."""
    videos = shop.pipeline("videos", stages=("encode", "publish"), queue="media", provider="mux")
    shop.adopt(media_pipeline_pack("videos"))
    videos.stage("publish", "discarded", refs={"video": "v-9"})
    names_of = [one.name for one in shop.catalog.judged if one.name.startswith("videos")]
    assert names_of
    assert identified(near(shop, names_of[0])) == ["v-9"]


def test_those_closest_to_onset_are_shown(shop: Parapet, clock: ManualClock) -> None:
    """And it says of how many."""
    receipts = shop.delivery("receipts", provider="ses", channel="email")
    for number in range(MOST_SHOWN + 30):
        receipts.outbound("failed", "timeout", refs={"message_id": number})
        clock.advance(1)
    shown = near(shop, "receipts-submitted")
    assert shown is not None
    assert (shown.total, shown.more) == (MOST_SHOWN + 30, False)
    assert identified(shown) == [str(number) for number in range(30, MOST_SHOWN + 30)]


def test_a_flood_is_sampled_and_counted(shop: Parapet, clock: ManualClock) -> None:
    """So many a minute of each kind; nearly all of what went wrong, a sample of the rest."""
    receipts = shop.delivery("receipts", provider="ses", channel="email")
    for number in range(WELL_A_MINUTE + 5):
        receipts.outbound("attempted", refs={"message_id": number})
    for number in range(WRONG_A_MINUTE + 7):
        receipts.outbound("failed", "timeout", refs={"message_id": number})
    assert len(kept(shop)) == WELL_A_MINUTE + WRONG_A_MINUTE
    assert dropped(shop) == {RATE: 12}
    clock.advance(60)
    receipts.outbound("attempted", refs={"message_id": "the next minute"})
    assert len(kept(shop)) == WELL_A_MINUTE + WRONG_A_MINUTE + 1


def test_fields_that_never_repeat_are_bounded_too(shop: Parapet) -> None:
    """A host that tells a new outcome every time fills neither memory nor disk."""
    receipts = shop.delivery("receipts", provider="ses", channel="email")
    for number in range(MOST_KINDS + WRONG_A_MINUTE + 9):
        receipts.outbound("failed", f"made up {number}", refs={"message_id": number})
    assert len(kept(shop)) == MOST_KINDS + WRONG_A_MINUTE
    assert dropped(shop) == {RATE: 9}


def test_evidence_that_cannot_be_written_is_counted(empty_url: str) -> None:
    """Migrations are missing: the host goes on, the event is counted, and so is what evidence lacks."""
    shop = Parapet(service="shop", evidence=empty_url, clock=ManualClock())
    receipts = shop.delivery("receipts", provider="ses", channel="email")
    receipts.outbound("failed", "timeout", refs={"message_id": "m-1"})
    assert shop.refs.drain(10)
    assert dropped(shop) == {SINK: 1}
    shop.store.close()


def test_a_database_that_is_away_is_tried_again_and_then_given_up(tmp_path: Path) -> None:
    """The host's thread waits for none of it."""
    recorder, clock = Recorder(), ManualClock()
    store = Store(f"sqlite:///{tmp_path / 'nowhere' / 'evidence.db'}")
    refs = Refs(recorder, clock=clock)
    tries: list[object] = []
    event.listen(store.engine, "do_connect", lambda *asked: tries.append(asked[0]))
    refs.to(SightingKeeper(store, "shop", recorder, pause_seconds=0.001))
    refs.offer("delivery.outbound", {"integration": "receipts", "fault_plane": "provider"}, {"message_id": "m-1"})
    assert refs.drain(10)
    series = next(one.series for one in recorder.read() if one.name == names.REFS_DROPPED)
    assert series[SINK,] == 1
    assert len(tries) == TRIES


def test_objects_that_were_given_up_become_action_items(shop: Parapet, clock: ManualClock) -> None:
    """Of the integrations that the host names; each has one, however often it is told, and one that was dismissed
    stays so."""
    shop.incidents = replace(shop.incidents, followed_up=frozenset({"receipts"}))
    receipts = shop.delivery("receipts", provider="ses", channel="email")
    for _ in range(3):
        receipts.outbound("suppressed", "suppressed", refs={"message_id": "m-1", "order": "ORD-9"})
    receipts.outbound("failed", "timeout", refs={"message_id": "m-2"})
    receipts.outbound("provider_accepted", refs={"message_id": "m-3"})
    receipts.outbound("deferred", "rate_limited", refs={"message_id": "m-4"})
    receipts.outbound("failed", "timeout")
    assert shop.refs.drain(10)
    found = {(one.kind, one.object_id): one for one in shop.action_items.page().items}
    assert found.keys() == {("suppressed_delivery", "m-1"), ("failed_delivery", "m-2")}
    first = found["suppressed_delivery", "m-1"]
    assert (first.told, first.opened_by, first.slice is not None) == (1, "receipts", True)
    assert first.details["order"] == "ORD-9"
    shop.action_items.dismiss(int(first.id or 0), actor=ANA, reason="A test address", version=first.version)
    clock.advance(60)
    receipts.outbound("suppressed", "suppressed", refs={"message_id": "m-1"})
    receipts.outbound("failed", "timeout", refs={"message_id": "m-2"})
    assert shop.refs.drain(10)
    assert [(one.object_id, one.told) for one in shop.action_items.page().items] == [("m-2", 2)]


def test_nothing_is_opened_unasked_and_never_more_than_people_can_read(shop: Parapet) -> None:
    """The incident speaks for a thousand."""
    receipts = shop.delivery("receipts", provider="ses", channel="email")
    receipts.outbound("failed", "timeout", refs={"message_id": "m-0"})
    assert shop.refs.drain(10)
    assert shop.action_items.page().open == 0
    shop.incidents = replace(shop.incidents, followed_up=frozenset({"receipts"}))
    for number in range(MOST_A_MINUTE + 20):
        receipts.outbound("failed", "timeout", refs={"message_id": f"m-{number}"})
    assert shop.refs.drain(10)
    assert shop.action_items.page().open == MOST_A_MINUTE


def test_old_ones_and_too_many_are_forgotten(shop: Parapet, clock: ManualClock) -> None:
    """By the worker, once a minute."""
    receipts = shop.delivery("receipts", provider="ses", channel="email")
    shop.incidents = replace(shop.incidents, sightings_kept_seconds=3_600.0, most_sightings=5)
    receipts.outbound("failed", "timeout", refs={"message_id": "old"})
    clock.advance(3_000)
    for number in range(7):
        receipts.outbound("failed", "timeout", refs={"message_id": number})
    assert len(kept(shop)) == 8
    shop.tick()
    assert [one.refs["message_id"] for one in kept(shop)] == ["2", "3", "4", "5", "6"]
    clock.advance(30)
    receipts.outbound("failed", "timeout", refs={"message_id": "young"})
    clock.advance(3_590)
    shop.tick()
    assert [one.refs["message_id"] for one in kept(shop)] == ["young"]


def test_what_was_kept_although_nobody_heard_so_is_kept_once(shop: Parapet) -> None:
    """The answer to a commit is lost: the batch is handed in again, and is there already, with its action items."""
    shop.incidents = replace(shop.incidents, followed_up=frozenset({"receipts"}))
    receipts = shop.delivery("receipts", provider="ses", channel="email")
    lost: list[str] = []

    def lose(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        if driver is None or lost or connection.get_execution_options().get("parapet_read_only"):
            return
        lost.append("an answer")
        driver.commit()
        raise OperationalError("COMMIT", {}, ConnectionResetError("the line broke"))

    event.listen(shop.store.engine, "commit", lose)
    receipts.outbound("failed", "timeout", refs={"message_id": "m-1"})
    assert shop.refs.drain(10)
    event.remove(shop.store.engine, "commit", lose)
    assert lost
    assert [one.refs["message_id"] for one in kept(shop)] == ["m-1"]
    assert [item.told for item in shop.action_items.page().items] == [1]


def test_what_was_told_right_before_the_end_is_kept(evidence_url: str) -> None:
    """A process that ends at once hands over what it has."""
    subprocess.run([sys.executable, "-c", ENDS_AT_ONCE, evidence_url], check=True, timeout=60)
    store = Store(evidence_url)
    with store.read() as tx:
        far = timedelta(days=10_000)
        (found,) = tx.sightings.between("shop", {"receipts"}, NIGHT - far, NIGHT + far, limit=10)
    assert found.refs == {"message_id": "m-1"}
    store.close()


FORKS_WHILE_IT_OPENS = """
import os, sys, time
from parapet import Parapet
shop = Parapet(service="shop", evidence=sys.argv[1])
receipts = shop.delivery("receipts", provider="ses", channel="email")
receipts.outbound("failed", "timeout", refs={"message_id": "parent"})
while "sqlalchemy" not in sys.modules:  # the thread has begun to load it
    time.sleep(0.001)
if os.fork() == 0:
    from parapet.ops.sightings import SightingKeeper
    os._exit(0 if shop.store.engine is not None and SightingKeeper else 1)
_, status = os.wait()
sys.exit(status != 0 or not shop.refs.drain(60))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_while_the_thread_opens_evidence_waits_for_it(sqlite_template: Path, tmp_path: Path) -> None:
    """Else the child has half a library, and a lock that nobody gives back."""
    path = tmp_path / "evidence.db"
    shutil.copyfile(sqlite_template, path)
    words = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKS_WHILE_IT_OPENS, f"sqlite:///{path}"]
    subprocess.run(words, check=True, timeout=150)
