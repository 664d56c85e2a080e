"""Text, numbers and times that a database cannot hold never make a verb or a page fail, on either database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from parapet.core.clock import EARLIEST, LATEST
from parapet.core.errors import ConfigurationError, MalformedPayload, NotFound, Refused
from parapet.core.types import Actor, ActorClass, IncidentId
from parapet.incidents.model import ChangeKind, IncidentState
from parapet.store.chain import first_broken
from parapet.testing import alert, alertmanager_payload

if TYPE_CHECKING:
    from tests.conftest import Desk

NUL_AND_HALF = "a\x00b\ud800"
FAR = IncidentId(10**30)
ANA = Actor(kind=ActorClass.OPERATOR, name="Ana")
ODD = Actor(kind=ActorClass.OPERATOR, name=f"{NUL_AND_HALF}{'x' * 300}")
NIGHT = datetime(2026, 11, 12, 2, 13, tzinfo=UTC)


def test_an_alert_with_unstorable_text_opens_its_incident(desk: Desk) -> None:
    """NUL, half characters and values longer than any column: taken in at once, shown afterwards."""
    labels = {"alertname": "x" * 2_000, "service": "s\x00" * 600, "slice": "\ud800" * 2_000, "é\x00": "\x00"}
    desk.clock.set(NIGHT)
    body = alertmanager_payload(alert(labels, starts_at=NIGHT, annotations={"summary": NUL_AND_HALF}))
    assert desk.inbox.receive(body).state == "done"
    assert desk.only.id is not None
    assert desk.look.incident(desk.only.id).incident == desk.only
    assert desk.look.queue("open").incidents == (desk.only,)


@pytest.mark.parametrize(
    "began",
    [datetime(2, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)],
    ids=["year 2", "year 9999"],
)
def test_an_alert_from_the_edge_of_the_calendar_does_not_break_the_pages(desk: Desk, began: datetime) -> None:
    """It is there beside the others, at the nearest time that can be reckoned with, and a person can close it."""
    desk.fire("02:10")
    desk.clock.set(NIGHT)
    assert desk.inbox.receive(alertmanager_payload(alert({"alertname": "odd"}, starts_at=began))).state == "done"
    odd = next(one for one in desk.look.queue("open").incidents if one.slice is None)
    assert odd.started_at == (EARLIEST if began < EARLIEST else LATEST)
    assert odd.id is not None
    assert desk.look.incident(odd.id).triage.symptom.text
    over = desk.operator.resolve(odd.id, actor=ANA, reason="A clock was wrong.", version=odd.version)
    assert over.state is IncidentState.RESOLVED
    assert desk.look.retrospective(odd.id) is not None
    assert desk.worker.tick().stuck == 0


def test_an_operator_with_an_unstorable_name_is_known_by_what_can_be_stored(desk: Desk) -> None:
    """The same person is recognised the next time, and the chronology's seals hold."""
    desk.fire()
    assert desk.only.id is not None
    taken = desk.operator.acknowledge(desk.only.id, actor=ODD, reason=NUL_AND_HALF, version=1)
    assert desk.only == taken
    assert taken.owner is not None
    assert len(taken.owner) == 128
    with pytest.raises(Refused, match="already"):
        desk.operator.acknowledge(desk.only.id, actor=ODD, reason="again", version=2)
    desk.operator.note(desk.only.id, actor=ODD, text=NUL_AND_HALF, version=2)
    with desk.store.read() as tx:
        assert first_broken(tx.entries.of(desk.only.id)) is None


def test_a_refused_command_with_unstorable_text_is_still_refused_and_audited(desk: Desk) -> None:
    """The refusal reaches the person, not an error of the database."""
    desk.fire()
    assert desk.only.id is not None
    with pytest.raises(Refused):
        desk.operator.resolve(desk.only.id, actor=ODD, reason=NUL_AND_HALF * 5_000, version=1)
    assert desk.count("audit", "outcome = 'refused'") == 1
    assert desk.only.state is IncidentState.OPEN


def test_a_number_no_incident_can_have_is_not_found(desk: Desk) -> None:
    """Beyond what a column holds, and below the first."""
    for number in (FAR, IncidentId(0), IncidentId(-1)):
        with pytest.raises(NotFound):
            desk.look.incident(number)
        with pytest.raises(NotFound):
            desk.operator.note(number, actor=ANA, text="x", version=1)


@pytest.mark.parametrize(
    "place",
    ["", "x", "0_1_2_3", "0_2026-11-12_1", "0_2026-11-12T00:00:00_1", f"0_2026-11-12T00:00:00+00:00_{10**30}", "-1__"],
)
def test_a_place_in_the_queue_that_never_was_is_malformed(desk: Desk, place: str) -> None:
    """Whatever somebody types into the address bar."""
    with pytest.raises(MalformedPayload):
        desk.look.queue("open", before=place)


def test_a_search_for_unstorable_text_finds_nothing(desk: Desk) -> None:
    """And the wildcards of SQL are letters like any other."""
    desk.fire()
    for words in (NUL_AND_HALF, "\ud800", "%", "_", "/", "\\", "x" * 5_000):
        assert desk.look.queue("open", search=words).incidents == ()
    assert desk.look.queue("mine", owner="\x00").incidents == ()
    assert desk.look.find("\x00", "\ud800") is None
    assert len(desk.look.queue("open", search="CHECKOUT", limit=-5).incidents) == 1


def test_a_change_is_one_however_its_instant_is_written(desk: Desk) -> None:
    """Another zone and another title do not make it another change; an id of the teller's holds by itself."""
    summer = timezone(timedelta(hours=2))
    first = desk.changes.mark(kind=ChangeKind.DEPLOY, version="1.8.2", actor=ANA, occurred_at=NIGHT)
    again = desk.changes.mark(
        kind=ChangeKind.DEPLOY, version="1.8.2", title="Hot fix", actor=ANA, occurred_at=NIGHT.astimezone(summer)
    )
    other = desk.changes.mark(kind=ChangeKind.ROLLBACK, version="1.8.2", actor=ANA, occurred_at=NIGHT)
    run = desk.changes.mark(kind=ChangeKind.DEPLOY, version="1.8.3", actor=ANA, change_id="run/17")
    desk.clock.advance(60)
    assert desk.changes.mark(kind=ChangeKind.DEPLOY, version="1.8.3", actor=ANA, change_id="run/17") == run
    assert again == first
    assert {change.id for change in desk.changes.recent()} == {first.id, other.id, run.id}
    assert desk.changes.recent(since=NIGHT + timedelta(seconds=1)) == ()


def test_a_change_with_unstorable_text_is_kept_as_far_as_it_can_be(desk: Desk) -> None:
    """An address that is none is refused before anything is written."""
    kept = desk.changes.mark(kind=ChangeKind.FLAG, title=f"{NUL_AND_HALF}\n{'y' * 999}", version="v" * 999, actor=ODD)
    assert desk.changes.recent() == (kept,)
    for url in ("javascript:alert(1)", "http://shop.test/\x00", "http://shop.test/ x", "ftp://shop.test"):
        with pytest.raises(ConfigurationError, match="no http"):
            desk.changes.mark(kind=ChangeKind.FLAG, title="x", actor=ANA, url=url)
    with pytest.raises(ConfigurationError, match="zone"):
        desk.changes.mark(kind=ChangeKind.FLAG, title="x", actor=ANA, occurred_at=datetime(2026, 11, 12))  # noqa: DTZ001
    with pytest.raises(ConfigurationError, match="title"):
        desk.changes.mark(kind=ChangeKind.FLAG, title="", actor=ANA)
