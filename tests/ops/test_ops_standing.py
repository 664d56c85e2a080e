"""What a worker says about itself as signals: what waits and how long, what became of it, turns and the last beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conftest import PAGE
from tests.ops.test_ops_worker_endures import Shelf

from parapet.core import names
from parapet.ops.standing import Standing
from parapet.ops.work import Worker
from parapet.signals.numbers import NumberSnapshot
from parapet.signals.recorder import Recorder
from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from tests.conftest import Desk


def shown(recorder: Recorder, family: str) -> dict[tuple[str, ...], float]:
    """The series of *family*, as a scrape reads them."""
    for one in recorder.read():
        if one.name == family and isinstance(one, NumberSnapshot):
            return dict(one.series)
    return {}


def test_what_waits_what_became_of_it_and_the_last_beat_are_signals(desk: Desk) -> None:
    """One channel is well and one is not; a body that comes later waits until the next round."""
    recorder = Recorder()
    told = desk.changed(channels=[Shelf("a-silent-one", answers=False), Shelf("ops")])
    told.fire("02:13", labels=PAGE)
    standing = Standing(recorder)
    worker = Worker(told.context, standing=standing)
    worker.tick()
    done = shown(recorder, names.WORKER_DONE)
    assert done["notification", "done"] == 1
    assert done["notification", "failed"] == 1
    assert shown(recorder, names.WORKER_BEAT) == {(): told.clock.now().timestamp()}
    lag = shown(recorder, names.WORKER_LAG)
    assert lag == dict.fromkeys((("body",), ("call",), ("measurement",), ("notification",)), 0)
    turns = recorder.families.histogram(names.WORKER_TURN).snapshot().series
    assert {labels[0] for labels in turns} >= {"body", "call", "incident", "notification"}

    body = alertmanager_payload(alert({**PAGE, "slice": "login"}, starts_at=told.clock.now()))
    told.inbox.store([("alertmanager", body)])
    told.clock.advance(95)
    with told.store.begin() as tx:
        standing.show(tx, told.clock.now())
    assert shown(recorder, names.WORKER_ITEMS)["body", "due"] == 1
    assert shown(recorder, names.WORKER_LAG)["body",] == 90
    assert shown(recorder, names.WORKER_ITEMS)["notification", "due"] == 1, "the silent channel is to be tried again"
    with told.store.begin() as tx:
        now = told.clock.now()
        assert len(tx.outbox.claim_due("a-silent-one", owner="w", now=now, until=told.clock.advance(60), limit=5)) == 1
        standing.show(tx, now)
    assert shown(recorder, names.WORKER_ITEMS)["notification", "claimed"] == 1
    assert shown(recorder, names.WORKER_ITEMS)["notification", "due"] == 0
