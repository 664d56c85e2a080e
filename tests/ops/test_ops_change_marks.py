"""Changes as signals: charts of metrics can mark when the system was deployed, or a flag was turned."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.conftest import ANA, at

from parapet.core import names, vocabulary
from parapet.incidents.model import Change, ChangeKind
from parapet.ops.forgetting import CHANGES_EVERY_SECONDS
from parapet.ops.mark import UNKNOWN_VERSION, ChangeMarks
from parapet.ops.work import Worker
from parapet.signals.numbers import NumberSnapshot
from parapet.signals.recorder import Recorder
from parapet.store.changes import MOST_LOOKED_BACK

if TYPE_CHECKING:
    from tests.conftest import Desk


def shown(recorder: Recorder) -> dict[str, float]:
    """Kind of change -> when it last happened, as a scrape reads it."""
    for family in recorder.read():
        if family.name == names.CHANGE_LAST and isinstance(family, NumberSnapshot):
            return {kind: value for (kind,), value in family.series.items()}
    return {}


def test_the_latest_change_of_each_kind_is_a_signal(desk: Desk) -> None:
    """Whoever marked it, and in whichever process: the worker shows what the evidence has."""
    recorder = Recorder()
    worker = Worker(desk.context, marks=ChangeMarks(desk.context, recorder))
    desk.clock.set(at("02:00"))
    worker.tick()
    assert shown(recorder) == {}
    for version, when in (("1.8.1", "01:00"), ("1.8.2", "02:00"), ("1.8.0", "00:30")):
        desk.changes.mark(kind=ChangeKind.DEPLOY, actor=ANA, version=version, occurred_at=at(when))
    desk.changes.mark(kind=ChangeKind.FLAG, actor=ANA, title="new checkout on", occurred_at=at("01:30"))
    worker.tick()
    assert shown(recorder) == {"deploy": at("02:00").timestamp(), "flag": at("01:30").timestamp()}


def releases(recorder: Recorder) -> dict[tuple[str, ...], float]:
    """Kind and version -> since when it runs, as a scrape reads it."""
    for family in recorder.read():
        if family.name == names.RELEASE and isinstance(family, NumberSnapshot):
            return dict(family.series)
    return {}


def test_only_the_release_that_runs_is_shown(desk: Desk) -> None:
    """Its version is a label, one at a time: after a rollback the earlier one again; unknown, if nobody told it."""
    recorder = Recorder()
    marks = ChangeMarks(desk.context, recorder)
    desk.clock.set(at("05:00"))
    marks.show()
    assert releases(recorder) == {}
    told = (
        (ChangeKind.DEPLOY, "1.8.1", "01:00"),
        (ChangeKind.DEPLOY, "1.8.2", "02:00"),
        (ChangeKind.ROLLBACK, "1.8.1", "03:00"),
        (ChangeKind.DEPLOY, None, "04:00"),
    )
    for kind, version, when in told:
        desk.changes.mark(kind=kind, actor=ANA, version=version, title="to production", occurred_at=at(when))
        marks.show()
        assert releases(recorder) == {(kind.value, version or UNKNOWN_VERSION): at(when).timestamp()}


def test_a_change_that_is_still_to_come_is_not_shown(desk: Desk) -> None:
    """A deploy announced for later marks no chart before it happens."""
    recorder = Recorder()
    marks = ChangeMarks(desk.context, recorder)
    desk.clock.set(at("02:00"))
    desk.changes.mark(kind=ChangeKind.DEPLOY, actor=ANA, version="1.8.2", occurred_at=at("02:00") + timedelta(hours=1))
    marks.show()
    assert shown(recorder) == {}
    desk.clock.set(at("03:00"))
    marks.show()
    assert shown(recorder) == {"deploy": at("03:00").timestamp()}


def test_every_kind_of_change_is_in_the_vocabulary() -> None:
    """Or it would be counted as another one."""
    assert {*vocabulary.CHANGE_KINDS} == {*(kind.value for kind in ChangeKind), vocabulary.OTHER}


def test_changes_that_nobody_can_need_are_forgotten(desk: Desk) -> None:
    """The old ones near no incident; never those that tell whether the same is told again, or that a provider told."""
    desk.fire("02:13", "02:21")
    onset, long_ago = desk.only.started_at, timedelta(days=30)
    names_of = {"near": onset - timedelta(hours=2), "far": onset - long_ago, "later": onset + long_ago}
    for title, when in names_of.items():
        desk.changes.mark(kind=ChangeKind.FLAG, actor=ANA, title=title, occurred_at=when)
    desk.changes.mark(kind=ChangeKind.PROVIDER, actor=ANA, title="provider", occurred_at=names_of["far"])
    desk.changes.mark(kind=ChangeKind.DEPLOY, actor=ANA, title="the only deploy", occurred_at=names_of["far"])
    desk.clock.set(onset + timedelta(days=500))
    desk.worker.tick()
    assert desk.count("changes") == 5, "the newest of a kind stay"
    flag = Change(
        id="",
        kind=ChangeKind.FLAG,
        service="shop",
        title="on",
        occurred_at=onset + 2 * long_ago,
        recorded_at=onset,
        actor=ANA,
    )
    with desk.store.begin() as tx:
        for number in range(MOST_LOOKED_BACK):
            tx.changes.add(replace(flag, id=f"n{number}"), f"{number}")
    desk.clock.advance(CHANGES_EVERY_SECONDS)
    for _ in range(4):  # a part of them each hour
        desk.worker.tick()
        desk.clock.advance(CHANGES_EVERY_SECONDS)
    with desk.store.read() as tx:
        kept = {one.title for one in tx.changes.newest("shop", 2_000)}
    assert kept == {"on", "near", "provider", "the only deploy"}
