"""Exact identifiers reach an evidence sink, or are counted; the host never waits for it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

import pytest

from parapet import Parapet
from parapet.core import names
from parapet.signals.recorder import Recorder
from parapet.signals.refs import FULL, MALFORMED, MOST_AT_ONCE, SINK, Refs, Sighting
from parapet.testing import ManualClock

Counted: TypeAlias = Callable[[str], dict[tuple[str, ...], float]]


def test_a_sighting_says_what_happened_to_what(shop: Parapet) -> None:
    """The family, its bounded fields, the identifiers, and when."""
    seen: list[Sighting] = []
    shop.refs.to(seen.extend)
    receipts = shop.delivery("receipts", provider="postmark", channel="email")
    receipts.provider_feedback("bounced", "content", refs={"message_id": "m-1", "order": 7})
    videos = shop.pipeline("videos", stages=("encode",), queue="media")
    videos.stage("encode", "discarded", refs={"job": "j-1"})
    assert shop.refs.drain(5)
    bounced, lost = seen
    assert bounced.signal == "delivery.provider_feedback"
    assert bounced.fields[names.OUTCOME] == "bounced"
    assert bounced.fields[names.PROVIDER] == "postmark"
    assert bounced.refs == {"message_id": "m-1", "order": "7"}
    assert bounced.seen_at == shop.clock.now()
    assert (lost.signal, lost.refs) == ("async.stage", {"job": "j-1"})


def test_without_a_sink_nothing_is_kept(shop: Parapet, counted: Counted) -> None:
    """No thread, no memory, and nothing dropped either: nobody asked for it."""
    before = threading.active_count()
    shop.delivery("receipts", provider="ses", channel="email").outbound("attempted", refs={"message_id": "m"})
    assert threading.active_count() == before
    assert counted(names.REFS_DROPPED) == {}


def test_a_sink_that_hangs_holds_nobody_up(shop: Parapet, counted: Counted) -> None:
    """What it cannot take is dropped and counted, and a record stays quick."""
    release, entered = threading.Event(), threading.Event()

    def hang(batch: Sequence[Sighting]) -> None:
        entered.set()
        release.wait(10)

    shop.refs.most_waiting = 50
    shop.refs.to(hang)
    receipts = shop.delivery("receipts", provider="ses", channel="email")
    receipts.outbound("attempted", refs={"message_id": "first"})
    assert entered.wait(5)
    started = time.perf_counter()
    for number in range(200):
        receipts.outbound("attempted", refs={"message_id": number})
    assert time.perf_counter() - started < 1.0
    assert counted(names.REFS_DROPPED) == {(FULL,): 150}
    assert counted(names.DELIVERY_OUTBOUND) == {("receipts", "ses", "email", "attempted", "none", "none"): 201}
    release.set()


def test_a_sink_that_fails_is_counted(shop: Parapet, counted: Counted) -> None:
    """And is asked again with what comes next."""
    seen: list[Sighting] = []

    def fail_once(batch: Sequence[Sighting]) -> None:
        if not seen:
            seen.extend(batch)
            raise OSError("on purpose")
        seen.extend(batch)

    shop.refs.to(fail_once)
    receipts = shop.delivery("receipts", provider="ses", channel="email")
    receipts.outbound("attempted", refs={"message_id": 1})
    assert shop.refs.drain(5)
    receipts.outbound("attempted", refs={"message_id": 2})
    assert shop.refs.drain(5)
    assert [one.refs["message_id"] for one in seen] == ["1", "2"]
    assert counted(names.REFS_DROPPED) == {(SINK,): 1}


def test_identifiers_that_cannot_be_read_are_counted(shop: Parapet, counted: Counted) -> None:
    """The event itself is not lost."""

    class Unreadable:
        def __str__(self) -> str:
            raise RuntimeError("on purpose")

    shop.refs.to(lambda batch: None)
    receipts = shop.delivery("receipts", provider="ses", channel="email")
    receipts.outbound("attempted", refs={"message_id": Unreadable()})
    receipts.outbound("attempted", refs=["no", "mapping"])  # type: ignore[arg-type]
    assert counted(names.REFS_DROPPED) == {(MALFORMED,): 2}
    assert sum(counted(names.DELIVERY_OUTBOUND).values()) == 2


def test_they_come_in_order_and_in_portions() -> None:
    """A sink that writes to a database wants many at once, but not all."""
    sizes: list[int] = []
    seen: list[str] = []
    gate = threading.Event()

    def take(batch: Sequence[Sighting]) -> None:
        gate.wait(5)
        sizes.append(len(batch))
        seen.extend(one.refs["n"] for one in batch)

    refs = Refs(Recorder(), clock=ManualClock())
    refs.to(take)
    for number in range(450):
        refs.offer("delivery.outbound", {}, {"n": number})
    gate.set()
    assert refs.drain(5)
    assert seen == [str(number) for number in range(450)]
    assert max(sizes) <= MOST_AT_ONCE


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_hands_over_its_own_and_nothing_of_its_parents() -> None:
    """A prefork server forks after the first sightings: each process has a thread and a queue of its own."""
    reading, writing = os.pipe()

    def write(batch: Sequence[Sighting]) -> None:
        os.write(writing, "".join(f"{os.getpid()}:{one.refs['n']}\n" for one in batch).encode())

    refs = Refs(Recorder(), clock=ManualClock())
    refs.to(write)
    refs.offer("delivery.outbound", {}, {"n": "parent"})
    assert refs.drain(5)
    child = os.fork()
    if child == 0:
        refs.offer("delivery.outbound", {}, {"n": "child"})
        os._exit(0 if refs.drain(5) else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    os.close(writing)
    with os.fdopen(reading) as lines:
        told = dict(line.strip().split(":") for line in lines)
    assert told == {str(os.getpid()): "parent", str(child): "child"}
