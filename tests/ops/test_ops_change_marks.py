"""Changes as signals: charts of metrics can mark when the system was deployed, or a flag was turned."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.conftest import ANA, at

from parapet.core import names, vocabulary
from parapet.incidents.model import ChangeKind
from parapet.ops.mark import UNKNOWN_VERSION, ChangeMarks
from parapet.ops.work import Worker
from parapet.signals.numbers import NumberSnapshot
from parapet.signals.recorder import Recorder

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
