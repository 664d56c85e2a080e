"""What people and time do to an incident: one transaction each, refused with words, and written down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from parapet.core.errors import (
    ConfigurationError,
    IllegalTransition,
    NotFound,
    ReasonRequired,
    Refused,
    SchemaOutdated,
    StaleVersion,
)
from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.incidents.chronology import merge
from parapet.incidents.model import ChangeKind, EntryKind, IncidentState, Resolution
from parapet.incidents.policy import IncidentPolicy
from parapet.lessons.markdown import to_markdown
from parapet.notify.channel import Delivery, Sent
from parapet.notify.message import Message

if TYPE_CHECKING:
    from tests.conftest import Desk

ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")
TOM = Actor(kind=ActorClass.OPERATOR, name="Tom")
CI = Actor(kind=ActorClass.EXTERNAL, name="ci")
ONE = IncidentId(1)
TICKS = """
import sys
from datetime import datetime
from parapet import Parapet
from parapet.testing import ManualClock
parapet = Parapet(service="shop", evidence=sys.argv[1], clock=ManualClock(datetime.fromisoformat(sys.argv[2])))
print(sum(parapet.tick().settled for _ in range(3)))
"""


class Told:
    """A channel that remembers what it was told."""

    name = "ops"

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def deliver(self, message: Message, delivery: Delivery) -> Sent:
        self.messages.append(message)
        return Sent(words="told")


@pytest.mark.parametrize(
    ("quiet_minutes", "kinds"),
    [
        (15, ["opened", "acknowledged", "quiet", "refired", "quiet", "resolved"]),
        (5, ["opened", "acknowledged", "quiet", "resolved", "reopened", "quiet", "resolved"]),
    ],
)
def test_the_night_is_one_incident_with_one_story(desk: Desk, quiet_minutes: int, kinds: list[str]) -> None:
    """Fires 02:13, clears 02:21, is rolled back 02:31 (told 02:37), fires 02:34, clears 02:44: one incident."""
    told = Told()
    night = desk.changed(policy=IncidentPolicy(quiet_period_seconds=quiet_minutes * 60), channels=[told])
    start = night.clock.now()
    fires = {13: ("02:13", None), 17: ("02:13", None), 21: ("02:13", "02:21"), 34: ("02:34", None)}
    fires[44] = ("02:34", "02:44")
    for minute in range(5, 65):
        night.clock.set(start + timedelta(minutes=minute))
        night.worker.tick()
        if minute == 9:
            night.changes.mark(kind=ChangeKind.DEPLOY, version="1.8.2", actor=CI)
        if minute == 37:
            happened = start + timedelta(minutes=31)
            night.changes.mark(kind=ChangeKind.ROLLBACK, version="1.8.1", actor=CI, occurred_at=happened)
            night.changes.mark(kind=ChangeKind.ROLLBACK, version="1.8.1", actor=CI, occurred_at=happened)
        if minute in fires:
            began, ended = fires[minute]
            night.fire(began, ended, now=f"02:{minute}")
        if minute == 14:
            night.operator.acknowledge(ONE, actor=ANA, reason="looking at tax", version=1)
    incident = night.only
    assert (incident.state, incident.owner, incident.refired_count) == (IncidentState.RESOLVED, "Ana", 1)
    assert incident.resolved_at == start + timedelta(minutes=44)
    file, entries = night.look.incident(ONE), night.look.chronology(ONE)
    assert [e.kind.value for e in entries if e.kind is not EntryKind.NOTIFIED] == kinds
    rows = merge(entries, [one.change for one in file.near_changes])
    assert [row.occurred_at for row in rows] == sorted(row.occurred_at for row in rows)
    story = [row.text for row in rows]
    assert story.index("Deploy 1.8.2") < story.index("Rollback 1.8.1")
    again = next(index for index, said in enumerate(story) if said.startswith("Fired again after 13 min"))
    assert story.index("Rollback 1.8.1") < again
    announced = [message.announcement for message in told.messages]
    assert announced[:2] == ["opened", "acknowledged"]
    assert announced[-1] == "resolved"
    assert len(announced) == (4 if quiet_minutes == 15 else 5)
    assert sum(entry.kind is EntryKind.NOTIFIED for entry in entries) == len(announced)
    kept = night.look.retrospective(ONE)
    assert kept is not None
    written = to_markdown(kept)
    for said in ("Ana", "looking at tax", "1.8.2", "1.8.1"):
        assert said in written


def test_every_command_needs_a_reason_and_the_version_that_was_read(desk: Desk) -> None:
    """Refused with words; nothing changes, and the audit says who tried what."""
    desk.fire()
    before = desk.only
    refusals: list[tuple[type[Refused], Callable[[], object]]] = [
        (ReasonRequired, lambda: desk.operator.acknowledge(ONE, actor=ANA, reason="  ", version=1)),
        (ReasonRequired, lambda: desk.operator.resolve(ONE, actor=ANA, reason="", version=1)),
        (ReasonRequired, lambda: desk.operator.note(ONE, actor=ANA, text=" ", version=1)),
        (StaleVersion, lambda: desk.operator.acknowledge(ONE, actor=ANA, reason="x", version=7)),
        (Refused, lambda: desk.operator.resolve(ONE, actor=ANA, reason="x" * 5_000, version=1)),
    ]
    for kind, command in refusals:
        with pytest.raises(kind, match="Nothing changed"):
            command()
    with pytest.raises(NotFound, match="INC-99"):
        desk.operator.note(IncidentId(99), actor=ANA, text="x", version=1)
    assert desk.only == before
    assert desk.kinds() == ["opened"]
    with desk.store.read() as tx:
        refused = [row for row in tx.audit.of("INC-1") if row["outcome"] == "refused"]
    assert [(row["verb"], row["actor_name"]) for row in refused] == [
        ("acknowledge", "Ana"),
        ("resolve", "Ana"),
        ("note", "Ana"),
        ("acknowledge", "Ana"),
        ("resolve", "Ana"),
    ]


def test_a_form_sent_twice_does_its_work_once(desk: Desk) -> None:
    """The second is refused as stale, whichever verb it is."""
    desk.fire()
    desk.operator.acknowledge(ONE, actor=ANA, reason="mine", version=1)
    with pytest.raises(StaleVersion):
        desk.operator.acknowledge(ONE, actor=ANA, reason="mine", version=1)
    desk.operator.note(ONE, actor=ANA, text="n", version=2)
    with pytest.raises(StaleVersion):
        desk.operator.note(ONE, actor=ANA, text="n", version=2)
    desk.operator.resolve(ONE, actor=TOM, reason="done", version=3)
    with pytest.raises((StaleVersion, IllegalTransition)):
        desk.operator.resolve(ONE, actor=TOM, reason="done", version=3)
    assert desk.kinds() == ["opened", "acknowledged", "noted", "resolved"]


def test_a_person_who_resolves_leaves_a_retrospective(desk: Desk) -> None:
    """Composed in the same commit, however the incident ended."""
    desk.fire()
    over = desk.operator.resolve(ONE, actor=ANA, reason="a known false alarm", version=1)
    assert over.resolution is Resolution.OPERATOR
    kept = desk.look.retrospective(ONE)
    assert kept is not None
    assert "a known false alarm" in to_markdown(kept)


def test_a_verb_that_fails_in_the_middle_leaves_nothing(desk: Desk) -> None:
    """The audit cannot be written: no entry and no new state either."""
    desk.fire()
    with desk.store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE parapet_audit RENAME TO parapet_away"))
    with pytest.raises(SchemaOutdated):
        desk.operator.acknowledge(ONE, actor=ANA, reason="mine", version=1)
    assert desk.only.owner is None
    assert desk.kinds() == ["opened"]


def test_words_no_database_takes_are_kept_readable(desk: Desk) -> None:
    """Control characters in a reason are replaced, in the chronology and in the audit; a refusal too is written."""
    desk.fire()
    desk.operator.acknowledge(ONE, actor=ANA, reason="a\x00b\ud800", version=1)
    with pytest.raises(StaleVersion):
        desk.operator.resolve(ONE, actor=ANA, reason="a\x00b\ud800", version=1)
    with desk.store.read() as tx:
        said = [row["reason"] for row in tx.audit.of("INC-1")]
    assert said[-2:] == ["a�b�", "a�b�"]


def test_quiet_incidents_are_closed_once_by_many_workers(desk: Desk, together: Callable[..., list[object]]) -> None:
    """Three processes tick at once over five incidents: five resolutions, five retrospectives."""
    for number in range(5):
        labels = {"alertname": f"Burn{number}"}
        desk.fire("02:13", labels=labels)
        desk.fire("02:13", "02:20", labels=labels)
    later = desk.clock.now() + timedelta(minutes=16)
    settled = together(TICKS, *((desk.url, later.isoformat()) for _ in range(3)))
    assert sum(one for one in settled if isinstance(one, int)) == 5
    for incident in desk.incidents():
        assert desk.kinds(incident).count("resolved") == 1
    assert desk.count("retrospectives") == 5


def test_a_change_is_told_once_and_needs_words(desk: Desk) -> None:
    """The same kind, version and time is the same change; nonsense is refused."""
    when = desk.clock.now()
    first = desk.changes.mark(kind=ChangeKind.DEPLOY, version="1", actor=CI, occurred_at=when)
    assert desk.changes.mark(kind=ChangeKind.DEPLOY, version="1", actor=TOM, occurred_at=when) == first
    assert len(desk.changes.recent()) == 1
    wrong: tuple[dict[str, object], ...] = (
        {},
        {"title": "x", "url": "javascript:alert(1)"},
        {"title": "x", "occurred_at": when.replace(tzinfo=None)},
    )
    for values in wrong:
        with pytest.raises(ConfigurationError):
            desk.changes.mark(kind=ChangeKind.FLAG, actor=CI, **values)  # type: ignore[arg-type]  # on purpose
    assert desk.count("changes") == 1
